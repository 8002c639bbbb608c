import { describe, expect, it } from "vitest";
import { AwsError } from "../../../protocols/error.ts";
import { Cause, currentCause } from "../../../src/calls/cause.ts";
import { Invocation } from "../../../src/calls/invocation.ts";
import { Notes } from "../../../src/calls/notes.ts";
import { DeliveryEngine } from "../../../src/delivery/engine.ts";
import { DeliveryFailure } from "../../../src/delivery/types.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";

const place = { account: "000000000000", region: "us-east-1" };
const pipe = "arn:aws:pipes:us-east-1:000000000000:pipe/p";
const cause = Cause.beginning("pipe", pipe, 0);
const caller = Invocation.ofService("pipes", pipe, place, cause);
const batch = {
  ...place,
  service: "pipes",
  source: pipe,
  target: "s",
  retry: { phases: [] },
  kind: "kinesis",
} as const;
const entriesOf = (...payloads: string[]) =>
  payloads.map((payload) => ({ payload, parameters: { partitionKey: "k" } }));

function setUp({ together }: { together: boolean }) {
  const notes = new Notes();
  const clock = new Clock({ mode: "virtual", startMs: 1_000_000 });
  const engine = new DeliveryEngine({ store: Store.memory(), clock, random: new Random("batches"), notes });
  const calls: string[][] = [];
  const answer = (payload: string): string => {
    if (payload === "bad") throw AwsError.unmodeled({ name: "InvalidArgumentException", status: 400, message: "no" });
    expect(currentCause()).toBe(cause);
    return payload.toUpperCase();
  };
  engine.registerLocal("kinesis", ({ payload, id }) => {
    calls.push([payload]);
    if (payload === "noted") notes.add(id, "AWS would refuse it");
    return answer(payload);
  });
  if (together) {
    engine.registerLocalBatch("kinesis", ({ target }, entries, ids) => {
      if (target === "gone") throw new DeliveryFailure("ResourceNotFoundException", "no such stream", false);
      calls.push(entries.map(({ payload }) => payload));
      return entries.map(({ payload }, at) => {
        try {
          if (payload === "noted") notes.addOfMany(ids, at, "AWS would refuse it");
          return { status: "fulfilled", value: answer(payload) };
        } catch (reason) {
          return { status: "rejected", reason };
        }
      });
    });
  }
  engine.start();
  return { engine, calls };
}

describe.each([true, false])("a batch of deliveries whose target takes batches: %s", (together) => {
  it("is attempted at once, and each delivery has an answer or a failure", async () => {
    const { engine, calls } = setUp({ together });
    const results = await engine.attemptBatch(batch, entriesOf("a", "bad", "b"), caller);
    const failure = expect.objectContaining({ name: "DeliveryFailure", code: "InvalidArgumentException" });
    expect(results).toEqual([
      { status: "fulfilled", value: "A" },
      { status: "rejected", reason: failure },
      { status: "fulfilled", value: "B" },
    ]);
    expect(calls).toEqual(together ? [["a", "bad", "b"]] : [["a"], ["bad"], ["b"]]);
  });

  it("shows what policies object to", async () => {
    const { engine } = setUp({ together });
    await engine.attemptBatch(batch, entriesOf("noted"), caller);
    expect(engine.list()).toEqual([
      expect.objectContaining({ status: "delivered", target: "s", policy: "AWS would refuse it" }),
    ]);
  });
});

describe("a batch whose target refuses all of it", () => {
  it("fails for each delivery alike", async () => {
    const { engine } = setUp({ together: true });
    const results = await engine.attemptBatch({ ...batch, target: "gone" }, entriesOf("a", "b"), caller);
    expect(results.map((result) => result.status === "rejected" && result.reason.code)).toEqual([
      "ResourceNotFoundException",
      "ResourceNotFoundException",
    ]);
  });
});
