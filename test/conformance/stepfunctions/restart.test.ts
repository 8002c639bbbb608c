/** What is running when the emulator stops continues when it is started again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateActivityCommand,
  DescribeStateMachineCommand,
  GetActivityTaskCommand,
  SendTaskSuccessCommand,
  StartSyncExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterEach, beforeEach, expect, it } from "vitest";
import { inShort, type States, startStates } from "../../support/states.ts";

let directory: string;
let states: States;

const open = async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", dataDir: directory });
  states.bus.registerFunction("echo", (event) => event);
};
const restart = async () => {
  await states.close();
  await open();
};
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-restart-"));
  await open();
});
afterEach(async () => {
  await states.close();
  await rm(directory, { recursive: true });
});

it("a Wait, with the variables and inputs around it", async () => {
  const definition = {
    StartAt: "A",
    States: {
      A: { Type: "Pass", Assign: { kept: { __proto__x: [1] } }, Next: "P" },
      P: {
        Type: "Parallel",
        Branches: [
          {
            StartAt: "W",
            States: {
              W: { Type: "Wait", Seconds: 60, Next: "V" },
              V: { Type: "Pass", Parameters: { "kept.$": "$kept", "input.$": "$" }, End: true },
            },
          },
          { StartAt: "X", States: { X: { Type: "Wait", Seconds: 120, End: true } } },
        ],
        End: true,
      },
    },
  };
  const execution = await states.start(await states.create(definition), { a: 1 });
  await restart();
  await states.bus.clock.advance("1m");
  await restart();
  await states.bus.clock.advance("1m");
  const { status, output } = await states.describe(execution);
  expect([status, JSON.parse(output as string)]).toEqual([
    "SUCCEEDED",
    [{ kept: { __proto__x: [1] }, input: { a: 1 } }, { a: 1 }],
  ]);
  const events = await states.history(execution);
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
});

it("an activity's task, before and after a worker has taken it", async () => {
  const { activityArn } = await states.client.send(new CreateActivityCommand({ name: "a" }));
  const task = { StartAt: "T", States: { T: { Type: "Task", Resource: activityArn, End: true } } };
  const execution = await states.start(await states.create(task), 1);
  await restart();
  const { taskToken } = await states.client.send(new GetActivityTaskCommand({ activityArn }));
  await restart();
  await states.client.send(new SendTaskSuccessCommand({ taskToken, output: "2" }));
  expect((await states.describe(execution)).output).toBe("2");
  expect(inShort(await states.history(execution))).toEqual([
    "1<0 ExecutionStarted",
    "2<0 TaskStateEntered",
    "3<2 ActivityScheduled",
    "4<3 ActivityStarted",
    "5<4 ActivitySucceeded",
    "6<5 TaskStateExited",
    "7<6 ExecutionSucceeded",
  ]);
});

it.each(["STANDARD", "EXPRESS"])("a map run of %s executions", async (type) => {
  const definition = {
    StartAt: "M",
    States: {
      M: {
        Type: "Map",
        MaxConcurrency: 3,
        ItemProcessor: {
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: type },
          StartAt: "W",
          States: {
            W: { Type: "Wait", Seconds: 60, Next: "T" },
            T: { Type: "Task", Resource: "arn:aws:lambda:us-east-1:000000000000:function:echo", End: true },
          },
        },
        End: true,
      },
    },
  };
  const execution = await states.start(await states.create(definition), [1, 2, 3, 4, 5]);
  await states.bus.clock.advance("30s");
  await restart();
  await states.bus.clock.advance("61s");
  await restart();
  await states.bus.clock.advance("5m");
  const { status, output, cause } = await states.describe(execution);
  expect([status, output, cause]).toEqual(["SUCCEEDED", "[1,2,3,4,5]", undefined]);
});

it("machines, while express executions end with the process", async () => {
  const wait = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 60, End: true } } };
  const machine = await states.create(wait, { type: "EXPRESS" });
  const answer = states.client.send(new StartSyncExecutionCommand({ stateMachineArn: machine }));
  await states.client.send(new DescribeStateMachineCommand({ stateMachineArn: machine }));
  const ended = answer.then(
    ({ status }) => status,
    (error: Error) => error.name,
  );
  await restart();
  expect(["FAILED", "TimeoutError", "Error"]).toContain(await ended);
  const described = await states.client.send(new DescribeStateMachineCommand({ stateMachineArn: machine }));
  expect(described.type).toBe("EXPRESS");
});

const waiting = process.env["BUSBAR_TEST_FULL"] === "1" ? 10_000 : 2_000;

it("thousands of waiting executions", async () => {
  const wait = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 3600, End: true } } };
  const machine = await states.create({
    StartAt: "M",
    States: {
      M: {
        Type: "Map",
        ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...wait },
        ResultPath: null,
        End: true,
      },
    },
  });
  const execution = await states.start(
    machine,
    Array.from({ length: waiting }, (_, index) => index),
  );
  await states.bus.clock.advance("59m");
  await restart();
  await states.bus.clock.advance("2m");
  expect((await states.describe(execution)).status).toBe("SUCCEEDED");
});

it("the year that executions may be open, however many there are", async () => {
  const wait = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 99_999_999, End: true } } };
  const machine = await states.create(wait);
  const executions = await Promise.all(Array.from({ length: 120 }, () => states.start(machine)));
  await states.bus.clock.advance("364d");
  await restart();
  const statuses = async () =>
    new Set(await Promise.all(executions.map(async (one) => (await states.describe(one)).status)));
  expect(await statuses()).toEqual(new Set(["RUNNING"]));
  await states.bus.clock.advance("1d");
  expect(await statuses()).toEqual(new Set(["TIMED_OUT"]));
});
