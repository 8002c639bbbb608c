import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { buildMachine } from "../../../src/services/stepfunctions/asl/machine.ts";
import { batchItems } from "../../../src/services/stepfunctions/asl/states/batches.ts";
import { AslRunner, type RunnerOptions, runDefinition, shortHistory } from "../../support/asl-runner.ts";

const lambda = "arn:aws:lambda:us-east-1:111122223333:function:f";
const callback = "arn:aws:states:::sqs:sendMessage.waitForTaskToken";

const pass: JsonObject = { Type: "Pass", End: true };

function one(state: JsonObject, more: JsonObject = {}): JsonObject {
  return { StartAt: "A", States: { A: state, ...more } };
}

function runner(definition: JsonObject, input: Json, options: RunnerOptions = {}): AslRunner {
  return new AslRunner(buildMachine(definition), JSON.stringify(input), options);
}

function typesOf(item: AslRunner): string[] {
  return item.events.map((event) => event.type);
}

describe("retry", () => {
  const failing = (retry: JsonObject): JsonObject =>
    one({ Type: "Task", Resource: lambda, Retry: [{ ErrorEquals: ["States.ALL"], ...retry }], End: true });
  const secondsOf = (definition: JsonObject, seed = 1): number[] => {
    const { events } = runDefinition(definition, {}, { task: () => ({ error: "X" }), seed });
    const times = events.filter((event) => event.type === "LambdaFunctionScheduled").map((event) => event.timestampMs);
    return times.slice(1).map((time, index) => (time - times[index]!) / 1000);
  };

  it("waits 1, 2 and 4 seconds by default", () => expect(secondsOf(failing({}))).toEqual([1, 2, 4]));

  it("caps the delay", () => {
    const retry = { IntervalSeconds: 3, BackoffRate: 2, MaxAttempts: 2, MaxDelaySeconds: 5 };
    expect(secondsOf(failing(retry))).toEqual([3, 5]);
  });

  it("keeps a constant delay with a rate of one", () => {
    expect(secondsOf(failing({ BackoffRate: 1, IntervalSeconds: 7 }))).toEqual([7, 7, 7]);
  });

  it("randomizes delays under full jitter", () => {
    const retry = { JitterStrategy: "FULL", IntervalSeconds: 10, BackoffRate: 1, MaxAttempts: 5 };
    const delays = secondsOf(failing(retry));
    expect(delays.every((delay) => delay >= 0 && delay <= 10)).toBe(true);
    expect(new Set(delays).size).toBeGreaterThan(1);
    expect(secondsOf(failing(retry), 2)).not.toEqual(delays);
  });

  it("counts per retrier, from zero when the state is entered again", () => {
    const errors = ["X", "Y", "X", "ok", "X", "X", "X"];
    const definition = one(
      {
        Type: "Task",
        Resource: lambda,
        Retry: [
          { ErrorEquals: ["X"], MaxAttempts: 2 },
          { ErrorEquals: ["Y"], MaxAttempts: 1 },
        ],
        ResultPath: null,
        Next: "B",
      },
      { B: { Type: "Pass", Next: "A" } },
    );
    const attempts: number[] = [];
    const result = runDefinition(
      definition,
      {},
      {
        task: (task, call) => {
          attempts.push(task.attempt);
          return errors[call] === "ok" ? { output: 1 } : { error: errors[call]! };
        },
      },
    );
    expect(attempts).toEqual([0, 1, 2, 3, 0, 1, 2]);
    expect(result).toMatchObject({ status: "FAILED", error: "X" });
  });

  it("shows the number of retries in the context object", () => {
    const definition = one({
      Type: "Task",
      Resource: lambda,
      Retry: [{ ErrorEquals: ["X"] }],
      ResultSelector: { "n.$": "$$.State.RetryCount" },
      End: true,
    });
    const task: RunnerOptions["task"] = (_task, call) => (call < 2 ? { error: "X" } : { output: {} });
    expect(runDefinition(definition, {}, { task }).output).toEqual({ n: 2 });
  });

  it("retries an evaluation error, recording each", () => {
    const definition = {
      QueryLanguage: "JSONata",
      ...one({
        Type: "Task",
        Resource: lambda,
        Arguments: "{% $states.input.x %}",
        Retry: [{ ErrorEquals: ["States.QueryEvaluationError"], MaxAttempts: 1 }],
        End: true,
      }),
    };
    const types = runDefinition(definition, {}).events.map((event) => event.type);
    expect(types.filter((type) => type === "EvaluationFailed")).toHaveLength(2);
    expect(types.filter((type) => type === "TaskStateEntered")).toHaveLength(1);
  });
});

