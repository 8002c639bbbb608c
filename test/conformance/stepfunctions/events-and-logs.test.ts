import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateConnectionCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import {
  CreateStateMachineAliasCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  TestStateCommand,
} from "@aws-sdk/client-sfn";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pass, roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
let events: EventBridgeClient;
let sqs: SQSClient;
let sns: SNSClient;
let server: Server;
let QueueUrl: string;
const queueArn = "arn:aws:sqs:us-east-1:000000000000:q";
const seen: Record<string, unknown>[] = [];

beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "events" });
  events = new EventBridgeClient(states.bus.clientConfig());
  sqs = new SQSClient(states.bus.clientConfig());
  sns = new SNSClient(states.bus.clientConfig());
  QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: "q" }))).QueueUrl as string;
  server = createServer((request, response) => {
    seen.push(request.headers);
    response.setHeader("content-type", "application/json");
    response.end('{"called":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  for (const client of [events, sqs, sns]) client.destroy();
  await states.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function bodies(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 43_200 }),
    );
    if (Messages.length === 0) return found;
    found.push(...Messages.map(({ Body }) => JSON.parse(Body as string)));
  }
}

const task = (fields: object) => ({ StartAt: "T", States: { T: { Type: "Task", End: true, ...fields } } });

describe("status changes", () => {
  it("reach the default bus", async () => {
    const EventPattern = '{"source":["aws.states"],"detail":{"name":["watched"]}}';
    await events.send(new PutRuleCommand({ Name: "states", EventPattern }));
    await events.send(new PutTargetsCommand({ Rule: "states", Targets: [{ Id: "q", Arn: queueArn }] }));
    const machine = await states.create(pass);
    const execution = await states.start(machine, { a: 1 }, "watched");
    await states.bus.clock.advance(0);
    const told = (await bodies()) as { "detail-type": string; resources: string[]; detail: Record<string, unknown> }[];
    expect(told.map((event) => event["detail-type"])).toEqual([
      "Step Functions Execution Status Change",
      "Step Functions Execution Status Change",
    ]);
    expect(told.map((event) => event.detail["status"])).toEqual(["RUNNING", "SUCCEEDED"]);
    expect(told[1]?.resources).toEqual([execution]);
    const now = Date.parse("2030-01-01T00:00:00Z");
    expect(told[1]?.detail).toEqual({
      executionArn: execution,
      stateMachineArn: machine,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name: "watched",
      status: "SUCCEEDED",
      startDate: now,
      stopDate: now,
      input: '{"a":1}',
      output: '{"a":1}',
      inputDetails: { included: true },
      outputDetails: { included: true },
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: expect.any(String),
      error: null,
      cause: null,
    });
  });
});

describe("status changes other than success", () => {
  it("have error and cause, the alias and the version, and the redrive", async () => {
    const EventPattern = '{"source":["aws.states"],"detail":{"name":["failing"]}}';
    await events.send(new PutRuleCommand({ Name: "failing", EventPattern }));
    await events.send(new PutTargetsCommand({ Rule: "failing", Targets: [{ Id: "q", Arn: queueArn }] }));
    const fail = { StartAt: "F", States: { F: { Type: "Fail", Error: "E", Cause: "C" } } };
    const machine = await states.create(fail, { publish: true });
    const { stateMachineAliasArn } = await states.client.send(
      new CreateStateMachineAliasCommand({
        name: "live",
        routingConfiguration: [{ stateMachineVersionArn: `${machine}:1`, weight: 100 }],
      }),
    );
    const execution = await states.start(stateMachineAliasArn as string, {}, "failing");
    await states.bus.clock.advance(0);
    await states.client.send(new RedriveExecutionCommand({ executionArn: execution }));
    await states.bus.clock.advance(0);
    const details = ((await bodies()) as { detail: Record<string, unknown> }[]).map(({ detail }) => detail);
    expect(details.map(({ status, redriveCount }) => [status, redriveCount])).toEqual([
      ["RUNNING", 0],
      ["FAILED", 0],
      ["RUNNING", 1],
      ["FAILED", 1],
    ]);
    expect(details[3]).toMatchObject({
      stateMachineArn: machine,
      stateMachineVersionArn: `${machine}:1`,
      stateMachineAliasArn,
      error: "E",
      cause: "C",
      output: null,
      outputDetails: null,
      redriveDate: states.bus.clock.now(),
      redriveStatus: "REDRIVABLE",
      redriveStatusReason: null,
    });
  });
});

