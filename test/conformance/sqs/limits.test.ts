/** How many messages may be in flight: too many to send through an SDK client, so straight to the emulator. */
import { describe, expect, it } from "vitest";
import { Emulator } from "../../../src/emulator.ts";
import { request } from "../../support/wire.ts";

const limit = 120_000;

interface Answer {
  readonly status: number;
  readonly body: { Messages?: object[]; __type?: string };
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

/** Fills a queue with so many messages and takes them all. */
async function inFlight(emulator: Emulator, queue: string, fifo: boolean): Promise<void> {
  await call(emulator, "CreateQueue", {
    QueueName: queue,
    Attributes: { VisibilityTimeout: "43200", ...(fifo ? { FifoQueue: "true" } : {}) },
  });
  for (let sent = 0; sent < limit + 10; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => {
      const id = `m${sent + index}`;
      return { Id: id, MessageBody: id, ...(fifo ? { MessageGroupId: id, MessageDeduplicationId: id } : {}) };
    });
    await call(emulator, "SendMessageBatch", { QueueUrl: queue, Entries });
  }
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
