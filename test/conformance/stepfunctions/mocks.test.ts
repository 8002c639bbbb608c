import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { StartSyncExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBusbar } from "../../../src/index.ts";
import { inShort, type States, startStates } from "../../support/states.ts";

let states: States;
let server: Server;
const requests: { url: string; method: string; headers: Record<string, unknown>; body: string }[] = [];

const mocks = {
  StateMachines: {
    Orders: {
      TestCases: {
        Happy: { Call: "Answer" },
        Retried: { Call: "SecondTime" },
        Short: { Call: "Once" },
        Queue: { Wait: "Answer" },
        Nested: { Child: "Answer" },
        Work: { Do: "Answer" },
        Mapped: { Call: "Each" },
      },
    },
  },
  MockedResponses: {
    Answer: { "0": { Return: { answer: 42 } } },
    SecondTime: { "0-1": { Throw: { Error: "Busy", Cause: "later" } }, "2": { Return: "third" } },
    Each: { "0": { Return: "a" }, "1": { Return: "b" }, "2": { Return: "c" } },
    Once: { "0": { Throw: { Error: "Busy" } } },
  },
};

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", method = "", headers } = request;
      requests.push({ url, method, headers, body: Buffer.concat(chunks).toString() });
      const target = String(headers["x-amz-target"] ?? "");
      if (target.endsWith(".GetItem")) {
        response.end('{"Item":{"id":{"S":"1"}}}');
      } else if (target.endsWith(".PutItem")) {
        response.statusCode = 400;
        response.end(
          '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}',
        );
      } else if (url.startsWith("/missing")) {
        response.statusCode = 404;
        response.end("nothing here");
      } else {
        response.setHeader("content-type", "application/json");
        response.end('{"ok":true}');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  states = await startStates({
    clock: "virtual",
    startTime: "2030-01-01T00:00:00Z",
    seed: "mocks",
    mocks,
    endpoints: { dynamodb: `http://127.0.0.1:${port}` },
  });
});
afterAll(async () => {
  await states.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const port = () => (server.address() as AddressInfo).port;
const task = (name: string, fields: object) => ({
  StartAt: name,
  States: { [name]: { Type: "Task", End: true, ...fields } },
});
const lambda = "arn:aws:lambda:us-east-1:000000000000:function:f";

async function mocked(definition: object, testCase: string) {
  const account = "111122223333";
  const {
    SFNClient,
    CreateStateMachineCommand,
    DeleteStateMachineCommand,
    StartExecutionCommand,
    DescribeExecutionCommand,
  } = await import("@aws-sdk/client-sfn");
  const client = new SFNClient(states.bus.clientConfig({ account }));
  const { stateMachineArn } = await client.send(
    new CreateStateMachineCommand({
      name: "Orders",
      definition: JSON.stringify(definition),
      roleArn: `arn:aws:iam::${account}:role/r`,
    }),
  );
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: `${stateMachineArn}#${testCase}` }),
  );
  await states.bus.clock.advance("1h");
  const described = await client.send(new DescribeExecutionCommand({ executionArn }));
  const events = await states.history(executionArn as string);
  await client.send(new DeleteStateMachineCommand({ stateMachineArn }));
  client.destroy();
  return { described, events };
}

