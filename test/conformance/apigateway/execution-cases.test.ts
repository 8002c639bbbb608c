/** Every case of the file that is a REST API's: built through the SDK's client, called over a socket. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";
import { account, functionUri } from "../../support/apigateway.ts";
import { type RawAnswer, rawHttp } from "../../support/raw-http.ts";
import {
  type Backend,
  type BackendStub,
  buildApi,
  type CaseApi,
  type FunctionStub,
  stageName,
  startBackend,
  stubFunction,
  userPoolIssuer,
} from "../../support/rest-cases.ts";

interface CaseRequest {
  readonly method: string;
  readonly path?: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly bodyBase64?: string;
}

interface Expected {
  readonly status?: number;
  readonly body?: unknown;
  readonly bodyText?: string;
  readonly bodyBase64?: string;
  readonly bodyContains?: string;
  readonly bodyKeys?: string[];
  readonly bodyPath?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly hasHeaders?: string[];
  readonly noHeaders?: string[];
  readonly multiHeaders?: Record<string, string[]>;
  readonly event?: Record<string, unknown>;
  readonly authorizerEvent?: Record<string, unknown>;
  readonly authorizerCalls?: number;
  readonly invocationType?: string;
  readonly backendRequest?: {
    readonly method?: string;
    readonly path?: string;
    readonly query?: string;
    readonly headers?: Record<string, string>;
    readonly hasHeaders?: string[];
    readonly noHeaders?: string[];
    readonly noHeaderValues?: Record<string, string>;
    readonly bodyText?: string;
  };
  readonly effect?: {
    readonly sqsMessage?: string;
    readonly snsMessage?: string;
    readonly kinesisRecord?: { readonly partitionKey: string; readonly data: string };
    readonly kinesisRecords?: number;
    readonly event?: Record<string, unknown>;
    readonly executionInput?: unknown;
  };
  readonly last?: Expected;
  readonly some?: Expected;
  readonly sequence?: Expected[];
}

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly api: CaseApi;
  readonly request: CaseRequest | CaseRequest[];
  readonly repeat?: number;
  readonly lambda?: FunctionStub;
  readonly authorizerLambda?: FunctionStub;
  readonly backend?: BackendStub;
  readonly setup?: {
    readonly sqsQueue?: string;
    readonly snsTopic?: string;
    readonly kinesisStream?: string;
    readonly stateMachine?: "STANDARD" | "EXPRESS";
  };
  readonly expect: Expected;
}

const cases = readFileSync(new URL("../../cases/apigateway-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case)
  .filter(({ kind }) => kind === "rest");

const keys = await generateKeyPair("RS256");
let keyServer: Server;
let backend: Backend;
let bus: Busbar;
let client: APIGateway;
const events: Record<string, unknown>[] = [];
const authorizerEvents: Record<string, unknown>[] = [];
let machineArn = "";

beforeAll(async () => {
  backend = await startBackend();
  const published = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: "k", alg: "RS256" }] });
  keyServer = createServer((_request, response) => response.writeHead(200, { connection: "close" }).end(published));
  await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
  const jwks = { [userPoolIssuer]: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/` };
  bus = await createBusbar({ jwks });
  client = new APIGateway({ ...bus.clientConfig(), maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await bus.close();
  backend.close();
  keyServer.close();
});

beforeEach(() => {
  events.length = 0;
  authorizerEvents.length = 0;
  backend.received.length = 0;
});

afterEach(() => bus.reset());

describe("an API", () => {
  it("has as many cases as the file should have", () => {
    expect(cases.length).toBe(231);
  });

  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    await setUp(one);
    const apiId = await buildApi(client, one.api, filled);
    const requests = Array.isArray(one.request) ? one.request : Array(one.repeat ?? 1).fill(one.request);
    const answers: RawAnswer[] = [];
    for (const request of requests as CaseRequest[]) answers.push(await send(request, apiId));
    const wanted = filled(one.expect, apiId);
    if (wanted.sequence !== undefined) {
      for (const [at, each] of wanted.sequence.entries()) check(each, answers[at] as RawAnswer, one);
    } else if (wanted.last !== undefined) check(wanted.last, answers.at(-1) as RawAnswer, one);
    else if (wanted.some !== undefined) {
      const found = answers.find(({ status }) => status === wanted.some?.status);
      expect(found).toBeDefined();
      check(wanted.some, found as RawAnswer, one);
    } else for (const answer of answers) check(wanted, answer, one);
    await checkEffects(wanted, one);
  });
});

async function setUp({ lambda, authorizerLambda, backend: stub, setup = {} }: Case): Promise<void> {
  stubFunction(bus, "f", lambda ?? {}, events);
  stubFunction(bus, "authorizer", authorizerLambda ?? {}, authorizerEvents);
  backend.stub = stub ?? { status: 200, headers: {} };
  const config = { ...bus.clientConfig(), maxAttempts: 1 };
  if (setup.sqsQueue !== undefined) await new SQS(config).createQueue({ QueueName: setup.sqsQueue });
  if (setup.kinesisStream !== undefined) {
    await new Kinesis(config).createStream({ StreamName: setup.kinesisStream, ShardCount: 1 });
  }
  if (setup.snsTopic !== undefined) {
    const sns = new SNS(config);
    const { TopicArn } = await sns.createTopic({ Name: setup.snsTopic });
    await new SQS(config).createQueue({ QueueName: "subscribed" });
    await sns.subscribe({
      TopicArn,
      Protocol: "sqs",
      Endpoint: `arn:aws:sqs:us-east-1:${account}:subscribed`,
      Attributes: { RawMessageDelivery: "true" },
    });
  }
  if (setup.stateMachine !== undefined) {
    const { stateMachineArn } = await new SFN(config).createStateMachine({
      name: "machine",
      type: setup.stateMachine,
      roleArn: `arn:aws:iam::${account}:role/r`,
      definition: JSON.stringify({ StartAt: "Pass", States: { Pass: { Type: "Pass", End: true } } }),
    });
    machineArn = stateMachineArn as string;
  }
}

/** The value with what stands for placeholders in its texts. */
function filled<Value>(value: Value, apiId: string): Value {
  if (value === undefined) return value;
  const text = JSON.stringify(value)
    .replaceAll("{api}", apiId)
    .replaceAll("{backendHost}", new URL(backend.url).host)
    .replaceAll("{backend}", backend.url)
    .replaceAll("{lambda}", functionUri("f"))
    .replaceAll("{stateMachine}", machineArn);
  return JSON.parse(text) as Value;
}

