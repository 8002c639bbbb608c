/** Work with a time limit, done at once or not. */
import { expect, it } from "vitest";
import { inTime, timedOut } from "../../../src/apis/in-time.ts";
import type { Abortable } from "../../../src/calls/abort.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Store } from "../../../src/engine/store.ts";

const never = new Promise<string>(() => {});

function setUp() {
  const clock = new Clock({ mode: "virtual", startMs: 0, patienceMs: 0 });
  return { clock, store: Store.memory() };
}

it("has the result of work that is done at once without a promise", () => {
  expect(inTime(setUp(), 1000, () => "done")).toBe("done");
});

it("passes on what work throws at once, and limits it no longer", async () => {
  const deps = setUp();
  let limit: Abortable | undefined;
  const failing = (given: Abortable) => {
    limit = given;
    throw new Error("no such function");
  };
  expect(() => inTime(deps, 1000, failing)).toThrow("no such function");
  await deps.clock.advance(2000);
  expect(limit?.signal.aborted).toBe(false);
});

it("aborts work that is done after the limit, and not what is done before", async () => {
  const deps = setUp();
  const signals: AbortSignal[] = [];
  const slow = inTime(deps, 1000, ({ signal }) => {
    signals.push(signal);
    return never;
  });
  const quick = inTime(deps, 1000, ({ signal }) => {
    signals.push(signal);
    return Promise.resolve("done");
  });
  expect(await quick).toBe("done");
  await deps.clock.advance(1000);
  expect(await slow).toBe(timedOut);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
});

it("ends before a limit that the work sets itself for the same time", async () => {
  const deps = setUp();
  const { clock } = deps;
  const result = inTime(deps, 1000, () => {
    return new Promise<string>((resolve) => clock.at(clock.now() + 1000, () => resolve("the function timed out")));
  });
  await clock.advance(1000);
  expect(await result).toBe(timedOut);
});
