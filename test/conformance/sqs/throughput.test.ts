/** FIFO queues have a call rate where AWS's limits are asked for, and high-throughput mode lifts it. */
import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

let bus: Busbar;
let sqs: SQSClient;

beforeAll(async () => {
  bus = await createBusbar({ port: false, strict: true, clock: "virtual" });
  sqs = new SQSClient({ ...bus.clientConfig(), maxAttempts: 1 });
});

afterAll(async () => {
  await bus.close();
});

async function queue(name: string, attributes: Record<string, string> = {}): Promise<string | undefined> {
  const Attributes = { ...(name.endsWith(".fifo") ? { FifoQueue: "true" } : {}), ...attributes };
  return (await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }))).QueueUrl;
}

/** Sends that many messages within the second that stands; answers how many were throttled. */
async function throttledOf(count: number, QueueUrl: string | undefined, fifo: boolean): Promise<number> {
  let throttled = 0;
  for (let i = 0; i < count; i++) {
    const ids = fifo ? { MessageGroupId: "g", MessageDeduplicationId: `${QueueUrl}-${bus.clock.now()}-${i}` } : {};
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x", ...ids })).catch((error) => {
      expect(error.name).toBe("RequestThrottled");
      expect(error.$metadata.httpStatusCode).toBe(403);
      throttled += 1;
    });
  }
  return throttled;
}

it("throttles the 301st call of a second, and not those of the next", async () => {
  const url = await queue("limited.fifo");
  expect(await throttledOf(302, url, true)).toBe(2);
  await bus.clock.advance("1s");
  expect(await throttledOf(10, url, true)).toBe(0);
});

it("leaves high-throughput FIFO and standard queues alone", async () => {
  const high = { DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" };
  expect(await throttledOf(310, await queue("high.fifo", high), true)).toBe(0);
  expect(await throttledOf(310, await queue("standard"), false)).toBe(0);
});
