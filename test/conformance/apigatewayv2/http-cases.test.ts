/** Runs every case of the file that is about HTTP APIs, as it is given. */
import { createSign, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, GatewayEnvironment, type Reply, roleArn, startTime } from "../../support/apigatewayv2.ts";
import { type Heard, webServer } from "../../support/web-server.ts";

interface Integration {
  readonly type: "HTTP_PROXY" | "AWS_PROXY";
  readonly method?: string;
  readonly uri?: string;
  readonly subtype?: string;
  readonly requestParameters?: Record<string, string>;
  readonly responseParameters?: Record<string, Record<string, string>>;
}

interface Route {
  readonly integration?: "lambda1" | "lambda2" | Integration;
  readonly lambdaResult?: unknown;
  readonly authorizationType?: "JWT" | "CUSTOM";
  readonly scopes?: string[];
}

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly api: {
    readonly routes: Record<string, Route>;
    readonly stages?: string[];
    readonly cors?: Record<string, unknown>;
    readonly authorizer?: Record<string, unknown>;
    readonly domains?: Record<string, Record<string, string>>;
  };
  readonly lambda?: { readonly result?: unknown; readonly error?: { errorMessage: string } };
  readonly authorizerLambda?: { readonly result: unknown };
  readonly backend?: { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
  readonly setup?: Record<string, string>;
  readonly request: {
    readonly method: string;
    readonly path?: string;
    readonly url?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  };
  readonly expect: Record<string, never>;
}

const cases = readFileSync(new URL("../../cases/apigatewayv2-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case)
  .filter(({ kind }) => kind === "http");

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
let env: GatewayEnvironment;
let issuer: Awaited<ReturnType<typeof webServer>>;
let backend: Awaited<ReturnType<typeof webServer>>;
let says: Case["backend"];

beforeAll(async () => {
  env = await GatewayEnvironment.start();
  issuer = await webServer(({ url }) => ({
    headers: { "content-type": "application/json" },
    body: url.endsWith("/keys")
      ? JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "RS256" }] })
      : JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }),
  }));
  backend = await webServer(() => says);
});

afterAll(async () => {
  await env.stop();
  await issuer.close();
  await backend.close();
});

function token(claims: Record<string, unknown>): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Date.parse(startTime) / 1000;
  const text = `${part({ alg: "RS256", kid: "k1" })}.${part({ iss: issuer.url, iat: now, exp: now + 3600, ...claims })}`;
  return `${text}.${createSign("sha256").update(text).sign(privateKey).toString("base64url")}`;
}

function filled(value: string, places: Record<string, string>): string {
  return value
    .replace(/\{jwt:(\{.*\})\}/, (_all, claims: string) => token(JSON.parse(claims) as Record<string, unknown>))
    .replace(/\{(backend|issuer|queueUrl|stateMachine)\}/g, (all, name: string) => places[name] ?? all);
}

/** What the case needs of other services, and how to look at what came of it. */
async function prepared(one: Case) {
  const config = { ...env.bus.clientConfig() };
  const places: Record<string, string> = { backend: backend.url, issuer: issuer.url };
  const effects: Record<string, () => Promise<unknown>> = {};
  if (one.setup?.["sqsQueue"] !== undefined) {
    const sqs = new SQS(config);
    const { QueueUrl = "" } = await sqs.createQueue({ QueueName: one.setup["sqsQueue"] });
    places["queueUrl"] = QueueUrl;
    effects["sqsMessage"] = async () => (await sqs.receiveMessage({ QueueUrl })).Messages?.[0]?.Body;
  }
  if (one.setup?.["kinesisStream"] !== undefined) {
    const kinesis = new Kinesis(config);
    const StreamName = one.setup["kinesisStream"];
    await kinesis.createStream({ StreamName, ShardCount: 1 });
    effects["kinesisRecord"] = async () => {
      const shard = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" } as const;
      const { ShardIterator } = await kinesis.getShardIterator(shard);
      const record = (await kinesis.getRecords({ ShardIterator })).Records?.[0];
      return { partitionKey: record?.PartitionKey, data: Buffer.from(record?.Data ?? []).toString() };
    };
  }
  if (one.setup?.["stateMachine"] !== undefined) {
    const sfn = new SFN(config);
    const definition = JSON.stringify({ StartAt: "P", States: { P: { Type: "Pass", End: true } } });
    const name = `m-${one.name}`;
    const { stateMachineArn = "" } = await sfn.createStateMachine({ name, definition, roleArn });
    places["stateMachine"] = stateMachineArn;
    effects["executionInput"] = async () => {
      const { executions } = await sfn.listExecutions({ stateMachineArn });
      const { input = "" } = await sfn.describeExecution({ executionArn: executions?.[0]?.executionArn ?? "" });
      return JSON.parse(input) as unknown;
    };
  }
  const events = new EventBridge(config);
  await events.putRule({ Name: "all", EventPattern: '{"source":["s"]}' });
  effects["event"] = () => Promise.resolve(env.bus.events()[0]?.event);
  return { places, effects };
}

