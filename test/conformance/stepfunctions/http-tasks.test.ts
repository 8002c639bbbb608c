/** `http:invoke` and `apigateway:invoke`: their requests, and how they handle responses. */
import { CreateConnectionCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { StartSyncExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inShort, type States, startStates } from "../../support/states.ts";
import { type Heard, type Said, webServer } from "../../support/web-server.ts";

let states: States;
let server: Awaited<ReturnType<typeof webServer>>;
let answer: (request: Heard) => Said | undefined;

beforeAll(async () => {
  server = await webServer((request) => answer(request));
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "http" });
});
beforeEach(() => {
  server.heard.length = 0;
  answer = () => ({ headers: { "content-type": "application/json" }, body: '{"ok":true}' });
});
afterAll(async () => {
  await states.close();
  await server.close();
});

const task = (fields: object) => ({ StartAt: "T", States: { T: { Type: "Task", End: true, ...fields } } });
const http = (parameters: object, more: object = {}) =>
  task({
    Resource: "arn:aws:states:::http:invoke",
    Parameters: { ApiEndpoint: `${server.url}/path`, Method: "POST", ...parameters },
    ...more,
  });
const api = (parameters: object) =>
  task({
    Resource: "arn:aws:states:::apigateway:invoke",
    Parameters: { ApiEndpoint: server.url.replace("http://", ""), Method: "POST", ...parameters },
  });

describe("an HTTP task", () => {
  it("sends JSON with its own headers, and parses only JSON", async () => {
    const { output } = await states.run(
      http({ RequestBody: { a: [1] }, Headers: { "X-One": "1" }, QueryParameters: { q: "a b", l: ["1", "2"] } }),
    );
    expect(JSON.parse(output as string)).toMatchObject({
      Headers: { "content-type": ["application/json"] },
      ResponseBody: { ok: true },
      StatusCode: 200,
      StatusText: "OK",
    });
    expect(server.heard[0]).toMatchObject({
      method: "POST",
      url: "/path?q=a+b&l=1&l=2",
      body: '{"a":[1]}',
      headers: {
        "content-type": "application/json",
        "x-one": "1",
        range: "bytes=0-262144",
        "user-agent": "Amazon|StepFunctions|HttpInvoke|us-east-1",
      },
    });
    answer = () => ({ status: 201, headers: { "content-type": "text/plain" }, body: "[1]" });
    const created = await states.run(http({ Method: "PUT" }));
    expect(JSON.parse(created.output as string)).toMatchObject({
      ResponseBody: "[1]",
      StatusCode: 201,
      StatusText: "Created",
    });
    expect(server.heard[1]).toMatchObject({ method: "PUT", body: "" });
    expect(server.heard[1]?.headers).not.toHaveProperty("content-type");
  });

  it.each([
    ["INDICES", "a%5B0%5D=1&a%5B1%5D=2&b%5Bc%5D=d+e"],
    ["REPEAT", "a=1&a=2&b%5Bc%5D=d+e"],
    ["COMMAS", "a=1%2C2&b%5Bc%5D=d+e"],
    ["BRACKETS", "a%5B%5D=1&a%5B%5D=2&b%5Bc%5D=d+e"],
  ])("encodes a form with arrays as %s", async (ArrayFormat, body) => {
    const Transform = { RequestBodyEncoding: "URL_ENCODED", RequestEncodingOptions: { ArrayFormat } };
    await states.run(http({ RequestBody: { a: [1, 2], b: { c: "d e" } }, Transform }));
    expect(server.heard[0]).toMatchObject({ body, headers: { "content-type": "application/x-www-form-urlencoded" } });
  });

  it("prefers its connection over the state's parameters", async () => {
    const events = new EventBridgeClient(states.bus.clientConfig());
    const { ConnectionArn } = await events.send(
      new CreateConnectionCommand({
        Name: "both",
        AuthorizationType: "API_KEY",
        AuthParameters: {
          ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: "secret" },
          InvocationHttpParameters: {
            HeaderParameters: [{ Key: "x-both", Value: "connection" }],
            QueryStringParameters: [{ Key: "both", Value: "connection" }],
            BodyParameters: [{ Key: "added", Value: "by connection" }],
          },
        },
      }),
    );
    events.destroy();
    await states.run(
      http({
        Headers: { "X-Both": "state", "x-own": "state" },
        QueryParameters: { both: "state", own: "state" },
        InvocationConfig: { ConnectionArn },
      }),
    );
    expect(server.heard[0]?.headers).toMatchObject({ "x-both": "connection", "x-own": "state", "x-key": "secret" });
    expect(Object.fromEntries(new URL(server.heard[0]?.url as string, server.url).searchParams)).toEqual({
      both: "connection",
      own: "state",
    });
    const invoked = { InvocationConfig: { ConnectionArn } };
    const Transform = { RequestBodyEncoding: "URL_ENCODED" };
    await states.run(http({ ...invoked, Transform, RequestBody: { a: ["b"] } }));
    await states.run(http({ ...invoked, RequestBody: { added: "by state", a: 1 } }));
    expect(server.heard.slice(1).map(({ body }) => body)).toEqual([
      "a%5B0%5D=b&added=by+connection",
      '{"added":"by connection","a":1}',
    ]);
  });

  it("fails by status, without a response, and for what is not allowed", async () => {
    answer = () => ({ status: 503, body: "busy" });
    expect(await states.run(http({}))).toMatchObject({ error: "States.Http.StatusCode.503", cause: "busy" });
    answer = () => ({ status: 302, headers: { location: "/" } });
    expect((await states.run(http({}))).error).toBe("States.Runtime");
    expect((await states.run(http({ Headers: { "X-Amz-Date": "x" } }))).error).toBe("States.Runtime");
    expect((await states.run(http({ ApiEndpoint: "http://127.0.0.1:1/" }))).error).toBe("States.Http.Socket");
    const wrong = await states.run(http({ ApiEndpoint: "no url" }));
    expect(wrong.cause).toContain("[The value of the field 'ApiEndpoint' has an invalid format]");
  });

  it("times out at an endpoint that never responds, in an express execution too", async () => {
    answer = () => ({ silent: true });
    const execution = await states.start(await states.create(http({}, { TimeoutSeconds: 45 })));
    const express = await states.create(http({}), { type: "EXPRESS" });
    const sync = states.client.send(new StartSyncExecutionCommand({ stateMachineArn: express }));
    while (server.heard.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await states.bus.clock.advance("45s");
    expect(await states.describe(execution)).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    await states.bus.clock.advance("5m");
    expect((await sync).status).toBe("TIMED_OUT");
  });

  it("delays its retry as a 429 demands, or as its retrier says if that is longer", async () => {
    const answers = [
      { status: 429, headers: { "retry-after": "60" } },
      { status: 429, headers: { "retry-after": "Tue, 01 Jan 2030 00:00:00 GMT" } },
      { status: 500, headers: { "retry-after": "600" } },
      { status: 200 },
    ];
    answer = () => answers.shift();
    const Retry = [{ ErrorEquals: ["States.TaskFailed"], IntervalSeconds: 10, BackoffRate: 1, MaxAttempts: 5 }];
    const execution = await states.start(await states.create(http({}, { Retry })));
    const calls = async (time: string) => {
      await states.bus.clock.advance(time);
      return server.heard.length;
    };
    expect([await calls("0s"), await calls("59s"), await calls("1s")]).toEqual([1, 1, 2]);
    expect([await calls("9s"), await calls("1s")]).toEqual([2, 3]);
    expect([await calls("9s"), await calls("1s")]).toEqual([3, 4]);
    expect((await states.describe(execution)).status).toBe("SUCCEEDED");
  });
});

