/** Traces of X-Ray's form go along with every call between services and every delivery, and are shown where AWS shows them. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { InProcessHandler } from "../../src/in-process.ts";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { type Receiver, startReceiver } from "../support/http-receiver.ts";
import { functionArn } from "../support/pipes.ts";
import { webServer } from "../support/web-server.ts";

const root = "1-5759e988-bd862e3fe1be46a994272793";
const sentTrace = `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1`;
const madeTrace = /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/;
const roleArn = "arn:aws:iam::000000000000:role/r";

let bus: Busbar;
let sqs: SQS;
let sns: SNS;
let events: EventBridge;
let sfn: SFN;
let scheduler: Scheduler;
/** The header that requests have. */
let trace: string | undefined;

beforeEach(async () => {
  bus = await createBusbar({ port: false, clock: "virtual", startTime: "2026-03-01T12:00:00Z" });
  trace = undefined;
  const handler = bus.clientConfig().requestHandler as InProcessHandler;
  const requestHandler: InProcessHandler = {
    ...handler,
    handle(request, options) {
      if (trace !== undefined) request.headers["X-Amzn-Trace-Id"] = trace;
      return handler.handle(request, options);
    },
  };
  const config = { ...bus.clientConfig(), maxAttempts: 1, requestHandler };
  sqs = new SQS(config);
  sns = new SNS(config);
  events = new EventBridge(config);
  sfn = new SFN(config);
  scheduler = new Scheduler(config);
});

afterEach(async () => {
  for (const client of [sqs, sns, events, sfn, scheduler]) client.destroy();
  await bus.close();
});

const settle = () => bus.clock.advance(0);

async function queue(QueueName: string): Promise<string> {
  return (await sqs.createQueue({ QueueName })).QueueUrl as string;
}

const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

/** The AWSTraceHeader of each message, oldest first. */
async function headersIn(QueueUrl: string): Promise<(string | undefined)[]> {
  await settle();
  const { Messages = [] } = await sqs.receiveMessage({
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ["All"],
  });
  return Messages.map(({ Attributes }) => Attributes?.["AWSTraceHeader"]);
}

/** A function that keeps the traces it was invoked with, and fails as often as told. */
function listen(name: string, failures = 0): { readonly arn: string; readonly traces: string[] } {
  const traces: string[] = [];
  bus.registerFunction(name, (_event, { traceHeader }) => {
    traces.push(traceHeader);
    if (traces.length <= failures) throw new Error("not now");
    return {};
  });
  return { arn: functionArn(name), traces };
}

async function rule(EventPattern: object, ...arns: string[]): Promise<void> {
  await events.putRule({ Name: "r", EventPattern: JSON.stringify(EventPattern) });
  const Targets = arns.map((Arn, i) => ({ Id: String(i), Arn, DeadLetterConfig: { Arn: queueArn("dead") } }));
  await events.putTargets({ Rule: "r", Targets });
}

const entry = { Source: "mine", DetailType: "t", Detail: "{}" };

describe("a message", () => {
  it("has the trace of its request unless it has one of its own, outside of all digests", async () => {
    const QueueUrl = await queue("q");
    trace = sentTrace;
    const sent = await sqs.sendMessage({ QueueUrl, MessageBody: "m" });
    expect(sent.MD5OfMessageSystemAttributes).toBeUndefined();
    const own = { AWSTraceHeader: { DataType: "String", StringValue: `Root=${root}` } };
    const Entries = [
      { Id: "a", MessageBody: "m" },
      { Id: "b", MessageBody: "m", MessageSystemAttributes: own },
    ];
    await sqs.sendMessageBatch({ QueueUrl, Entries });
    expect(await headersIn(QueueUrl)).toEqual([sentTrace, sentTrace, `Root=${root}`]);
  });

  it("has none when the client sent none, whatever way it came", async () => {
    const QueueUrl = await queue("q");
    await queue("dead");
    const { TopicArn = "" } = await sns.createTopic({ Name: "t" });
    await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: queueArn("q") });
    await rule({ source: ["mine"] }, queueArn("q"), TopicArn);
    await sqs.sendMessage({ QueueUrl, MessageBody: "m" });
    await sns.publish({ TopicArn, Message: "m" });
    await events.putEvents({ Entries: [entry] });
    expect(await headersIn(QueueUrl)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("has its topic's, also when a rule published it", async () => {
    const QueueUrl = await queue("q");
    await queue("dead");
    const { TopicArn = "" } = await sns.createTopic({ Name: "t" });
    await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: queueArn("q") });
    await rule({ source: ["mine"] }, TopicArn);
    trace = sentTrace;
    await sns.publish({ TopicArn, Message: "m" });
    await events.putEvents({ Entries: [entry] });
    trace = undefined;
    expect(await headersIn(QueueUrl)).toEqual([sentTrace, sentTrace]);
  });
});