describe("matching errors", () => {
  const caught = (names: string[], error: string): boolean => {
    const task = { Type: "Task", Resource: lambda, Catch: [{ ErrorEquals: names, Next: "H" }], End: true };
    return runDefinition(one(task, { H: pass }), {}, { task: () => ({ error }) }).status === "SUCCEEDED";
  };

  it.each([
    [["States.ALL"], "Custom", true],
    [["States.ALL"], "States.DataLimitExceeded", true],
    [["States.ALL"], "States.Runtime", false],
    [["States.Runtime"], "States.Runtime", false],
    [["States.TaskFailed"], "Custom", true],
    [["States.TaskFailed"], "States.Timeout", false],
    [["States.Timeout"], "States.Timeout", true],
    [["State.ALL"], "Custom", false],
    [["custom"], "Custom", false],
    [["Other", "Custom"], "Custom", true],
  ] as const)("%j against %s: %s", (names, error, expected) => expect(caught([...names], error)).toBe(expected));

  it("lets a failed branch be caught as such, and passes its error through", () => {
    const branches = { Branches: [{ StartAt: "F", States: { F: { Type: "Fail", Error: "E" } } }] };
    const state = {
      Type: "Parallel",
      ...branches,
      Catch: [{ ErrorEquals: ["States.BranchFailed"], Next: "H" }],
      End: true,
    };
    expect(runDefinition(one(state, { H: pass }), {}).output).toEqual({ Error: "E" });
    expect(caught(["States.BranchFailed"], "E")).toBe(false);
  });

  it("lets a missed heartbeat be caught under its documented name", () => {
    const task = {
      Type: "Task",
      Resource: callback,
      HeartbeatSeconds: 2,
      Catch: [{ ErrorEquals: ["States.HeartbeatTimeout"], Next: "H" }],
      End: true,
    };
    const result = runDefinition(one(task, { H: pass }), {}, { task: () => "pending" });
    expect(result).toMatchObject({ status: "SUCCEEDED", output: { Error: "States.Timeout" } });
  });
});

