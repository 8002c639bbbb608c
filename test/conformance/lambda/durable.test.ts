/** Durable functions: executions that are invoked again and again, and the calls that make and show them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, LambdaEnvironment } from "../../support/lambda.ts";
import { refused } from "../../support/refusal.ts";

/** Does what the event's list says, one checkpoint after the other, and answers what the last operation holds. */
const code = `
const headers = {
  "content-type": "application/json",
  authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260301/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
};
export const handler = async (event) => {
  const { DurableExecutionArn, InitialExecutionState: { Operations } } = event;
  let token = event.CheckpointToken;
  const input = JSON.parse(Operations[0].ExecutionDetails.InputPayload);
  const known = new Map(Operations.map((one) => [one.Id, one]));
  const checkpoint = async (...Updates) => {
    const path = "/2025-12-01/durable-executions/" + encodeURIComponent(DurableExecutionArn) + "/checkpoint";
    const answer = await fetch(process.env.AWS_ENDPOINT_URL + path, {
      method: "POST", headers, body: JSON.stringify({ CheckpointToken: token, Updates }),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.message);
    token = body.CheckpointToken;
    for (const one of body.NewExecutionState.Operations) known.set(one.Id, one);
  };
  const results = [];
  for (const update of input.updates ?? []) {
    const before = known.get(update.Id);
    if (before?.Status === "READY") {
      await checkpoint({ ...update, Action: "START" }, { ...update, Action: "SUCCEED", Payload: "tried again" });
    } else if (before === undefined) await checkpoint(update);
    const now = known.get(update.Id);
    if (now === undefined) return { Status: "SUCCEEDED", Result: "" };
    if (["STARTED", "PENDING"].includes(now.Status)) return { Status: "PENDING" };
    const { Result, Error: failed } = now.StepDetails ?? now.CallbackDetails ?? now.ChainedInvokeDetails ?? {};
    results.push([now.Status, Result ?? failed?.ErrorMessage]);
  }
  if (input.crash === true) process.exit(3);
  if (input.fail !== undefined) return { Status: "FAILED", Error: { ErrorType: "Bad", ErrorMessage: input.fail } };
  if (input.answer !== undefined) return input.answer;
  return { Status: "SUCCEEDED", Result: JSON.stringify([results, event.UpdatedOperationIds]) };
};`;