async function build(one: Case, places: Record<string, string>): Promise<string> {
  const { gateway } = env;
  const { routes, stages, cors, authorizer, domains } = one.api;
  const upper = (value: object) =>
    Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key[0]?.toUpperCase() + key.slice(1), each as unknown]),
    );
  const { ApiId = "" } = await gateway.createApi({
    Name: one.name,
    ProtocolType: "HTTP",
    ...(cors === undefined ? {} : { CorsConfiguration: upper(cors) }),
  });
  let AuthorizerId: string | undefined;
  if (authorizer?.["type"] === "JWT") {
    const JwtConfiguration = { Audience: authorizer["audience"] as string[], Issuer: issuer.url };
    const IdentitySource = ["$request.header.Authorization"];
    ({ AuthorizerId } = await gateway.createAuthorizer({
      ApiId,
      Name: "a",
      AuthorizerType: "JWT",
      IdentitySource,
      JwtConfiguration,
    }));
  } else if (authorizer !== undefined) {
    ({ AuthorizerId } = await gateway.createAuthorizer({
      ApiId,
      Name: "a",
      AuthorizerType: "REQUEST",
      AuthorizerUri: env.handler(`authorizer-${one.name}`, () => one.authorizerLambda?.result),
      AuthorizerPayloadFormatVersion: authorizer["payload"] as string,
      EnableSimpleResponses: authorizer["simple"] as boolean,
      IdentitySource: authorizer["identitySource"] as string[],
    }));
  }
  let count = 0;
  for (const [RouteKey, route] of Object.entries(routes)) {
    count += 1;
    const { integration = "lambda2" } = route;
    const proxy = typeof integration === "string" ? undefined : integration;
    const parameters = Object.entries(proxy?.requestParameters ?? {}).map(([k, v]) => [k, filled(v, places)] as const);
    const name = route.lambdaResult === undefined ? one.name : `${one.name}-${count}`;
    const given =
      proxy === undefined
        ? {
            IntegrationType: "AWS_PROXY" as const,
            PayloadFormatVersion: integration === "lambda1" ? "1.0" : "2.0",
            IntegrationUri: env.handler(name, () => {
              if (one.lambda?.error !== undefined) throw new Error(one.lambda.error.errorMessage);
              return route.lambdaResult ?? one.lambda?.result;
            }),
          }
        : {
            IntegrationType: proxy.type,
            RequestParameters: Object.fromEntries(parameters),
            ...(proxy.responseParameters === undefined ? {} : { ResponseParameters: proxy.responseParameters }),
            ...(proxy.uri === undefined ? {} : { IntegrationUri: filled(proxy.uri, places) }),
            ...(proxy.method === undefined ? {} : { IntegrationMethod: proxy.method }),
            ...(proxy.subtype === undefined ? {} : { IntegrationSubtype: proxy.subtype, CredentialsArn: roleArn }),
            PayloadFormatVersion: "1.0",
          };
    const { IntegrationId } = await gateway.createIntegration({ ApiId, ...given });
    await gateway.createRoute({
      ApiId,
      RouteKey,
      Target: `integrations/${IntegrationId}`,
      ...(route.authorizationType === undefined ? {} : { AuthorizationType: route.authorizationType, AuthorizerId }),
      ...(route.scopes === undefined ? {} : { AuthorizationScopes: route.scopes }),
    });
  }
  for (const StageName of stages ?? ["$default"]) await gateway.createStage({ ApiId, StageName, AutoDeploy: true });
  for (const [DomainName, mappings] of Object.entries(domains ?? {})) {
    const configuration = { CertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/c" };
    await gateway.createDomainName({ DomainName, DomainNameConfigurations: [configuration] });
    const other = await env.quick(`other-${one.name}`, () => "other");
    for (const [ApiMappingKey, target] of Object.entries(mappings)) {
      const [Stage, api] = target.split(":");
      await gateway.createApiMapping({
        DomainName,
        ApiMappingKey,
        Stage,
        ApiId: api === "other" ? other.ApiId : ApiId,
      });
    }
  }
  return ApiId;
}

