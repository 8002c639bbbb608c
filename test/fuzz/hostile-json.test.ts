/**
 * Hostile JSON in every parameter that holds JSON text: an answer of success or an error of the client's own, and never
 * a bug, a hang or a rejection that nobody takes.
 */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Pipes } from "@aws-sdk/client-pipes";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Emulator } from "../../src/emulator.ts";
import { inProcessHandler } from "../../src/in-process.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { Chance } from "../support/chance.ts";
import { hostileJson, spoiled } from "../support/hostile-json.ts";
import { http } from "../support/http.ts";

const runs = 150;
/** Longer means that it hangs. */
const hangMs = 20_000;
const seed = Math.floor(Math.random() * 2 ** 32);
const account = "000000000000";
const arnOf = (service: string, resource: string) => `arn:aws:${service}:us-east-1:${account}:${resource}`;
const roleArn = `arn:aws:iam::${account}:role/r`;

const bugs: string[] = [];
const note = (error: unknown, where = "rejection") => bugs.push(`${where}: ${(error as Error)?.stack ?? "?"}`);

let emulator: Emulator;
let server: RunningServer;
let sqs: SQS;
let sns: SNS;
let events: EventBridge;
let kinesis: Kinesis;
let sfn: SFN;
let scheduler: Scheduler;
let pipes: Pipes;
let sts: STS;
let QueueUrl: string | undefined;
let TopicArn: string | undefined;
let fifoTopic: string | undefined;
let SubscriptionArn: string | undefined;
let fifoSubscription: string | undefined;
let stateMachineArn: string | undefined;
const clients: { destroy(): void }[] = [];

beforeAll(async () => {
  process.on("unhandledRejection", note);
  emulator = await Emulator.start({ onBug: note, clock: "virtual", seed: `${seed}` });
  server = await startServer(emulator, { host: "127.0.0.1", port: 0 });
  const config = {
    endpoint: "http://localhost:4566",
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "x" },
    maxAttempts: 1,
    disableHostPrefix: true,
    requestHandler: inProcessHandler(emulator, () => false),
  };
  sqs = new SQS(config);
  sns = new SNS(config);
  events = new EventBridge(config);
  kinesis = new Kinesis(config);
  sfn = new SFN(config);
  scheduler = new Scheduler(config);
  pipes = new Pipes(config);
  sts = new STS(config);
  clients.push(sqs, sns, events, kinesis, sfn, scheduler, pipes, sts);
  ({ QueueUrl } = await sqs.createQueue({ QueueName: "q" }));
  await sqs.createQueue({ QueueName: "to.fifo", Attributes: { FifoQueue: "true" } });
  ({ TopicArn } = await sns.createTopic({ Name: "t" }));
  ({ SubscriptionArn } = await sns.subscribe({
    TopicArn,
    Protocol: "sqs",
    Endpoint: arnOf("sqs", "q"),
    Attributes: { FilterPolicyScope: "MessageBody" },
    ReturnSubscriptionArn: true,
  }));
  ({ TopicArn: fifoTopic } = await sns.createTopic({
    Name: "t.fifo",
    Attributes: { FifoTopic: "true", ArchivePolicy: '{"MessageRetentionPeriod":"30"}' },
  }));
  ({ SubscriptionArn: fifoSubscription } = await sns.subscribe({
    TopicArn: fifoTopic,
    Protocol: "sqs",
    Endpoint: arnOf("sqs", "to.fifo"),
    ReturnSubscriptionArn: true,
  }));
  await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
  const definition = JSON.stringify(machine);
  ({ stateMachineArn } = await sfn.createStateMachine({ name: "m", definition, roleArn, type: "EXPRESS" }));
  await events.putRule({ Name: "r", EventPattern: JSON.stringify(pattern) });
  await events.putRule({ Name: "all", EventPattern: '{"source":[{"prefix":""}]}' });
  const Target = {
    Arn: arnOf("logs", "log-group:/aws/events/g"),
    InputTransformer: {
      InputPathsMap: { t: "$.detail.t", m: "$.detail" },
      InputTemplate: '{"timestamp":<t>,"message":<m>}',
    },
  };
  await events.putTargets({ Rule: "all", Targets: [{ Id: "l", ...Target }] });
});
afterEach(async () => {
  await emulator.clock.advance(2000);
  expect(bugs.splice(0), `seed ${seed}`).toEqual([]);
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await server.close(500, 20);
  await emulator.close();
  process.off("unhandledRejection", note);
});