describe("durable functions", () => {
  let env: LambdaEnvironment;
  let name: string;
  beforeAll(async () => {
    env = await LambdaEnvironment.start();
    name = (await env.create(code, { Timeout: 20, DurableConfig: { ExecutionTimeout: 900 } })).FunctionName;
  });
  afterAll(() => env.stop());

  const start = async (event: object, DurableExecutionName?: string) => {
    const { DurableExecutionArn, StatusCode } = await env.lambda.invoke({
      FunctionName: name,
      Qualifier: "$LATEST",
      InvocationType: "Event",
      Payload: JSON.stringify(event),
      DurableExecutionName,
    });
    expect(StatusCode).toBe(202);
    return DurableExecutionArn as string;
  };
  const run = (event: object) => env.invoke(`${name}:$LATEST`, event);
  /** Lets time pass until the execution has ended. */
  const outcome = async (arn: string) => {
    for (let turn = 0; turn < 20; turn++) {
      const execution = await env.lambda.getDurableExecution({ DurableExecutionArn: arn });
      if (execution.Status !== "RUNNING") return execution;
      await env.bus.clock.advance("1m");
    }
    throw new Error("It does not end.");
  };
  const events = async (arn: string) => {
    const { Events = [] } = await env.lambda.getDurableExecutionHistory({ DurableExecutionArn: arn });
    return Events;
  };
  const step = (Id: string, Payload = "1") => ({ Id, Name: Id, Type: "STEP", Action: "SUCCEED", Payload });

  it("are shown by their configuration, from their creation on", async () => {
    const { DurableConfig } = await env.lambda.getFunctionConfiguration({ FunctionName: name });
    expect(DurableConfig).toEqual({ ExecutionTimeout: 900, RetentionPeriodInDays: 14 });
    const plain = await env.create("export const handler = async () => 1;");
    const update = { FunctionName: plain.FunctionName, DurableConfig: { ExecutionTimeout: 5 } };
    expect((await refused(env.lambda.updateFunctionConfiguration(update))).name).toBe("InvalidParameterValueException");
    const tooLong = env.create(code, { DurableConfig: { ExecutionTimeout: 31_622_401 } });
    expect((await refused(tooLong)).message).toMatch(/'durableConfig\.executionTimeout' failed to satisfy constraint/);
  });

  it("are only invoked by a version or an alias, and waited for if they take at most a quarter of an hour", async () => {
    expect((await refused(env.invoke(name))).message).toBe(
      "You cannot invoke a durable function using an unqualified ARN.",
    );
    const long = await env.create(code, { DurableConfig: { ExecutionTimeout: 901 } });
    expect((await refused(env.invoke(`${long.FunctionName}:$LATEST`))).message).toBe(
      "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.",
    );
    const { Version } = await env.lambda.publishVersion({ FunctionName: name });
    const answer = await env.lambda.invoke({ FunctionName: `${name}:${Version}`, Payload: '{"updates":[]}' });
    expect(answer.Payload?.transformToString()).toBe("[[],null]");
    expect(answer.DurableExecutionArn).toMatch(
      new RegExp(`^${functionArn(name)}:${Version}/durable-execution/[0-9a-f-]{36}/[0-9a-f-]{36}$`),
    );
  });

  it("run steps, and show their history", async () => {
    const arn = await start({ updates: [step("a", '"first"'), step("b")] });
    expect(await outcome(arn)).toMatchObject({
      Status: "SUCCEEDED",
      Version: "$LATEST",
      FunctionArn: `${functionArn(name)}:$LATEST`,
      Result: JSON.stringify([
        [
          ["SUCCEEDED", '"first"'],
          ["SUCCEEDED", "1"],
        ],
        null,
      ]),
    });
    const history = await events(arn);
    expect(history.map(({ EventType, EventId, Name }) => [EventId, EventType, Name])).toEqual([
      [1, "ExecutionStarted", expect.any(String)],
      [2, "StepSucceeded", "a"],
      [3, "StepSucceeded", "b"],
      [4, "InvocationCompleted", undefined],
      [5, "ExecutionSucceeded", expect.any(String)],
    ]);
    expect(history[1]?.StepSucceededDetails).toEqual({
      Result: { Payload: '"first"' },
      RetryDetails: { CurrentAttempt: 1 },
    });
    expect(history[0]?.ExecutionStartedDetails).toMatchObject({ ExecutionTimeout: 900 });
    expect(history[3]?.InvocationCompletedDetails?.RequestId).toMatch(/^[0-9a-f-]{36}$/);
    const page = { DurableExecutionArn: arn, MaxItems: 2, ReverseOrder: true };
    const first = await env.lambda.getDurableExecutionHistory(page);
    const second = await env.lambda.getDurableExecutionHistory({ ...page, Marker: first.NextMarker });
    expect([...(first.Events ?? []), ...(second.Events ?? [])].map(({ EventId }) => EventId)).toEqual([5, 4, 3, 2]);
  });

  it("wait, and are invoked again when the time has come", async () => {
    const arn = await start({
      updates: [{ Id: "w", Type: "WAIT", Action: "START", WaitOptions: { WaitSeconds: 300 } }, step("s")],
    });
    const { Result, StartTimestamp, EndTimestamp } = await outcome(arn);
    expect(JSON.parse(Result ?? "")).toEqual([
      [
        ["SUCCEEDED", null],
        ["SUCCEEDED", "1"],
      ],
      ["w"],
    ]);
    expect(Number(EndTimestamp) - Number(StartTimestamp)).toBeGreaterThanOrEqual(300_000);
    expect((await events(arn)).map(({ EventType }) => EventType)).toEqual([
      "ExecutionStarted",
      "WaitStarted",
      "InvocationCompleted",
      "WaitSucceeded",
      "StepSucceeded",
      "InvocationCompleted",
      "ExecutionSucceeded",
    ]);
  });

  it("retry steps after their pause", async () => {
    const retry = { Id: "r", Type: "STEP", Action: "RETRY", Error: { ErrorMessage: "no" } };
    const arn = await start({ updates: [{ ...retry, StepOptions: { NextAttemptDelaySeconds: 30 } }] });
    expect(JSON.parse((await outcome(arn)).Result ?? "")[0]).toEqual([["SUCCEEDED", "tried again"]]);
    const failed = (await events(arn)).find(({ EventType }) => EventType === "StepFailed");
    expect(failed?.StepFailedDetails).toEqual({
      Error: { Payload: { ErrorMessage: "no" } },
      RetryDetails: { CurrentAttempt: 1, NextAttemptDelaySeconds: 30 },
    });
  });

  it("wait for callbacks, which succeed, fail, or time out", async () => {
    const callback = { Id: "c", Type: "CALLBACK", Action: "START" };
    const idOf = async (arn: string) => {
      for (;;) {
        const event = (await events(arn)).find(({ EventType }) => EventType === "CallbackStarted");
        if (event !== undefined) return event.CallbackStartedDetails?.CallbackId as string;
      }
    };
    const good = await start({ updates: [callback] });
    const CallbackId = await idOf(good);
    await env.lambda.sendDurableExecutionCallbackHeartbeat({ CallbackId });
    await env.lambda.sendDurableExecutionCallbackSuccess({ CallbackId, Result: Buffer.from('"yes"') });
    expect(JSON.parse((await outcome(good)).Result ?? "")[0]).toEqual([["SUCCEEDED", '"yes"']]);
    const again = env.lambda.sendDurableExecutionCallbackSuccess({ CallbackId });
    expect(await refused(again)).toMatchObject({ name: "CallbackTimeoutException", status: 400 });
    const unknown = env.lambda.sendDurableExecutionCallbackSuccess({ CallbackId: "AAAA" });
    expect((await refused(unknown)).name).toBe("InvalidParameterValueException");
    const bad = await start({ updates: [callback] });
    await env.lambda.sendDurableExecutionCallbackFailure({
      CallbackId: await idOf(bad),
      Error: { ErrorMessage: "refused" },
    });
    expect(JSON.parse((await outcome(bad)).Result ?? "")[0]).toEqual([["FAILED", "refused"]]);
    for (const CallbackOptions of [{ TimeoutSeconds: 90 }, { TimeoutSeconds: 800, HeartbeatTimeoutSeconds: 20 }]) {
      const late = await start({ updates: [{ ...callback, CallbackOptions }] });
      const message =
        "HeartbeatTimeoutSeconds" in CallbackOptions ? "Callback timed out on heartbeat" : "Callback timed out";
      expect(JSON.parse((await outcome(late)).Result ?? "")[0]).toEqual([["TIMED_OUT", message]]);
    }
  });

  it("invoke other functions and wait for them", async () => {
    const other = await env.create(`export const handler = async ({ n }) => {
      if (n > 5) throw new RangeError("too much");
      return n + 1;
    };`);
    const chain = (Id: string, FunctionName: string, n: number) => ({
      ...{ Id, Type: "CHAINED_INVOKE", Action: "START" },
      ...{ Payload: JSON.stringify({ n }), ChainedInvokeOptions: { FunctionName } },
    });
    const updates = [chain("x", other.FunctionName, 4), chain("y", other.FunctionName, 7), chain("z", "nobody", 1)];
    const [results] = JSON.parse((await outcome(await start({ updates }))).Result ?? "");
    expect(results).toEqual([
      ["SUCCEEDED", "5"],
      ["FAILED", "too much"],
      ["FAILED", expect.stringContaining("Function not found")],
    ]);
  });

  it("may leave their result with a checkpoint, if an answer has no room for it", async () => {
    const result = { Id: "e", Type: "EXECUTION", Action: "SUCCEED", Payload: '"large"' };
    expect((await run({ updates: [step("a"), result] })).value).toBe("large");
  });

  it.each([
    ["fails", { fail: "no more" }, { errorType: "Bad", errorMessage: "no more" }],
    ["answers what is no answer", { answer: { hello: 1 } }, { errorMessage: "Invalid Status in invocation output." }],
    [
      "waits for nothing",
      { answer: { Status: "PENDING" } },
      { errorMessage: "Cannot return PENDING status with no pending operations." },
    ],
  ])("that %s fail their execution", async (_, event, value) => {
    expect(await run(event)).toMatchObject({ error: "Unhandled", value });
  });

  it("start once for a name, with the same input", async () => {
    const event = { updates: [step("a")] };
    const arn = await start(event, "order-1");
    expect(arn).toContain(":$LATEST/durable-execution/order-1/");
    expect(await start(event, "order-1")).toBe(arn);
    await outcome(arn);
    expect(await start(event, "order-1")).toBe(arn);
    expect(await refused(start({ updates: [] }, "order-1"))).toMatchObject({
      name: "DurableExecutionAlreadyStartedException",
      status: 409,
    });
    const list = (more: object) => env.lambda.listDurableExecutionsByFunction({ FunctionName: name, ...more });
    const { DurableExecutions = [] } = await list({ DurableExecutionName: "order-1" });
    expect(DurableExecutions).toEqual([
      expect.objectContaining({ DurableExecutionArn: arn, DurableExecutionName: "order-1", Status: "SUCCEEDED" }),
    ]);
    expect((await list({ DurableExecutionName: "order-1", Statuses: ["RUNNING"] })).DurableExecutions).toEqual([]);
    const one = await list({ MaxItems: 1 });
    expect((await list({ MaxItems: 1, Marker: one.NextMarker })).DurableExecutions?.[0]?.DurableExecutionArn).not.toBe(
      one.DurableExecutions?.[0]?.DurableExecutionArn,
    );
  });

  it("are stopped, time out, and are retried when their process ends", async () => {
    const wait = { Id: "w", Type: "WAIT", Action: "START", WaitOptions: { WaitSeconds: 100_000 } };
    const stopped = await start({ updates: [wait] });
    const error = { ErrorType: "Mine", ErrorMessage: "enough" };
    const { StopTimestamp } = await env.lambda.stopDurableExecution({ DurableExecutionArn: stopped, Error: error });
    expect(StopTimestamp).toBeInstanceOf(Date);
    expect(await outcome(stopped)).toMatchObject({ Status: "STOPPED", Error: error });
    expect((await outcome(await start({ updates: [wait] }))).Status).toBe("TIMED_OUT");
    const crashed = await start({ crash: true });
    expect((await outcome(crashed)).Status).toBe("TIMED_OUT");
    const tries = (await events(crashed)).filter(({ EventType }) => EventType === "InvocationCompleted");
    expect(tries.length).toBeGreaterThan(3);
    expect(tries[0]?.InvocationCompletedDetails?.Error?.Payload?.ErrorMessage).toMatch(/exit status 3$/);
  });

  it("go on after a restart, with what they have done kept", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "busbar-durable-"));
    const first = await LambdaEnvironment.start("memory", { dataDir });
    const { FunctionName } = await first.create(code, { Timeout: 20, DurableConfig: { ExecutionTimeout: 9000 } });
    const wait = { Id: "w", Type: "WAIT", Action: "START", WaitOptions: { WaitSeconds: 600 } };
    const { DurableExecutionArn } = await first.lambda.invoke({
      FunctionName: `${FunctionName}:$LATEST`,
      InvocationType: "Event",
      Payload: JSON.stringify({ updates: [step("a", '"kept"'), wait, step("b")] }),
    });
    const statusIn = async (some: LambdaEnvironment) => {
      const { Events = [] } = await some.lambda.getDurableExecutionHistory({ DurableExecutionArn });
      return Events.map(({ EventType }) => EventType);
    };
    await until(
      () => statusIn(first),
      (types) => types.includes("InvocationCompleted"),
    );
    await first.stop();
    const second = await LambdaEnvironment.start("memory", { dataDir });
    await second.bus.clock.advance("11m");
    const execution = await second.lambda.getDurableExecution({ DurableExecutionArn });
    expect(JSON.parse(execution.Result ?? "")[0]).toEqual([
      ["SUCCEEDED", '"kept"'],
      ["SUCCEEDED", null],
      ["SUCCEEDED", "1"],
    ]);
    await second.bus.clock.advance("15d");
    expect((await refused(second.lambda.getDurableExecution({ DurableExecutionArn }))).status).toBe(404);
    await second.stop();
    await rm(dataDir, { recursive: true });
  });

  it("refuse invalid checkpoints", async () => {
    const wait = { Id: "w", Type: "WAIT", Action: "START" };
    const cases = [
      [{ ...wait, Action: "SUCCEED" }, /Invalid action SUCCEED/],
      [wait, /needs WaitOptions/],
      [{ ...step("s"), ParentId: "none" }, /no operation none to be the parent/],
      [{ Id: "r", Type: "STEP", Action: "RETRY" }, /NextAttemptDelaySeconds/],
      [{ Id: "i", Type: "CHAINED_INVOKE", Action: "START" }, /FunctionName/],
      [{ Id: "no blanks", Type: "STEP", Action: "START" }, /failed to satisfy constraint/],
    ] as const;
    for (const [update, message] of cases) {
      const arn = await start({ updates: [update] });
      const [, completed] = await until(
        () => events(arn),
        (all) => all.length > 1,
      );
      expect(completed?.InvocationCompletedDetails?.Error?.Payload?.ErrorMessage).toMatch(message);
      await env.lambda.stopDurableExecution({ DurableExecutionArn: arn });
    }
    const arn = await start({ updates: [step("s")] });
    await outcome(arn);
    const late = env.lambda.checkpointDurableExecution({ DurableExecutionArn: arn, CheckpointToken: "AAAA" });
    expect((await refused(late)).message).toBe("Invalid Checkpoint Token");
    const other = env.lambda.getDurableExecution({ DurableExecutionArn: `${arn}0` });
    expect(await refused(other)).toMatchObject({ name: "ResourceNotFoundException", status: 404 });
  });
});

async function until<T>(look: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look();
    if (holds(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
