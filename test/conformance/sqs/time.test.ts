/** What time does to messages, and what wakes those who wait for them. */
import type { Message } from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import { eachSqs } from "../../support/sqs.ts";

const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

eachSqs("retention", (env) => {
  it("takes a message after four days, visible or in flight", async () => {
    const url = await env.queue({ VisibilityTimeout: "43200" });
    await env.send(url, "visible");
    await env.bus.clock.advance("3d23h59m59s");
    expect(await env.counts(url)).toEqual([1, 0, 0]);
    expect(bodies(await env.receive(url))).toEqual(["visible"]);
    expect(await env.counts(url)).toEqual([0, 1, 0]);
    await env.bus.clock.advance("1s");
    expect(await env.counts(url)).toEqual([0, 0, 0]);
    expect(await env.receive(url)).toEqual([]);
  });

  it("may be as short as a minute, and a change holds for what is there", async () => {
    const url = await env.queue({ MessageRetentionPeriod: "60" });
    await env.send(url, "a");
    await env.bus.clock.advance("59999ms");
    expect(await env.counts(url)).toEqual([1, 0, 0]);
    await env.sqs.setQueueAttributes({ QueueUrl: url, Attributes: { MessageRetentionPeriod: "120" } });
    await env.bus.clock.advance("60s");
    expect(await env.counts(url)).toEqual([1, 0, 0]);
    await env.bus.clock.advance(1);
    expect(await env.counts(url)).toEqual([0, 0, 0]);
  });
});

eachSqs("long times", (env) => {
  it("a twelve-hour visibility timeout ends when twelve hours have passed", async () => {
    const url = await env.queue();
    await env.send(url, "x");
    await env.receive(url, { VisibilityTimeout: 43_200 });
    await env.bus.clock.advance("11h59m59s999ms");
    expect(await env.receive(url)).toEqual([]);
    await env.bus.clock.advance(1);
    expect(bodies(await env.receive(url))).toEqual(["x"]);
  });

  it("a delay of fifteen minutes ends into a long poll that waits for it", async () => {
    const url = await env.queue();
    await env.sqs.sendMessage({ QueueUrl: url, MessageBody: "late", DelaySeconds: 900 });
    await env.bus.clock.advance("14m50s");
    const sent = env.bus.clock.now();
    const { answer } = await env.poll(url);
    await env.bus.clock.advance("20s");
    const [message] = await answer;
    expect(message?.Body).toBe("late");
    expect(message?.Attributes?.ApproximateFirstReceiveTimestamp).toBe(String(sent + 10_000));
  });
});