function check(one: Case, reply: Reply, heard: readonly Heard[]): void {
  const wanted = one.expect as Record<string, unknown>;
  const known: Record<string, (value: never) => void> = {
    status: (status: number) => expect(reply.status).toBe(status),
    body: (body: unknown) => expect(JSON.parse(reply.text)).toEqual(body),
    bodyText: (text: string) => expect(reply.text).toBe(text),
    bodyBase64: (text: string) => expect(reply.bytes.toString("base64")).toBe(text),
    bodyKeys: (keys: string[]) => expect(Object.keys(JSON.parse(reply.text) as object).sort()).toEqual(keys),
    bodyPath: (paths: Record<string, unknown>) => {
      const body = JSON.parse(reply.text) as Record<string, unknown>;
      for (const [path, value] of Object.entries(paths)) expect(body[path.slice(2)]).toEqual(value);
    },
    headers: (headers: Record<string, string>) => {
      const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
      expect(reply.headers).toMatchObject(Object.fromEntries(lower) as object);
    },
    hasHeaders: (names: string[]) => {
      for (const name of names) expect(Object.keys(reply.headers)).toContain(name.toLowerCase());
    },
    noHeaders: (names: string[]) => {
      for (const name of names) expect(Object.keys(reply.headers)).not.toContain(name.toLowerCase());
    },
    multiHeaders: (headers: Record<string, string[]>) => {
      for (const [name, values] of Object.entries(headers)) {
        const all = reply.rawHeaders.filter(
          (_one, at) => reply.rawHeaders[at - 1]?.toLowerCase() === name.toLowerCase(),
        );
        expect(all).toEqual(values);
      }
    },
    event: (event: object) => expect(env.events.get(one.name)?.at(-1)).toMatchObject(event),
    eventAbsent: (names: string[]) => {
      for (const name of names) expect(Object.keys(env.events.get(one.name)?.at(-1) as object)).not.toContain(name);
    },
    authorizerEvent: (event: object) => expect(env.events.get(`authorizer-${one.name}`)?.at(-1)).toMatchObject(event),
    authorizerCalls: (calls: number) => expect(env.events.get(`authorizer-${one.name}`)).toHaveLength(calls),
    backendRequest: (request: { path?: string; query?: string; headers?: object; noHeaders?: string[] }) => {
      const last = heard.at(-1) as Heard;
      const [path, query = ""] = last.url.split("?");
      if (request.path !== undefined) expect(path).toBe(request.path);
      if (request.query !== undefined) expect(query).toBe(request.query);
      expect(last.headers).toMatchObject(request.headers ?? {});
      for (const name of request.noHeaders ?? []) expect(Object.keys(last.headers)).not.toContain(name);
    },
    effect: () => undefined,
  };
  for (const [name, value] of Object.entries(wanted)) (known[name] as (value: unknown) => void)(value);
}

describe("HTTP APIs", () => {
  it("have as many cases as the file should", () => {
    expect(cases.length).toBe(41);
  });

  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    const { places, effects } = await prepared(one);
    says = one.backend;
    const ApiId = await build(one, places);
    const { method, path = "", url, headers = {}, body } = one.request;
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value, places)]));
    const target = url === undefined ? path : new URL(url).pathname;
    const host: Record<string, string> =
      url === undefined ? { Host: `${ApiId}.execute-api.us-east-1.amazonaws.com` } : {};
    const given = { method, headers: { ...host, ...sent }, ...(body === undefined ? {} : { body }) };
    const reply = await ask(env.bus.endpoint, target, given);
    check(one, reply, backend.heard.splice(0));
    const { effect = {} } = one.expect as { effect?: Record<string, unknown> };
    for (const [name, value] of Object.entries(effect)) {
      const seen = await (effects[name] as () => Promise<unknown>)();
      if (typeof value === "string") expect(seen).toBe(value);
      else expect(seen).toMatchObject(value as object);
    }
  });
});
