/** What a queue knows is known again after a restart with the same data directory. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

let dataDir: string;
let bus: Busbar;
let sqs: SQS;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "busbar-restart-"));
  await open();
});
afterEach(async () => {
  await bus.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function open(): Promise<void> {
  bus = await createBusbar({ dataDir, port: false, clock: "virtual", startTime: "2030-01-01T00:00:00Z" });
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
}

async function restart(): Promise<void> {
  await bus.close();
  await open();
}

async function make(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  return (await sqs.createQueue({ QueueName, Attributes })).QueueUrl as string;
}

async function bodies(QueueUrl: string): Promise<string[]> {
  const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
  return Messages.map(({ Body }) => Body as string);
}

it("queues with their attributes and tags", async () => {
  const dead = await make("dead");
  const QueueUrl = await make("q", {
    DelaySeconds: "3",
    Policy: '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}',
    RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}',
  });
  await sqs.tagQueue({ QueueUrl, Tags: { team: "orders", empty: "" } });
  const look = async () => ({
    ...(await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })).Attributes,
    tags: (await sqs.listQueueTags({ QueueUrl })).Tags,
    sources: (await sqs.listDeadLetterSourceQueues({ QueueUrl: dead })).queueUrls,
  });
  const before = await look();
  await restart();
  expect(await look()).toEqual(before);
});

it("messages in every state, with their attributes, and the handles given out", async () => {
  const QueueUrl = await make("q", { VisibilityTimeout: "60" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "in flight" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "to delete" });
  const { Messages: taken = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 2 });
  await sqs.sendMessage({ QueueUrl, MessageBody: "delayed", DelaySeconds: 30 });
  const MessageAttributes = { bin: { DataType: "Binary", BinaryValue: Uint8Array.from([0, 255]) } };
  await sqs.sendMessage({ QueueUrl, MessageBody: "ünï 🚀\r\n", MessageAttributes });
  await restart();
  const { Messages: [message] = [] } = await sqs.receiveMessage({ QueueUrl, MessageAttributeNames: ["All"] });
  expect(message?.Body).toBe("ünï 🚀\r\n");
  expect([...(message?.MessageAttributes?.["bin"]?.BinaryValue ?? [])]).toEqual([0, 255]);
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: taken[1]?.ReceiptHandle });
  await bus.clock.advance("30s");
  expect(await bodies(QueueUrl)).toEqual(["delayed"]);
  await bus.clock.advance("30s");
  expect((await bodies(QueueUrl)).sort()).toEqual(["in flight", "ünï 🚀\r\n"]);
});

it("the order, locks, turns and duplicates of a FIFO queue", async () => {
  const QueueUrl = await make("q.fifo", { FifoQueue: "true" });
  const send = async (group: string, body: string) =>
    (
      await sqs.sendMessage({
        QueueUrl,
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: body,
      })
    ).SequenceNumber as string;
  const first = await send("a", "a1");
  await send("a", "a2");
  await send("b", "b1");
  await send("c", "c1");
  const { Messages: [taken] = [] } = await sqs.receiveMessage({ QueueUrl, ReceiveRequestAttemptId: "attempt" });
  expect(taken?.Body).toBe("a1");
  await restart();
  expect(await send("a", "a1")).toBe(first);
  const { Messages: [again] = [] } = await sqs.receiveMessage({ QueueUrl, ReceiveRequestAttemptId: "attempt" });
  expect(again?.ReceiptHandle).toBe(taken?.ReceiptHandle);
  expect((await send("d", "d1")) > first).toBe(true);
  expect(await bodies(QueueUrl)).toEqual(["b1", "c1", "d1"]);
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: taken?.ReceiptHandle });
  expect(await bodies(QueueUrl)).toEqual(["a2"]);
});

/** A dead-letter queue with three messages of a source, and a task that moves one of them a second. */
async function startMoveTask() {
  const target = await make("dead");
  const source = await make("q", {
    VisibilityTimeout: "0",
    RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":1}',
  });
  for (const body of ["1", "2", "3"]) await sqs.sendMessage({ QueueUrl: source, MessageBody: body });
  await bodies(source);
  await bodies(source);
  const SourceArn = "arn:aws:sqs:us-east-1:000000000000:dead";
  const { TaskHandle } = await sqs.startMessageMoveTask({ SourceArn, MaxNumberOfMessagesPerSecond: 1 });
  await bus.clock.advance(0);
  const task = async () => (await sqs.listMessageMoveTasks({ SourceArn })).Results?.[0];
  return { source, target, TaskHandle, task };
}

it("a move task continues where it was", async () => {
  const { source, target, task } = await startMoveTask();
  await restart();
  expect(await task()).toMatchObject({ Status: "RUNNING", ApproximateNumberOfMessagesMoved: 1 });
  await bus.clock.advance("5s");
  expect(await task()).toMatchObject({ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 3 });
  expect(await bodies(source)).toEqual(["1", "2", "3"]);
  expect(await bodies(target)).toEqual([]);
});

it("a move task that was being cancelled ends", async () => {
  const { target, TaskHandle, task } = await startMoveTask();
  await sqs.cancelMessageMoveTask({ TaskHandle });
  await restart();
  expect(await task()).toMatchObject({ Status: "CANCELLING", ApproximateNumberOfMessagesMoved: 1 });
  await bus.clock.advance("1s");
  expect(await task()).toMatchObject({ Status: "CANCELLED", ApproximateNumberOfMessagesMoved: 1 });
  expect(await bodies(target)).toEqual(["2", "3"]);
});

it("what was reset stays deleted", async () => {
  await make("q");
  await bus.reset();
  await restart();
  expect((await sqs.listQueues({})).QueueUrls).toBeUndefined();
});
