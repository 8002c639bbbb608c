/** In real mode time passes by itself: nobody moves the clock here. */
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

let bus: Busbar;
let sqs: SQS;

beforeAll(async () => {
  bus = await createBusbar();
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterAll(() => bus.close());

it("a delay and then a visibility timeout end into polls that wait for them", async () => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: "q", Attributes: { VisibilityTimeout: "1" } });
  const before = Date.now();
  await sqs.sendMessage({ QueueUrl, MessageBody: "x", DelaySeconds: 1 });
  const poll = async () => {
    const { Messages } = await sqs.receiveMessage({
      QueueUrl,
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ["ApproximateReceiveCount"],
    });
    return Messages?.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount]);
  };
  expect(await poll()).toEqual([["x", "1"]]);
  expect(await poll()).toEqual([["x", "2"]]);
  // Never early; how late is the machine's business.
  expect(Date.now() - before).toBeGreaterThanOrEqual(1990);
});

it("a poll ends empty when its time is over", async () => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: "empty" });
  expect((await sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 1 })).Messages).toBeUndefined();
});

it("time can be moved on besides", async () => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: "moved" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "x", DelaySeconds: 900 });
  await bus.clock.advance("15m");
  expect((await sqs.receiveMessage({ QueueUrl })).Messages?.[0]?.Body).toBe("x");
});
