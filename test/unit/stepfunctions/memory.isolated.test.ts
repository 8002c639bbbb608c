/** Executions store their data outside the heap, and nothing is started while memory is short. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Emulator } from "../../../src/emulator.ts";
import { dayMs } from "../../../src/engine/duration.ts";
import {
  mapChildTable,
  mapInputTable,
  mapItemsTable,
  mapOutcomeTable,
} from "../../../src/services/stepfunctions/map-runs/map-run-tables.ts";
import {
  executionTable,
  executionTextTable,
  frameTable,
  inputTable,
} from "../../../src/services/stepfunctions/tables.ts";

const heap = vi.hoisted(() => ({ share: 0 }));
vi.mock("node:v8", async (original) => ({
  ...(await original<typeof import("node:v8")>()),
  getHeapStatistics: () => ({ used_heap_size: heap.share * 1e9, heap_size_limit: 1e9 }),
}));

const place = { account: "000000000000", region: "us-east-1" };
const roleArn = "arn:aws:iam::000000000000:role/r";
const long = "x".repeat(10_000);

let emulator: Emulator;
const told: boolean[] = [];
beforeEach(async () => {
  heap.share = 0;
  emulator = await Emulator.start({
    clock: "virtual",
    maxMemory: Number.MAX_SAFE_INTEGER,
    onMemory: (isShort) => told.push(isShort),
  });
});
afterEach(() => emulator.close());

const call = (operation: string, input: object) =>
  emulator.call("stepfunctions", operation, input, place) as Promise<Record<string, unknown>>;

async function started(states: object, input: unknown): Promise<string> {
  const definition = JSON.stringify({ StartAt: "A", States: states });
  const { stateMachineArn } = await call("CreateStateMachine", { name: "m", definition, roleArn });
  const { executionArn } = await call("StartExecution", { stateMachineArn, input: JSON.stringify(input) });
  return executionArn as string;
}

const map = (executionType: string) => ({
  Type: "Map",
  ItemProcessor: {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: executionType },
    StartAt: "P",
    States: { P: { Type: "Pass", End: true } },
  },
  ResultPath: null,
  End: true,
});

/** The rows that are in the heap, and the number of packed ones. */
function kept() {
  const { store } = emulator;
  const rows: object[] = [
    ...store.table(executionTable).values(),
    ...store.table(frameTable).values(),
    ...store.table(inputTable).values(),
    ...store.table(mapChildTable).values(),
  ];
  const packed =
    store.packedTable(executionTextTable).size +
    store.packedTable(mapItemsTable).size +
    store.packedTable(mapInputTable).size +
    store.packedTable(mapOutcomeTable).size;
  return { rows, packed };
}

it("long inputs and outputs of executions, frames and children are packed, and deleted with them", async () => {
  const waits = { Type: "Wait", Seconds: 100, Next: "M" };
  const items = Array.from({ length: 20 }, (_, index) => `${index} ${long}`);
  const execution = await started({ A: waits, M: map("STANDARD") }, items);
  expect(JSON.stringify(kept().rows)).not.toContain(long);
  await emulator.clock.advance(50_000);
  expect(kept().packed).toBeGreaterThan(0);
  await emulator.clock.advance(60_000);
  const { status, input, output } = await call("DescribeExecution", { executionArn: execution });
  expect([status, input, output]).toEqual(["SUCCEEDED", JSON.stringify(items), JSON.stringify(items)]);
  expect(JSON.stringify(kept().rows)).not.toContain(long);
  expect(kept().packed).toBeGreaterThan(60);
  await emulator.clock.advance(91 * dayMs);
  expect(kept()).toEqual({ rows: [], packed: 0 });
});

it.each(["STANDARD", "EXPRESS"])(
  "a map run of %s children waits while memory is short, and continues",
  async (type) => {
    const executionArn = await started({ A: { Type: "Wait", Seconds: 1, Next: "M" }, M: map(type) }, [1, 2, 3]);
    heap.share = 0.99;
    await vi.waitFor(
      () => expect(call("StartExecution", { stateMachineArn: "any" })).rejects.toThrow("Rate exceeded"),
      {
        timeout: 30_000,
      },
    );
    await emulator.clock.advance(5000);
    expect(await call("DescribeExecution", { executionArn })).toMatchObject({ status: "RUNNING" });
    expect([...emulator.store.table(mapChildTable).values()].filter(({ status }) => status !== "PENDING")).toEqual([]);
    heap.share = 0.1;
    await vi.waitFor(async () => {
      await emulator.clock.advance(1);
      expect(await call("DescribeExecution", { executionArn })).toMatchObject({ status: "SUCCEEDED" });
    });
    expect(told.slice(-2)).toEqual([true, false]);
  },
);
