/** State machines, rules, schedules and pipes with functions that were created from zips. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Pipes } from "@aws-sdk/client-pipes";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment } from "../../support/lambda.ts";

const account = "000000000000";
const roleArn = `arn:aws:iam::${account}:role/r`;

/** Returns its event, fails with the error that the event names, or returns a token to the waiting state. */
const code = `
class CustomError extends Error { constructor(text) { super(text); this.name = "CustomError"; } }
export const handler = async (event, context) => {
  if (event.fail === "error") throw new CustomError("no good");
  if (event.fail === "exit") process.exit(3);
  if (event.token !== undefined) {
    await fetch(process.env.AWS_ENDPOINT_URL, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "AWSStepFunctions.SendTaskSuccess",
        authorization: "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=x",
      },
      body: JSON.stringify({ taskToken: event.token, output: JSON.stringify({ done: event.n }) }),
    });
  }
  console.log("seen");
  return { event, version: context.functionVersion };
};
`;

let env: LambdaEnvironment;
let sfn: SFN;
let events: EventBridge;
let scheduler: Scheduler;
let pipes: Pipes;
let outcomes: { url: string; arn: string };

beforeAll(async () => {
  env = await LambdaEnvironment.start("memory", { clock: "virtual", startTime: "2026-03-01T12:00:00Z" });
  const config = { ...env.bus.clientConfig(), maxAttempts: 1 };
  sfn = new SFN(config);
  events = new EventBridge(config);
  scheduler = new Scheduler(config);
  pipes = new Pipes(config);
  await env.create(code, { FunctionName: "f", Publish: true, Timeout: 30 });
  await env.lambda.createAlias({ FunctionName: "f", Name: "live", FunctionVersion: "1" });
  await env.create(code, { FunctionName: "busy" });
  await env.lambda.putFunctionConcurrency({ FunctionName: "busy", ReservedConcurrentExecutions: 0 });
  outcomes = await env.queue();
  await env.lambda.putFunctionEventInvokeConfig({
    FunctionName: "f",
    DestinationConfig: { OnSuccess: { Destination: outcomes.arn } },
  });
});
afterAll(async () => {
  for (const client of [sfn, events, scheduler, pipes]) client.destroy();
  await env.stop();
});

let made = 0;
async function ended(definition: object, input: object = {}) {
  const { stateMachineArn } = await sfn.createStateMachine({
    name: `m${made++}`,
    roleArn,
    definition: JSON.stringify(definition),
  });
  const { executionArn } = await sfn.startExecution({ stateMachineArn, input: JSON.stringify(input) });
  for (;;) {
    await env.bus.clock.advance(1);
    const described = await sfn.describeExecution({ executionArn });
    if (described.status !== "RUNNING") return described;
  }
}
const one = (state: object) => ({ StartAt: "T", States: { T: { Type: "Task", End: true, ...state } } });
const invoke = (Parameters: object, suffix = "") => ({
  Resource: `arn:aws:states:::lambda:invoke${suffix}`,
  Parameters,
});
const sdk = (Parameters: object) => ({ Resource: "arn:aws:states:::aws-sdk:lambda:invoke", Parameters });
const direct = (name: string) => ({ Resource: functionArn(name) });

async function outputOf(state: object, input: object = {}): Promise<Record<string, unknown>> {
  const { output, cause } = await ended(one(state), input);
  if (output === undefined) throw new Error(cause);
  return JSON.parse(output) as Record<string, unknown>;
}

