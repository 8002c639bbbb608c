import { describe, expect, it } from "vitest";
import { Cause } from "../../../src/calls/cause.ts";
import { Invocation } from "../../../src/calls/invocation.ts";
import { DeliveryEngine } from "../../../src/delivery/engine.ts";
import { type DeliveryEnd, DeliveryFailure, type DeliveryRequest, type Order } from "../../../src/delivery/types.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { isoTime } from "../../../src/engine/iso-time.ts";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";

const once = { phases: [] };

type More = Partial<Order> & { readonly kind?: "http" | "sqs" | "sms" };

function setUp(patienceMs = 10_000) {
  const store = Store.memory();
  const clock = new Clock({ mode: "virtual", startMs: 1_000_000, patienceMs });
  const engine = new DeliveryEngine({ store, clock, random: new Random("deliveries") });
  const letters: { target: string; payload: string; attributes: unknown }[] = [];
  engine.registerLocal("sqs", ({ target, payload, parameters }) => {
    if (target === "missing") throw new DeliveryFailure("NonExistentQueue", "no such queue", false);
    letters.push({ target, payload, attributes: parameters.messageAttributes });
  });
  const request = (more: More): DeliveryRequest<"http" | "sqs" | "sms"> => ({
    account: "111122223333",
    region: "us-east-1",
    service: "sns",
    source: "source",
    target: "target",
    kind: "http",
    parameters: {},
    payload: "payload",
    retry: once,
    ...more,
  });
  const submit = (more: More = {}) => store.transaction(() => engine.submit(request(more)));
  return { store, clock, engine, letters, request, submit };
}

