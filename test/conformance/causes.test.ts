/** A call knows who caused it, over which address, and that nobody waits for it any more. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Pipes } from "@aws-sdk/client-pipes";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";
import { pipeRole } from "../support/pipes.ts";

const roleArn = "arn:aws:iam::000000000000:role/machine";

let bus: Busbar;
let sqs: SQS;
let sfn: SFN;
let pipes: Pipes;
let kinesis: Kinesis;

/** Clients reach the server by another name than its own: which of the two a URL has tells where it came from. */
let clientsOrigin: string;

async function start(options: BusbarOptions = {}): Promise<void> {
  bus = await createBusbar({ clock: "virtual", startTime: "2026-03-01T12:00:00Z", ...options });
  clientsOrigin = bus.endpoint.replace("127.0.0.1", "localhost");
  const config = { ...bus.clientConfig(), endpoint: clientsOrigin, maxAttempts: 1 };
  sqs = new SQS(config);
  sfn = new SFN(config);
  pipes = new Pipes(config);
  kinesis = new Kinesis(config);
}

async function stop(): Promise<void> {
  for (const client of [sqs, sfn, pipes, kinesis]) client.destroy();
  await bus.close();
}

beforeEach(() => start());
afterEach(stop);

/** Time that stands lets all that is under way happen. */
const settle = () => bus.clock.advance(0);

async function machine(name: string, States: object, StartAt = "T"): Promise<string> {
  const definition = JSON.stringify({ StartAt, States });
  const { stateMachineArn = "" } = await sfn.createStateMachine({ name, definition, roleArn });
  return stateMachineArn;
}

const task = (Resource: string, Parameters: object) => ({
  T: { Type: "Task", Resource: `arn:aws:states:::${Resource}`, Parameters, End: true },
});

const getUrl = task("aws-sdk:sqs:getQueueUrl", { QueueName: "q" });

async function outputOf(executionArn: string | undefined): Promise<unknown> {
  await settle();
  const { status, output = "null", cause } = await sfn.describeExecution({ executionArn });
  expect([status, cause]).toEqual(["SUCCEEDED", undefined]);
  return JSON.parse(output);
}

it("mints URLs in calls between services for the client at the beginning", async () => {
  await sqs.createQueue({ QueueName: "q" });
  const stateMachineArn = await machine("m", getUrl);
  const { executionArn } = await sfn.startExecution({ stateMachineArn });
  const { QueueUrl } = (await outputOf(executionArn)) as { QueueUrl: string };
  expect(QueueUrl).toBe(`${clientsOrigin}/000000000000/q`);
  // Whoever follows it reaches this server.
  await sqs.sendMessage({ QueueUrl, MessageBody: "m" });
});

it("mints them for the server's own address if no client is behind the call", async () => {
  await sqs.createQueue({ QueueName: "q" });
  await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
  const stateMachineArn = await machine("m", getUrl);
  await pipes.createPipe({
    Name: "p",
    RoleArn: pipeRole,
    Source: "arn:aws:kinesis:us-east-1:000000000000:stream/s",
    SourceParameters: { KinesisStreamParameters: { StartingPosition: "TRIM_HORIZON" } },
    Target: stateMachineArn,
    TargetParameters: { StepFunctionStateMachineParameters: { InvocationType: "FIRE_AND_FORGET" } },
  });
  await settle();
  await kinesis.putRecord({ StreamName: "s", PartitionKey: "k", Data: Buffer.from("d") });
  await settle();
  const { executions = [] } = await sfn.listExecutions({ stateMachineArn });
  expect(await outputOf(executions[0]?.executionArn)).toEqual({ QueueUrl: `${bus.endpoint}/000000000000/q` });
});

it("cancels a long poll with the execution whose task it is", async () => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
  const stateMachineArn = await machine("m", task("aws-sdk:sqs:receiveMessage", { QueueUrl, WaitTimeSeconds: 20 }));
  const { executionArn } = await sfn.startExecution({ stateMachineArn });
  await settle();
  await sfn.stopExecution({ executionArn });
  await settle();
  await sqs.sendMessage({ QueueUrl, MessageBody: "m" });
  await settle();
  const AttributeNames = ["ApproximateNumberOfMessages" as const, "ApproximateNumberOfMessagesNotVisible" as const];
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames });
  expect(Attributes).toEqual({ ApproximateNumberOfMessages: "1", ApproximateNumberOfMessagesNotVisible: "0" });
});

