/** Fair queues: whose message of a standard queue is next, where groups are tenants. */
import { expect, it } from "vitest";
import { eachSqs, type SqsEnvironment } from "../../support/sqs.ts";

/** Sends `{group}-{first}` and so on. */
async function send(env: SqsEnvironment, QueueUrl: string, group: string, count: number, first = 0): Promise<void> {
  for (let sent = 0; sent < count; sent += 10) {
    await env.sqs.sendMessageBatch({
      QueueUrl,
      Entries: Array.from({ length: Math.min(10, count - sent) }, (_, index) => ({
        Id: `e${index}`,
        MessageBody: `${group}-${first + sent + index}`,
        MessageGroupId: group,
      })),
    });
  }
}

/** Takes this many messages for twelve hours, as a slow consumer would, and gives their handles. */
async function take(env: SqsEnvironment, QueueUrl: string, count: number): Promise<string[]> {
  const handles: string[] = [];
  while (handles.length < count) {
    const messages = await env.receive(QueueUrl, {
      MaxNumberOfMessages: Math.min(10, count - handles.length),
      VisibilityTimeout: 43_200,
    });
    handles.push(...messages.map(({ ReceiptHandle }) => ReceiptHandle as string));
  }
  return handles;
}

eachSqs("fair queues", (env) => {
  /** The order in which the next ten messages would come. */
  const next = (url: string) => env.receiveBodies(url, { VisibilityTimeout: 0 });
  const remove = async (QueueUrl: string, handles: readonly string[]) => {
    for (const ReceiptHandle of handles) await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle });
  };

  it("give quiet tenants' messages before the backlog of a noisy one, and drop none", async () => {
    const url = await env.queue();
    await send(env, url, "noisy", 50);
    await take(env, url, 40);
    await send(env, url, "quiet", 2);
    await env.send(url, "alone");
    const bodies = await env.receiveBodies(url);
    expect(bodies.slice(0, 3).sort()).toEqual(["alone", "quiet-0", "quiet-1"]);
    expect(bodies.slice(3)).toEqual(Array.from({ length: 7 }, (_, index) => `noisy-${40 + index}`));
    expect(await env.receiveBodies(url)).toEqual(["noisy-47", "noisy-48", "noisy-49"]);
  });

  it("treat a tenant as noisy from thirty in flight that are more than a tenth", async () => {
    const url = await env.queue();
    await send(env, url, "busy", 31);
    await take(env, url, 29);
    await env.send(url, "alone");
    const [first] = await next(url);
    expect(first).toBe("busy-29");
    await take(env, url, 1);
    expect(await next(url)).toEqual(["alone", "busy-30"]);
    // Another 270 in flight: thirty are a tenth and no more.
    for (let sent = 0; sent < 270; sent += 10) {
      await env.sqs.sendMessageBatch({
        QueueUrl: url,
        Entries: Array.from({ length: 10 }, (_, index) => ({ Id: `e${index}`, MessageBody: "x" })),
      });
    }
    await take(env, url, 270);
    expect((await next(url))[0]).toBe("busy-30");
  });

  it("treat a tenant as noisy whose few messages take long", async () => {
    const url = await env.queue();
    await send(env, url, "slow", 4);
    await take(env, url, 2);
    await send(env, url, "quiet", 1);
    await env.send(url, "alone");
    expect(await next(url)).toEqual(["slow-2", "slow-3", "quiet-0", "alone"]);
    await env.bus.clock.advance("1m");
    expect(await next(url)).toEqual(["quiet-0", "alone", "slow-2", "slow-3"]);
  });

  it("compare a tenant's processing time with that of all messages", async () => {
    const url = await env.queue();
    await send(env, url, "slow", 2);
    await take(env, url, 1);
    for (let sent = 0; sent < 9; sent++) await env.send(url, `other-${sent}`);
    // A tenth of the time is no more than a tenth; with one message less in flight it is.
    const others = async () => {
      const handles: string[] = [];
      for (const message of await env.receive(url, { VisibilityTimeout: 43_200 })) {
        if (message.Body === "slow-1") {
          await env.sqs.changeMessageVisibility({
            QueueUrl: url,
            ReceiptHandle: message.ReceiptHandle,
            VisibilityTimeout: 0,
          });
        } else handles.push(message.ReceiptHandle as string);
      }
      return handles;
    };
    const handles = await others();
    expect(handles).toHaveLength(9);
    await env.bus.clock.advance("1m");
    await env.send(url, "alone");
    expect(await next(url)).toEqual(["slow-1", "alone"]);
    await remove(url, handles.slice(0, 1));
    await env.bus.clock.advance("1ms");
    expect(await next(url)).toEqual(["alone", "slow-1"]);
  });

  it("count recent processing time: five minutes of the clock and the five before", async () => {
    const url = await env.queue();
    const fiveMinutesMs = 5 * 60_000;
    await env.bus.clock.advance(fiveMinutesMs - (env.bus.clock.now() % fiveMinutesMs));
    await send(env, url, "slow", 4);
    const handles = await take(env, url, 2);
    await env.bus.clock.advance("1m");
    await remove(url, handles);
    await send(env, url, "quiet", 1);
    expect(await next(url)).toEqual(["quiet-0", "slow-2", "slow-3"]);
    await env.bus.clock.advance("4m");
    await send(env, url, "slow", 1, 4);
    expect(await next(url)).toEqual(["quiet-0", "slow-2", "slow-3", "slow-4"]);
    await env.bus.clock.advance("4m");
    await send(env, url, "slow", 1, 5);
    await env.bus.clock.advance("2m");
    expect(await next(url)).toEqual(["slow-2", "slow-3", "quiet-0", "slow-4", "slow-5"]);
  });

  it("forget a noisy tenant that has sent nothing for five minutes", async () => {
    const url = await env.queue();
    await send(env, url, "noisy", 42);
    await take(env, url, 40);
    await send(env, url, "quiet", 1);
    await env.bus.clock.advance("4m59s999ms");
    expect(await next(url)).toEqual(["quiet-0", "noisy-40", "noisy-41"]);
    await env.bus.clock.advance(1);
    expect(await next(url)).toEqual(["noisy-40", "noisy-41", "quiet-0"]);
    await send(env, url, "noisy", 1, 42);
    expect(await next(url)).toEqual(["quiet-0", "noisy-40", "noisy-41", "noisy-42"]);
  });

  it("treat a delayed message as sent when its delay ends", async () => {
    const url = await env.queue();
    await send(env, url, "noisy", 41);
    await take(env, url, 40);
    await send(env, url, "quiet", 1);
    await env.bus.clock.advance("4m");
    const late = { QueueUrl: url, MessageBody: "noisy-late", MessageGroupId: "noisy", DelaySeconds: 300 };
    await env.sqs.sendMessage(late);
    expect(await next(url)).toEqual(["quiet-0", "noisy-40"]);
    await env.bus.clock.advance("1m");
    expect(await next(url)).toEqual(["noisy-40", "quiet-0"]);
    await env.bus.clock.advance("4m");
    expect(await next(url)).toEqual(["quiet-0", "noisy-40", "noisy-late"]);
    await env.bus.clock.advance("5m");
    expect((await next(url))[0]).toBe("noisy-40");
  });

  it("forget a noisy tenant whose backlog is used up", async () => {
    const url = await env.queue();
    await send(env, url, "slow", 3);
    const slow = await take(env, url, 2);
    await env.bus.clock.advance("1m");
    await send(env, url, "quiet", 1);
    expect(await next(url)).toEqual(["quiet-0", "slow-2"]);
    await remove(url, [...slow, ...(await take(env, url, 2))]);
    await send(env, url, "slow", 1, 3);
    await send(env, url, "quiet", 1, 1);
    expect(await next(url)).toEqual(["slow-3", "quiet-1"]);
  });

  it("continue with the noisy tenant that has fewest in flight", async () => {
    const url = await env.queue();
    await send(env, url, "a", 42);
    await take(env, url, 40);
    await send(env, url, "b", 33);
    // Both are noisy by now: b with 31 of its messages in flight comes before a with 40.
    await take(env, url, 31);
    expect(await env.receiveBodies(url, { MaxNumberOfMessages: 1 })).toEqual(["b-31"]);
    expect(await env.receiveBodies(url)).toEqual(["b-32", "a-40", "a-41"]);
  });

  it("start again when they are purged", async () => {
    const url = await env.queue();
    await send(env, url, "slow", 2);
    await take(env, url, 1);
    await env.bus.clock.advance("1m");
    await env.sqs.purgeQueue({ QueueUrl: url });
    await send(env, url, "slow", 1, 2);
    await send(env, url, "quiet", 1);
    expect(await next(url)).toEqual(["slow-2", "quiet-0"]);
  });
});