describe("a call of API Gateway", () => {
  it("sends strings as JSON, nothing for null, and parses responses if possible", async () => {
    answer = () => ({ body: '{"no":"content type"}' });
    const { output, executionArn } = await states.run(api({ RequestBody: "HelloWorld", Stage: "prod", Path: "a/b" }));
    expect(JSON.parse(output as string)).toMatchObject({
      ResponseBody: { no: "content type" },
      StatusCode: 200,
      StatusText: "OK",
    });
    expect(output).not.toContain("SdkHttpMetadata");
    expect(server.heard[0]).toMatchObject({ url: "/prod/a/b", body: '"HelloWorld"' });
    expect(inShort(await states.history(executionArn as string)).slice(2, 5)).toEqual([
      "3<2 TaskScheduled",
      "4<3 TaskStarted",
      "5<4 TaskSucceeded",
    ]);
    answer = () => ({ body: "plain" });
    const plain = await states.run(api({ RequestBody: null, AuthType: "IAM_ROLE" }));
    expect(JSON.parse(plain.output as string).ResponseBody).toBe("plain");
    expect(server.heard[1]?.body).toBe("");
  });

  it("fails by status with the body, and for headers that it sets itself", async () => {
    answer = () => ({ status: 403, body: '{"message":"Missing Authentication Token"}' });
    expect(await states.run(api({}))).toMatchObject({
      error: "ApiGateway.403",
      cause: '{"message":"Missing Authentication Token"}',
    });
    for (const name of ["Host", "Authorization", "X-Amz-Date", "X-Forwarded-For", "Transfer-Encoding"]) {
      expect((await states.run(api({ Headers: { [name]: ["x"] } }))).error).toBe("States.Runtime");
    }
    const query = await states.run(api({ QueryParameters: { q: "text" } }));
    expect(query.cause).toContain("[The value of the field 'QueryParameters' has an invalid format]");
  });
});