async function send(request: CaseRequest, apiId: string): Promise<RawAnswer> {
  const { method, headers = {}, body, bodyBase64 } = filled(request, apiId);
  const { url, path } = filled({ url: request.url, path: request.path }, apiId);
  const target = url === undefined ? undefined : new URL(url);
  const host = target?.host ?? `${apiId}.execute-api.us-east-1.amazonaws.com`;
  const tokens = Object.entries(headers).map(async ([name, value]) => [name, await withTokens(value)] as const);
  return rawHttp(bus.endpoint, target === undefined ? `/${stageName}${path}` : target.pathname + target.search, {
    method,
    headers: { Host: host, ...Object.fromEntries(await Promise.all(tokens)) },
    body: bodyBase64 === undefined ? body : Buffer.from(bodyBase64, "base64"),
  });
}

async function withTokens(text: string): Promise<string> {
  if (text === "{expiredIdToken}") return token({ sub: "s" }, -60);
  const claims = /^\{idToken:(.*)\}$/.exec(text)?.[1];
  return claims === undefined ? text : token(JSON.parse(claims), 3600);
}

function token(claims: JWTPayload, lifeSeconds: number): Promise<string> {
  const nowSeconds = Math.floor(bus.clock.now() / 1000);
  return new SignJWT({ token_use: "id", ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setIssuer(userPoolIssuer)
    .setIssuedAt(nowSeconds - 100)
    .setExpirationTime(nowSeconds + lifeSeconds)
    .sign(keys.privateKey);
}

function check(wanted: Expected, answer: RawAnswer, { request }: Case): void {
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: wanted.status ?? answer.status });
  if ("body" in wanted) expect(JSON.parse(answer.text)).toEqual(wanted.body);
  if (wanted.bodyText !== undefined) expect(answer.text).toBe(wanted.bodyText);
  if (wanted.bodyBase64 !== undefined) expect(answer.body.toString("base64")).toBe(wanted.bodyBase64);
  if (wanted.bodyContains !== undefined) expect(answer.text).toContain(wanted.bodyContains);
  if (wanted.bodyKeys !== undefined) {
    expect(Object.keys(JSON.parse(answer.text))).toEqual(expect.arrayContaining(wanted.bodyKeys));
  }
  for (const [path, value] of Object.entries(wanted.bodyPath ?? {})) {
    const found = path
      .split(".")
      .slice(1)
      .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], JSON.parse(answer.text));
    const { body = "" } = Array.isArray(request) ? {} : request;
    expect(found).toEqual(value === "md5(body)" ? createHash("md5").update(body).digest("hex") : value);
  }
  for (const [name, value] of Object.entries(wanted.headers ?? {}))
    expect([name, answer.header(name)]).toEqual([name, value]);
  for (const name of wanted.hasHeaders ?? []) expect([name, answer.header(name)]).toEqual([name, expect.anything()]);
  for (const name of wanted.noHeaders ?? []) expect([name, answer.header(name)]).toEqual([name, undefined]);
  for (const [name, values] of Object.entries(wanted.multiHeaders ?? {})) expect(answer.all(name)).toEqual(values);
}