describe("a task", () => {
  it.each([
    ["f", "$LATEST"],
    ["f:1", "1"],
    ["f:live", "1"],
  ])("calls %s by its ARN", async (name, version) => {
    expect(await outputOf(direct(name), { a: 1 })).toEqual({ event: { a: 1 }, version });
  });

  it.each([
    [{ FunctionName: "f" }, "$LATEST"],
    [{ FunctionName: functionArn("f"), Qualifier: "live" }, "1"],
    [{ FunctionName: functionArn("f:1") }, "1"],
    [{ FunctionName: "f:live" }, "1"],
  ])("calls %j, and shows which version ran and what it logged", async (named, version) => {
    const result = await outputOf(invoke({ ...named, Payload: { a: 1 }, LogType: "Tail" }));
    const log = result["LogResult"] as string;
    expect(result).toMatchObject({
      ExecutedVersion: version,
      Payload: { event: { a: 1 }, version },
      StatusCode: 200,
      SdkHttpMetadata: {
        HttpStatusCode: 200,
        HttpHeaders: {
          Connection: "keep-alive",
          "Content-Length": String(JSON.stringify({ event: { a: 1 }, version }).length),
          "Content-Type": "application/json",
          "X-Amz-Executed-Version": version,
          "X-Amz-Log-Result": log,
          "X-Amzn-Trace-Id": expect.stringMatching(/^Root=1-/),
          "x-amzn-Remapped-Content-Length": "0",
          "x-amzn-RequestId": expect.stringMatching(/^[\w-]{36}$/),
        },
      },
    });
    expect(Buffer.from(log, "base64").toString()).toContain("seen");
  });

  it("calls through the SDK, where a function's error is part of the result", async () => {
    expect(await outputOf(sdk({ FunctionName: "f", Qualifier: "1", Payload: { a: 1 } }))).toEqual({
      ExecutedVersion: "1",
      Payload: '{"event":{"a":1},"version":"1"}',
      StatusCode: 200,
    });
    const failed = await outputOf(sdk({ FunctionName: "f", Payload: { fail: "error" } }));
    expect(failed).toMatchObject({ ExecutedVersion: "$LATEST", FunctionError: "Unhandled", StatusCode: 200 });
    expect(JSON.parse(failed["Payload"] as string)).toMatchObject({ errorType: "CustomError" });
  });

  it("calls other operations of Lambda", async () => {
    const state = {
      Resource: "arn:aws:states:::aws-sdk:lambda:getFunctionConfiguration",
      Parameters: { FunctionName: "f", Qualifier: "live" },
    };
    expect(await outputOf(state)).toMatchObject({ FunctionName: "f", Version: "1", Timeout: 30 });
  });

  it("invokes asynchronously, and as a dry run", async () => {
    const accepted = await outputOf(invoke({ FunctionName: "f", InvocationType: "Event", Payload: { later: 1 } }));
    expect(accepted).toMatchObject({ Payload: "", StatusCode: 202 });
    expect(accepted).not.toHaveProperty("ExecutedVersion");
    await env.bus.clock.advance("10s");
    const [message] = await env.drain(outcomes.url);
    expect(JSON.parse(message?.Body as string)).toMatchObject({
      requestPayload: { later: 1 },
      responsePayload: { event: { later: 1 } },
    });
    expect(await outputOf(invoke({ FunctionName: "f", InvocationType: "DryRun" }))).toMatchObject({ StatusCode: 204 });
    expect(await env.drain(outcomes.url)).toEqual([]);
  });

  it("waits until its function returns the token", async () => {
    const Parameters = { FunctionName: "f", Payload: { "token.$": "$$.Task.Token", n: 7 } };
    expect(await outputOf(invoke(Parameters, ".waitForTaskToken"))).toEqual({ done: 7 });
  });
});

