import { RedriveExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inShort, type States, startStates } from "../../support/states.ts";

let states: States;
let failing = true;
beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "time" });
  states.bus.registerFunction("flaky", () => {
    if (failing) throw Object.assign(new Error("no"), { name: "Flaky" });
    return "fine";
  });
});
afterAll(() => states.close());

const flaky = "arn:aws:lambda:us-east-1:000000000000:function:flaky";

describe("time in an execution", () => {
  it("passes by months: a wait, retries six hours apart, and the machine's timeout", async () => {
    const definition = {
      TimeoutSeconds: 60 * 86_400,
      StartAt: "Wait",
      States: {
        Wait: { Type: "Wait", Seconds: 30 * 86_400, Next: "Try" },
        Try: {
          Type: "Task",
          Resource: flaky,
          Retry: [{ ErrorEquals: ["Flaky"], IntervalSeconds: 21_600, BackoffRate: 1, MaxAttempts: 1000 }],
          End: true,
        },
      },
    };
    const execution = await states.start(await states.create(definition));
    await states.bus.clock.advance("30d");
    expect((await states.history(execution)).filter(({ type }) => type === "LambdaFunctionFailed")).toHaveLength(1);
    await states.bus.clock.advance("29d");
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("1d");
    const described = await states.describe(execution);
    expect(described.status).toBe("TIMED_OUT");
    expect(described.error).toBeUndefined();
    expect(described.stopDate).toEqual(new Date("2030-03-02T00:00:00Z"));
    const events = await states.history(execution);
    const failures = events.filter(({ type }) => type === "LambdaFunctionFailed").length;
    expect([120, 121]).toContain(failures);
    expect(events.at(-1)).toMatchObject({ type: "ExecutionTimedOut", previousEventId: 0 });
  });

  it("ends executions that have been open for a year, and not before", async () => {
    const wait = (days: number) => ({
      StartAt: "W",
      States: { W: { Type: "Wait", Seconds: days * 86_400, End: true } },
    });
    const long = await states.create({ ...wait(366), TimeoutSeconds: 99_999_999 });
    const first = await states.start(long);
    const started = states.bus.clock.now();
    await states.bus.clock.advance("10d");
    const [second, fits] = [await states.start(long), await states.start(await states.create(wait(364)))];
    await states.bus.clock.advance("355d");
    const described = await states.describe(first);
    expect(described).toMatchObject({
      status: "TIMED_OUT",
      stopDate: new Date(started + 365 * 86_400_000),
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: "Execution has exceeded the max execution time",
    });
    expect(described.error).toBeUndefined();
    const events = await states.history(first);
    expect(inShort(events)).toEqual(["1<0 ExecutionStarted", "2<0 WaitStateEntered", "3<0 ExecutionTimedOut"]);
    expect(events[2]?.executionTimedOutEventDetails).toEqual({ error: "States.Timeout" });
    expect((await states.describe(second)).status).toBe("RUNNING");
    await states.bus.clock.advance("10d");
    expect((await states.describe(fits)).status).toBe("SUCCEEDED");
    expect((await states.describe(second)).status).toBe("TIMED_OUT");
  });

  it("passes for a task whose function never responds", async () => {
    let answer = (_value: string): void => {};
    states.bus.registerFunction("hangs", () => new Promise((resolve) => (answer = resolve)));
    const definition = {
      StartAt: "T",
      States: {
        T: {
          Type: "Task",
          Resource: flaky.replace("flaky", "hangs"),
          TimeoutSeconds: 60,
          Catch: [{ ErrorEquals: ["States.Timeout"], Next: "C" }],
          End: true,
        },
        C: { Type: "Pass", Result: "timed out", End: true },
      },
    };
    const execution = await states.start(await states.create(definition));
    await states.bus.clock.advance("59s");
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("1s");
    answer("too late");
    await states.bus.clock.advance(0);
    expect(await states.describe(execution)).toMatchObject({ status: "SUCCEEDED", output: '"timed out"' });
    expect(inShort(await states.history(execution)).slice(2, 6)).toEqual([
      "3<2 LambdaFunctionScheduled",
      "4<3 LambdaFunctionStarted",
      "5<4 LambdaFunctionTimedOut",
      "6<5 TaskStateExited",
    ]);
  });

  it("counts the year of a redriven execution from its start", async () => {
    const machine = await states.create({
      StartAt: "T",
      States: { T: { Type: "Task", Resource: flaky, Next: "W" }, W: { Type: "Wait", Seconds: 40_000_000, End: true } },
    });
    const execution = await states.start(machine);
    await states.bus.clock.advance("10d");
    failing = false;
    await states.client.send(new RedriveExecutionCommand({ executionArn: execution }));
    await states.bus.clock.advance("354d");
    failing = true;
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("1d");
    expect((await states.describe(execution)).status).toBe("TIMED_OUT");
  });

  it("allows a redrive within fourteen days, but not later", async () => {
    const definition = { StartAt: "T", States: { T: { Type: "Task", Resource: flaky, End: true } } };
    const machine = await states.create(definition);
    const redrive = (executionArn: string, clientToken?: string) =>
      states.client.send(new RedriveExecutionCommand({ executionArn, clientToken }));
    const first = await states.start(machine);
    await states.bus.clock.advance(0);
    expect(await states.describe(first)).toMatchObject({ status: "FAILED", redriveStatus: "REDRIVABLE" });
    await states.bus.clock.advance("13d");
    failing = false;
    const { redriveDate } = await redrive(first, "token");
    expect((await redrive(first, "token")).redriveDate).toEqual(redriveDate);
    await states.bus.clock.advance(0);
    failing = true;
    expect(await states.describe(first)).toMatchObject({
      status: "SUCCEEDED",
      output: '"fine"',
      redriveCount: 1,
      redriveDate,
    });
    expect(inShort(await states.history(first)).slice(5)).toEqual(
      [
        "6<5 ExecutionFailed",
        "7<6 ExecutionRedriven",
        "8<7 LambdaFunctionScheduled",
        "9<8 LambdaFunctionStarted",
        "10<9 LambdaFunctionSucceeded",
        "11<10 TaskStateExited",
        "12<11 ExecutionSucceeded",
      ].slice(0),
    );
    await expect(redrive(first)).rejects.toMatchObject({ name: "ExecutionNotRedrivable" });
    const second = await states.start(machine);
    await states.bus.clock.advance("15d");
    await expect(redrive(second)).rejects.toMatchObject({
      name: "ExecutionNotRedrivable",
      message: "Execution redrivable period exceeded",
    });
  });

  it("ends with the last event that a history can have", async () => {
    const loop = {
      StartAt: "P",
      States: {
        P: { Type: "Pass", Next: "C" },
        C: { Type: "Choice", Choices: [{ Variable: "$.never", IsPresent: true, Next: "S" }], Default: "P" },
        S: { Type: "Succeed" },
      },
    };
    const execution = await states.start(await states.create(loop));
    await states.bus.clock.advance(0);
    expect(await states.describe(execution)).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      cause: "The execution reached the maximum number of history events (25000).",
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: "Execution history event limit exceeded",
    });
    const events = await states.history(execution);
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 25_000 }, (_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: "ExecutionFailed", previousEventId: 24_999 });
  });
});