eachSqs("a long poll", (env) => {
  it("answers at once when there is a message, without filling its batch", async () => {
    const url = await env.queue({ ReceiveMessageWaitTimeSeconds: "20" });
    await env.send(url, "x");
    expect(bodies(await env.receive(url, { WaitTimeSeconds: 20 }))).toEqual(["x"]);
    expect(await env.receive(url, { WaitTimeSeconds: 0 })).toEqual([]);
  });

  it("ends empty when its time is over", async () => {
    const url = await env.queue();
    const { answer } = await env.poll(url, { WaitTimeSeconds: 7 });
    await env.bus.clock.advance("6999ms");
    await env.send(await env.queue(), "another queue's");
    await env.bus.clock.advance(1);
    expect(await answer).toEqual([]);
  });

  it("waits as long as the queue says when the call does not", async () => {
    const url = await env.queue({ ReceiveMessageWaitTimeSeconds: "3" });
    const { answer } = await env.poll(url, { WaitTimeSeconds: undefined });
    await env.bus.clock.advance("2s");
    await env.send(url, "x");
    expect(bodies(await answer)).toEqual(["x"]);
  });

  it("is woken by a send, one by one, whoever waits longest first", async () => {
    const url = await env.queue();
    const first = await env.poll(url);
    const second = await env.poll(url);
    await env.send(url, "a");
    expect(bodies(await first.answer)).toEqual(["a"]);
    await env.send(url, "b");
    expect(bodies(await second.answer)).toEqual(["b"]);
  });

  it("is woken by a batch, which serves several polls", async () => {
    const url = await env.queue();
    const polls = [
      await env.poll(url, { MaxNumberOfMessages: 2 }),
      await env.poll(url, { MaxNumberOfMessages: 1 }),
      await env.poll(url, { MaxNumberOfMessages: 5 }),
    ];
    await env.sqs.sendMessageBatch({
      QueueUrl: url,
      Entries: ["a", "b", "c", "d"].map((Id) => ({ Id, MessageBody: Id })),
    });
    const answers = await Promise.all(polls.map(({ answer }) => answer));
    expect(answers.map(bodies)).toEqual([["a", "b"], ["c"], ["d"]]);
  });

  it("is woken by the end of a delay and of a visibility timeout", async () => {
    const url = await env.queue({ VisibilityTimeout: "5" });
    await env.sqs.sendMessage({ QueueUrl: url, MessageBody: "x", DelaySeconds: 5 });
    const delayed = await env.poll(url);
    await env.bus.clock.advance("5s");
    expect(bodies(await delayed.answer)).toEqual(["x"]);
    const inFlight = await env.poll(url);
    await env.bus.clock.advance("5s");
    expect(bodies(await inFlight.answer)).toEqual(["x"]);
  });

  it("is woken when a message is made visible, or is to become visible sooner", async () => {
    const url = await env.queue({ VisibilityTimeout: "3600" });
    await env.send(url, "x");
    for (const VisibilityTimeout of [0, 2]) {
      const [message] = await env.receive(url);
      const { answer } = await env.poll(url);
      await env.sqs.changeMessageVisibility({
        QueueUrl: url,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout,
      });
      if (VisibilityTimeout > 0) await env.bus.clock.advance("2s");
      const [again] = await answer;
      expect(again?.Body).toBe("x");
      await env.sqs.changeMessageVisibility({
        QueueUrl: url,
        ReceiptHandle: again?.ReceiptHandle,
        VisibilityTimeout: 0,
      });
    }
  });

  it("is woken when a message group is unlocked, by a delete or by the end of visibility", async () => {
    const url = await env.fifo({ VisibilityTimeout: "10" });
    for (const body of ["1", "2", "3"]) await env.sendFifo(url, "g", body);
    const [first] = await env.receive(url, { MaxNumberOfMessages: 1 });
    const byDelete = await env.poll(url, { MaxNumberOfMessages: 1 });
    await env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle });
    expect(bodies(await byDelete.answer)).toEqual(["2"]);
    const byTime = await env.poll(url);
    await env.bus.clock.advance("10s");
    expect(bodies(await byTime.answer)).toEqual(["2", "3"]);
  });

  it("is woken when the message that locks a group is past its retention", async () => {
    const url = await env.fifo({ MessageRetentionPeriod: "60", VisibilityTimeout: "600" });
    await env.sendFifo(url, "g", "1");
    await env.receive(url);
    await env.bus.clock.advance("50s");
    await env.sendFifo(url, "g", "2");
    const { answer } = await env.poll(url);
    await env.bus.clock.advance("10s");
    expect(bodies(await answer)).toEqual(["2"]);
  });

  it("is woken by a dead letter and by a moved message", async () => {
    const target = await env.queue();
    const source = await env.queue({
      VisibilityTimeout: "0",
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: env.arn(target), maxReceiveCount: 1 }),
    });
    await env.send(source, "x");
    await env.receive(source);
    const dead = await env.poll(target, { VisibilityTimeout: 0 });
    await env.receive(source);
    expect(bodies(await dead.answer)).toEqual(["x"]);
    const moved = await env.poll(source);
    await env.sqs.startMessageMoveTask({ SourceArn: env.arn(target) });
    await env.bus.clock.advance(0);
    expect(bodies(await moved.answer)).toEqual(["x"]);
  });

  it("is still woken after a call that was refused in the middle of its work", async () => {
    const url = await env.queue({ MessageRetentionPeriod: "60", VisibilityTimeout: "600" });
    await env.send(url, "old");
    const [old] = await env.receive(url);
    await env.bus.clock.advance("50s");
    const { answer } = await env.poll(url);
    await env.bus.clock.advance("15s");
    // The expired message is dropped on the way to the refusal, and that is undone with the rest of the call.
    await env.sqs
      .changeMessageVisibility({ QueueUrl: url, ReceiptHandle: old?.ReceiptHandle, VisibilityTimeout: 5 })
      .catch(() => {});
    await env.send(url, "new");
    expect(bodies(await answer)).toEqual(["new"]);
  });

  it("ends when its queue is deleted, and takes nothing of one made anew under the name", async () => {
    const { QueueUrl = "" } = await env.sqs.createQueue({ QueueName: "again" });
    const { answer } = await env.poll(QueueUrl);
    const refused = expect(answer).rejects.toMatchObject({ name: "QueueDoesNotExist" });
    await env.sqs.deleteQueue({ QueueUrl });
    await env.sqs.createQueue({ QueueName: "again" });
    await env.send(QueueUrl, "for the new one");
    await refused;
    expect(await env.counts(QueueUrl)).toEqual([1, 0, 0]);
  });

  it("ends empty at a reset", async () => {
    const stranger = env.client({ account: "111122223333" });
    const { QueueUrl } = await stranger.createQueue({ QueueName: "other" });
    const polling = stranger.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 });
    for (let turn = 0; turn < 5; turn++) await stranger.getQueueUrl({ QueueName: "other" });
    await env.bus.reset("111122223333");
    expect((await polling).Messages).toBeUndefined();
  });

  it("takes nothing once its client has gone", async () => {
    const url = await env.queue();
    const abort = new AbortController();
    const polling = env.sqs.receiveMessage({ QueueUrl: url, WaitTimeSeconds: 20 }, { abortSignal: abort.signal });
    polling.catch(() => {});
    for (let turn = 0; turn < 5; turn++) await env.counts(url);
    abort.abort();
    await expect(polling).rejects.toMatchObject({ name: "AbortError" });
    // The end of its connection is seen when the next request on another one is.
    for (let turn = 0; turn < 5; turn++) await env.counts(url);
    await env.send(url, "x");
    expect(await env.counts(url)).toEqual([1, 0, 0]);
  });
});

