import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Cause } from "../../../src/calls/cause.ts";
import { DeliveryEngine } from "../../../src/delivery/engine.ts";
import { DeliveryFailure, type Order, type Receiver, type Shared } from "../../../src/delivery/types.ts";
import { Emulator } from "../../../src/emulator.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";

const account = "000000000000";
const cause = Cause.ofRequest("r", 0, "http://localhost", undefined);
const receivers = (count: number): Receiver[] =>
  Array.from({ length: count }, (_, i) => ({ account, source: `s${i}`, target: `q${i}` }));
const shared = (more: Partial<Order> = {}): Shared<"sqs"> => ({
  region: "us-east-1",
  service: "sns",
  kind: "sqs",
  parameters: {},
  payload: "payload",
  retry: { phases: [] },
  ...more,
});

function setUp(store = Store.memory()) {
  const clock = new Clock({ mode: "virtual", startMs: 1_000_000 });
  const engine = new DeliveryEngine({ store, clock, random: new Random("deliveries") });
  const together: string[] = [];
  const alone: string[] = [];
  const refuse = (target: string) => {
    if (target === "throws") throw new Error("not these");
    return target === "missing" ? new DeliveryFailure("NonExistentQueue", "no such queue", false) : undefined;
  };
  engine.registerLocal("sqs", ({ target }) => {
    const failure = target === "throws" ? undefined : refuse(target);
    if (failure !== undefined) throw failure;
    alone.push(target);
  });
  engine.registerLocalAll("sqs", (_shared, all, ids) => {
    const failures = new Map<number, DeliveryFailure>();
    for (const [place, { target }] of all.entries()) {
      const failure = refuse(target);
      if (failure !== undefined) failures.set(place, failure);
    }
    together.push(...all.map(({ target }) => target));
    expect(new Set(all.map((_receiver, place) => ids.at(place))).size).toBe(all.length);
    return failures;
  });
  engine.start();
  const submit = (all: readonly Receiver[], more?: Partial<Order>) =>
    cause.run(() => store.transaction(() => engine.submitAll(shared(more), all)));
  return { store, clock, engine, together, alone, submit };
}

describe("a fan-out's deliveries", () => {
  it("are made together, each with a record of its own, and those that fail with their dead letters", () => {
    const { engine, together, alone, submit } = setUp();
    const missing = { account, source: "s", target: "missing", deadLetter: { arn: "dlq" } };
    submit([...receivers(2), missing, { account: "111122223333", source: "t", target: "r" }]);
    expect(together).toEqual(["q0", "q1", "missing", "r"]);
    expect(alone).toEqual(["dlq"]);
    const records = engine.list();
    expect(records.map(({ source, target, status, reason }) => [source, target, status, reason])).toEqual(
      expect.arrayContaining([
        ["s0", "q0", "delivered", undefined],
        ["s1", "q1", "delivered", undefined],
        ["t", "r", "delivered", undefined],
        ["s", "missing", "failed", "NonExistentQueue: no such queue"],
      ]),
    );
    expect(records.find(({ target }) => target === "missing")?.deadLetter).toEqual({ arn: "dlq", sent: true });
    expect(engine.counts()).toMatchObject({ delivered: 3, failed: 1, pending: 0 });
    engine.reset("111122223333");
    expect(engine.list({ status: "delivered" }).map(({ target }) => target)).toEqual(["q1", "q0"]);
  });

  it("are made one by one when the target refuses them together, or each end is wanted", () => {
    const { engine, together, alone, submit } = setUp();
    submit([...receivers(1), { account, source: "s", target: "throws" }]);
    submit(receivers(1), { notify: "me" });
    expect(together).toEqual([]);
    expect(alone).toEqual(["q0", "throws", "q0"]);
    expect(engine.counts().delivered).toBe(3);
  });

  it("are remembered up to a bound", () => {
    const { engine, submit } = setUp();
    for (let i = 0; i < 30; i += 1) submit(receivers(400));
    expect(engine.list({ limit: 100_000 }).length).toBeLessThan(1500);
    expect(engine.list({ limit: 100_000 }).length).toBeGreaterThanOrEqual(1000);
    expect(engine.counts().delivered).toBe(12_000);
  });

  it("leave turns to others when they are many, and are none when the transaction is undone", async () => {
    const { store, engine, clock, together, submit } = setUp();
    expect(() =>
      store.transaction(() => {
        submit(receivers(2000));
        throw new Error("undone");
      }),
    ).toThrow("undone");
    submit(receivers(2000));
    expect(together.length).toBe(0);
    expect(engine.counts()).toMatchObject({ delivered: 0, pending: 2000 });
    await engine.settled();
    expect(together.length).toBe(2000);
    expect(engine.counts()).toMatchObject({ delivered: 2000, pending: 0 });
    expect(Object.entries(store.counts()).filter(([, rows]) => rows > 0)).toEqual([]);
    await clock.quiet(clock.endlessFrom());
  });

  it("go with a reset", async () => {
    const { store, engine, together, submit } = setUp();
    submit(receivers(2000));
    store.reset(account);
    engine.reset(account);
    await engine.settled();
    expect(together).toEqual([]);
    expect(engine.counts().pending).toBe(0);
  });
});

it("a large fan-out that was accepted reaches every queue, though the process ends first", async () => {
  const directory = await mkdtemp(join(tmpdir(), "busbar-fan-out-"));
  const queues = 1200;
  const topic = `arn:aws:sns:us-east-1:${account}:t`;
  const call = async (emulator: Emulator, service: string, parameters: Record<string, string>): Promise<string> => {
    const answer = emulator.handle(
      {
        method: "POST",
        path: "/",
        query: "",
        headers: {
          host: "localhost",
          "content-type": "application/x-www-form-urlencoded",
          authorization: `AWS4-HMAC-SHA256 Credential=${account}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
        },
        body: Buffer.from(new URLSearchParams(parameters).toString()),
      },
      "http://localhost",
    );
    const { status, body } = "response" in answer ? await answer.response : answer;
    expect(status).toBe(200);
    return String(body);
  };
  const before = await Emulator.start({ clock: "virtual", dataDir: directory });
  await call(before, "sns", { Action: "CreateTopic", Name: "t" });
  await Promise.all(
    Array.from({ length: queues }, async (_, i) => {
      const Endpoint = `arn:aws:sqs:us-east-1:${account}:q${i}`;
      await call(before, "sqs", { Action: "CreateQueue", QueueName: `q${i}`, Version: "2012-11-05" });
      await call(before, "sns", { Action: "Subscribe", TopicArn: topic, Protocol: "sqs", Endpoint });
    }),
  );
  before.deliveries.stop();
  before.clock.turns.stop();
  await call(before, "sns", { Action: "Publish", TopicArn: topic, Message: "to all" });
  expect(before.deliveries.counts()).toMatchObject({ delivered: 0, pending: queues });
  await before.close();
  const after = await Emulator.start({ clock: "virtual", dataDir: directory });
  await after.deliveries.settled();
  expect(after.deliveries.counts()).toMatchObject({ delivered: queues, pending: 0 });
  for (const i of [0, 499, 500, queues - 1]) {
    const QueueUrl = `http://localhost/${account}/q${i}`;
    const received = await call(after, "sqs", { Action: "ReceiveMessage", QueueUrl, Version: "2012-11-05" });
    expect(received.match(/to all/g)?.length).toBe(1);
  }
  await after.close();
  await rm(directory, { recursive: true });
});