const statement = {
  Sid: "s",
  Effect: "Allow",
  Principal: { AWS: "111122223333" },
  Action: ["sqs:SendMessage"],
  Resource: arnOf("sqs", "q"),
  Condition: { StringEquals: { "aws:SourceArn": ["x"] }, NumericLessThan: { "aws:EpochTime": 1 } },
};
const policy = { Version: "2012-10-17", Id: "i", Statement: [statement] };
const pattern = {
  source: [
    "mine",
    { prefix: "x" },
    { "anything-but": { suffix: "y" } },
    { wildcard: "a*b" },
    { "equals-ignore-case": "Q" },
  ],
  detail: {
    a: [{ numeric: [">", 0, "<=", 5] }, { exists: true }, { cidr: "10.0.0.0/8" }],
    $or: [{ b: [1] }, { c: [null] }],
  },
};
const machine = {
  Comment: "c",
  StartAt: "P",
  TimeoutSeconds: 60,
  States: {
    P: {
      Type: "Pass",
      Parameters: { "a.$": "$.a", "b.$": "States.Format('{}-{}', $.a, $.b)" },
      ResultPath: "$.r",
      Next: "C",
    },
    C: {
      Type: "Choice",
      Choices: [
        {
          And: [
            { Variable: "$.a", NumericGreaterThan: 1 },
            { Variable: "$.b", IsString: true },
          ],
          Next: "W",
        },
      ],
      Default: "M",
    },
    W: { Type: "Wait", SecondsPath: "$.a", Next: "M" },
    M: {
      Type: "Map",
      ItemsPath: "$.l",
      MaxConcurrency: 1,
      ItemSelector: { "v.$": "$$.Map.Item.Value" },
      ItemProcessor: { StartAt: "I", States: { I: { Type: "Pass", End: true } } },
      Retry: [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 1, MaxAttempts: 1, BackoffRate: 2 }],
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.e", Next: "T" }],
      Next: "J",
    },
    J: {
      Type: "Pass",
      QueryLanguage: "JSONata",
      Output: "{% $string($states.input.a) & $states.input.b %}",
      Next: "T",
    },
    T: {
      Type: "Task",
      Resource: "arn:aws:states:::sqs:sendMessage",
      Parameters: {
        "QueueUrl.$": "$.url",
        "MessageBody.$": "$",
        MessageAttributes: { a: { DataType: "String", "StringValue.$": "$.b" } },
      },
      Next: "F",
    },
    F: { Type: "Fail", ErrorPath: "$.b", CausePath: "$.a" },
  },
};
const input = { a: 2, b: "x", l: [1, { c: "d" }], url: `http://localhost/${account}/q` };
const deliveryPolicy = {
  healthyRetryPolicy: {
    minDelayTarget: 1,
    maxDelayTarget: 2,
    numRetries: 3,
    numNoDelayRetries: 0,
    backoffFunction: "linear",
  },
  throttlePolicy: { maxReceivesPerSecond: 1 },
  requestPolicy: { headerContentType: "text/plain" },
};
const schedule = { ScheduleExpression: "rate(1 minute)", FlexibleTimeWindow: { Mode: "OFF" as const } };
const mock = { result: '{"MessageId":"m","MD5OfMessageBody":"5"}' };
let made = 0;
const name = () => `n${(made += 1)}`;

