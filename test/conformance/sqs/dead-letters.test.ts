/** Dead-letter queues: when a message goes there, and with what. */
import { expect, it } from "vitest";
import { pair } from "../../support/dead-letters.ts";
import { eachSqs } from "../../support/sqs.ts";

eachSqs("dead-letter queues", (env) => {
  it("get a message at the receive after the last one allowed, with all it had", async () => {
    const { source, target } = await pair(env, 2, { VisibilityTimeout: "0" });
    await env.sqs.sendMessage({
      QueueUrl: source,
      MessageBody: "poison",
      MessageAttributes: { attr1: { DataType: "Number", StringValue: "99.12" } },
    });
    const [first] = await env.receive(source);
    const [second] = await env.receive(source);
    expect(second?.Attributes?.ApproximateReceiveCount).toBe("2");
    expect(second?.Attributes).not.toHaveProperty("DeadLetterQueueSourceArn");
    expect(await env.counts(target)).toEqual([0, 0, 0]);
    expect(await env.receive(source)).toEqual([]);
    expect(await env.counts(source)).toEqual([0, 0, 0]);
    const [moved] = await env.receive(target);
    expect(moved).toMatchObject({
      MessageId: first?.MessageId,
      Body: "poison",
      MD5OfMessageAttributes: "d302007e9aa062660afc85fd0a482472",
      Attributes: {
        DeadLetterQueueSourceArn: env.arn(source),
        ApproximateReceiveCount: "3",
        SentTimestamp: first?.Attributes?.SentTimestamp,
      },
    });
  });

  it("get it at the second receive for a maximum of one; the next message is given at once", async () => {
    const { source, target } = await pair(env, 1, { VisibilityTimeout: "0" });
    await env.send(source, "poison");
    await env.receive(source);
    await env.send(source, "good");
    expect(await env.receiveBodies(source, { MaxNumberOfMessages: 1 })).toEqual(["good"]);
    expect(await env.receiveBodies(target)).toEqual(["poison"]);
  });

  it("keep a standard message's age for retention, and restart a FIFO message's", async () => {
    for (const type of ["standard", "fifo"]) {
      const { source, target } = await pair(env, 1, {
        MessageRetentionPeriod: "60",
        VisibilityTimeout: "0",
        ...(type === "fifo" ? { FifoQueue: "true" } : {}),
      });
      if (type === "fifo") await env.sendFifo(source, "g", "old");
      else await env.send(source, "old");
      await env.bus.clock.advance("50s");
      await env.receive(source);
      await env.receive(source);
      expect(await env.counts(target)).toEqual([1, 0, 0]);
      await env.bus.clock.advance("15s");
      expect(await env.counts(target)).toEqual(type === "fifo" ? [1, 0, 0] : [0, 0, 0]);
    }
  });

  it("unlock the group of a FIFO source at once", async () => {
    const { source, target } = await pair(env, 1, { FifoQueue: "true" });
    await env.sendFifo(source, "g", "poison");
    await env.sendFifo(source, "g", "next");
    await env.receive(source, { MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
    expect(await env.receiveBodies(source)).toEqual(["next"]);
    expect(await env.receiveBodies(target)).toEqual(["poison"]);
  });

  it("take whole groups without blocking the groups after them", async () => {
    const { source, target } = await pair(env, 1, { FifoQueue: "true" });
    await env.sendFifo(source, "poison", "p");
    await env.sendFifo(source, "poison", "q");
    await env.receive(source, { VisibilityTimeout: 0 });
    await env.sendFifo(source, "good", "g");
    expect(await env.receiveBodies(source, { MaxNumberOfMessages: 1 })).toEqual(["g"]);
    expect(await env.receiveBodies(target)).toEqual(["p", "q"]);
  });

  it("may be deleted: then messages stay where they are", async () => {
    const { source, target } = await pair(env, 1, { VisibilityTimeout: "0" });
    await env.send(source, "x");
    await env.sqs.deleteQueue({ QueueUrl: target });
    for (let turn = 0; turn < 3; turn++) expect(await env.receiveBodies(source)).toEqual(["x"]);
  });
});
