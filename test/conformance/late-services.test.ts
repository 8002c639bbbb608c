/** Services that open late answer the first that comes as they do everything after it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { Lambda } from "@aws-sdk/client-lambda";
import { Pipes } from "@aws-sdk/client-pipes";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { functionArn, roleArn, zipOf } from "../support/lambda.ts";
import { refused } from "../support/refusal.ts";
import { until } from "../support/until.ts";

let bus: Busbar;
let lambda: Lambda;
let gateway: ApiGatewayV2;
let sqs: SQS;

async function start(dataDir?: string): Promise<void> {
  bus = await createBusbar(dataDir === undefined ? {} : { dataDir });
  const config = { ...bus.clientConfig(), maxAttempts: 1 };
  lambda = new Lambda(config);
  gateway = new ApiGatewayV2(config);
  sqs = new SQS(config);
}

async function stop(): Promise<void> {
  for (const client of [lambda, gateway, sqs]) client.destroy();
  await bus.close();
}

/** The late services that are open, by their tables. */
async function open(): Promise<string[]> {
  const { tables } = (await (await fetch(`${bus.endpoint}/_busbar/state`)).json()) as { tables: object };
  const services = Object.keys(tables).map((table) => table.split(".")[0] as string);
  return [...new Set(services)]
    .filter((name) => ["apigateway", "apigatewayv2", "lambda", "pipes"].includes(name))
    .sort();
}

beforeEach(() => start());
afterEach(() => stop());

describe("a service that is not open", () => {
  it("is opened by a client's call, and by no look at all services", async () => {
    const health = (await (await fetch(`${bus.endpoint}/_busbar/health`)).json()) as { services: object };
    expect(health.services).toMatchObject({ lambda: { operations: 88, of: 88 }, apigatewayv2: { of: 103 } });
    await sqs.createQueue({ QueueName: "q" });
    expect(await open()).toEqual([]);
    expect((await lambda.listFunctions({})).Functions).toEqual([]);
    expect(await open()).toEqual(["lambda"]);
  });

  it("is opened by an unsigned request, and refuses unknown ones of its host in its own form", async () => {
    expect(await (await fetch(`${bus.endpoint}/v2/apis`)).json()).toEqual({ items: [] });
    const pipe = await fetch(`${bus.endpoint}/v1/pipes/p`);
    expect([pipe.status, await pipe.json()]).toEqual([404, { message: "Pipe p does not exist." }]);
    expect(await open()).toEqual(["apigatewayv2", "pipes"]);
  });

  it("serves all of many first calls, each once", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `api-${i}`);
    const made = await Promise.all(names.map((Name) => gateway.createApi({ Name, ProtocolType: "HTTP" })));
    expect(new Set(made.map(({ ApiId }) => ApiId)).size).toBe(20);
    const { Items = [] } = await gateway.getApis({ MaxResults: "100" });
    expect(Items.map(({ Name }) => Name).sort()).toEqual([...names].sort());
  });

  it("has its doors, which know of nothing yet", async () => {
    const url = await fetch(`${bus.endpoint}/_lambda-url/${"a".repeat(32)}/`);
    expect([url.status, await url.json()]).toEqual([403, { Message: null }]);
    const api = await fetch(`${bus.endpoint}/_aws/execute-api/a1b2c3/prod/`);
    expect(api.status).toBe(404);
    expect(await api.text()).toContain("'a1b2c3' does not correspond to a deployed API Gateway API");
  });
});

