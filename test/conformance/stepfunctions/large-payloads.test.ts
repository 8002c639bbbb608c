/** Histories with long payloads: complete after a restart, and in pages of limited size. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetExecutionHistoryCommand } from "@aws-sdk/client-sfn";
import { afterEach, expect, it } from "vitest";
import { type States, startStates } from "../../support/states.ts";

let states: States;
let directory: string | undefined;
afterEach(async () => {
  await states.close();
  if (directory !== undefined) await rm(directory, { recursive: true });
  directory = undefined;
});

const long = 'é"\\'.repeat(2000);
const definition = {
  StartAt: "A",
  States: {
    A: { Type: "Pass", Assign: { "kept.$": "$.long", short: 1 }, Next: "T" },
    T: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Parameters: { FunctionName: "fail", Payload: { "long.$": "$.long" } },
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.caught", Next: "F" }],
      End: true,
    },
    F: { Type: "Fail", Error: "E", CausePath: "$.caught.Cause" },
  },
};

it.each(["memory", "disk"])("long payloads of every kind, in %s", async (backing) => {
  if (backing === "disk") directory = await mkdtemp(join(tmpdir(), "busbar-large-"));
  const open = async () => {
    states = await startStates({ clock: "virtual", ...(directory === undefined ? {} : { dataDir: directory }) });
    states.bus.registerFunction("fail", (event) => {
      throw new Error((event as { long: string }).long);
    });
  };
  await open();
  const execution = await states.start(await states.create(definition), { long });
  await states.bus.clock.advance(0);
  if (backing === "disk") {
    await states.close();
    await open();
  }
  const events = await states.history(execution);
  const of = (type: string) => events.find((event) => event.type === type);
  expect(JSON.parse(of("ExecutionStarted")?.executionStartedEventDetails?.input as string)).toEqual({ long });
  const { assignedVariables } = of("PassStateExited")?.stateExitedEventDetails ?? {};
  expect(assignedVariables).toEqual({ kept: JSON.stringify(long), short: "1" });
  const { parameters } = of("TaskScheduled")?.taskScheduledEventDetails ?? {};
  expect(JSON.parse(parameters as string).Payload).toEqual({ long });
  const { cause } = of("ExecutionFailed")?.executionFailedEventDetails ?? {};
  expect(JSON.parse(cause as string).errorMessage).toBe(long);
  expect(await states.history(execution)).toEqual(events);
});

it("a page ends before its payloads exceed a response", async () => {
  states = await startStates({ clock: "virtual" });
  const loop = {
    StartAt: "A",
    States: {
      A: { Type: "Pass", Next: "B" },
      B: { Type: "Choice", Choices: [{ Variable: "$.end", IsPresent: true, Next: "C" }], Default: "W" },
      W: { Type: "Wait", Seconds: 10, Next: "A" },
      C: { Type: "Succeed" },
    },
  };
  const execution = await states.start(await states.create(loop), { long: "x".repeat(250_000) });
  for (let round = 0; round < 30; round++) await states.bus.clock.advance("10s");
  const command = { executionArn: execution, maxResults: 1000 };
  const { events, nextToken } = await states.client.send(new GetExecutionHistoryCommand(command));
  expect(events?.length).toBe(67);
  expect(nextToken).toBeDefined();
  const ids = (await states.history(execution)).map(({ id }) => id);
  expect(ids).toEqual(Array.from(ids, (_, at) => at + 1));
  const bare = await states.client.send(new GetExecutionHistoryCommand({ ...command, includeExecutionData: false }));
  expect([bare.events?.length, bare.nextToken]).toEqual([ids.length, undefined]);
});
