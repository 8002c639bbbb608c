/** In durable mode nothing leaves before the disk: no receiver hears of what a crash could still undo. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Pipes } from "@aws-sdk/client-pipes";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Emulator } from "../../src/emulator.ts";
import { inProcessHandler } from "../../src/in-process.ts";
import { startServer } from "../../src/server/server.ts";
import { HeldDisk } from "../support/held-disk.ts";
import { type Receiver, startReceiver } from "../support/http-receiver.ts";
import { functionArn, pipeRole } from "../support/pipes.ts";

/** Long enough for a request over a local socket, many times over. */
const whileMs = 300;
const bare = {
  region: "us-east-1",
  credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
  maxAttempts: 1,
};

let disk: HeldDisk;
let emulator: Emulator;
let receiver: Receiver;
let clients: { destroy(): void }[];
let sqs: SQS;
let sns: SNS;
let sfn: SFN;
let kinesis: Kinesis;
let events: EventBridge;
let pipes: Pipes;
/** What was heard, by whom. */
let heard: string[];

beforeEach(async () => {
  disk = new HeldDisk();
  emulator = await Emulator.start({ disk });
  receiver = await startReceiver(() => 0);
  heard = [];
  const config = {
    ...bare,
    endpoint: "http://localhost:4566",
    disableHostPrefix: true,
    requestHandler: inProcessHandler(emulator, () => false),
  };
  sqs = new SQS(config);
  sns = new SNS(config);
  sfn = new SFN(config);
  kinesis = new Kinesis(config);
  events = new EventBridge(config);
  pipes = new Pipes(config);
  clients = [sqs, sns, sfn, kinesis, events, pipes];
});

afterEach(async () => {
  disk.letGo();
  for (const client of clients) client.destroy();
  await emulator.close();
});

/** Does something while the disk is held, and tells what was heard before it was released and after. */
async function held(cause: () => Promise<unknown>, expected: string[]): Promise<void> {
  await emulator.store.flushed();
  disk.hold();
  const { written } = disk;
  const caused = cause();
  await new Promise((resolve) => setTimeout(resolve, whileMs));
  expect([heard, disk.written]).toEqual([[], written]);
  disk.letGo();
  await caused;
  await vi.waitFor(() => expect([...heard].sort()).toEqual([...expected].sort()), { timeout: 10_000 });
}

function listen(name: string): string {
  emulator.functions.register(name, () => {
    heard.push(name);
    return {};
  });
  return functionArn(name);
}

async function queue(name: string): Promise<string> {
  const { QueueUrl = "" } = await sqs.createQueue({ QueueName: name });
  return QueueUrl;
}

const arnOf = (service: string, resource: string) => `arn:aws:${service}:us-east-1:000000000000:${resource}`;

async function machine(name: string, task: object): Promise<string> {
  const definition = JSON.stringify({ StartAt: "T", States: { T: { Type: "Task", End: true, ...task } } });
  const roleArn = "arn:aws:iam::000000000000:role/machine";
  const { stateMachineArn = "" } = await sfn.createStateMachine({ name, definition, roleArn });
  return stateMachineArn;
}

it("holds back what a topic sends to an endpoint and to a function", async () => {
  receiver.answer = () => {
    heard.push("endpoint");
    return { status: 200 };
  };
  const { TopicArn = "" } = await sns.createTopic({ Name: "t" });
  await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: listen("subscriber") });
  // The request to confirm is a delivery like any other.
  await held(() => sns.subscribe({ TopicArn, Protocol: "http", Endpoint: receiver.url }), ["endpoint"]);
  heard.length = 0;
  const { Token } = JSON.parse(receiver.received[0]?.body ?? "{}");
  await sns.confirmSubscription({ TopicArn, Token });
  await held(() => sns.publish({ TopicArn, Message: "m" }), ["endpoint", "subscriber"]);
});

