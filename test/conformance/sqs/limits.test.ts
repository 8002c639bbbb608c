/** Limits that take more messages than one would send through an SDK client, so straight to the emulator. */
import { describe, expect, it } from "vitest";
import { Emulator } from "../../../src/emulator.ts";
import { request } from "../../support/wire.ts";

const limit = 120_000;

interface Answer {
  readonly status: number;
  readonly body: { Messages?: object[]; Results?: object[]; __type?: string };
}

async function call(emulator: Emulator, operation: string, input: object): Promise<Answer> {
  const answer = emulator.handle(
    request({
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${operation}` },
      body: JSON.stringify(input),
    }),
    "http://localhost:4566",
  );
  const { status, body } = "status" in answer ? answer : await answer.response;
  return { status, body: JSON.parse(String(body) || "{}") };
}

/** Sends so many messages, each of a group of its own on a FIFO queue. */
async function fill(emulator: Emulator, queue: string, count: number, fifo = false): Promise<void> {
  for (let sent = 0; sent < count; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => {
      const id = `m${sent + index}`;
      return { Id: id, MessageBody: id, ...(fifo ? { MessageGroupId: id, MessageDeduplicationId: id } : {}) };
    });
    await call(emulator, "SendMessageBatch", { QueueUrl: queue, Entries });
  }
}

/** Fills a queue with so many messages and takes them all. */
async function inFlight(emulator: Emulator, queue: string, fifo: boolean): Promise<void> {
  await call(emulator, "CreateQueue", {
    QueueName: queue,
    Attributes: { VisibilityTimeout: "43200", ...(fifo ? { FifoQueue: "true" } : {}) },
  });
  await fill(emulator, queue, limit + 10, fifo);
  for (let taken = 0; taken < limit; taken += 10) {
    const { body } = await call(emulator, "ReceiveMessage", { QueueUrl: queue, MaxNumberOfMessages: 10 });
    if (body.Messages?.length !== 10) throw new Error(`only ${body.Messages?.length} after ${taken}`);
  }
}

describe("120,000 messages in flight", () => {
  it("are too many for a short poll of a standard queue, and make a long poll wait", async () => {
    const emulator = await Emulator.start({ clock: "virtual" });
    await inFlight(emulator, "q", false);
    const short = await call(emulator, "ReceiveMessage", { QueueUrl: "q" });
    expect(short.status).toBe(403);
    expect(short.body.__type).toBe("com.amazonaws.sqs#OverLimit");
    const long = call(emulator, "ReceiveMessage", { QueueUrl: "q", WaitTimeSeconds: 5 });
    await emulator.clock.advance(5000);
    expect(await long).toEqual({ status: 200, body: {} });
    await emulator.close();
  });

  it("make a FIFO queue give no more, without an error", async () => {
    const emulator = await Emulator.start({ clock: "virtual" });
    await inFlight(emulator, "q.fifo", true);
    expect(await call(emulator, "ReceiveMessage", { QueueUrl: "q.fifo" })).toEqual({ status: 200, body: {} });
    await emulator.close();
  });
});

describe("a move task", () => {
  it("ends after 36 hours, whatever is left", async () => {
    const hours = 36;
    const inTime = hours * 3600;
    const emulator = await Emulator.start({ clock: "virtual" });
    const SourceArn = "arn:aws:sqs:us-east-1:000000000000:dead";
    await call(emulator, "CreateQueue", { QueueName: "dead" });
    await call(emulator, "CreateQueue", {
      QueueName: "q",
      Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 }) },
    });
    await fill(emulator, "dead", inTime + 100);
    const DestinationArn = "arn:aws:sqs:us-east-1:000000000000:q";
    await call(emulator, "StartMessageMoveTask", { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: 1 });
    const task = async () => (await call(emulator, "ListMessageMoveTasks", { SourceArn })).body.Results?.[0];
    await emulator.clock.advance(hours * 3_600_000 - 1);
    expect(await task()).toMatchObject({ Status: "RUNNING", ApproximateNumberOfMessagesMoved: inTime });
    await emulator.clock.advance(60_000);
    expect(await task()).toMatchObject({
      Status: "COMPLETED",
      ApproximateNumberOfMessagesMoved: inTime + 1,
      ApproximateNumberOfMessagesToMove: inTime + 100,
    });
    await emulator.close();
  });
});