eachSqs("queues that are each other's dead-letter queues", (env) => {
  it("do not pass messages to and fro without end", async () => {
    const a = await env.queue({ VisibilityTimeout: "0" });
    const b = await env.queue({ VisibilityTimeout: "0" });
    for (const [source, target] of [
      [a, b],
      [b, a],
    ] as const) {
      await env.sqs.setQueueAttributes({
        QueueUrl: source,
        Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: env.arn(target), maxReceiveCount: 1 }) },
      });
    }
    await env.send(a, "x");
    expect(bodies(await env.receive(a))).toEqual(["x"]);
    const inB = await env.poll(b);
    expect(await env.receive(a)).toEqual([]);
    expect(bodies(await inB.answer)).toEqual(["x"]);
    const inA = await env.poll(a);
    expect(await env.receive(b)).toEqual([]);
    expect(bodies(await inA.answer)).toEqual(["x"]);
  });

  it("a queue may be its own", async () => {
    const url = await env.queue({ VisibilityTimeout: "0" });
    await env.sqs.setQueueAttributes({
      QueueUrl: url,
      Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: env.arn(url), maxReceiveCount: 1 }) },
    });
    await env.send(url, "x");
    for (let turn = 0; turn < 4; turn++) expect(bodies(await env.receive(url))).toEqual(["x"]);
  });
});