describe("a task fails", () => {
  const ids = String.raw`Request ID: [\w-]{36}`;
  const v1 = (status: number, code: string) =>
    String.raw` \(Service: AWSLambda; Status Code: ${status}; Error Code: ${code}; ${ids}; Proxy: null\)$`;
  const v2 = (status: number) =>
    String.raw` \(Service: Lambda, Status Code: ${status}, ${ids}\) \(SDK Attempt Count: 1\)$`;
  const missing = (name: string) => `^Function not found: ${functionArn(name).replace("$", "\\$")}`;

  it.each<[string, object, object, string, string]>([
    [
      "by an error of the function",
      direct("f"),
      { fail: "error" },
      "CustomError",
      '^\\{"errorType":"CustomError","errorMessage":"no good","trace":\\[',
    ],
    [
      "by an error in lambda:invoke",
      invoke({ FunctionName: "f", "Payload.$": "$" }),
      { fail: "error" },
      "CustomError",
      '^\\{"errorType":"CustomError","errorMessage":"no good","trace":\\[',
    ],
    [
      "by the end of its process",
      direct("f"),
      { fail: "exit" },
      "Runtime.ExitError",
      "Runtime exited with error: exit status 3",
    ],
    [
      "by an error of a function with a callback",
      invoke({ FunctionName: "f", Payload: { fail: "error" } }, ".waitForTaskToken"),
      {},
      "CustomError",
      "no good",
    ],
    [
      "by the timeout of the function",
      direct("busy"),
      {},
      "Lambda.TooManyRequestsException",
      `^Rate Exceeded\\.${v1(429, "TooManyRequestsException")}`,
    ],
    [
      "by the timeout in lambda:invoke",
      invoke({ FunctionName: "busy" }),
      {},
      "Lambda.TooManyRequestsException",
      `^Rate Exceeded\\.${v1(429, "TooManyRequestsException")}`,
    ],
    [
      "by the timeout through the SDK",
      sdk({ FunctionName: "busy" }),
      {},
      "Lambda.TooManyRequestsException",
      `^Rate Exceeded\\.${v2(429)}`,
    ],
    [
      "without a function",
      direct("none"),
      {},
      "Lambda.ResourceNotFoundException",
      `${missing("none")}:\\$LATEST${v1(404, "ResourceNotFoundException")}`,
    ],
    [
      "without a function in lambda:invoke",
      invoke({ FunctionName: "none" }),
      {},
      "Lambda.ResourceNotFoundException",
      `${missing("none")}:\\$LATEST${v1(404, "ResourceNotFoundException")}`,
    ],
    [
      "without a function through the SDK",
      sdk({ FunctionName: "none" }),
      {},
      "Lambda.ResourceNotFoundException",
      `${missing("none")}:\\$LATEST${v2(404)}`,
    ],
    [
      "without the version",
      invoke({ FunctionName: "f", Qualifier: "9" }),
      {},
      "Lambda.ResourceNotFoundException",
      `${missing("f:9")}${v1(404, "ResourceNotFoundException")}`,
    ],
    [
      "without a function to invoke asynchronously",
      invoke({ FunctionName: "none", InvocationType: "Event" }),
      {},
      "Lambda.ResourceNotFoundException",
      `${missing("none")}:\\$LATEST`,
    ],
  ])("%s", async (_what, state, input, error, cause) => {
    const failed = await ended(one(state), input);
    expect(failed).toMatchObject({ status: "FAILED", error });
    expect(failed.cause).toMatch(new RegExp(cause));
  });

  it("until a retrier for the error gives up, and a catcher matches", async () => {
    const Retry = [{ ErrorEquals: ["Lambda.TooManyRequestsException"], IntervalSeconds: 1, MaxAttempts: 1 }];
    const Catch = [{ ErrorEquals: ["Lambda.TooManyRequestsException"], ResultPath: "$.caught", Next: "P" }];
    const T = { Type: "Task", ...invoke({ FunctionName: "busy" }), Retry, Catch, End: true };
    const { stateMachineArn } = await sfn.createStateMachine({
      name: `m${made++}`,
      roleArn,
      definition: JSON.stringify({ StartAt: "T", States: { T, P: { Type: "Pass", End: true } } }),
    });
    const { executionArn } = await sfn.startExecution({ stateMachineArn });
    await env.bus.clock.advance("5s");
    const { output } = await sfn.describeExecution({ executionArn });
    expect(JSON.parse(output as string)).toMatchObject({ caught: { Error: "Lambda.TooManyRequestsException" } });
    const { events: history = [] } = await sfn.getExecutionHistory({ executionArn });
    expect(history.filter(({ type }) => type === "TaskFailed")).toHaveLength(2);
  });
});