/** A valid JSON text, and the call that has it as a parameter. */
const cases: Record<string, [good: unknown, call: (text: string) => Promise<unknown>]> = {
  "sqs Policy": [policy, (Policy) => sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } })],
  "sqs RedrivePolicy": [
    { deadLetterTargetArn: arnOf("sqs", "q"), maxReceiveCount: "3" },
    (RedrivePolicy) => sqs.createQueue({ QueueName: name(), Attributes: { RedrivePolicy } }),
  ],
  "sqs RedriveAllowPolicy": [
    { redrivePermission: "byQueue", sourceQueueArns: [arnOf("sqs", "q")] },
    (RedriveAllowPolicy) => sqs.setQueueAttributes({ QueueUrl, Attributes: { RedriveAllowPolicy } }),
  ],
  "sqs TaskHandle": [
    { taskId: "t", sourceArn: arnOf("sqs", "q") },
    (text) => sqs.cancelMessageMoveTask({ TaskHandle: Buffer.from(text).toString("base64") }),
  ],
  "sqs NextToken": [
    "x",
    (text) => sqs.listQueues({ MaxResults: 1, NextToken: Buffer.from(text).toString("base64url") }),
  ],
  "sns Policy": [
    { ...policy, Statement: [{ ...statement, Action: "SNS:Publish", Resource: arnOf("sns", "t") }] },
    (AttributeValue) => sns.setTopicAttributes({ TopicArn, AttributeName: "Policy", AttributeValue }),
  ],
  "sns DeliveryPolicy": [
    { http: { defaultHealthyRetryPolicy: deliveryPolicy.healthyRetryPolicy, disableSubscriptionOverrides: false } },
    (AttributeValue) => sns.setTopicAttributes({ TopicArn, AttributeName: "DeliveryPolicy", AttributeValue }),
  ],
  "sns ArchivePolicy": [
    { MessageRetentionPeriod: "30" },
    (AttributeValue) => sns.setTopicAttributes({ TopicArn: fifoTopic, AttributeName: "ArchivePolicy", AttributeValue }),
  ],
  "sns DataProtectionPolicy": [
    {
      Name: "n",
      Version: "2021-06-01",
      Statement: [{ DataDirection: "Inbound", Principal: ["*"], DataIdentifier: ["x"], Operation: { Deny: {} } }],
    },
    (DataProtectionPolicy) => sns.putDataProtectionPolicy({ ResourceArn: TopicArn, DataProtectionPolicy }),
  ],
  "sns subscription's DeliveryPolicy": [
    deliveryPolicy,
    (DeliveryPolicy) =>
      sns.subscribe({ TopicArn, Protocol: "http", Endpoint: "http://localhost:1/", Attributes: { DeliveryPolicy } }),
  ],
  "sns FilterPolicy": [
    { a: ["x", { prefix: "y" }, { numeric: [">", 1] }], b: { c: [{ "anything-but": [1] }] } },
    (AttributeValue) =>
      sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: "FilterPolicy", AttributeValue }),
  ],
  "sns RedrivePolicy": [
    { deadLetterTargetArn: arnOf("sqs", "q") },
    (AttributeValue) =>
      sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: "RedrivePolicy", AttributeValue }),
  ],
  "sns ReplayPolicy": [
    { PointType: "Timestamp", StartingPoint: "2026-01-01T00:00:00.000Z", EndingPoint: "2026-01-02T00:00:00.000Z" },
    (AttributeValue) =>
      sns.setSubscriptionAttributes({
        SubscriptionArn: fifoSubscription,
        AttributeName: "ReplayPolicy",
        AttributeValue,
      }),
  ],
  "sns MessageStructure": [
    { default: "d", sqs: "s" },
    (Message) => sns.publish({ TopicArn, Message, MessageStructure: "json" }),
  ],
  "sns Message": [input, (Message) => sns.publish({ TopicArn, Message })],
  "sns String.Array": [
    ["x", 1, null],
    (StringValue) =>
      sns.publish({ TopicArn, Message: "m", MessageAttributes: { a: { DataType: "String.Array", StringValue } } }),
  ],
  "events EventPattern": [pattern, (EventPattern) => events.putRule({ Name: "r", EventPattern })],
  "events archive's EventPattern": [
    pattern,
    (EventPattern) =>
      events.createArchive({ ArchiveName: name(), EventSourceArn: arnOf("events", "event-bus/default"), EventPattern }),
  ],
  "events Detail": [
    { a: 1, t: 1_700_000_000_000, m: "x", b: [1], c: null },
    (Detail) => events.putEvents({ Entries: [{ Source: "mine", DetailType: "t", Detail }] }),
  ],
  "events Event": [
    {
      id: "i",
      account,
      source: "mine",
      time: "2026-01-01T00:00:00Z",
      region: "us-east-1",
      resources: [],
      "detail-type": "t",
      detail: { a: 1 },
    },
    (Event) => events.testEventPattern({ Event, EventPattern: JSON.stringify(pattern) }),
  ],
  "events Policy": [
    {
      ...policy,
      Statement: [{ ...statement, Action: "events:PutEvents", Resource: arnOf("events", "event-bus/default") }],
    },
    (Policy) => events.putPermission({ Policy }),
  ],
  "events Input": [
    input,
    (Input) => events.putTargets({ Rule: "all", Targets: [{ Id: "q", Arn: arnOf("sqs", "q"), Input }] }),
  ],
  "events InputTemplate": [
    { a: "<t>", b: "<aws.events.rule-arn>", c: "<toString>", d: "<constructor>" },
    (InputTemplate) =>
      events.putTargets({
        Rule: "all",
        Targets: [
          { Id: "q", Arn: arnOf("sqs", "q"), InputTransformer: { InputPathsMap: { t: "$.detail" }, InputTemplate } },
        ],
      }),
  ],
  "kinesis Policy": [
    { ...policy, Statement: [{ ...statement, Action: "kinesis:PutRecord", Resource: arnOf("kinesis", "stream/s") }] },
    (Policy) => kinesis.putResourcePolicy({ ResourceARN: arnOf("kinesis", "stream/s"), Policy }),
  ],
  "states definition": [
    machine,
    async (definition) => {
      const made = await sfn.createStateMachine({ name: name(), definition, roleArn, type: "EXPRESS" });
      await executed(made.stateMachineArn, JSON.stringify(input));
    },
  ],
  "states input": [input, (text) => executed(stateMachineArn, text)],
  "states tested definition": [
    machine.States.T,
    (definition) => sfn.testState({ definition, roleArn, input: JSON.stringify(input), mock }),
  ],
  "states tested input": [
    input,
    (text) => sfn.testState({ definition: JSON.stringify(machine.States.T), roleArn, input: text, mock }),
  ],
  "states mock": [
    { MessageId: "m", MD5OfMessageBody: "5" },
    (result) =>
      sfn.testState({ definition: JSON.stringify(machine.States.T), input: JSON.stringify(input), mock: { result } }),
  ],
  "states variables": [
    { v: 1 },
    (variables) =>
      sfn.testState({
        definition: JSON.stringify({ ...machine.States.J, Output: "{% $v %}" }),
        input: "{}",
        variables,
      }),
  ],
  "states context": [
    { Execution: { Id: "i", Input: {} }, State: { RetryCount: 1 }, Map: { Item: { Index: 1, Value: 2 } } },
    (context) =>
      sfn.testState({
        definition: JSON.stringify(machine.States.T),
        input: JSON.stringify(input),
        roleArn,
        mock,
        context,
      }),
  ],
  "scheduler Input": [
    {
      QueueUrl: `http://localhost/${account}/q`,
      MessageBody: "m",
      MessageAttributes: { a: { DataType: "String", StringValue: "x" } },
    },
    async (Input) => {
      const Name = name();
      const Target = { Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", RoleArn: roleArn, Input };
      await scheduler.createSchedule({ Name, ...schedule, Target });
      await emulator.clock.advance(61_000);
      await scheduler.deleteSchedule({ Name });
    },
  ],
  "scheduler Lambda's Input": [
    { FunctionName: "f", InvocationType: "RequestResponse", Payload: "{}" },
    async (Input) => {
      const Name = name();
      const Target = { Arn: "arn:aws:scheduler:::aws-sdk:lambda:invoke", RoleArn: roleArn, Input };
      await scheduler.createSchedule({ Name, ...schedule, Target });
      await emulator.clock.advance(61_000);
      await scheduler.deleteSchedule({ Name });
    },
  ],
  "pipes Pattern": [
    { body: { a: ["x", { prefix: "y" }] } },
    (Pattern) => aPipe({ SourceParameters: { FilterCriteria: { Filters: [{ Pattern }] } } }),
  ],
  "pipes InputTemplate": [
    { a: "<$.body>", b: "<aws.pipes.pipe-name>", c: "<toString>" },
    (InputTemplate) => aPipe({ TargetParameters: { KinesisStreamParameters: { PartitionKey: "k" }, InputTemplate } }),
  ],
  "sts Policy": [policy, (Policy) => sts.assumeRole({ RoleArn: roleArn, RoleSessionName: "test", Policy })],
  "sts WebIdentityToken": [
    { sub: "s", aud: ["a"], iss: "i", exp: 9_999_999_999 },
    (text) =>
      sts.assumeRoleWithWebIdentity({
        RoleArn: roleArn,
        RoleSessionName: "test",
        WebIdentityToken: `e30.${Buffer.from(text).toString("base64url")}.x`,
      }),
  ],
  "messages through a pipe": [{ a: "x", toString: 1 }, (MessageBody) => sqs.sendMessage({ QueueUrl, MessageBody })],
  "control clock": [{ advance: 1 }, (body) => posted("clock", body)],
  "control reset": [{ account: "111122223333" }, (body) => posted("reset", body)],
  "control opt-out": [{ account, phoneNumber: "+15550100" }, (body) => posted("sns/opt-out", body)],
};

