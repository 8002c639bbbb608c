/** A resource that another account or region has is told of outside of AWS's words, whatever it is. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Lambda } from "@aws-sdk/client-lambda";
import { Pipes } from "@aws-sdk/client-pipes";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Busbar, type ClientConfig, createBusbar } from "../../src/index.ts";
import { zipOf } from "../support/lambda.ts";

const there = { account: "111122223333", region: "eu-west-1" };
const roleArn = `arn:aws:iam::${there.account}:role/r`;
const arn = (service: string, resource: string, region = there.region) =>
  `arn:aws:${service}:${region}:${there.account}:${resource}`;

const clientsOf = (config: ClientConfig) => ({
  apigateway: new APIGateway(config),
  apigatewayv2: new ApiGatewayV2(config),
  events: new EventBridge(config),
  kinesis: new Kinesis(config),
  lambda: new Lambda(config),
  pipes: new Pipes(config),
  scheduler: new Scheduler(config),
  sfn: new SFN(config),
  sns: new SNS(config),
  sqs: new SQS(config),
});

let bus: Busbar;
/** For another account and region than those in which everything is. */
let here: ReturnType<typeof clientsOf>;
let restApiId = "";
let apiId = "";

beforeAll(async () => {
  bus = await createBusbar({ port: false });
  here = clientsOf(bus.clientConfig());
  const owner = clientsOf(bus.clientConfig(there));
  await owner.sqs.createQueue({ QueueName: "orders" });
  await owner.sns.createTopic({ Name: "placed" });
  await owner.kinesis.createStream({ StreamName: "clicks", ShardCount: 1 });
  await owner.events.createEventBus({ Name: "shop" });
  await owner.events.putRule({ Name: "hourly", ScheduleExpression: "rate(1 hour)" });
  const definition = JSON.stringify({ StartAt: "A", States: { A: { Type: "Succeed" } } });
  await owner.sfn.createStateMachine({ name: "flow", roleArn, definition });
  await owner.lambda.createFunction({
    FunctionName: "worker",
    Role: roleArn,
    Runtime: "nodejs22.x",
    Handler: "index.handler",
    Code: { ZipFile: await zipOf({ "index.mjs": "export const handler = () => 1;" }) },
  });
  const Target = { Arn: arn("sqs", "orders"), RoleArn: roleArn };
  const FlexibleTimeWindow = { Mode: "OFF" } as const;
  await owner.scheduler.createSchedule({
    Name: "later",
    ScheduleExpression: "rate(1 hour)",
    FlexibleTimeWindow,
    Target,
  });
  await owner.pipes.createPipe({
    Name: "pump",
    RoleArn: roleArn,
    Source: arn("sqs", "orders"),
    Target: arn("sns", "placed"),
    DesiredState: "STOPPED",
  });
  restApiId = (await owner.apigateway.createRestApi({ name: "rest" })).id ?? "";
  apiId = (await owner.apigatewayv2.createApi({ Name: "http", ProtocolType: "HTTP" })).ApiId ?? "";
});
afterAll(() => bus.close());

const cases: readonly (readonly [what: string, ask: () => Promise<unknown>])[] = [
  ["a queue orders", () => here.sqs.getQueueUrl({ QueueName: "orders" })],
  ["a topic placed", () => here.sns.publish({ TopicArn: arn("sns", "placed", "us-east-1"), Message: "m" })],
  ["a topic placed", () => here.sns.publish({ TopicArn: arn("sns", "placed"), Message: "m" })],
  ["a stream clicks", () => here.kinesis.putRecord({ StreamName: "clicks", PartitionKey: "p", Data: Buffer.alloc(1) })],
  ["a stream clicks", () => here.kinesis.describeStreamSummary({ StreamARN: arn("kinesis", "stream/clicks") })],
  ["an event bus shop", () => here.events.describeEventBus({ Name: "shop" })],
  ["a rule hourly", () => here.events.describeRule({ Name: "hourly", EventBusName: "default" })],
  [
    "a state machine flow",
    () => here.sfn.startExecution({ stateMachineArn: "arn:aws:states:us-east-1:000000000000:stateMachine:flow" }),
  ],
  [
    "a state machine flow",
    () => here.sfn.describeExecution({ executionArn: "arn:aws:states:us-east-1:000000000000:execution:flow:e" }),
  ],
  ["a function worker", () => here.lambda.invoke({ FunctionName: "worker" })],
  ["a function worker", () => here.lambda.getFunction({ FunctionName: arn("lambda", "function:worker:1") })],
  ["a schedule later", () => here.scheduler.getSchedule({ Name: "later" })],
  ["a pipe pump", () => here.pipes.startPipe({ Name: "pump" })],
  ["a REST API", () => here.apigateway.getRestApi({ restApiId })],
  ["an API", () => here.apigatewayv2.getRoutes({ ApiId: apiId })],
];

describe("there is", () => {
  it.each(cases)("%s", async (what, ask) => {
    const error = (await ask().then(
      () => undefined,
      (failure: unknown) => failure,
    )) as { $response?: { headers: Record<string, string> } } | undefined;
    const hint = error?.$response?.headers["x-busbar-hint"];
    expect(hint).toMatch(new RegExp(`^There is ${what}`));
    expect(hint).toContain(
      "in account 111122223333 and eu-west-1; this call was for account 000000000000 and us-east-1.",
    );
    expect(bus.requests({ limit: 1 })[0]?.hint).toBe(hint);
  });
});

it("gives no hint for names nobody has, nor for resources that are here", async () => {
  await here.sqs.createQueue({ QueueName: "orders" });
  const failing = [
    () => here.sns.getTopicAttributes({ TopicArn: "arn:aws:sns:us-east-1:000000000000:nobody" }),
    () => here.lambda.getFunction({ FunctionName: "nobody" }),
    // The queue is here as well: what is missing is something else.
    () => here.sqs.cancelMessageMoveTask({ TaskHandle: "none" }),
    () => here.sqs.changeMessageVisibility({ QueueUrl: "orders", ReceiptHandle: "none", VisibilityTimeout: 1 }),
  ];
  for (const fail of failing) {
    await expect(fail()).rejects.toThrow();
    expect(bus.requests({ limit: 1 })[0]).toMatchObject({ hint: undefined });
  }
});