describe("tasks", () => {
  it("have the same token in their request and the context object", () => {
    const definition = one({ Type: "Task", Resource: callback, Parameters: { "t.$": "$$.Task.Token" }, End: true });
    const { tasks } = runDefinition(definition, {}, { task: () => ({ submitted: {}, output: 1 }) });
    expect(tasks[0]!.token).toMatch(/^token-/);
    expect(tasks[0]!.parameters).toEqual({ t: tasks[0]!.token });
  });

  it("restart only the heartbeat timer with a heartbeat", () => {
    const item = runner(
      one({ Type: "Task", Resource: callback, HeartbeatSeconds: 10, TimeoutSeconds: 25, End: true }),
      {},
      { task: () => "pending" },
    );
    item.send({ type: "start" });
    const taskId = item.tasks[0]!.taskId;
    const started = item.nowMs;
    item.nowMs += 9_000;
    item.send({ type: "taskHeartbeat", taskId });
    expect(item.timers.get(`${taskId}:heartbeat`)).toBe(started + 19_000);
    expect(item.timers.get(`${taskId}:timeout`)).toBe(started + 25_000);
    item.settle();
    expect(item.outcome()).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    expect(item.nowMs).toBe(started + 19_000);
  });

  it("start an activity's timers when a worker takes it", () => {
    const resource = "arn:aws:states:us-east-1:111122223333:activity:a";
    const state = { Type: "Task", Resource: resource, HeartbeatSeconds: 10, TimeoutSeconds: 100, End: true };
    const item = runner(one(state), {}, { task: () => "pending" });
    item.send({ type: "start" });
    const taskId = item.tasks[0]!.taskId;
    expect([...item.timers.keys()]).toEqual([]);
    item.nowMs += 500_000;
    item.send({ type: "taskStarted", taskId });
    expect(item.timers.get(`${taskId}:heartbeat`)).toBe(item.nowMs + 10_000);
    expect(item.timers.get(`${taskId}:timeout`)).toBe(item.nowMs + 100_000);
    expect(item.events.at(-1)).toMatchObject({ type: "ActivityStarted", details: {} });
  });

  it("ignore late signals", () => {
    const item = runner(one({ Type: "Task", Resource: lambda, End: true }), {}, { task: () => "pending" });
    item.send({ type: "start" });
    const taskId = item.tasks[0]!.taskId;
    item.send({ type: "taskSucceeded", taskId, output: 1 });
    const count = item.events.length;
    item.send({ type: "taskSucceeded", taskId, output: 2 });
    item.send({ type: "taskFailed", taskId, error: "X" });
    item.send({ type: "timer", timerId: `${taskId}:timeout` });
    item.send({ type: "timer", timerId: "execution" });
    item.send({ type: "abort" });
    expect(item.events).toHaveLength(count);
    expect(item.outcome()).toMatchObject({ status: "SUCCEEDED", output: 1 });
  });

  it("leave no timer behind", () => {
    const definition = {
      TimeoutSeconds: 99,
      ...one({ Type: "Task", Resource: lambda, TimeoutSeconds: 9, HeartbeatSeconds: 5, End: true }),
    };
    const item = runner(definition, {});
    item.run();
    expect([...item.timers.keys()]).toEqual([]);
  });

  it("refuse results over the payload limit, naming the producer", () => {
    const big = "x".repeat(262_145);
    for (const [resource, producer] of [
      [lambda, lambda],
      ["arn:aws:states:::lambda:invoke", "lambda"],
    ]) {
      const result = runDefinition(
        one({ Type: "Task", Resource: resource!, End: true }),
        {},
        {
          task: () => ({ output: big }),
        },
      );
      expect(result).toMatchObject({
        status: "FAILED",
        error: "States.DataLimitExceeded",
        cause: `The state/task '${producer}' returned a result with a size exceeding the maximum number of bytes service limit.`,
      });
    }
  });

  it("accept a result of exactly the limit", () => {
    const output = "x".repeat(262_142);
    const result = runDefinition(one({ Type: "Task", Resource: lambda, End: true }), {}, { task: () => ({ output }) });
    expect(result.status).toBe("SUCCEEDED");
  });
});

describe("ending from outside", () => {
  it("aborts at top level without an aborted state", () => {
    const item = runner(one({ Type: "Wait", Seconds: 60, End: true }), {});
    item.send({ type: "start" });
    item.send({ type: "abort", error: "E", cause: "c" });
    expect(shortHistory(item.events)).toEqual(["1<0 ExecutionStarted", "2<0 WaitStateEntered", "3<0 ExecutionAborted"]);
    expect(item.finishes).toEqual([{ type: "finish", status: "ABORTED", error: "E", cause: "c" }]);
    expect(item.timers.size).toBe(0);
  });

  it("times out without an error in the description of the execution", () => {
    const definition = { TimeoutSeconds: 5, ...one({ Type: "Wait", Seconds: 60, End: true }) };
    const item = runner(definition, {});
    item.run();
    expect(item.finishes).toEqual([{ type: "finish", status: "TIMED_OUT" }]);
    expect(item.events.at(-1)!.details).toEqual({ error: "States.Timeout" });
  });

  it("ends express executions after five minutes", () => {
    const item = runner(
      one({ Type: "Task", Resource: lambda, End: true }),
      {},
      { type: "EXPRESS", task: () => "pending" },
    );
    const started = item.nowMs;
    expect(item.run().status).toBe("TIMED_OUT");
    expect(item.nowMs - started).toBe(300_000);
  });

  it("stops a STANDARD execution at its 25,000th event", () => {
    const loop = { StartAt: "A", States: { A: { Type: "Pass", Next: "A" }, B: { Type: "Succeed" } } };
    const result = runDefinition(loop, {});
    expect(result.events).toHaveLength(25_000);
    expect(result.events.at(-1)).toMatchObject({ id: 25_000, previousEventId: 24_999, type: "ExecutionFailed" });
    expect(result).toMatchObject({
      error: "States.Runtime",
      cause: "The execution reached the maximum number of history events (25000).",
    });
  });

  it("runs an endless express loop in turns", () => {
    const loop = { StartAt: "A", States: { A: { Type: "Pass", Next: "A" } } };
    const item = runner(loop, {}, { type: "EXPRESS", maxSignals: 100 });
    expect(() => item.run()).toThrow("does not end");
    item.send({ type: "timer", timerId: "execution" });
    expect(item.outcome().status).toBe("TIMED_OUT");
  });
});