it("shows the cause of each call between services in the request log, but not of clients' calls", async () => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
  const stateMachineArn = await machine("m", task("sqs:sendMessage", { QueueUrl, MessageBody: "m" }));
  const { executionArn, $metadata } = await sfn.startExecution({ stateMachineArn });
  await settle();
  const [sent, ...others] = bus.requests().filter(({ operation }) => operation === "SendMessage");
  expect(others).toEqual([]);
  expect(sent).toMatchObject({ service: "sqs", account: "000000000000", status: 200, error: undefined });
  const chain = sent?.cause?.split(">") ?? [];
  expect(chain.slice(0, 2)).toEqual([`request:${$metadata.requestId}`, `execution:${executionArn}`]);
  expect(chain[2]).toMatch(/^task:./);
  expect(bus.requests().find(({ operation }) => operation === "StartExecution")).toMatchObject({ cause: undefined });
  const shown = (await (await fetch(`${bus.endpoint}/_busbar/requests?operation=SendMessage`)).json()) as {
    requests: { cause: string }[];
  };
  expect(shown.requests.map(({ cause }) => cause)).toEqual([sent?.cause]);
});

it("logs failed calls between services, too", async () => {
  const stateMachineArn = await machine("m", task("aws-sdk:sqs:getQueueUrl", { QueueName: "missing" }));
  await sfn.startExecution({ stateMachineArn });
  await settle();
  expect(bus.requests().find(({ operation }) => operation === "GetQueueUrl")).toMatchObject({
    status: 400,
    error: "AWS.SimpleQueueService.NonExistentQueue",
    cause: expect.stringContaining(">task:"),
  });
});

it("follows a message through a queue, a pipe and an execution", async () => {
  const { QueueUrl: source } = await sqs.createQueue({ QueueName: "source" });
  const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
  const stateMachineArn = await machine("m", task("sqs:sendMessage", { QueueUrl, MessageBody: "m" }));
  const { Arn } = await pipes.createPipe({
    Name: "p",
    RoleArn: pipeRole,
    Source: "arn:aws:sqs:us-east-1:000000000000:source",
    Target: stateMachineArn,
    TargetParameters: { StepFunctionStateMachineParameters: { InvocationType: "FIRE_AND_FORGET" } },
  });
  await settle();
  const { MessageId, $metadata } = await sqs.sendMessage({ QueueUrl: source, MessageBody: "m" });
  await settle();
  const sent = bus.requests().find(({ operation, cause }) => operation === "SendMessage" && cause !== undefined);
  const chain = sent?.cause?.split(">") ?? [];
  expect(chain.slice(0, 3)).toEqual([`request:${$metadata.requestId}`, `message:${MessageId}`, `pipe:${Arn}`]);
  expect(chain.slice(3).map((link) => link.split(":", 1)[0])).toEqual(["execution", "task"]);
  // A client sees nothing of it.
  await sqs.sendMessage({ QueueUrl, MessageBody: "m" });
  const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MessageSystemAttributeNames: ["All"] });
  expect(Object.keys(Messages[0] ?? {}).sort()).toEqual([
    "Attributes",
    "Body",
    "MD5OfBody",
    "MessageId",
    "ReceiptHandle",
  ]);
});

it("stores the cause with what outlives the process", async () => {
  await stop();
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-causes-"));
  try {
    await start({ dataDir });
    await sqs.createQueue({ QueueName: "q" });
    const wait = { W: { Type: "Wait", Seconds: 60, Next: "T" }, ...getUrl };
    const stateMachineArn = await machine("m", wait, "W");
    const { executionArn, $metadata } = await sfn.startExecution({ stateMachineArn });
    const origin = clientsOrigin;
    await stop();
    await start({ dataDir });
    await bus.clock.advance("1m");
    expect(await outputOf(executionArn)).toEqual({ QueueUrl: `${origin}/000000000000/q` });
    expect(bus.requests().find(({ operation }) => operation === "GetQueueUrl")?.cause).toContain(
      `request:${$metadata.requestId}>execution:${executionArn}>task:`,
    );
  } finally {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
    await start();
  }
});
