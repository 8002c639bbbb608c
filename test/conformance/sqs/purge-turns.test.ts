import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";
import { turnsDuring } from "../../support/turns.ts";

const full = process.env["BUSBAR_TEST_FULL"] === "1";
const messages = full ? 1_000_000 : 5_000;

let bus: Busbar;
let sqs: SQS;
beforeEach(async () => {
  bus = await createBusbar({ port: false });
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterEach(async () => {
  sqs.destroy();
  await bus.close();
});

async function there(QueueUrl: string | undefined): Promise<number> {
  const AttributeNames = ["ApproximateNumberOfMessages" as const];
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames });
  return Number(Attributes?.["ApproximateNumberOfMessages"]);
}

it.each([
  ["standard", ""],
  ["FIFO", ".fifo"],
])(
  "a purge of a large %s queue takes turns and keeps what was sent after it",
  async (_kind, suffix) => {
    const Attributes = suffix === "" ? {} : { FifoQueue: "true", ContentBasedDeduplication: "true" };
    const { QueueUrl } = await sqs.createQueue({ QueueName: `large${suffix}`, Attributes });
    const group = suffix === "" ? {} : { MessageGroupId: "g" };
    for (let batch = 0; batch < messages / 10; batch++) {
      const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `${i}`, MessageBody: `${batch} ${i}`, ...group }));
      await sqs.sendMessageBatch({ QueueUrl, Entries });
    }
    const work = async (): Promise<void> => {
      await sqs.purgeQueue({ QueueUrl });
      await sqs.sendMessage({ QueueUrl, MessageBody: "after", ...group });
      while ((await there(QueueUrl)) !== 1);
    };
    const { longestMs, count } = await turnsDuring(work());
    expect(longestMs).toBeLessThan(100);
    expect(count).toBeGreaterThan(3);
    const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    expect(Messages?.map(({ Body }) => Body)).toEqual(["after"]);
  },
  full ? 600_000 : undefined,
);