describe("redrive", () => {
  it("retries a failed task without entering its state again", () => {
    const definition = one({ Type: "Pass", Next: "T" }, { T: { Type: "Task", Resource: lambda, End: true } });
    const task: RunnerOptions["task"] = (_task, call) => (call === 0 ? { error: "X" } : { output: "ok" });
    const item = runner(definition, { a: 1 }, { task, serialise: true });
    expect(item.run().status).toBe("FAILED");
    item.send({ type: "redrive", atMs: item.nowMs });
    item.settle();
    expect(item.outcome()).toMatchObject({ status: "SUCCEEDED", output: "ok" });
    expect(shortHistory(item.events).slice(6)).toEqual([
      ...["7<6 LambdaFunctionFailed", "8<7 ExecutionFailed", "9<8 ExecutionRedriven"],
      ...["10<9 LambdaFunctionScheduled", "11<10 LambdaFunctionStarted", "12<11 LambdaFunctionSucceeded"],
      ...["13<12 TaskStateExited", "14<13 ExecutionSucceeded"],
    ]);
    expect(item.events[8]!.details).toEqual({ redriveCount: 1 });
  });

  it("runs only the branches that did not succeed, and counts retries from zero", () => {
    const branch = (name: string, resource: string): JsonObject => ({
      StartAt: name,
      States: {
        [name]: { Type: "Task", Resource: resource, Retry: [{ ErrorEquals: ["X"], MaxAttempts: 1 }], End: true },
      },
    });
    const definition = one({
      Type: "Parallel",
      Branches: [branch("P", `${lambda}p`), branch("Q", `${lambda}q`)],
      End: true,
    });
    let broken = true;
    const item = runner(
      definition,
      {},
      {
        task: (task) => (task.stateName === "Q" && broken ? { error: "X" } : { output: task.stateName }),
      },
    );
    expect(item.run().status).toBe("FAILED");
    expect(item.tasks.map((task) => task.stateName)).toEqual(["P", "Q", "Q"]);
    item.tasks.length = 0;
    broken = false;
    item.send({ type: "redrive", atMs: item.nowMs });
    item.settle();
    expect(item.tasks.map((task) => [task.stateName, task.attempt])).toEqual([["Q", 0]]);
    expect(item.outcome()).toMatchObject({ status: "SUCCEEDED", output: ["P", "Q"] });
  });

  it("starts the iterations that have not been started", () => {
    const definition = one({
      Type: "Map",
      MaxConcurrency: 1,
      ItemProcessor: { StartAt: "T", States: { T: { Type: "Task", Resource: lambda, End: true } } },
      End: true,
    });
    let broken = true;
    const item = runner(definition, [1, 2, 3], {
      task: (task) => (task.parameters === 2 && broken ? { error: "X" } : { output: Number(task.parameters) * 10 }),
    });
    expect(item.run().status).toBe("FAILED");
    broken = false;
    item.send({ type: "redrive", atMs: item.nowMs });
    item.settle();
    expect(item.tasks.map((task) => task.parameters)).toEqual([1, 2, 2, 3]);
    expect(item.outcome()).toMatchObject({ status: "SUCCEEDED", output: [10, 20, 30] });
  });

  it("enters other states again, also after an abort, and restarts the machine's timeout", () => {
    const definition = { TimeoutSeconds: 100, ...one({ Type: "Wait", Seconds: 60, End: true }) };
    const item = runner(definition, {});
    item.send({ type: "start" });
    item.send({ type: "abort" });
    item.nowMs += 1_000_000;
    item.send({ type: "redrive", atMs: item.nowMs });
    expect(item.timers.get("execution")).toBe(item.nowMs + 100_000);
    item.settle();
    expect(item.outcome().status).toBe("SUCCEEDED");
    expect(typesOf(item).slice(2)).toEqual([
      ...["ExecutionAborted", "ExecutionRedriven", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"],
    ]);
  });

  it("does not change a successful execution", () => {
    const item = runner(one(pass), {});
    item.run();
    item.send({ type: "redrive", atMs: item.nowMs });
    expect(item.events).toHaveLength(4);
  });
});

describe("large maps", () => {
  it("touch only a few frames per step, whatever their size", () => {
    const definition = one({
      Type: "Map",
      ItemProcessor: { StartAt: "T", States: { T: { Type: "Task", Resource: lambda, End: true } } },
      End: true,
    });
    const items = Array.from({ length: 3_000 }, (_, index) => index);
    const item = runner(definition, items, { task: (task) => ({ output: task.parameters, afterSeconds: 1 }) });
    const result = item.run();
    expect(result.output).toEqual(items);
    const widest = Math.max(...item.touched.slice(1, -1).map((ids) => ids.length));
    expect(widest).toBeLessThan(100);
    expect(Object.keys(item.execution.frames)).toEqual(["0"]);
    expect(JSON.stringify(item.execution.head).length).toBeLessThan(1_000);
  });

  it("run at most forty iterations at once", () => {
    const definition = one({
      Type: "Map",
      ItemProcessor: { StartAt: "T", States: { T: { Type: "Task", Resource: lambda, End: true } } },
      End: true,
    });
    const item = runner(
      definition,
      Array.from({ length: 100 }, () => 1),
      { task: () => "pending" },
    );
    item.send({ type: "start" });
    item.settle();
    expect(item.tasks).toHaveLength(40);
  });
});

describe("data that is too deep", () => {
  const deep = `$${".a".repeat(200_000)}`;

  it("fails the state, in its result and in its catcher", () => {
    expect(runDefinition(one({ ...pass, ResultPath: deep }), {})).toMatchObject({ error: "States.Runtime" });
    const task = {
      Type: "Task",
      Resource: lambda,
      Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: deep, Next: "H" }],
      End: true,
    };
    const result = runDefinition(one(task, { H: pass }), {}, { task: () => ({ error: "X" }) });
    expect(result).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  });

  it("ends the execution when it grows in a loop", () => {
    const loop = one({ Type: "Pass", Parameters: { "a.$": "$" }, Next: "B" }, { B: { Type: "Pass", Next: "A" } });
    expect(runDefinition(loop, {})).toMatchObject({ status: "FAILED", error: "States.DataLimitExceeded" });
  });
});