describe("a service that another one calls first", () => {
  it("is not opened for functions in the process, and answers for those that do not exist", async () => {
    const sfn = new SFN(bus.clientConfig());
    const run = async (name: string, Resource: string, Arguments: object) => {
      const definition = {
        QueryLanguage: "JSONata",
        StartAt: "A",
        States: { A: { Type: "Task", Resource, Arguments, End: true } },
      };
      const { stateMachineArn = "" } = await sfn.createStateMachine({
        name,
        roleArn,
        definition: JSON.stringify(definition),
      });
      const { executionArn = "" } = await sfn.startExecution({ stateMachineArn });
      const { output, error } = await bus.stepfunctions.waitForExecution(executionArn, { timeout: "20s" });
      return error ?? (typeof output === "string" ? (JSON.parse(output) as unknown) : output);
    };
    bus.registerFunction("greet", () => "hello");
    const invoke = "arn:aws:states:::lambda:invoke";
    expect(await run("here", invoke, { FunctionName: functionArn("greet") })).toMatchObject({ Payload: "hello" });
    expect(await open()).toEqual([]);
    expect(await run("nowhere", invoke, { FunctionName: functionArn("nobody") })).toBe(
      "Lambda.ResourceNotFoundException",
    );
    expect(await run("list", "arn:aws:states:::aws-sdk:lambda:listFunctions", {})).toEqual({ Functions: [] });
    expect(await open()).toEqual(["lambda"]);
    sfn.destroy();
  });
});

describe("after a restart", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "busbar-late-"));
    await stop();
    await start(directory);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("opens nothing that has no rows", async () => {
    await sqs.createQueue({ QueueName: "q" });
    await lambda.listFunctions({});
    await stop();
    await start(directory);
    expect(await open()).toEqual([]);
    expect(await refused(lambda.getFunction({ FunctionName: "f" }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it("has what was there before anybody calls: a URL, an API, a mapping and a pipe", async () => {
    const handled: unknown[] = [];
    const register = () => {
      bus.registerFunction("handler", (event) => {
        handled.push((event as { Records: { body: string }[] }).Records.map(({ body }) => body));
        return undefined;
      });
      bus.registerFunction("api", () => ({ statusCode: 200, body: "from the API" }));
    };
    register();
    const ZipFile = await zipOf({ "index.mjs": `export const handler = async () => "from the URL";` });
    const settings = { Runtime: "nodejs20.x", Handler: "index.handler", Role: roleArn } as const;
    await lambda.createFunction({ FunctionName: "f", ...settings, Code: { ZipFile } });
    const { FunctionUrl = "" } = await lambda.createFunctionUrlConfig({ FunctionName: "f", AuthType: "NONE" });
    const { ApiId } = await gateway.createApi({ Name: "a", ProtocolType: "HTTP", Target: functionArn("api") });
    const arnOf = async (QueueName: string) => {
      await sqs.createQueue({ QueueName });
      return `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
    };
    const [mapped, piped, target] = [await arnOf("mapped"), await arnOf("piped"), await arnOf("target")];
    await lambda.createEventSourceMapping({ EventSourceArn: mapped, FunctionName: functionArn("handler") });
    const pipes = new Pipes(bus.clientConfig());
    await pipes.createPipe({ Name: "p", RoleArn: roleArn, Source: piped, Target: target });
    pipes.destroy();
    await bus.settled();
    await stop();

    await start(directory);
    register();
    const urlId = new URL(FunctionUrl).host.split(".", 1)[0];
    expect(await (await fetch(`${bus.endpoint}/_lambda-url/${urlId}/`)).text()).toBe("from the URL");
    expect(await (await fetch(`${bus.endpoint}/_aws/execute-api/${ApiId}/$default/`)).text()).toBe("from the API");
    const urlOf = (name: string) => `${bus.endpoint}/000000000000/${name}`;
    await sqs.sendMessage({ QueueUrl: urlOf("mapped"), MessageBody: "one" });
    await sqs.sendMessage({ QueueUrl: urlOf("piped"), MessageBody: "two" });
    await until(() => handled.length > 0);
    expect(handled).toEqual([["one"]]);
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl: urlOf("target"), WaitTimeSeconds: 10 });
    expect(Messages).toMatchObject([{ Body: expect.stringContaining('"body":"two"') }]);
  });
});