describe("an event", () => {
  const anew = expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=53995c3f42cd8ad8$/);

  it.each([
    [sentTrace, sentTrace],
    [`Sampled=1; Parent=53995c3f42cd8ad8 ;Foo=bar;Root=${root}`, `${sentTrace};Foo=bar`],
    [`Root=1-00000000-000000000000000000000000;Root=${root}`, `Root=${root}`],
    [`Root=${root};Sampled=?`, `Root=${root};Sampled=?`],
    [`Root=${root};Parent=;Sampled=2`, `Root=${root}`],
    ["Root=1-2;Parent=53995c3f42cd8ad8", anew],
    ["Parent=53995c3f42cd8ad8", undefined],
    ["garbage", undefined],
  ])("with %s reaches queues, and their dead letters, with %s", async (TraceHeader, shown) => {
    const QueueUrl = await queue("q");
    const dead = await queue("dead");
    await rule({ source: ["mine"] }, queueArn("q"), queueArn("missing"));
    // The entry's own header outweighs the request's, also when it is rubbish.
    trace = "Root=1-11111111-111111111111111111111111";
    await events.putEvents({ Entries: [{ ...entry, TraceHeader }] });
    trace = undefined;
    expect([await headersIn(QueueUrl), await headersIn(dead)]).toEqual([[shown], [shown]]);
  });

  it("takes the request's header from bus to bus and to a function, retries included", async () => {
    const target = listen("f", 1);
    await queue("dead");
    const { EventBusArn = "" } = await events.createEventBus({ Name: "second" });
    await rule({ source: ["mine"] }, EventBusArn);
    await events.putRule({ Name: "s", EventBusName: "second", EventPattern: JSON.stringify({ source: ["mine"] }) });
    await events.putTargets({ Rule: "s", EventBusName: "second", Targets: [{ Id: "f", Arn: target.arn }] });
    trace = sentTrace;
    await events.putEvents({ Entries: [entry] });
    trace = undefined;
    await bus.clock.advance("5m");
    expect(target.traces).toEqual([sentTrace, sentTrace]);
  });
});

describe("a task", () => {
  it("carries the trace of its execution's chain over HTTP and to services at an endpoint", async () => {
    const other = await webServer(() => ({ body: "{}" }));
    const another = await createBusbar({ port: false, endpoints: { kms: other.url, s3: other.url } });
    const client = new SFN({ ...another.clientConfig(), maxAttempts: 1 });
    const call = (Resource: string, Parameters: object, next: object) => ({
      Type: "Task",
      Resource,
      Parameters,
      ...next,
    });
    const definition = JSON.stringify({
      StartAt: "Web",
      States: {
        Web: call("arn:aws:states:::http:invoke", { ApiEndpoint: `${other.url}/web`, Method: "GET" }, { Next: "Json" }),
        Json: call("arn:aws:states:::aws-sdk:kms:listKeys", {}, { Next: "Client" }),
        Client: call("arn:aws:states:::aws-sdk:s3:deleteObject", { Bucket: "b", Key: "k" }, { End: true }),
      },
    });
    const { stateMachineArn } = await client.createStateMachine({ name: "m", definition, roleArn });
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers["X-Amzn-Trace-Id"] = sentTrace;
        return next(args);
      },
      { step: "build" },
    );
    const { executionArn } = await client.startExecution({ stateMachineArn });
    await vi.waitFor(async () => expect((await client.describeExecution({ executionArn })).status).toBe("SUCCEEDED"));
    const heard = other.heard.map(({ url, headers }) => [url?.split("?")[0], headers["x-amzn-trace-id"]]);
    expect(heard).toEqual([
      ["/web", sentTrace],
      ["/", sentTrace],
      ["/b/k", sentTrace],
    ]);
    client.destroy();
    await another.close();
    await other.close();
  });
});

