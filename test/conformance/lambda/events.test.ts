/** Asynchronous invocations: retries, ages, dead letters and destinations, on time that stands. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { SNS } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment } from "../../support/lambda.ts";

const fails = `export const handler = async (event) => { throw new Error("no " + event.n); };`;
const works = `export const handler = async (event) => ({ got: event.n });`;

describe.each(["memory", "disk"] as const)("events, %s", (storage) => {
  let env: LambdaEnvironment;
  beforeAll(async () => {
    env = await LambdaEnvironment.start(storage, { clock: "virtual", startTime: "2026-03-01T12:00:00Z" });
  });
  afterAll(() => env.stop());

  const send = (FunctionName: string, Payload: string) =>
    env.lambda.invoke({ FunctionName, InvocationType: "Event", Payload });

  it("are retried after one minute and two, and end in both dead-letter queue and destination", async () => {
    const [letters, failures] = [await env.queue(), await env.queue()];
    const { FunctionName } = await env.create(fails, { DeadLetterConfig: { TargetArn: letters.arn } });
    await env.lambda.putFunctionEventInvokeConfig({
      FunctionName,
      DestinationConfig: { OnFailure: { Destination: failures.arn } },
    });
    await send(FunctionName, ' {"n": 1} ');
    await env.bus.clock.advance("59s");
    const runs = () =>
      env.bus.logs({ group: `/aws/lambda/${FunctionName}` }).filter(({ message }) => message.startsWith("START"));
    expect(runs()).toHaveLength(1);
    await env.bus.clock.advance("2s");
    expect(runs()).toHaveLength(2);
    await env.bus.clock.advance("118s");
    expect(runs()).toHaveLength(2);
    await env.bus.clock.advance("3s");
    expect(runs()).toHaveLength(3);
    expect(new Set(runs().map(({ message }) => message)).size).toBe(1);
    const [letter] = await env.drain(letters.url);
    expect(letter?.Body).toBe(' {"n": 1} ');
    expect(letter?.MessageAttributes).toMatchObject({
      ErrorCode: { DataType: "Number", StringValue: "200" },
      ErrorMessage: { StringValue: "no 1" },
    });
    const [failure] = await env.drain(failures.url);
    const trace = /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0$/;
    expect(failure?.Attributes?.["AWSTraceHeader"]).toMatch(trace);
    expect(failure?.Body).toContain('"requestPayload": {"n": 1} ,');
    expect(JSON.parse(failure?.Body ?? "")).toMatchObject({
      version: "1.0",
      requestContext: {
        functionArn: `${functionArn(FunctionName)}:$LATEST`,
        condition: "RetriesExhausted",
        approximateInvokeCount: 3,
        requestId: letter?.MessageAttributes?.["RequestID"]?.StringValue,
      },
      requestPayload: { n: 1 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: { errorType: "Error", errorMessage: "no 1" },
    });
  });

  it("that succeed go to their destination, be it a queue, a topic, a bus or a function", async () => {
    const queue = await env.queue();
    const other = await env.create(
      `export const handler = async (event) => { console.log("heard " + event.responsePayload.got); };`,
    );
    const bus = new EventBridge({ ...env.bus.clientConfig() });
    const sns = new SNS({ ...env.bus.clientConfig() });
    const { TopicArn = "" } = await sns.createTopic({ Name: env.name("topic") });
    await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: queue.arn, Attributes: { RawMessageDelivery: "true" } });
    await bus.putRule({ Name: "results", EventPattern: JSON.stringify({ source: ["lambda"] }) });
    await bus.putTargets({ Rule: "results", Targets: [{ Id: "q", Arn: queue.arn }] });
    const bodies: string[] = [];
    for (const Destination of [
      queue.arn,
      TopicArn,
      "arn:aws:events:us-east-1:000000000000:event-bus/default",
      functionArn(other.FunctionName),
    ]) {
      const { FunctionName } = await env.create(works);
      await env.lambda.putFunctionEventInvokeConfig({
        FunctionName,
        DestinationConfig: { OnSuccess: { Destination } },
      });
      await send(FunctionName, '{"n":7}');
      await env.bus.clock.advance("1s");
      bodies.push(...(await env.drain(queue.url)).map(({ Body = "" }) => Body));
    }
    expect(bodies.map((body) => JSON.parse(body))).toMatchObject([
      { requestContext: { condition: "Success", approximateInvokeCount: 1 }, responsePayload: { got: 7 } },
      { requestContext: { condition: "Success" } },
      {
        source: "lambda",
        "detail-type": "Lambda Function Invocation Result - Success",
        detail: { requestPayload: { n: 7 }, responseContext: { statusCode: 200, executedVersion: "$LATEST" } },
      },
    ]);
    const heard = env.bus.logs({ group: `/aws/lambda/${other.FunctionName}` }).map(({ message }) => message);
    expect(heard.some((message) => message.includes("heard 7"))).toBe(true);
    bus.destroy();
    sns.destroy();
  });

  it("are given up at once with a reserved concurrency of 0, and too old when the next try would be too late", async () => {
    const failures = await env.queue();
    const { FunctionName } = await env.create(fails);
    const config = { FunctionName, DestinationConfig: { OnFailure: { Destination: failures.arn } } };
    await env.lambda.putFunctionEventInvokeConfig({ ...config, MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 });
    await send(FunctionName, '{"n":2}');
    await env.bus.clock.advance("1h");
    await env.lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 0 });
    await send(FunctionName, '{"n":3}');
    await env.bus.clock.advance("1s");
    const messages = await env.drain(failures.url);
    const bodies = messages.map(({ Body = "" }) => JSON.parse(Body));
    expect(messages[1]?.Attributes?.["AWSTraceHeader"]).toMatch(
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
    );
    // The first retry is due exactly when the event has its full age, the second is not.
    expect(bodies).toMatchObject([
      { requestContext: { condition: "EventAgeExceeded", approximateInvokeCount: 2 } },
      { requestContext: { condition: "ZeroReservedConcurrency", approximateInvokeCount: 0 } },
    ]);
    expect(bodies[1]).not.toHaveProperty("responseContext");
    expect(bodies[1]).not.toHaveProperty("responsePayload");
  });

  it("of topics and rules reach created functions, which retry them", async () => {
    const { FunctionName } = await env.create(fails);
    const sns = new SNS({ ...env.bus.clientConfig() });
    const { TopicArn } = await sns.createTopic({ Name: env.name("topic") });
    await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: functionArn(FunctionName) });
    await sns.publish({ TopicArn, Message: "hello" });
    await env.bus.clock.advance("10m");
    const log = env.bus.logs({ group: `/aws/lambda/${FunctionName}` }).map(({ message }) => message);
    expect(log.filter((message) => message.startsWith("START"))).toHaveLength(3);
    sns.destroy();
  });

  it("of a handler that hangs hold the clock for its time-out and no longer", async () => {
    const { FunctionName } = await env.create(
      `export const handler = () => new Promise(() => setInterval(() => {}, 1000));`,
      {
        Timeout: 1,
      },
    );
    await env.lambda.putFunctionEventInvokeConfig({ FunctionName, MaximumRetryAttempts: 1 });
    await send(FunctionName, "{}");
    await env.bus.clock.advance("5m");
    const log = env.bus.logs({ group: `/aws/lambda/${FunctionName}` }).map(({ message }) => message);
    expect(log.filter((message) => message.includes("Task timed out after 1.00 seconds"))).toHaveLength(2);
  });

  it("that call their own function again and again end with the sixteenth run", async () => {
    const code = `
      import http from "node:http";
      export const handler = (event, context) => new Promise((resolve) => {
        const url = process.env.AWS_ENDPOINT_URL + "/2015-03-31/functions/" + context.functionName + "/invocations";
        const headers = { "X-Amz-Invocation-Type": "Event", "X-Amzn-Trace-Id": process.env._X_AMZN_TRACE_ID };
        http.request(url, { method: "POST", headers }, (answer) => { answer.resume(); answer.on("end", resolve); }).end("{}");
      });`;
    const { FunctionName } = await env.create(code);
    await send(FunctionName, "{}");
    const starts = () => {
      const log = env.bus.logs({ group: `/aws/lambda/${FunctionName}`, limit: 1000 });
      return log.filter(({ message }) => message.startsWith("START"));
    };
    // Time waits for a process only so long, and on a busy machine one may need longer to start.
    for (let moves = 0; moves < 30 && starts().length < 16; moves++) await env.bus.clock.advance("1s");
    await env.bus.clock.advance("1m");
    expect(starts()).toHaveLength(16);
  });
});

it("time does not move on while a function's process starts, however long the machine takes", async () => {
  const env = await LambdaEnvironment.start("memory", { clock: "virtual" });
  try {
    const code = `await new Promise((resolve) => setTimeout(resolve, 2300));\n${works}`;
    const { FunctionName } = await env.create(code);
    const Destination = (await env.queue()).arn;
    await env.lambda.putFunctionEventInvokeConfig({ FunctionName, DestinationConfig: { OnSuccess: { Destination } } });
    await env.lambda.invoke({ FunctionName, InvocationType: "Event", Payload: '{"n": 1}' });
    await env.bus.clock.advance("59s");
    const lines = env.bus.logs({ group: `/aws/lambda/${FunctionName}` });
    expect(lines.map(({ message }) => message.split(" ")[0])).toEqual(["REPORT", "END", "START", "INIT_START"]);
    expect(lines[0]?.message).not.toContain("timeout");
  } finally {
    await env.stop();
  }
});