async function aPipe(parameters: object): Promise<void> {
  const Name = name();
  await pipes.createPipe({
    Name,
    RoleArn: roleArn,
    Source: arnOf("sqs", "q"),
    Target: arnOf("kinesis", "stream/s"),
    TargetParameters: { KinesisStreamParameters: { PartitionKey: "k" } },
    ...parameters,
  });
  await sqs.sendMessage({ QueueUrl, MessageBody: '{"a":"x"}' });
  await emulator.clock.advance(2000);
  await pipes.deletePipe({ Name });
  await emulator.clock.advance(2000);
}

/** Runs an execution to its end, moving time on for whatever it waits for. */
async function executed(stateMachineArn: string | undefined, input: string): Promise<void> {
  let ended = false;
  const execution = sfn.startSyncExecution({ stateMachineArn, input }).finally(() => (ended = true));
  execution.catch(() => {});
  while (!ended) await emulator.clock.advance(5000);
  await execution;
}

async function posted(route: string, body: string): Promise<void> {
  const url = `http://127.0.0.1:${server.port}/_busbar/${route}`;
  const { status, text } = await http(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  if (status >= 500) throw Object.assign(new Error(text), { $metadata: { httpStatusCode: status } });
}

async function withoutHang(call: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("hangs")), hangMs);
  });
  try {
    await Promise.race([call, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

for (const [what, [good, call]] of Object.entries(cases)) {
  it(`in ${what}`, async () => {
    // Each case has its own seed.
    const chance = new Chance(seed + what.length * 7919);
    for (let run = 0; run < runs; run++) {
      const text = run % 10 === 0 ? hostileJson(chance) : spoiled(chance, good);
      try {
        await withoutHang(call(text));
      } catch (error) {
        const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
        const status = $metadata?.httpStatusCode ?? 599;
        if (status >= 500 || bugs.length > 0) {
          throw new Error(
            `seed ${seed}, ${what}: ${status} ${name} ${message} for ${text}\n${bugs.splice(0).join("\n")}`,
          );
        }
      }
    }
  });
}