async function checkEffects(wanted: Expected, one: Case): Promise<void> {
  if (wanted.invocationType === "Event") await bus.settled();
  if (wanted.event !== undefined) expect(events.at(-1)).toMatchObject(wanted.event);
  if (wanted.authorizerEvent !== undefined) expect(authorizerEvents.at(-1)).toMatchObject(wanted.authorizerEvent);
  if (wanted.authorizerCalls !== undefined) expect(authorizerEvents.length).toBe(wanted.authorizerCalls);
  const { backendRequest, effect } = wanted;
  if (backendRequest !== undefined) {
    const [got] = backend.received;
    const header = (name: string) =>
      got?.rawHeaders.filter(
        (_, at) => at % 2 === 1 && got.rawHeaders[at - 1]?.toLowerCase() === name.toLowerCase(),
      )[0];
    for (const part of ["method", "path", "query"] as const) {
      if (backendRequest[part] !== undefined) expect(got?.[part]).toBe(backendRequest[part]);
    }
    if (backendRequest.bodyText !== undefined) expect(got?.body).toBe(backendRequest.bodyText);
    for (const [name, value] of Object.entries(backendRequest.headers ?? {})) expect(header(name)).toBe(value);
    for (const name of backendRequest.hasHeaders ?? []) expect([name, header(name)]).toEqual([name, expect.anything()]);
    for (const name of backendRequest.noHeaders ?? []) expect([name, header(name)]).toEqual([name, undefined]);
    for (const [name, value] of Object.entries(backendRequest.noHeaderValues ?? {}))
      expect(header(name)).not.toBe(value);
  }
  if (effect === undefined) return;
  await bus.settled();
  const config = { ...bus.clientConfig(), maxAttempts: 1 };
  const message = effect.sqsMessage ?? effect.snsMessage;
  if (message !== undefined) {
    const queue = effect.sqsMessage === undefined ? "subscribed" : one.setup?.sqsQueue;
    const received = await new SQS(config).receiveMessage({ QueueUrl: `${bus.endpoint}/${account}/${queue}` });
    expect(received.Messages?.map(({ Body }) => Body)).toEqual([message]);
  }
  if (effect.kinesisRecord !== undefined || effect.kinesisRecords !== undefined) {
    const kinesis = new Kinesis({ ...config, requestHandler: undefined });
    const StreamName = one.setup?.kinesisStream;
    const at = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" } as const;
    const { ShardIterator } = await kinesis.getShardIterator(at);
    const { Records = [] } = await kinesis.getRecords({ ShardIterator });
    const [first] = Records;
    if (effect.kinesisRecords !== undefined) expect(Records.length).toBe(effect.kinesisRecords);
    else {
      expect({
        partitionKey: first?.PartitionKey,
        data: Buffer.from(first?.Data ?? []).toString(),
      }).toEqual(effect.kinesisRecord);
    }
  }
  if (effect.event !== undefined) {
    expect(bus.events()[0]?.event).toMatchObject(effect.event);
  }
  if (effect.executionInput !== undefined) {
    const sfn = new SFN(config);
    const { executions = [] } = await sfn.listExecutions({ stateMachineArn: machineArn });
    const described = await sfn.describeExecution({ executionArn: executions[0]?.executionArn });
    expect(JSON.parse(described.input as string)).toEqual(effect.executionInput);
  }
}