describe("a function gets a whole event", () => {
  /** The event that the function got, from its destination. */
  async function received(): Promise<unknown> {
    await env.bus.clock.advance("5s");
    const [message] = await env.drain(outcomes.url);
    return JSON.parse(message?.Body as string).requestPayload;
  }
  const uuid = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/);

  it("by a rule", async () => {
    await events.putRule({ Name: "r", EventPattern: '{"source":["mine"]}' });
    await events.putTargets({ Rule: "r", Targets: [{ Id: "1", Arn: functionArn("f") }] });
    const Time = new Date("2026-03-01T11:00:00Z");
    const Entries = [{ Source: "mine", DetailType: "d", Detail: '{"a":1.50}', Resources: ["x"], Time }];
    const { Entries: [entry] = [] } = await events.putEvents({ Entries });
    expect(await received()).toEqual({
      version: "0",
      id: entry?.EventId,
      "detail-type": "d",
      source: "mine",
      account,
      time: "2026-03-01T11:00:00Z",
      region: "us-east-1",
      resources: ["x"],
      detail: { a: 1.5 },
    });
  });

  it("by a schedule, with and without input", async () => {
    const schedule = (Name: string, Input?: string) =>
      scheduler.createSchedule({
        Name,
        ScheduleExpression: "rate(1 minute)",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: { Arn: functionArn("f"), RoleArn: roleArn, Input },
      });
    await schedule("given", '{"at":"<aws.scheduler.scheduled-time>","id":"<aws.scheduler.execution-id>"}');
    await env.bus.clock.advance("61s");
    expect(await received()).toEqual({
      at: expect.stringMatching(/^2026-03-01T12:\d\d:\d\dZ$/),
      id: expect.any(String),
    });
    await scheduler.deleteSchedule({ Name: "given" });
    await schedule("bare");
    await env.bus.clock.advance("61s");
    expect(await received()).toEqual({
      version: "0",
      id: uuid,
      "detail-type": "Scheduled Event",
      source: "aws.scheduler",
      account,
      time: expect.stringMatching(/^2026-03-01T12:\d\d:\d\dZ$/),
      region: "us-east-1",
      resources: [`arn:aws:scheduler:us-east-1:${account}:schedule/default/bare`],
      detail: "{}",
    });
    await scheduler.deleteSchedule({ Name: "bare" });
  });

  it("by a pipe, as a list of records", async () => {
    const [from, to] = [await env.queue(), await env.queue()];
    await pipes.createPipe({
      Name: "p",
      Source: from.arn,
      Enrichment: functionArn("f"),
      Target: to.arn,
      RoleArn: roleArn,
    });
    await env.bus.clock.advance("1s");
    const { MessageId, MD5OfMessageBody } = await env.sqs.sendMessage({ QueueUrl: from.url, MessageBody: '{"x":1}' });
    await env.bus.clock.advance("2s");
    const [message] = await env.drain(to.url);
    const millis = expect.stringMatching(/^17723\d{8}$/);
    expect(JSON.parse(message?.Body as string).event).toEqual([
      {
        messageId: MessageId,
        receiptHandle: expect.any(String),
        body: '{"x":1}',
        attributes: {
          ApproximateReceiveCount: "1",
          SentTimestamp: millis,
          SenderId: expect.any(String),
          ApproximateFirstReceiveTimestamp: millis,
        },
        messageAttributes: {},
        md5OfBody: MD5OfMessageBody,
        eventSource: "aws:sqs",
        eventSourceARN: from.arn,
        awsRegion: "us-east-1",
      },
    ]);
  });
});
