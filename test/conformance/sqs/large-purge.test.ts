/** Purges and resets of much: others are served meanwhile, and nobody sees a part. */
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

let bus: Busbar;

afterEach(() => bus.close());

async function filled(queue: string, count: number): Promise<{ sqs: SQS; QueueUrl: string }> {
  bus = await createBusbar({ port: false });
  const sqs = new SQS({ ...bus.clientConfig() });
  const fifo = queue.endsWith(".fifo");
  const { QueueUrl = "" } = await sqs.createQueue({
    QueueName: queue,
    ...(fifo ? { Attributes: { FifoQueue: "true" } } : {}),
  });
  for (let sent = 0; sent < count; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, n) => ({
      Id: `${n}`,
      MessageBody: `old ${sent + n}`,
      ...(fifo ? { MessageGroupId: `g${n % 3}`, MessageDeduplicationId: `${sent + n}` } : {}),
    }));
    await sqs.sendMessageBatch({ QueueUrl, Entries });
  }
  return { sqs, QueueUrl };
}

const countOf = async (sqs: SQS, QueueUrl: string) => {
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] });
  return Number(Attributes?.["ApproximateNumberOfMessages"]);
};

describe.each(["many", "many.fifo"])("a purge of more messages than go in one turn: %s", (name) => {
  const fifo = (id: string) => (name.endsWith(".fifo") ? { MessageGroupId: "g1", MessageDeduplicationId: id } : {});

  it("shows an empty queue at once, gives out nothing from before, and keeps what is sent meanwhile", async () => {
    const { sqs, QueueUrl } = await filled(name, 5000);
    await sqs.purgeQueue({ QueueUrl });
    expect(await countOf(sqs, QueueUrl)).toBe(0);
    await sqs.sendMessage({ QueueUrl, MessageBody: "new", ...fifo("new") });
    const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 });
    expect(Messages?.map(({ Body }) => Body)).toEqual(["new"]);
    expect(await countOf(sqs, QueueUrl)).toBe(0);
    // What was deduplicated before is not any more.
    await sqs.sendMessage({ QueueUrl, MessageBody: "again", ...fifo("17") });
    if (name.endsWith(".fifo")) await sqs.deleteMessage({ QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle });
    expect((await sqs.receiveMessage({ QueueUrl })).Messages?.[0]?.Body).toBe("again");
  });

  it("applies to a queue that is deleted and created again", async () => {
    const { sqs, QueueUrl } = await filled(name, 3000);
    await sqs.deleteQueue({ QueueUrl });
    const Attributes = name.endsWith(".fifo") ? { FifoQueue: "true" } : {};
    await sqs.createQueue({ QueueName: name, Attributes });
    expect(await countOf(sqs, QueueUrl)).toBe(0);
    await sqs.sendMessage({ QueueUrl, MessageBody: "new", ...fifo("new") });
    const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 });
    expect(Messages?.map(({ Body }) => Body)).toEqual(["new"]);
  });
});