describe("costly expressions", () => {
  it("do not block others", () => {
    const slow = "($f := function($n){$n = 0 ? 0 : $f($n - 1)}; $f(20000))";
    const definition = {
      QueryLanguage: "JSONata",
      ...one({
        Type: "Map",
        ItemProcessor: { StartAt: "I", States: { I: { Type: "Pass", Output: `{% ${slow} %}`, End: true } } },
        End: true,
      }),
    };
    const item = runner(
      definition,
      Array.from({ length: 100 }, () => 1),
    );
    expect(item.run().status).toBe("SUCCEEDED");
    const perStep = item.touched.map((ids) => ids.length);
    expect(perStep.length).toBeGreaterThan(7);
  });

  it("are not evaluated in an input", () => {
    const definition = {
      QueryLanguage: "JSONata",
      ...one({ Type: "Map", ItemProcessor: { StartAt: "I", States: { I: pass } }, End: true }),
    };
    expect(runDefinition(definition, "{% [1] %}").cause).toContain('must be an array but was: "{% [1] %}"');
  });
});

describe("scopes", () => {
  it("let iterations read outer variables but keep their own", () => {
    const definition = one(
      { Type: "Pass", Assign: { base: 100 }, Next: "M" },
      {
        M: {
          Type: "Map",
          ItemProcessor: {
            StartAt: "I",
            States: {
              I: { Type: "Pass", Assign: { "own.$": "States.MathAdd($base, $)" }, Next: "J" },
              J: { Type: "Pass", Parameters: { "v.$": "$own" }, OutputPath: "$.v", End: true },
            },
          },
          Next: "R",
        },
        R: { Type: "Pass", QueryLanguage: "JSONata", Output: "{% [$states.input, $exists($own)] %}", End: true },
      },
    );
    expect(runDefinition(definition, [1, 2]).output).toEqual([101, 102, false]);
  });

  it("show the innermost item of nested maps", () => {
    const definition = one({
      Type: "Map",
      ItemProcessor: {
        StartAt: "O",
        States: {
          O: {
            Type: "Map",
            ItemSelector: { "inner.$": "$$.Map.Item.Value", "outer.$": "$" },
            ItemProcessor: {
              StartAt: "P",
              States: {
                P: {
                  Type: "Parallel",
                  Branches: [
                    {
                      StartAt: "I",
                      States: {
                        I: { Type: "Pass", Parameters: { "i.$": "$$.Map.Item.Index", "in.$": "$" }, End: true },
                      },
                    },
                  ],
                  OutputPath: "$[0]",
                  End: true,
                },
              },
            },
            End: true,
          },
        },
      },
      End: true,
    });
    expect(runDefinition(definition, [["a", "b"]]).output).toEqual([
      [
        { i: 0, in: { inner: "a", outer: ["a", "b"] } },
        { i: 1, in: { inner: "b", outer: ["a", "b"] } },
      ],
    ]);
  });

  it("give the context object its recorded form", () => {
    const task = { Type: "Task", Resource: callback, Parameters: { "c.$": "$$" }, End: true };
    const { tasks } = runDefinition(one(task), {}, { task: () => ({ output: 1 }) });
    expect(JSON.stringify((tasks[0]!.parameters as JsonObject)["c"])).toBe(
      '{"Execution":{"Id":"arn:aws:states:us-east-1:111122223333:execution:M:e1","Input":{},"StartTime":"2024-01-01T00:00:00.000Z","Name":"e1","RoleArn":"arn:aws:iam::111122223333:role/r","RedriveCount":0},"StateMachine":{"Id":"arn:aws:states:us-east-1:111122223333:stateMachine:M","Name":"M"},"State":{"Name":"A","EnteredTime":"2024-01-01T00:00:00.000Z","RetryCount":0},"Task":{"Token":"token-0:1"}}',
    );
  });

  it("show the caller's input verbatim in the first events", () => {
    const item = new AslRunner(buildMachine(one(pass)), ' { "a" : 1 } ');
    item.run();
    const inputs = item.events.slice(0, 2).map((event) => event.details!["input"]);
    expect(inputs).toEqual([' { "a" : 1 } ', ' { "a" : 1 } ']);
    expect(item.finishes[0]!.output).toBe('{"a":1}');
  });
});

