import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Pipes } from "@aws-sdk/client-pipes";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";

/** The SDK's clients of one life of the server; none tries anything twice. */
export function clientsOf(endpoint: string) {
  const config = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "x" },
    maxAttempts: 1,
  };
  return {
    sqs: new SQS(config),
    sns: new SNS(config),
    kinesis: new Kinesis(config),
    events: new EventBridge(config),
    scheduler: new Scheduler(config),
    pipes: new Pipes(config),
    sfn: new SFN(config),
  };
}

export type Clients = ReturnType<typeof clientsOf>;

const account = "000000000000";
export const groups = ["a", "b", "c"] as const;

/** Queues by what comes to them. */
export const queues = [
  "plain",
  "ordered.fifo",
  "news",
  "events",
  "piped-in",
  "piped-out",
  "effects",
  "scheduled",
] as const;
export type QueueName = (typeof queues)[number];

export const arnOf = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${account}:${rest}`;
export const queueUrl = (name: QueueName) => `http://localhost/${account}/${name}`;
const roleArn = `arn:aws:iam::${account}:role/chaos`;

/** A step, a wait over which processes end, an effect. */
const machine = {
  StartAt: "Wait",
  States: {
    Wait: { Type: "Wait", Seconds: 1, Next: "Effect" },
    Effect: {
      Type: "Task",
      Resource: "arn:aws:states:::sqs:sendMessage",
      Parameters: { QueueUrl: queueUrl("effects"), "MessageBody.$": "$.id" },
      End: true,
    },
  },
};

/** Makes everything the load needs. */
export async function prepare({ sqs, sns, kinesis, events, pipes, sfn }: Clients): Promise<void> {
  for (const QueueName of queues) {
    const fifo = QueueName.endsWith(".fifo") ? { FifoQueue: "true" } : {};
    // Short, so that what was in flight when a process ended comes back soon.
    await sqs.createQueue({ QueueName, Attributes: { VisibilityTimeout: "2", ...fifo } });
  }
  const { TopicArn } = await sns.createTopic({ Name: "news" });
  const Attributes = { RawMessageDelivery: "true" };
  await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: arnOf("sqs", "news"), Attributes });
  // Nobody answers there: its deliveries wait for their next attempt, over all restarts.
  await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: arnOf("lambda", "function:nobody") });
  await kinesis.createStream({ StreamName: "stream", ShardCount: 2 });
  await events.putRule({ Name: "rule", EventPattern: JSON.stringify({ source: ["chaos"] }) });
  const Targets = [{ Id: "queue", Arn: arnOf("sqs", "events"), InputPath: "$.detail.id" }];
  await events.putTargets({ Rule: "rule", Targets });
  const [Source, Target] = [arnOf("sqs", "piped-in"), arnOf("sqs", "piped-out")];
  await pipes.createPipe({
    Name: "pipe",
    Source,
    Target,
    RoleArn: roleArn,
    TargetParameters: { InputTemplate: "<$.body>" },
  });
  await sfn.createStateMachine({ name: "machine", definition: JSON.stringify(machine), roleArn });
}

/** A schedule that sends this message once, in two seconds of the server's time. */
export function scheduleOf(id: string) {
  const at = new Date(Date.now() + 2000).toISOString().slice(0, 19);
  return {
    Name: id,
    ScheduleExpression: `at(${at})`,
    FlexibleTimeWindow: { Mode: "OFF" as const },
    ActionAfterCompletion: "DELETE" as const,
    Target: { Arn: arnOf("sqs", "scheduled"), RoleArn: roleArn, Input: id },
  };
}
