/** Work on all children of a map run is done in turns, however many there are. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { Emulator } from "../../../src/emulator.ts";
import { dayMs } from "../../../src/engine/duration.ts";
import {
  mapChildTable,
  mapInputTable,
  mapOutcomeTable,
  mapRunTable,
} from "../../../src/services/stepfunctions/map-runs/map-run-tables.ts";
import { turnsDuring } from "../../support/turns.ts";

const place = { account: "000000000000", region: "us-east-1" };
const children = 2000;
/** A thousand children with three rows each, and the rows of their run. */
const mostChanges = 3100;

let emulator: Emulator;
beforeEach(async () => {
  emulator = await Emulator.start({ clock: "virtual" });
});
afterEach(() => emulator.close());

const call = (operation: string, input: object) =>
  emulator.call("stepfunctions", operation, input, place) as Promise<Record<string, unknown>>;

/** The rows changed by the largest transaction until the work is done. */
async function largestDuring(work: () => Promise<unknown>): Promise<number> {
  let largest = 0;
  const stop = emulator.store.watch((changes) => {
    largest = Math.max(largest, changes.length);
  });
  await work();
  stop();
  return largest;
}

it("children are redriven and deleted in turns", async () => {
  const { store, clock } = emulator;
  const definition = JSON.stringify({
    StartAt: "M",
    States: {
      M: {
        Type: "Map",
        ItemProcessor: {
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
          StartAt: "W",
          States: { W: { Type: "Wait", Seconds: 1, Next: "F" }, F: { Type: "Fail" } },
        },
        End: true,
      },
    },
  });
  const roleArn = "arn:aws:iam::000000000000:role/r";
  const { stateMachineArn } = await call("CreateStateMachine", { name: "m", definition, roleArn });
  const input = JSON.stringify(Array.from({ length: children }, (_, n) => n));
  const { executionArn } = await call("StartExecution", { stateMachineArn, input });
  await clock.advance(5000);
  expect(await call("DescribeExecution", { executionArn })).toMatchObject({ status: "FAILED" });

  const redrivenAtMs = clock.now();
  const whole = async () => {
    await call("RedriveExecution", { executionArn });
    await clock.advance(5000);
  };
  expect(await largestDuring(whole)).toBeLessThan(500);
  expect([...store.table(mapRunTable).values()]).toMatchObject([
    { status: "FAILED", redriveCount: 1, redriveFrom: undefined, redrivenMs: redrivenAtMs },
  ]);
  const outcomes = store.packedTable(mapOutcomeTable);
  const began = [...store.table(mapChildTable).values()].map(({ outcome }) => outcomes.get(outcome ?? -1)?.startedMs);
  expect(began).toHaveLength(children);
  expect(began.filter((ms) => ms !== redrivenAtMs)).toEqual([]);

  expect(await largestDuring(() => clock.advance(91 * dayMs))).toBeLessThan(mostChanges);
  const left = [store.table(mapChildTable), store.packedTable(mapInputTable), outcomes].map(({ size }) => size);
  expect(left).toEqual([0, 0, 0]);
});

it("failed children are looked up in turns when their run is described", async () => {
  const { store } = emulator;
  const account = place.account;
  const arn = "arn:aws:states:us-east-1:000000000000:mapRun:m/L:5f4a3f8e-1c6b-4a5e-9a53-0d2b8c7d1e9f";
  const items = 2;
  const many = 40_000;
  store.transaction(() => {
    store.table(mapRunTable).put({
      arn,
      account,
      execution: arn.replace("mapRun", "execution"),
      mapRunId: "M",
      machine: arn.replace("mapRun", "stateMachine"),
      stateName: "M",
      executionType: "STANDARD",
      status: "FAILED",
      isStopping: false,
      startedMs: 0,
      stoppedMs: 0,
      maxConcurrency: 0,
      toleratedFailureCount: 0,
      toleratedFailurePercentage: 0,
      redriveCount: 0,
      redrivenMs: undefined,
      totalItems: items * many,
      failedItems: items * many,
      resultsWritten: 0,
      request: undefined,
      items: undefined,
      resultWriter: undefined,
      serial: store.nextSerial(),
    });
    for (let index = 0; index < many; index += 1) {
      const serial = store.nextSerial();
      const child = { serial, mapRun: arn, account, index, itemCount: items, startedMs: undefined, outcome: undefined };
      store.table(mapChildTable).put({ ...child, status: "FAILED" });
      store
        .packedTable(mapInputTable)
        .put({ serial, account, name: `${index}`, execution: `${arn}:${index}`, input: "1" });
    }
  });
  let described: unknown;
  const { count } = await turnsDuring(
    call("DescribeMapRun", { mapRunArn: arn }).then((answer) => {
      described = answer;
    }),
  );
  expect(described).toMatchObject({
    itemCounts: { failed: items * many, succeeded: 0, total: items * many, failuresNotRedrivable: 0 },
    executionCounts: { failed: many, succeeded: 0, total: many, failuresNotRedrivable: 0 },
  });
  expect(count).toBeGreaterThan(3);
});