describe("distributed maps", () => {
  const distributed = (more: JsonObject): JsonObject => ({
    Type: "Map",
    ItemProcessor: {
      ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
      StartAt: "I",
      States: { I: pass },
    },
    End: true,
    ...more,
  });
  it("pass evaluated fields to the runner", () => {
    const item = runner(
      one(
        distributed({
          Label: "lab",
          ItemReader: {
            Resource: "arn:aws:states:::s3:getObject",
            ReaderConfig: { InputType: "CSV", CSVHeaderLocation: "FIRST_ROW", MaxItemsPath: "$.max" },
            Parameters: { Bucket: "b", "Key.$": "$.key" },
          },
          ItemBatcher: { MaxItemsPerBatchPath: "$.batch", BatchInput: { "k.$": "$.key" } },
          ResultWriter: { Resource: "arn:aws:states:::s3:putObject", Parameters: { Bucket: "o", Prefix: "p" } },
          MaxConcurrencyPath: "$.width",
          ToleratedFailurePercentagePath: "$.tolerated",
        }),
      ),
      { max: 5, key: "file.csv", batch: 2, width: 7, tolerated: 1.1 },
    );
    item.send({ type: "start" });
    expect(item.mapRuns[0]).toMatchObject({
      stateName: "A",
      label: "lab",
      executionType: "EXPRESS",
      itemReader: {
        resource: "arn:aws:states:::s3:getObject",
        parameters: { Bucket: "b", Key: "file.csv" },
        readerConfig: { InputType: "CSV", CSVHeaderLocation: "FIRST_ROW", MaxItems: 5 },
      },
      itemBatcher: { maxItemsPerBatch: 2, batchInput: { k: "file.csv" } },
      resultWriter: { resource: "arn:aws:states:::s3:putObject", parameters: { Bucket: "o", Prefix: "p" } },
      maxConcurrency: 7,
      toleratedFailureCount: 0,
      toleratedFailurePercentage: 1.1,
    });
    expect(item.mapRuns[0]!.mapRunArn).toMatch(/^arn:aws:states:us-east-1:111122223333:mapRun:M\/lab:[0-9a-f-]{36}$/);
  });

  it.each([
    [
      { ToleratedFailureCountPath: "$.p" },
      { p: {} },
      'The ToleratedFailureCountPath field refers to value "{}" which is not a valid integer: $.p',
    ],
    [
      { ToleratedFailurePercentagePath: "$.p" },
      { p: "NoNumber" },
      'The ToleratedFailurePercentagePath field refers to value "NoNumber" which is not a valid float: $.p',
    ],
    [{ ToleratedFailurePercentagePath: "$.p" }, { p: 100.1 }, "ToleratedFailurePercentage must be between 0 and 100."],
    [{ ToleratedFailureCountPath: "$.p" }, { p: -1 }, "ToleratedFailureCount cannot be negative."],
  ])("refuse %j with %j", (fields, input, cause) => {
    const result = runDefinition(one(distributed({ ItemsPath: "$.l", ...fields })), { l: [], ...input });
    expect(result.error).toBe("States.Runtime");
    expect(result.cause).toContain(cause);
  });

  it("batch items by count and by bytes, never leaving a batch empty", () => {
    expect(batchItems([1, 2, 3], { maxItemsPerBatch: 2, batchInput: "b" })).toEqual([
      { BatchInput: "b", Items: [1, 2] },
      { BatchInput: "b", Items: [3] },
    ]);
    const bytes = JSON.stringify({ Items: ["aa", "bb"] }).length;
    expect(batchItems(["aa", "bb", "cc"], { maxInputBytesPerBatch: bytes })).toHaveLength(2);
    expect(batchItems(["aa", "bb", "cc"], { maxInputBytesPerBatch: bytes - 1 })).toHaveLength(3);
    expect(batchItems([], { maxItemsPerBatch: 1 })).toEqual([]);
  });

  it("iterate over the members of an object, which an inline Map refuses", () => {
    const state = { Items: "{% $states.input %}", ItemSelector: { k: "{% $states.context.Map.Item.Value.Key %}" } };
    const top = { QueryLanguage: "JSONata" };
    expect(runDefinition({ ...top, ...one(distributed(state)) }, { x: 1, y: 2 }).output).toEqual([
      { k: "x" },
      { k: "y" },
    ]);
    const inline = distributed({ ...state, ItemProcessor: { StartAt: "I", States: { I: pass } } });
    expect(runDefinition({ ...top, ...one(inline) }, { x: 1 }).cause).toContain(
      "Expected 'array', but was 'object' for value: {\"x\":1}",
    );
  });

  it("are redriven as a run", () => {
    const item = runner(
      one(
        distributed({
          ItemProcessor: {
            ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
            StartAt: "F",
            States: { F: { Type: "Fail" } },
          },
        }),
      ),
      [1],
    );
    expect(item.run().status).toBe("FAILED");
    item.send({ type: "redrive", atMs: item.nowMs });
    expect(shortHistory(item.events).slice(-2)).toEqual(["8<7 ExecutionRedriven", "9<8 MapRunRedriven"]);
    item.send({ type: "mapRunSucceeded", mapRunId: item.mapRuns[0]!.mapRunId, output: ["x"] });
    expect(item.outcome()).toMatchObject({ status: "SUCCEEDED", output: ["x"] });
  });
});
