import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Lambda } from "@aws-sdk/client-lambda";
import { Pipes } from "@aws-sdk/client-pipes";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { roleArn, zipOf } from "../support/lambda.ts";

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
    lambda: new Lambda(config),
    apis: new ApiGatewayV2(config),
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
  "handled",
  "posted",
] as const;
export type QueueName = (typeof queues)[number];

export const arnOf = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${account}:${rest}`;
export const queueUrl = (name: QueueName) => `http://localhost/${account}/${name}`;

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

/** What a function consists of in addition to its code. */
export const functionSettings = { Runtime: "nodejs20.x", Handler: "index.handler", Role: roleArn } as const;

/** Makes everything the load needs. */
export async function prepare(clients: Clients): Promise<void> {
  const { sqs, sns, kinesis, events, pipes, sfn } = clients;
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
  await prepareFunction(clients);
  await prepareApi(clients);
}

/** A function whose answers go to a queue. */
async function prepareFunction({ lambda }: Clients): Promise<void> {
  const FunctionName = "echo";
  const ZipFile = await zipOf({ "index.mjs": "export const handler = async ({ id }) => id;" });
  await lambda.createFunction({ FunctionName, ...functionSettings, Code: { ZipFile } });
  const DestinationConfig = { OnSuccess: { Destination: arnOf("sqs", "handled") } };
  await lambda.putFunctionEventInvokeConfig({ FunctionName, DestinationConfig });
}

/** An API whose `POST /` sends its body to a queue. */
async function prepareApi({ apis }: Clients): Promise<void> {
  const { ApiId } = await apis.createApi({ Name: "door", ProtocolType: "HTTP" });
  const { IntegrationId } = await apis.createIntegration({
    ApiId,
    IntegrationType: "AWS_PROXY",
    IntegrationSubtype: "SQS-SendMessage",
    PayloadFormatVersion: "1.0",
    CredentialsArn: roleArn,
    RequestParameters: { QueueUrl: queueUrl("posted"), MessageBody: "$request.body" },
  });
  await apis.createRoute({ ApiId, RouteKey: "POST /", Target: `integrations/${IntegrationId}` });
  await apis.createStage({ ApiId, StageName: "$default", AutoDeploy: true });
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