it("holds back what was due later and now comes with something new", async () => {
  const { TopicArn = "" } = await sns.createTopic({ Name: "t" });
  let refuses = true;
  emulator.functions.register("subscriber", () => {
    heard.push("subscriber");
    if (refuses) throw new Error("not now");
  });
  await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: functionArn("subscriber") });
  await sns.publish({ TopicArn, Message: "m" });
  await vi.waitFor(() => expect(heard).toEqual(["subscriber"]));
  await emulator.store.flushed();
  refuses = false;
  heard.length = 0;
  // The retry of the first is due at a moment when the second is committed and not on disk.
  await held(
    () => Promise.all([sns.publish({ TopicArn, Message: "n" }), emulator.clock.advance(61_000)]),
    ["subscriber", "subscriber"],
  );
});

it("holds back what a rule sends to a function and to an API destination", async () => {
  receiver.answer = () => {
    heard.push("endpoint");
    return { status: 200 };
  };
  await events.putRule({ Name: "r", EventPattern: JSON.stringify({ source: ["mine"] }) });
  const { ConnectionArn } = await events.createConnection({
    Name: "c",
    AuthorizationType: "API_KEY",
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: "k", ApiKeyValue: "v" } },
  });
  const { ApiDestinationArn } = await events.createApiDestination({
    Name: "d",
    ConnectionArn,
    HttpMethod: "POST",
    InvocationEndpoint: `${receiver.url}/d`,
  });
  const RoleArn = "arn:aws:iam::000000000000:role/r";
  const Targets = [
    { Id: "f", Arn: listen("target") },
    { Id: "d", Arn: ApiDestinationArn, RoleArn },
  ];
  await events.putTargets({ Rule: "r", Targets });
  const Entries = [{ Source: "mine", DetailType: "t", Detail: "{}" }];
  await held(() => events.putEvents({ Entries }), ["target", "endpoint"]);
});

it("asks no endpoint for the token of a connection that is not on disk", async () => {
  receiver.answer = () => {
    heard.push("endpoint");
    return { status: 200 };
  };
  const connection = {
    Name: "c",
    AuthorizationType: "OAUTH_CLIENT_CREDENTIALS" as const,
    AuthParameters: {
      OAuthParameters: {
        AuthorizationEndpoint: `${receiver.url}/token`,
        HttpMethod: "POST" as const,
        ClientParameters: { ClientID: "i", ClientSecret: "s" },
      },
    },
  };
  await held(() => events.createConnection(connection), ["endpoint"]);
});

it("holds back the task of a step", async () => {
  const stateMachineArn = await machine("m", { Resource: listen("task") });
  await held(() => sfn.startExecution({ stateMachineArn }), ["task"]);
});

it("holds back a worker's task and a waiting receive", async () => {
  const { activityArn = "" } = await sfn.createActivity({ name: "a" });
  const stateMachineArn = await machine("m", { Resource: activityArn });
  const QueueUrl = await queue("q");
  const working = sfn.getActivityTask({ activityArn }).then(({ taskToken }) => taskToken && heard.push("worker"));
  const receiving = sqs
    .receiveMessage({ QueueUrl, WaitTimeSeconds: 20 })
    .then(({ Messages }) => Messages && heard.push("receiver"));
  await held(
    () => Promise.all([sfn.startExecution({ stateMachineArn }), sqs.sendMessage({ QueueUrl, MessageBody: "m" })]),
    ["worker", "receiver"],
  );
  await Promise.all([working, receiving]);
});

it("holds back the frames of a subscription to a shard", async () => {
  await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
  const StreamARN = arnOf("kinesis", "stream/s");
  const { Consumer } = await kinesis.registerStreamConsumer({ StreamARN, ConsumerName: "c" });
  const { EventStream } = await kinesis.subscribeToShard({
    ConsumerARN: Consumer?.ConsumerARN,
    ShardId: "shardId-000000000000",
    StartingPosition: { Type: "LATEST" },
  });
  const reading = (async () => {
    for await (const { SubscribeToShardEvent } of EventStream ?? []) {
      if (SubscribeToShardEvent?.Records?.length) {
        heard.push("frame");
        return;
      }
    }
  })();
  const record = { StreamName: "s", PartitionKey: "k", Data: Buffer.from("d") };
  await held(() => kinesis.putRecord(record), ["frame"]);
  await reading;
});