describe("log events", () => {
  const logging = (level: "ALL" | "ERROR" | "FATAL", includeExecutionData = false) => ({
    loggingConfiguration: {
      level,
      includeExecutionData,
      destinations: [
        { cloudWatchLogsLogGroup: { logGroupArn: `arn:aws:logs:us-east-1:000000000000:log-group:/sfn/${level}:*` } },
      ],
    },
  });
  const logged = (group: string) =>
    states.bus
      .logs({ group: `/sfn/${group}`, limit: 1000 })
      .map(({ message }) => JSON.parse(message))
      .reverse();

  it("are written by level", async () => {
    const failing = { StartAt: "P", States: { P: { Type: "Pass", Next: "F" }, F: { Type: "Fail", Error: "E" } } };
    for (const level of ["ALL", "ERROR", "FATAL"] as const) {
      await states.start(await states.create(failing, logging(level, level === "ALL")));
    }
    const types = (group: string) => logged(group).map(({ type }) => type);
    expect(types("ALL")).toEqual([
      "ExecutionStarted",
      "PassStateEntered",
      "PassStateExited",
      "FailStateEntered",
      "ExecutionFailed",
    ]);
    expect(types("ERROR")).toEqual(["FailStateEntered", "ExecutionFailed"]);
    expect(types("FATAL")).toEqual(["ExecutionFailed"]);
    expect(logged("ALL")[2]).toEqual({
      id: "3",
      type: "PassStateExited",
      details: { name: "P", output: "{}", outputDetails: { truncated: false } },
      previous_event_id: "2",
      event_timestamp: String(Date.parse("2030-01-01T00:00:00Z")),
      execution_arn: expect.stringContaining(":execution:"),
      redrive_count: "0",
    });
    expect(logged("ERROR")[0].details).toEqual({ name: "F" });
  });

  it("have the ids of their map run and trace, in a stream for each execution", async () => {
    const map = {
      StartAt: "M",
      States: {
        M: {
          Type: "Map",
          Label: "L",
          ItemProcessor: {
            ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
            StartAt: "P",
            States: { P: { Type: "Pass", End: true } },
          },
          End: true,
        },
      },
    };
    const level = logging("ALL", true);
    const machine = await states.create(map, { ...level, name: "mapped", tracingConfiguration: { enabled: true } });
    const { executionArn } = await states.client.send(
      new StartExecutionCommand({
        stateMachineArn: machine,
        input: "[1]",
        traceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
      }),
    );
    await states.bus.clock.advance(0);
    const all = states.bus
      .logs({ group: "/sfn/ALL", limit: 1000 })
      .map((one) => ({ ...JSON.parse(one.message), stream: one.stream }));
    const own = all.filter((event) => event.execution_arn === executionArn);
    expect(new Set(own.map(({ trace_id }) => trace_id))).toEqual(new Set(["1-5759e988-bd862e3fe1be46a994272793"]));
    expect(own[0].stream).toMatch(/^states\/mapped\/2030-01-01-\d\d-\d\d\/[0-9a-f]+$/);
    expect(own[0]).not.toHaveProperty("map_run_arn");
    const [child] = all.filter((event) => event.execution_arn.includes(":mapped/L:"));
    expect(child).toMatchObject({
      map_run_arn: expect.stringContaining(":mapRun:mapped/L:"),
      trace_id: expect.stringMatching(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      stream: expect.stringMatching(/^states\/mapped\/L\//),
    });
  });

  it("are the history of express executions, also of later events", async () => {
    const wait = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 5, End: true } } };
    const machine = await states.create(wait, { type: "EXPRESS", ...logging("ALL") });
    const answer = states.client.send(new StartSyncExecutionCommand({ stateMachineArn: machine }));
    await bodies();
    await states.bus.clock.advance("5s");
    const { executionArn } = await answer;
    const own = logged("ALL").filter((event) => event.execution_arn === executionArn);
    expect(own.map(({ id, type }) => [id, type])).toEqual([
      ["1", "ExecutionStarted"],
      ["2", "WaitStateEntered"],
      ["3", "WaitStateExited"],
      ["4", "ExecutionSucceeded"],
    ]);
  });
});