describe("without a header of the client's", () => {
  let receiver: Receiver;

  it("a trace is made that a function and an endpoint see, the same at each retry", async () => {
    receiver = await startReceiver(() => bus.clock.now());
    const subscriber = listen("f", 1);
    const { TopicArn = "" } = await sns.createTopic({ Name: "t" });
    await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: subscriber.arn });
    await sns.subscribe({ TopicArn, Protocol: "http", Endpoint: receiver.url });
    await bus.settled();
    const { Token } = JSON.parse(receiver.received[0]?.body ?? "{}");
    await sns.confirmSubscription({ TopicArn, Token });
    receiver.answer = () => ({ status: receiver.received.length < 3 ? 503 : 200 });
    await sns.publish({ TopicArn, Message: "m" });
    await bus.settled();
    await bus.clock.advance("5m");
    await bus.settled();
    const seen = receiver.received.slice(1).map(({ headers }) => headers["x-amzn-trace-id"]);
    expect([seen.length, subscriber.traces.length]).toEqual([2, 2]);
    expect([new Set(seen).size, new Set(subscriber.traces).size]).toEqual([1, 1]);
    for (const one of [seen[0], subscriber.traces[0]]) expect(one).toMatch(madeTrace);
    // One publication, one trace.
    const rootOf = (header: unknown) => String(header).split(";", 1)[0];
    expect(rootOf(seen[0])).toBe(rootOf(subscriber.traces[0]));
    await sns.publish({ TopicArn, Message: "m" });
    await bus.settled();
    expect(rootOf(subscriber.traces[2])).not.toBe(rootOf(subscriber.traces[0]));
  });

  it("each invocation of a schedule begins a trace of its own", async () => {
    const target = listen("f");
    trace = sentTrace;
    await scheduler.createSchedule({
      Name: "s",
      ScheduleExpression: "rate(1 minute)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: target.arn, RoleArn: roleArn },
    });
    trace = undefined;
    await bus.clock.advance("3m");
    expect(target.traces.length).toBeGreaterThanOrEqual(3);
    expect(new Set(target.traces).size).toBe(target.traces.length);
    for (const one of target.traces) expect(one).toMatch(madeTrace);
  });
});

it("an execution's tasks carry the trace it was started with", async () => {
  const QueueUrl = await queue("q");
  const task = listen("f");
  const definition = JSON.stringify({
    StartAt: "F",
    States: {
      F: { Type: "Task", Resource: task.arn, Next: "S" },
      S: {
        Type: "Task",
        Resource: "arn:aws:states:::sqs:sendMessage",
        Parameters: { QueueUrl, MessageBody: "m" },
        End: true,
      },
    },
  });
  const { stateMachineArn } = await sfn.createStateMachine({ name: "m", definition, roleArn });
  await sfn.startExecution({ stateMachineArn, traceHeader: sentTrace });
  await settle();
  trace = `Root=${root}`;
  await sfn.startExecution({ stateMachineArn });
  await settle();
  trace = undefined;
  await sfn.startExecution({ stateMachineArn });
  await settle();
  expect(task.traces).toEqual([sentTrace, `Root=${root}`, expect.stringMatching(madeTrace)]);
  expect(await headersIn(QueueUrl)).toEqual([sentTrace, `Root=${root}`, undefined]);
});