describe("mocked tasks", () => {
  it("are answered without being carried out", async () => {
    const { described, events } = await mocked(task("Call", { Resource: lambda }), "Happy");
    expect([described.status, described.output]).toEqual(["SUCCEEDED", '{"answer":42}']);
    expect(described.stateMachineArn).not.toContain("#");
    expect(inShort(events)[4]).toBe("5<4 LambdaFunctionSucceeded");
  });

  it("are answered by invocation, including retries", async () => {
    const retried = task("Call", { Resource: lambda, Retry: [{ ErrorEquals: ["Busy"], MaxAttempts: 5 }] });
    expect((await mocked(retried, "Retried")).described.output).toBe('"third"');
    const { described } = await mocked(retried, "Short");
    expect([described.status, described.error]).toEqual(["FAILED", "States.Runtime"]);
  });

  it("count the iterations of a Map", async () => {
    const inner = task("Call", { Resource: lambda });
    const map = { StartAt: "M", States: { M: { Type: "Map", ItemsPath: "$.l", ItemProcessor: inner, End: true } } };
    const start = { StartAt: "L", States: { L: { Type: "Pass", Result: { l: [1, 2, 3] }, Next: "M" }, ...map.States } };
    expect((await mocked(start, "Mapped")).described.output).toBe('["a","b","c"]');
  });

  it("replace callbacks, nested executions and activities", async () => {
    const callBack = task("Wait", {
      Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      Parameters: { QueueUrl: "q", "MessageBody.$": "$$.Task.Token" },
    });
    const waited = await mocked(callBack, "Queue");
    expect(waited.described.output).toBe('{"answer":42}');
    expect(inShort(waited.events).slice(2, 6)).toEqual([
      "3<2 TaskScheduled",
      "4<3 TaskStarted",
      "5<4 TaskSubmitted",
      "6<5 TaskSucceeded",
    ]);
    const nested = task("Child", {
      Resource: "arn:aws:states:::states:startExecution.sync:2",
      Parameters: { StateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:Other" },
    });
    expect((await mocked(nested, "Nested")).described.output).toBe('{"answer":42}');
    const work = task("Do", { Resource: "arn:aws:states:us-east-1:111122223333:activity:none" });
    expect((await mocked(work, "Work")).described.output).toBe('{"answer":42}');
  });

  it("need an existing test case and a valid configuration", async () => {
    await expect(mocked(task("Call", { Resource: lambda }), "None")).rejects.toMatchObject({
      name: "ValidationException",
    });
    const bad = { MockedResponses: { A: { first: { Return: 1 } } } };
    await expect(createBusbar({ port: false, mocks: bad })).rejects.toThrow(RangeError);
  });
});

describe("tasks for services elsewhere", () => {
  it("are passed through to their endpoint", async () => {
    const get = {
      Resource: "arn:aws:states:::dynamodb:getItem",
      Parameters: { TableName: "t", Key: { id: { S: "1" } } },
    };
    const optimized = await states.run(task("T", get));
    expect(JSON.parse(optimized.output as string)).toMatchObject({
      Item: { id: { S: "1" } },
      SdkHttpMetadata: { HttpStatusCode: 200 },
    });
    expect(requests.at(-1)).toMatchObject({
      method: "POST",
      headers: { "x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0" },
      body: '{"TableName":"t","Key":{"id":{"S":"1"}}}',
    });
    const sdk = await states.run(task("T", { ...get, Resource: "arn:aws:states:::aws-sdk:dynamodb:getItem" }));
    expect(JSON.parse(sdk.output as string)).toEqual({ Item: { id: { S: "1" } } });
    const put = { Resource: "arn:aws:states:::aws-sdk:dynamodb:putItem", Parameters: { TableName: "t", Item: {} } };
    const failed = await states.run(task("T", { ...get, ...put }));
    expect(failed.error).toBe("DynamoDb.ResourceNotFoundException");
    expect(failed.cause).toMatch(/^Requested resource not found \(Service: DynamoDb, Status Code: 400, Request ID: /);
  });

  it("say what is missing if there is none", async () => {
    const { error, cause } = await states.run(
      task("T", { Resource: "arn:aws:states:::aws-sdk:secretsmanager:listSecrets", Parameters: {} }),
    );
    expect(error).toBe("States.Runtime");
    expect(cause).toContain("--endpoint secretsmanager=<url>");
  });
});

describe("HTTP tasks", () => {
  it("call an API", async () => {
    const { output, cause } = await states.run(
      task("T", {
        Resource: "arn:aws:states:::apigateway:invoke",
        Parameters: {
          ApiEndpoint: `127.0.0.1:${port()}`,
          Method: "POST",
          Stage: "prod",
          Path: "/orders",
          Headers: { "x-one": ["1"] },
          QueryParameters: { q: ["a", "b"] },
          RequestBody: { n: 1 },
        },
      }),
    );
    expect(cause).toBeUndefined();
    expect(JSON.parse(output as string)).toMatchObject({
      Headers: { "content-type": ["application/json"] },
      ResponseBody: { ok: true },
      StatusCode: 200,
      StatusText: "OK",
    });
    expect(requests.at(-1)).toMatchObject({
      url: "/prod/orders?q=a&q=b",
      method: "POST",
      headers: { "x-one": "1" },
      body: '{"n":1}',
    });
  });

  it("fail by the status, and for invalid parameters", async () => {
    const invoke = (more: object) =>
      states.run(
        task("T", {
          Resource: "arn:aws:states:::apigateway:invoke",
          Parameters: { ApiEndpoint: `127.0.0.1:${port()}`, Method: "GET", ...more },
        }),
      );
    expect(await invoke({ Path: "missing" })).toMatchObject({ error: "ApiGateway.404", cause: "nothing here" });
    const wrong = await invoke({ Headers: { a: "b" } });
    expect(wrong.error).toBe("States.Runtime");
    expect(wrong.cause).toContain(
      "could not be used to start the Task: [The value of the field 'Headers' has an invalid format]",
    );
  });

  it("report an endpoint's status, and a connection that does not exist", async () => {
    const invoke = (more: object) =>
      states.run(
        task("T", {
          Resource: "arn:aws:states:::http:invoke",
          Parameters: { ApiEndpoint: `http://127.0.0.1:${port()}/missing`, Method: "GET", ...more },
        }),
      );
    const connection = { ConnectionArn: "arn:aws:events:us-east-1:000000000000:connection/none/1" };
    expect((await invoke({ Authentication: connection })).error).toMatch(/^Events\.ConnectionResource\./);
    expect((await invoke({})).error).toBe("States.Http.StatusCode.404");
  });
});

describe("an express execution with a task", () => {
  it("is answered once the task is", async () => {
    states.bus.registerFunction("echo", (event) => event);
    const machine = await states.create(task("T", { Resource: lambda.replace(/f$/, "echo") }), { type: "EXPRESS" });
    const answer = await states.client.send(new StartSyncExecutionCommand({ stateMachineArn: machine, input: "[1]" }));
    expect([answer.status, answer.output]).toEqual(["SUCCEEDED", "[1]"]);
  });
});