it("holds back what pipes carry from queues and streams", async () => {
  const QueueUrl = await queue("q");
  await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
  const RoleArn = pipeRole;
  await pipes.createPipe({ Name: "q", RoleArn, Source: arnOf("sqs", "q"), Target: listen("of-queue") });
  await pipes.createPipe({
    Name: "s",
    RoleArn,
    Source: arnOf("kinesis", "stream/s"),
    Target: listen("of-stream"),
    SourceParameters: { KinesisStreamParameters: { StartingPosition: "LATEST" } },
  });
  await vi.waitFor(async () => {
    for (const Name of ["q", "s"]) expect((await pipes.describePipe({ Name })).CurrentState).toBe("RUNNING");
  });
  const record = { StreamName: "s", PartitionKey: "k", Data: Buffer.from("d") };
  await held(
    () => Promise.all([sqs.sendMessage({ QueueUrl, MessageBody: "m" }), kinesis.putRecord(record)]),
    ["of-queue", "of-stream"],
  );
});

it("holds back what APIs send to functions and to HTTP back ends", async () => {
  receiver.answer = () => {
    heard.push("back end");
    return { status: 200 };
  };
  const server = await startServer(emulator, { host: "127.0.0.1", port: 0 });
  const config = { ...bare, endpoint: `http://127.0.0.1:${server.port}` };
  const http = new ApiGatewayV2(config);
  const rest = new APIGateway(config);
  clients.push(http, rest);
  try {
    const target = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${listen("http")}/invocations`;
    const calls: string[] = [];
    for (const Target of [target, `${receiver.url}/http`]) {
      const { ApiId } = await http.createApi({ Name: "a", ProtocolType: "HTTP", Target });
      calls.push(`/_aws/execute-api/${ApiId}/$default/`);
    }
    const proxies = [
      ["AWS_PROXY", `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${listen("rest")}/invocations`],
      ["HTTP_PROXY", `${receiver.url}/rest`],
    ] as const;
    for (const [type, uri] of proxies) {
      const { id: restApiId, rootResourceId: resourceId } = await rest.createRestApi({ name: "a" });
      const method = { restApiId, resourceId, httpMethod: "GET" };
      await rest.putMethod({ ...method, authorizationType: "NONE" });
      await rest.putIntegration({ ...method, type, uri, integrationHttpMethod: "POST" });
      await rest.createDeployment({ restApiId, stageName: "dev" });
      calls.push(`/_aws/execute-api/${restApiId}/dev/`);
    }
    await held(async () => {
      const made = sqs.createQueue({ QueueName: "not-on-disk" });
      await Promise.all([made, ...calls.map((path) => fetch(`${config.endpoint}${path}`))]);
    }, ["http", "back end", "rest", "back end"]);
  } finally {
    await server.close(0, 0);
  }
});

/** What a refusal says, in `heard` once it is there. */
async function refusalOf(call: Promise<unknown>): Promise<void> {
  heard.push(
    await call.then(
      () => "no error",
      ({ name }: Error) => name,
    ),
  );
}

it("holds back refusals that reveal what is not on disk, at once or after a wait, and no others", async () => {
  const QueueUrl = await queue("gone");
  const receiving = sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 });
  await held(async () => {
    const made = events.createEventBus({ Name: "b" });
    const refused = refusalOf(events.createEventBus({ Name: "b" }));
    const deleted = sqs.deleteQueue({ QueueUrl });
    await Promise.all([
      made,
      refused,
      deleted,
      refusalOf(receiving),
      refusalOf(sqs.sendMessage({ QueueUrl, MessageBody: "m" })),
    ]);
  }, ["ResourceAlreadyExistsException", "QueueDoesNotExist", "QueueDoesNotExist"]);
  disk.hold();
  const made = events.createEventBus({ Name: "c" });
  heard.length = 0;
  // Nothing was looked at for these: what does not fit and what nobody knows.
  await refusalOf(events.createEventBus({ Name: "?" }));
  expect(heard).toEqual(["ValidationException"]);
  disk.letGo();
  await made;
});