describe("with other services", () => {
  it("publishes to a topic and puts events", async () => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
    await sns.send(
      new SubscribeCommand({
        TopicArn,
        Protocol: "sqs",
        Endpoint: queueArn,
        Attributes: { RawMessageDelivery: "true" },
      }),
    );
    const published = await states.run(
      task({ Resource: "arn:aws:states:::sns:publish", Parameters: { TopicArn, Message: { m: 1 } } }),
    );
    expect(Object.keys(JSON.parse(published.output as string))).toEqual([
      "MessageId",
      "SdkHttpMetadata",
      "SdkResponseMetadata",
    ]);
    expect(await bodies()).toEqual([{ m: 1 }]);
    const missing = await states.run(
      task({ Resource: "arn:aws:states:::sns:publish", Parameters: { TopicArn: `${TopicArn}x`, Message: "m" } }),
    );
    expect(missing.error).toBe("SNS.NotFoundException");

    await events.send(new PutRuleCommand({ Name: "app", EventPattern: '{"source":["app"]}' }));
    await events.send(new PutTargetsCommand({ Rule: "app", Targets: [{ Id: "q", Arn: queueArn }] }));
    const put = (entry: object) =>
      states.run(task({ Resource: "arn:aws:states:::events:putEvents", Parameters: { Entries: [entry] } }));
    const done = await put({ Source: "app", DetailType: "d", Detail: { n: 1 }, Resources: ["r"] });
    expect(JSON.parse(done.output as string)).toEqual({
      Entries: [{ EventId: expect.any(String) }],
      FailedEntryCount: 0,
    });
    await states.bus.clock.advance(0);
    expect(await bodies()).toMatchObject([
      { detail: { n: 1 }, resources: ["r", done.stateMachineArn, done.executionArn] },
    ]);
    const failed = await put({ DetailType: "d", Detail: "{}" });
    expect(failed.error).toBe("EventBridge.FailedEntry");
    expect(JSON.parse(failed.cause as string)).toMatchObject({
      Entries: [{ ErrorCode: "InvalidArgument" }],
      FailedEntryCount: 1,
    });
  });

  it("is started by a rule", async () => {
    const machine = await states.create(pass);
    await events.send(new PutRuleCommand({ Name: "start", EventPattern: '{"source":["starter"]}' }));
    await events.send(new PutTargetsCommand({ Rule: "start", Targets: [{ Id: "s", Arn: machine, RoleArn: roleArn }] }));
    await events.send(new PutEventsCommand({ Entries: [{ Source: "starter", DetailType: "d", Detail: '{"n":1}' }] }));
    await states.bus.clock.advance(0);
    const { executions } = await states.client.send(new ListExecutionsCommand({ stateMachineArn: machine }));
    expect(executions?.map(({ status }) => status)).toEqual(["SUCCEEDED"]);
    const { output } = await states.describe(executions?.[0]?.executionArn as string);
    expect(JSON.parse(output as string)).toMatchObject({ source: "starter", detail: { n: 1 } });
  });

  it("calls an endpoint through a connection", async () => {
    const { ConnectionArn } = await events.send(
      new CreateConnectionCommand({
        Name: "c",
        AuthorizationType: "API_KEY",
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: "secret" } },
      }),
    );
    const { port } = server.address() as AddressInfo;
    const { output, cause } = await states.run(
      task({
        Resource: "arn:aws:states:::http:invoke",
        Parameters: { ApiEndpoint: `http://127.0.0.1:${port}/x`, Method: "GET", Authentication: { ConnectionArn } },
      }),
    );
    expect(cause).toBeUndefined();
    expect(JSON.parse(output as string)).toMatchObject({ ResponseBody: { called: true }, StatusCode: 200 });
    const traced = (more: object) =>
      states.client.send(
        new TestStateCommand({
          definition: JSON.stringify({
            Type: "Task",
            Resource: "arn:aws:states:::http:invoke",
            Parameters: { ApiEndpoint: `http://127.0.0.1:${port}/x`, Method: "GET", Authentication: { ConnectionArn } },
            End: true,
          }),
          roleArn,
          inspectionLevel: "TRACE",
          ...more,
        }),
      );
    const { inspectionData } = await traced({});
    expect(inspectionData?.request).toMatchObject({ protocol: "http", method: "GET" });
    expect(inspectionData?.request?.headers).not.toContain("secret");
    const revealed = await traced({ revealSecrets: true });
    expect(revealed.inspectionData?.request?.headers).toContain("x-key: secret");
    expect((await traced({ inspectionLevel: "DEBUG" })).inspectionData).not.toHaveProperty("request");
    expect(inspectionData?.response).toMatchObject({ statusCode: "200", statusMessage: "OK", body: '{"called":true}' });
    expect(seen.at(-1)).toMatchObject({ "x-key": "secret", "user-agent": "Amazon|StepFunctions|HttpInvoke|us-east-1" });
  });

  it("calls Kinesis through the SDK", async () => {
    const parameters = { StreamName: "none", PartitionKey: "p", Data: "d" };
    const { error } = await states.run(
      task({ Resource: "arn:aws:states:::aws-sdk:kinesis:putRecord", Parameters: parameters }),
    );
    expect(error).toBe("Kinesis.ResourceNotFoundException");
  });
});
