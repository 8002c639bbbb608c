/** Executions work in turns, however large their data. */
import { SFN, type StateMachineType } from "@aws-sdk/client-sfn";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";
import { turnsDuring } from "../../support/turns.ts";

const isFull = process.env["BUSBAR_TEST_FULL"] === "1";
/** Milliseconds of processor time that a turn may take. */
const longestTurnMs = 200;

let bus: Busbar;
let sfn: SFN;
beforeEach(async () => {
  bus = await createBusbar({ port: false });
  sfn = new SFN({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterEach(async () => {
  sfn.destroy();
  await bus.close();
});

async function machine(definition: object, type: StateMachineType = "STANDARD"): Promise<string> {
  const { stateMachineArn } = await sfn.createStateMachine({
    name: "m",
    type,
    roleArn: "arn:aws:iam::000000000000:role/any",
    definition: JSON.stringify(definition),
  });
  return stateMachineArn as string;
}

it("an endless loop with a payload of maximum size does not block others", async () => {
  const stateMachineArn = await machine({
    StartAt: "A",
    States: {
      A: { Type: "Pass", Next: "B" },
      B: { Type: "Choice", Choices: [{ Variable: "$.text", StringEquals: "", Next: "C" }], Default: "A" },
      C: { Type: "Succeed" },
    },
  });
  const input = JSON.stringify({ text: "x".repeat(250_000) });
  const { executionArn } = await sfn.startExecution({ stateMachineArn, input });
  const { longestMs, count } = await turnsDuring(new Promise((resolve) => setTimeout(resolve, 1500)));
  // A turn once took as long as 500 states: seconds.
  expect(longestMs).toBeLessThan(longestTurnMs);
  expect(count).toBeGreaterThan(5);
  const { events = [] } = await sfn.getExecutionHistory({ executionArn, maxResults: 1, reverseOrder: true });
  expect(events[0]?.id).toBeGreaterThan(20);
});

/** Calls of another client that were answered before the work was done. */
async function answeredDuring(work: Promise<unknown>): Promise<number> {
  let over = false;
  const end = () => {
    over = true;
  };
  work.then(end, end);
  let answered = 0;
  while (!over) {
    await sfn.listActivities({});
    if (!over) answered += 1;
  }
  return answered;
}

/** As many as fit into an input. */
const inlineItems = isFull ? 90_000 : 20_000;

it("an inline Map handles its items in many turns, between which others are answered", async () => {
  const ItemProcessor = { StartAt: "P", States: { P: { Type: "Pass", End: true } } };
  const ResultSelector = { "count.$": "States.ArrayLength($)" };
  const stateMachineArn = await machine(
    { StartAt: "M", States: { M: { Type: "Map", ItemProcessor, ResultSelector, End: true } } },
    "EXPRESS",
  );
  const work = sfn.startSyncExecution({ stateMachineArn, input: JSON.stringify(new Array(inlineItems).fill(0)) });
  const [{ longestMs }, answered] = await Promise.all([turnsDuring(work), answeredDuring(work)]);
  expect((await work).output).toBe(`{"count":${inlineItems}}`);
  expect(longestMs).toBeLessThan(longestTurnMs);
  // If all items were handled in one turn, no call would be answered in between.
  expect(answered).toBeGreaterThan(10);
});

const distributedItems = isFull ? 130_000 : 3_000;

it("a distributed Map over the items of its input takes many turns too", async () => {
  const ItemProcessor = {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
    StartAt: "P",
    States: { P: { Type: "Pass", End: true } },
  };
  const ResultSelector = { "count.$": "States.ArrayLength($)" };
  const stateMachineArn = await machine({
    StartAt: "M",
    States: { M: { Type: "Map", ItemProcessor, ResultSelector, End: true } },
  });
  const { executionArn } = await sfn.startExecution({
    stateMachineArn,
    input: JSON.stringify(new Array(distributedItems).fill(0)),
  });
  const ended = async () => {
    for (;;) {
      const { status, output } = await sfn.describeExecution({ executionArn });
      if (status !== "RUNNING") return output;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const work = ended();
  const [{ longestMs }, answered] = await Promise.all([turnsDuring(work), answeredDuring(work)]);
  expect(await work).toBe(`{"count":${distributedItems}}`);
  expect(longestMs).toBeLessThan(longestTurnMs);
  expect(answered).toBeGreaterThan(10);
}, 300_000);