describe("the delivery engine", () => {
  it("delivers to local targets in the same transaction, and not when it is undone", async () => {
    const { store, engine, letters, submit } = setUp();
    engine.start();
    submit({ kind: "sqs", target: "queue" });
    expect(letters.length).toBe(1);
    expect(engine.list().map(({ status, target }) => [status, target])).toEqual([["delivered", "queue"]]);
    expect(() =>
      store.transaction(() => {
        submit({ kind: "sqs", target: "queue" });
        throw new Error("undone");
      }),
    ).toThrow("undone");
    expect(engine.list().length).toBe(1);
  });

  it("retries as the phases say, then sends the dead letter with the reason", async () => {
    const { clock, engine, letters, submit } = setUp();
    const times: number[] = [];
    engine.register("http", async () => {
      times.push((clock.now() - 1_000_000) / 1000);
      throw new DeliveryFailure("503", "down", true);
    });
    const ends: DeliveryEnd[] = [];
    engine.onEnd("me", (end) => ends.push(end));
    engine.describeFailure("sns", ({ failure }) => ({
      attributes: { ERROR_CODE: { DataType: "String", StringValue: failure?.code ?? "" } },
    }));
    engine.start();
    submit({
      retry: {
        phases: [
          { count: 2, minMs: 0, maxMs: 0, curve: "constant" },
          { count: 3, minMs: 10_000, maxMs: 30_000, curve: "linear" },
        ],
      },
      deadLetter: { arn: "dlq" },
      notify: "me",
    });
    await engine.settled();
    expect(times).toEqual([0, 0, 0]);
    expect(engine.list({ status: "pending" })[0]?.reason).toBe("503: down");
    await clock.advance(3_600_000);
    expect(times).toEqual([0, 0, 0, 10, 30, 60]);
    const attributes = { ERROR_CODE: { DataType: "String", StringValue: "503" } };
    expect(letters).toEqual([{ target: "dlq", payload: "payload", attributes }]);
    expect(engine.list()[0]).toMatchObject({
      status: "failed",
      attemptCount: 6,
      reason: "503: down",
      deadLetter: { arn: "dlq", sent: true },
      payload: "payload",
    });
    expect(ends).toMatchObject([{ status: "failed", exhausted: "MaximumRetryAttempts" }]);
  });

  it("gives up at once if no retry can help, and when it would be too old", async () => {
    const { clock, engine, letters, submit } = setUp();
    engine.register("http", async ({ target }) => {
      throw new DeliveryFailure("X", "no", target === "retry");
    });
    engine.start();
    const phases = [{ count: 9, minMs: 5000, maxMs: 5000, curve: "constant" as const }];
    submit({ retry: { phases }, target: "never" });
    submit({ retry: { phases, maxAgeMs: 11_000 }, target: "retry", deadLetter: { arn: "missing" } });
    submit({ kind: "sms" });
    await clock.advance(60_000);
    expect(engine.list({ status: "failed" }).map(({ target, attemptCount }) => [target, attemptCount])).toEqual(
      expect.arrayContaining([
        ["never", 1],
        ["retry", 3],
        ["target", 0],
      ]),
    );
    expect(letters).toEqual([]);
    expect(engine.list({ target: "retry" })[0]?.deadLetter).toEqual({
      arn: "missing",
      sent: false,
      reason: "NonExistentQueue: no such queue",
    });
  });

  it("keeps the order of a key across retries, and lets others pass", async () => {
    const { clock, engine, submit } = setUp();
    const seen: string[] = [];
    let refusals = 2;
    engine.register("http", async ({ payload }) => {
      if (payload === "a1" && refusals-- > 0) throw new DeliveryFailure("503", "down", true);
      seen.push(payload);
    });
    engine.start();
    const retry = { phases: [{ count: 5, minMs: 1000, maxMs: 1000, curve: "constant" as const }] };
    for (const payload of ["a1", "a2", "b1", "a3"]) submit({ payload, orderKey: payload.charAt(0), retry });
    await engine.settled();
    expect(seen).toEqual(["b1"]);
    await clock.advance(10_000);
    expect(seen).toEqual(["b1", "a1", "a2", "a3"]);
  });

  it("respects a rate, and a number of attempts at a time", async () => {
    const { clock, engine, submit } = setUp();
    const times: number[] = [];
    let underWay = 0;
    let most = 0;
    engine.register("http", async ({ target }) => {
      if (target === "slow") times.push(clock.now() - 1_000_000);
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
    });
    engine.start();
    for (let i = 0; i < 4; i++) submit({ target: "slow", retry: { phases: [], maxPerSecond: 2 } });
    await clock.advance(5000);
    expect(times).toEqual([0, 500, 1000, 1500]);
    for (let i = 0; i < 100; i++) submit({ target: "one" });
    await engine.settled();
    expect(most).toBe(32);
    expect(engine.list({ status: "delivered", limit: 1000 }).length).toBe(104);
  });

  it("lets time pass without a target that hangs, and is settled once that has answered", async () => {
    const { clock, engine, submit } = setUp(20);
    const seen: string[] = [];
    let release = (): void => {};
    engine.register("http", ({ payload }) => {
      if (payload === "hangs") return new Promise<void>((resolve) => (release = resolve));
      seen.push(payload);
      return Promise.resolve();
    });
    engine.start();
    submit({ payload: "hangs", target: "one" });
    submit({ payload: "later", target: "two", delayMs: 60_000 });
    await clock.advance(60_000);
    expect(seen).toEqual(["later"]);
    const settled = engine.settled().then(() => seen.push("settled"));
    await clock.quiet();
    expect(engine.list({ status: "pending" }).map(({ target }) => target)).toEqual(["one"]);
    release();
    await settled;
    expect(seen).toEqual(["later", "settled"]);
    expect(engine.list({ status: "delivered" })).toHaveLength(2);
  });

  it("reaches a healthy target at once while many others hang", async () => {
    const { clock, engine, submit } = setUp(20);
    const seen: string[] = [];
    let underWay = 0;
    engine.register("http", ({ target }) => {
      if (target.startsWith("hangs")) {
        underWay += 1;
        return new Promise(() => {});
      }
      seen.push(target);
      return Promise.resolve();
    });
    engine.start();
    for (let target = 0; target < 50; target++) for (let i = 0; i < 40; i++) submit({ target: `hangs ${target}` });
    await clock.advance(0);
    expect(underWay).toBe(50 + 256);
    const before = clock.now();
    for (let i = 0; i < 3; i++) submit({ target: "healthy" });
    await clock.advance(100);
    expect(seen).toEqual(["healthy", "healthy", "healthy"]);
    expect(engine.list({ status: "delivered" }).map(({ attempts }) => attempts[0]?.time)).toEqual(
      Array(3).fill(isoTime(before)),
    );
    engine.stop();
  });

  it("ends an attempt at its deadline on the clock, tries again, and ignores the late answer", async () => {
    const { clock, engine, submit, letters } = setUp(20);
    const late: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    engine.register(
      "http",
      (_delivery, { signal }) => {
        signals.push(signal);
        return new Promise<void>((resolve) => late.push(resolve));
      },
      ({ parameters }) => parameters.timeoutMs ?? 15_000,
    );
    engine.start();
    const phases = [{ count: 1, minMs: 1000, maxMs: 1000, curve: "constant" as const }];
    submit({ retry: { phases }, deadLetter: { arn: "dlq" } });
    await clock.advance(14_999);
    expect(engine.list()).toMatchObject([{ status: "pending", attemptCount: 0 }]);
    await clock.advance(1);
    expect(engine.list()).toMatchObject([
      {
        status: "pending",
        attemptCount: 1,
        reason: "TIMEOUT: No answer within 15000 ms.",
        nextAttemptAt: isoTime(1_016_000),
      },
    ]);
    expect(signals[0]?.aborted).toBe(true);
    late[0]?.();
    await clock.advance(1000);
    expect(signals).toHaveLength(2);
    await clock.advance(15_000);
    late[1]?.();
    await clock.advance(60_000);
    expect(signals).toHaveLength(2);
    expect(engine.list()).toMatchObject([{ status: "failed", attemptCount: 2, deadLetter: { sent: true } }]);
    expect(letters).toHaveLength(1);
  });

  it("ends attempts of callers that retry by themselves, too", async () => {
    const { clock, engine, request } = setUp(20);
    engine.register(
      "http",
      () => new Promise(() => {}),
      () => 5000,
    );
    const place = { account: "111122223333", region: "us-east-1" };
    const caller = Invocation.ofService("pipes", "source", place, Cause.beginning("pipe", "p", 0));
    const ended = engine.attempt(request({}), caller).catch((error: DeliveryFailure) => error.code);
    await clock.advance(5000);
    expect(await ended).toBe("TIMEOUT");
  });

  it("forgets an account, and its attempts under way", async () => {
    const { store, engine, submit } = setUp();
    let release: (() => void) | undefined;
    engine.register("http", () => new Promise<void>((resolve) => (release = resolve)));
    engine.start();
    submit();
    const settled = engine.settled();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    store.reset("111122223333");
    engine.reset("111122223333");
    release?.();
    await settled;
    expect(engine.list()).toEqual([]);
  });

  it("gives up a request that memory cannot hold", async () => {
    const { engine, submit } = setUp();
    engine.register("http", () => new Promise(() => {}));
    engine.start();
    const payload = "x".repeat(200 * 1024 * 1024);
    for (let i = 0; i < 3; i++) submit({ payload });
    expect(engine.list({ status: "failed" }).map(({ reason }) => reason)).toEqual([
      "OutboxFull: Too much is waiting to be delivered.",
    ]);
    engine.stop();
  });
});
