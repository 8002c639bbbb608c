import { describe, expect, it } from "vitest";
import { DeliveryEngine } from "../../../src/delivery/engine.ts";
import { type DeliveryEnd, DeliveryFailure, type DeliveryRequest } from "../../../src/delivery/types.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";

const once = { phases: [] };

function setUp(patienceMs = 10_000) {
  const store = Store.memory();
  const clock = new Clock({ mode: "virtual", startMs: 1_000_000, patienceMs });
  const engine = new DeliveryEngine({ store, clock, random: new Random("deliveries") });
  const letters: { target: string; payload: string; attributes: unknown }[] = [];
  engine.registerLocal("sqs", ({ target, payload, parameters }) => {
    if (target === "missing") throw new DeliveryFailure("NonExistentQueue", "no such queue", false);
    letters.push({ target, payload, attributes: parameters?.["messageAttributes"] });
  });
  const request = (more: Partial<DeliveryRequest>): DeliveryRequest => ({
    account: "111122223333",
    region: "us-east-1",
    service: "sns",
    source: "source",
    target: "target",
    kind: "remote",
    payload: "payload",
    retry: once,
    ...more,
  });
  const submit = (more: Partial<DeliveryRequest> = {}) => store.transaction(() => engine.submit(request(more)));
  return { store, clock, engine, letters, submit };
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

  it("tries again when the phases say, then sends the dead letter and tells why", async () => {
    const { clock, engine, letters, submit } = setUp();
    const times: number[] = [];
    engine.register("remote", async () => {
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

  it("gives up at once what no retry can help, and when it would be too old", async () => {
    const { clock, engine, letters, submit } = setUp();
    engine.register("remote", async ({ target }) => {
      throw new DeliveryFailure("X", "no", target === "retry");
    });
    engine.start();
    const phases = [{ count: 9, minMs: 5000, maxMs: 5000, curve: "constant" as const }];
    submit({ retry: { phases }, target: "never" });
    submit({ retry: { phases, maxAgeMs: 11_000 }, target: "retry", deadLetter: { arn: "missing" } });
    submit({ kind: "nobody" });
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
    engine.register("remote", async ({ payload }) => {
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

  it("holds to a rate, and to a number under way at a time", async () => {
    const { clock, engine, submit } = setUp();
    const times: number[] = [];
    let underWay = 0;
    let most = 0;
    engine.register("remote", async ({ target }) => {
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

  it("lets time go on without a target that hangs, and is settled when that has answered", async () => {
    const { clock, engine, submit } = setUp(20);
    const seen: string[] = [];
    let release = (): void => {};
    engine.register("remote", ({ payload }) => {
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

  it("forgets an account, and what is under way for it then", async () => {
    const { store, engine, submit } = setUp();
    let release: (() => void) | undefined;
    engine.register("remote", () => new Promise<void>((resolve) => (release = resolve)));
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

  it("gives up what memory cannot hold", async () => {
    const { engine, submit } = setUp();
    engine.register("remote", () => new Promise(() => {}));
    engine.start();
    const payload = "x".repeat(200 * 1024 * 1024);
    for (let i = 0; i < 3; i++) submit({ payload });
    expect(engine.list({ status: "failed" }).map(({ reason }) => reason)).toEqual([
      "OutboxFull: Too much is waiting to be delivered.",
    ]);
    engine.stop();
  });
});
