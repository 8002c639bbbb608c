/** FIFO queues: order and locks of message groups, deduplication, sequence numbers, receive attempts. */
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import {
  eachSqs,
  invalidParameter,
  invalidValue,
  missingParameter,
  refused,
  type SqsEnvironment,
} from "../../support/sqs.ts";

const needsDeduplication = invalidParameter(
  "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
);
const wrongForQueueType = "The request include parameter that is not valid for this queue type.";

/** Sends bodies like `g1-m2` to the group they name. */
async function sendAll(env: SqsEnvironment, url: string, ...bodies: string[]): Promise<void> {
  for (const body of bodies) await env.sendFifo(url, body.split("-")[0] as string, body);
}

eachSqs("sending to FIFO queues", (env) => {
  it("wants a group and a deduplication id", async () => {
    const QueueUrl = await env.fifo();
    expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageDeduplicationId: "d" }))).toEqual(
      missingParameter("MessageGroupId"),
    );
    expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageGroupId: "g" }))).toEqual(
      needsDeduplication,
    );
    const batch = (entry: { MessageGroupId?: string; MessageDeduplicationId?: string }) =>
      env.sqs.sendMessageBatch({
        QueueUrl,
        Entries: [
          { Id: "fine", MessageBody: "x", MessageGroupId: "g", MessageDeduplicationId: "d" },
          { Id: "not", MessageBody: "x", ...entry },
        ],
      });
    expect(await refused(batch({ MessageGroupId: "g" }))).toEqual(needsDeduplication);
    // In a batch the code is another, the text the same.
    expect(await refused(batch({ MessageDeduplicationId: "e" }))).toMatchObject({
      message: missingParameter("MessageGroupId").message,
    });
    expect(await env.counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it("takes ids of up to 128 letters, digits and punctuation", async () => {
    const QueueUrl = await env.fifo();
    const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    const ids = ["x".repeat(128), punctuation];
    for (const id of ids) {
      await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageGroupId: id, MessageDeduplicationId: id });
    }
    const attributes = (await env.receive(QueueUrl)).map(({ Attributes }) => Attributes);
    expect(attributes.map((each) => each?.MessageGroupId)).toEqual(ids);
    expect(attributes.map((each) => each?.MessageDeduplicationId)).toEqual(ids);
    for (const id of ["x".repeat(129), "with space", "ä"]) {
      for (const parameter of ["MessageGroupId", "MessageDeduplicationId"]) {
        const ids = { MessageGroupId: "g", MessageDeduplicationId: "d", [parameter]: id };
        expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody: "x", ...ids }))).toEqual(
          invalidValue(
            id,
            parameter,
            `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
          ),
        );
      }
    }
  });

  it("takes no delay of a message's own but 0; the queue's delay holds", async () => {
    const QueueUrl = await env.fifo({ DelaySeconds: "10" });
    const send = (DelaySeconds: number, body: string) =>
      env.sqs.sendMessage({
        QueueUrl,
        MessageBody: body,
        MessageGroupId: "g",
        MessageDeduplicationId: body,
        DelaySeconds,
      });
    expect(await refused(send(5, "x"))).toEqual(invalidValue(5, "DelaySeconds", wrongForQueueType));
    await send(0, "a");
    expect(await env.counts(QueueUrl)).toEqual([0, 0, 1]);
    await env.bus.clock.advance("10s");
    expect(await env.receiveBodies(QueueUrl)).toEqual(["a"]);
  });

  it("changes the delay of what is delayed when the queue's changes", async () => {
    const QueueUrl = await env.fifo({ DelaySeconds: "100" });
    await sendAll(env, QueueUrl, "g-1");
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: "10" } });
    await env.bus.clock.advance("10s");
    expect(await env.receiveBodies(QueueUrl)).toEqual(["g-1"]);
  });

  it("gives sequence numbers of twenty digits that rise, and shows them on receive", async () => {
    const QueueUrl = await env.fifo();
    const numbers: string[] = [];
    for (const body of ["a", "b", "c"]) {
      const { SequenceNumber } = await env.sqs.sendMessage({
        QueueUrl,
        MessageBody: body,
        MessageGroupId: "g",
        MessageDeduplicationId: body,
      });
      numbers.push(SequenceNumber as string);
    }
    const { Successful } = await env.sqs.sendMessageBatch({
      QueueUrl,
      Entries: ["d", "e"].map((body) => ({
        Id: body,
        MessageBody: body,
        MessageGroupId: "g",
        MessageDeduplicationId: body,
      })),
    });
    numbers.push(...(Successful ?? []).map(({ SequenceNumber }) => SequenceNumber as string));
    for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
    expect([...numbers].sort()).toEqual(numbers);
    expect(new Set(numbers).size).toBe(5);
    expect(BigInt(numbers[1] as string)).not.toBe(BigInt(numbers[0] as string) + 1n);
    const received = await env.receive(QueueUrl);
    expect(received.map(({ Body }) => Body)).toEqual(["a", "b", "c", "d", "e"]);
    expect(received.map(({ Attributes }) => Attributes?.SequenceNumber)).toEqual(numbers);
  });
});

eachSqs("deduplication", (env) => {
  const send = (QueueUrl: string, body: string, group: string, id?: string) =>
    env.sqs.sendMessage({ QueueUrl, MessageBody: body, MessageGroupId: group, MessageDeduplicationId: id });

  it("drops a repeated id for five minutes and answers as for the original", async () => {
    const QueueUrl = await env.fifo();
    const first = await send(QueueUrl, "a", "g", "id");
    await env.bus.clock.advance("299s");
    const second = await send(QueueUrl, "b", "g", "id");
    expect(second.MessageId).toBe(first.MessageId);
    expect(second.SequenceNumber).toBe(first.SequenceNumber);
    expect(await env.counts(QueueUrl)).toEqual([1, 0, 0]);
    await env.bus.clock.advance("1s");
    const third = await send(QueueUrl, "c", "g", "id");
    expect(third.MessageId).not.toBe(first.MessageId);
    expect(await env.receiveBodies(QueueUrl)).toEqual(["a", "c"]);
  });

  it("holds after the message was received and deleted", async () => {
    const QueueUrl = await env.fifo();
    await send(QueueUrl, "a", "g", "id");
    const [message] = await env.receive(QueueUrl);
    await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: message?.ReceiptHandle });
    await send(QueueUrl, "a", "g", "id");
    expect(await env.counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it("goes by the SHA-256 of the body where the queue says so, an explicit id first", async () => {
    const QueueUrl = await env.fifo({ ContentBasedDeduplication: "true" });
    await send(QueueUrl, "same", "g");
    await env.sqs.sendMessage({
      QueueUrl,
      MessageBody: "same",
      MessageGroupId: "g",
      MessageAttributes: { other: { DataType: "String", StringValue: "attributes do not count" } },
    });
    const sha = createHash("sha256").update("same").digest("hex");
    expect(await env.counts(QueueUrl)).toEqual([1, 0, 0]);
    await send(QueueUrl, "same", "g", "own-id");
    await send(QueueUrl, "different", "g", sha);
    const received = await env.receive(QueueUrl);
    expect(received.map(({ Attributes }) => Attributes?.MessageDeduplicationId)).toEqual([sha, "own-id"]);
  });

  it("spans the queue by default", async () => {
    const QueueUrl = await env.fifo({ ContentBasedDeduplication: "true" });
    await send(QueueUrl, "x", "g1", "id");
    await send(QueueUrl, "y", "g2", "id");
    await send(QueueUrl, "body", "g1");
    await send(QueueUrl, "body", "g2");
    expect(await env.counts(QueueUrl)).toEqual([2, 0, 0]);
  });

  it("spans a group with DeduplicationScope messageGroup, also under the default limit", async () => {
    for (const FifoThroughputLimit of ["perQueue", "perMessageGroupId"]) {
      const QueueUrl = await env.fifo({
        ContentBasedDeduplication: "true",
        DeduplicationScope: "messageGroup",
        FifoThroughputLimit,
      });
      await send(QueueUrl, "x", "g1", "id");
      await send(QueueUrl, "y", "g2", "id");
      await send(QueueUrl, "z", "g2", "id");
      await send(QueueUrl, "body", "g1");
      await send(QueueUrl, "body", "g2");
      expect(await env.counts(QueueUrl)).toEqual([4, 0, 0]);
    }
  });

  it("works within one batch", async () => {
    const QueueUrl = await env.fifo({ ContentBasedDeduplication: "true" });
    const { Successful } = await env.sqs.sendMessageBatch({
      QueueUrl,
      Entries: ["a", "b"].map((Id) => ({ Id, MessageBody: "same", MessageGroupId: "g" })),
    });
    expect(Successful?.[0]?.MessageId).toBe(Successful?.[1]?.MessageId);
    expect(await env.counts(QueueUrl)).toEqual([1, 0, 0]);
  });
});

eachSqs("message groups", (env) => {
  it("are drained one after the other, each in its order", async () => {
    const url = await env.fifo();
    await sendAll(env, url, "g1-m1", "g2-m1", "g1-m2", "g2-m2");
    expect(await env.receiveBodies(url, { MaxNumberOfMessages: 3 })).toEqual(["g1-m1", "g1-m2", "g2-m1"]);
  });

  it("take turns: those touched go behind the others", async () => {
    const url = await env.fifo();
    await sendAll(env, url, "g1-m1", "g2-m1", "g3-m1", "g1-m2", "g2-m2", "g3-m2");
    const next = () => env.receiveBodies(url, { MaxNumberOfMessages: 3, VisibilityTimeout: 0 });
    expect(await next()).toEqual(["g1-m1", "g1-m2", "g2-m1"]);
    expect(await next()).toEqual(["g3-m1", "g3-m2", "g1-m1"]);
    expect(await next()).toEqual(["g2-m1", "g2-m2", "g3-m1"]);
  });

  it("are locked while any message of theirs is in flight, the others are not", async () => {
    const url = await env.fifo();
    await sendAll(env, url, "g1-m1", "g1-m2", "g1-m3", "g2-m1");
    const [first, second] = await env.receive(url, { MaxNumberOfMessages: 2 });
    expect([first?.Body, second?.Body]).toEqual(["g1-m1", "g1-m2"]);
    expect(await env.receiveBodies(url)).toEqual(["g2-m1"]);
    await sendAll(env, url, "g1-m4");
    expect(await env.receiveBodies(url)).toEqual([]);
    await env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle });
    expect(await env.receiveBodies(url)).toEqual([]);
    await env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: second?.ReceiptHandle });
    expect(await env.receiveBodies(url)).toEqual(["g1-m3", "g1-m4"]);
  });

  it("stay locked when a later message is deleted first", async () => {
    const url = await env.fifo();
    await sendAll(env, url, "g-1", "g-2", "g-3");
    const [first, second] = await env.receive(url, { MaxNumberOfMessages: 2 });
    await env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: second?.ReceiptHandle });
    expect(await env.receiveBodies(url)).toEqual([]);
    await env.sqs.changeMessageVisibility({
      QueueUrl: url,
      ReceiptHandle: first?.ReceiptHandle,
      VisibilityTimeout: 0,
    });
    expect(await env.receiveBodies(url)).toEqual(["g-1", "g-3"]);
  });

  it("that are locked still count what was not received as visible", async () => {
    const url = await env.fifo();
    await sendAll(env, url, "g1-1", "g1-2", "g2-1", "g2-2", "g3-1", "g3-2");
    await env.receive(url, { MaxNumberOfMessages: 2 });
    expect(await env.counts(url)).toEqual([4, 2, 0]);
  });

  it("come again in order when their visibility ends", async () => {
    const url = await env.fifo({ VisibilityTimeout: "5" });
    await sendAll(env, url, "g-1", "g-2", "g-3");
    expect(await env.receiveBodies(url, { MaxNumberOfMessages: 2 })).toEqual(["g-1", "g-2"]);
    await env.bus.clock.advance("5s");
    expect(await env.receiveBodies(url)).toEqual(["g-1", "g-2", "g-3"]);
  });

  it("give what is before a message whose visibility was extended, and nothing behind it", async () => {
    for (const [extended, expected] of [
      ["foo", []],
      ["bar", ["foo"]],
      ["baz", ["foo", "bar"]],
    ] as const) {
      const url = await env.fifo({ VisibilityTimeout: "1" });
      for (const body of ["foo", "bar", "baz"]) await env.sendFifo(url, "g", body);
      const messages = await env.receive(url);
      await env.sqs.changeMessageVisibility({
        QueueUrl: url,
        ReceiptHandle: messages.find(({ Body }) => Body === extended)?.ReceiptHandle,
        VisibilityTimeout: 4,
      });
      await env.bus.clock.advance("2s");
      expect(await env.receiveBodies(url)).toEqual(expected);
    }
  });

  it("work again after they were empty", async () => {
    const url = await env.fifo();
    for (const body of ["g-1", "g-2"]) {
      await sendAll(env, url, body);
      const [message] = await env.receive(url);
      expect(message?.Body).toBe(body);
      await env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle });
    }
    expect(await env.counts(url)).toEqual([0, 0, 0]);
  });

  it("refuse handles whose visibility has ended", async () => {
    const url = await env.fifo();
    await sendAll(env, url, "g-1");
    const expired = (handle: string) => invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.");
    for (const VisibilityTimeout of [0, 1]) {
      const handle = (await env.receive(url, { VisibilityTimeout }))[0]?.ReceiptHandle as string;
      await env.bus.clock.advance("1s");
      expect(await refused(env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: handle }))).toEqual(expired(handle));
      expect(
        await refused(env.sqs.changeMessageVisibility({ QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: 5 })),
      ).toEqual(expired(handle));
    }
    expect(await env.counts(url)).toEqual([1, 0, 0]);
  });

  it("show the older handle as expired once the message was received again", async () => {
    const url = await env.fifo({ VisibilityTimeout: "1" });
    await sendAll(env, url, "g-1");
    const older = (await env.receive(url))[0]?.ReceiptHandle as string;
    await env.bus.clock.advance("1s");
    const newer = (await env.receive(url))[0]?.ReceiptHandle as string;
    expect(await refused(env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: older }))).toEqual(
      invalidValue(older, "ReceiptHandle", "The receipt handle has expired."),
    );
    await env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: newer });
    expect(await env.counts(url)).toEqual([0, 0, 0]);
  });

  it("gives ten groups at once when there are", async () => {
    const url = await env.fifo();
    const bodies = Array.from({ length: 12 }, (_, index) => `g${index}-1`);
    await sendAll(env, url, ...bodies);
    expect(await env.receiveBodies(url)).toEqual(bodies.slice(0, 10));
    expect(await env.receiveBodies(url)).toEqual(bodies.slice(10));
  });
});

eachSqs("ReceiveRequestAttemptId", (env) => {
  const ReceiveRequestAttemptId = "attempt-1";

  it("repeats the answer and begins its visibility anew", async () => {
    const url = await env.fifo({ VisibilityTimeout: "10" });
    await sendAll(env, url, "g-1", "g-2");
    const first = await env.receive(url, { ReceiveRequestAttemptId, MaxNumberOfMessages: 1 });
    expect(first.map(({ Body }) => Body)).toEqual(["g-1"]);
    await env.bus.clock.advance("9s");
    const again = await env.receive(url, { ReceiveRequestAttemptId, MaxNumberOfMessages: 1 });
    expect(again).toEqual(first);
    await env.bus.clock.advance("9s");
    expect(await env.counts(url)).toEqual([1, 1, 0]);
    expect(await env.receiveBodies(url, { ReceiveRequestAttemptId: "attempt-2" })).toEqual([]);
  });

  it("is a new receive after the messages became visible", async () => {
    const url = await env.fifo({ VisibilityTimeout: "10" });
    await sendAll(env, url, "g-1");
    const [first] = await env.receive(url, { ReceiveRequestAttemptId });
    await env.bus.clock.advance("10s");
    const [second] = await env.receive(url, { ReceiveRequestAttemptId });
    expect(second?.MessageId).toBe(first?.MessageId);
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    expect(second?.Attributes?.ApproximateReceiveCount).toBe("2");
  });

  it("is refused after a message was deleted or its visibility changed", async () => {
    const gone = invalidValue(
      ReceiveRequestAttemptId,
      "ReceiveRequestAttemptId",
      "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
    );
    for (const change of ["delete", "visibility"]) {
      const url = await env.fifo();
      await sendAll(env, url, "g-1");
      const handle = (await env.receive(url, { ReceiveRequestAttemptId }))[0]?.ReceiptHandle;
      if (change === "delete") await env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: handle });
      else {
        await env.sqs.changeMessageVisibility({ QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: 77 });
      }
      expect(await refused(env.receive(url, { ReceiveRequestAttemptId }))).toEqual(gone);
    }
  });

  it("has 1 to 128 characters", async () => {
    const url = await env.fifo();
    expect(await env.receive(url, { ReceiveRequestAttemptId: "x".repeat(128) })).toEqual([]);
    expect(await refused(env.receive(url, { ReceiveRequestAttemptId: "x".repeat(129) }))).toMatchObject({
      name: "InvalidParameterValue",
      status: 400,
    });
  });
});
