import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { type RunnerOptions, runDefinition, shortHistory } from "../../support/asl-runner.ts";

const lambda = "arn:aws:lambda:us-east-1:111122223333:function:f";
const activity = "arn:aws:states:us-east-1:111122223333:activity:a";
const sqs = "arn:aws:states:::sqs:sendMessage";
const callback = `${sqs}.waitForTaskToken`;
const fails = { task: () => ({ error: "Boom", cause: "why" }) };

const pass: JsonObject = { Type: "Pass", End: true };
const fail: JsonObject = { Type: "Fail", Error: "E", Cause: "c" };
const bad: JsonObject = { Type: "Pass", Parameters: { "m.$": "$.nope" }, End: true };

function machine(state: JsonObject, more: JsonObject = {}, top: JsonObject = {}): JsonObject {
  return { ...top, StartAt: "A", States: { A: state, ...more } };
}

function only(name: string, state: JsonObject): JsonObject {
  return { StartAt: name, States: { [name]: state } };
}

function map(inner: JsonObject, more: JsonObject = {}): JsonObject {
  return { Type: "Map", MaxConcurrency: 1, ItemProcessor: only("I", inner), End: true, ...more };
}

const caughtByH = { Catch: [{ ErrorEquals: ["States.ALL"], Next: "H" }] };

type Row = [name: string, definition: JsonObject, input: Json, history: string[], options?: RunnerOptions];

const rows: Row[] = [
  [
    "a Pass state",
    machine(pass),
    {},
    ["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited", "4<3 ExecutionSucceeded"],
  ],
  [
    "two Pass states",
    machine({ Type: "Pass", Next: "B" }, { B: pass }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited"],
      ...["4<3 PassStateEntered", "5<4 PassStateExited", "6<5 ExecutionSucceeded"],
    ],
  ],
  [
    "a Succeed state",
    machine({ Type: "Succeed" }),
    {},
    ["1<0 ExecutionStarted", "2<0 SucceedStateEntered", "3<2 SucceedStateExited", "4<3 ExecutionSucceeded"],
  ],
  [
    "a Wait state",
    machine({ Type: "Wait", Seconds: 5, End: true }),
    {},
    ["1<0 ExecutionStarted", "2<0 WaitStateEntered", "3<2 WaitStateExited", "4<3 ExecutionSucceeded"],
  ],
  [
    "a Choice state",
    machine({ Type: "Choice", Choices: [{ Variable: "$.x", IsPresent: true, Next: "B" }], Default: "B" }, { B: pass }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ChoiceStateEntered", "3<2 ChoiceStateExited"],
      ...["4<3 PassStateEntered", "5<4 PassStateExited", "6<5 ExecutionSucceeded"],
    ],
  ],
  ["a Fail state", machine(fail), {}, ["1<0 ExecutionStarted", "2<0 FailStateEntered", "3<2 ExecutionFailed"]],
  ["a runtime error", machine(bad), {}, ["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 ExecutionFailed"]],
  [
    "a runtime error in the second state",
    machine({ Type: "Pass", Next: "B" }, { B: bad }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited"],
      ...["4<3 PassStateEntered", "5<4 ExecutionFailed"],
    ],
  ],
  [
    "a JSONata error points before the entry",
    machine({ Type: "Pass", Output: { result: "{% $states.input.x %}" }, End: true }, {}, { QueryLanguage: "JSONata" }),
    {},
    ["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<0 EvaluationFailed", "4<3 ExecutionFailed"],
  ],
  [
    "a JSONata error in the second state",
    machine(
      { Type: "Pass", Next: "B" },
      { B: { Type: "Pass", Output: "{% $x %}", End: true } },
      { QueryLanguage: "JSONata" },
    ),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited", "4<3 PassStateEntered"],
      ...["5<3 EvaluationFailed", "6<5 ExecutionFailed"],
    ],
  ],
  [
    "a JSONata error in the items of a Map",
    machine(
      { Type: "Pass", Next: "M" },
      { M: { Type: "Map", Items: "{% 1 %}", ItemProcessor: only("I", pass), End: true } },
      { QueryLanguage: "JSONata" },
    ),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited", "4<3 MapStateEntered"],
      ...["5<3 EvaluationFailed", "6<5 MapStateFailed", "7<6 ExecutionFailed"],
    ],
  ],
  [
    "a Lambda task",
    machine({ Type: "Task", Resource: lambda, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled", "4<3 LambdaFunctionStarted"],
      ...["5<4 LambdaFunctionSucceeded", "6<5 TaskStateExited", "7<6 ExecutionSucceeded"],
    ],
  ],
  [
    "a failing Lambda task",
    machine({ Type: "Task", Resource: lambda, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled", "4<3 LambdaFunctionStarted"],
      ...["5<4 LambdaFunctionFailed", "6<5 ExecutionFailed"],
    ],
    fails,
  ],
  [
    "a caught Lambda failure",
    machine({ Type: "Task", Resource: lambda, ...caughtByH, End: true }, { H: pass }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled", "4<3 LambdaFunctionStarted"],
      ...["5<4 LambdaFunctionFailed", "6<5 TaskStateExited", "7<6 PassStateEntered", "8<7 PassStateExited"],
      "9<8 ExecutionSucceeded",
    ],
    fails,
  ],
  [
    "a Lambda task that takes too long",
    machine({ Type: "Task", Resource: lambda, TimeoutSeconds: 3, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled", "4<3 LambdaFunctionStarted"],
      ...["5<4 LambdaFunctionTimedOut", "6<5 ExecutionFailed"],
    ],
    { task: () => "pending" },
  ],
  [
    "a runtime error after the task succeeded",
    machine({ Type: "Task", Resource: lambda, OutputPath: "$.nope", End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled", "4<3 LambdaFunctionStarted"],
      ...["5<4 LambdaFunctionSucceeded", "6<5 ExecutionFailed"],
    ],
  ],
  [
    "a service integration",
    machine({ Type: "Task", Resource: sqs, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 TaskScheduled", "4<3 TaskStarted"],
      ...["5<4 TaskSucceeded", "6<5 TaskStateExited", "7<6 ExecutionSucceeded"],
    ],
  ],
  [
    "a call-back",
    machine({ Type: "Task", Resource: callback, Parameters: { "t.$": "$$.Task.Token" }, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSubmitted"],
      ...["6<5 TaskSucceeded", "7<6 TaskStateExited", "8<7 ExecutionSucceeded"],
    ],
    { task: () => ({ submitted: {}, output: 1 }) },
  ],
  [
    "a call-back that fails and is caught",
    machine({ Type: "Task", Resource: callback, ...caughtByH, End: true }, { H: pass }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSubmitted"],
      ...["6<5 TaskFailed", "7<6 TaskStateExited", "8<7 PassStateEntered", "9<8 PassStateExited"],
      "10<9 ExecutionSucceeded",
    ],
    { task: () => ({ submitted: {}, error: "Failure error", cause: "Failure cause" }) },
  ],
  [
    "a call-back whose submitting call fails",
    machine({ Type: "Task", Resource: callback, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 TaskScheduled", "4<3 TaskStarted"],
      ...["5<4 TaskSubmitFailed", "6<5 ExecutionFailed"],
    ],
    fails,
  ],
  [
    "a missed heartbeat",
    machine({ Type: "Task", Resource: callback, HeartbeatSeconds: 5, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 TaskScheduled", "4<3 TaskStarted", "5<4 TaskSubmitted"],
      ...["6<5 TaskTimedOut", "7<6 ExecutionFailed"],
    ],
    { task: () => ({ submitted: {}, output: 1, afterSeconds: 60 }) },
  ],
  [
    "an activity",
    machine({ Type: "Task", Resource: activity, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 ActivityScheduled", "4<3 ActivityStarted"],
      ...["5<4 ActivitySucceeded", "6<5 TaskStateExited", "7<6 ExecutionSucceeded"],
    ],
  ],
  [
    "an activity that does not exist",
    machine({ Type: "Task", Resource: activity, End: true }),
    {},
    ["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 ExecutionFailed"],
    { refuseTask: (task) => `The activity ${task.resource.arn} does not exist.` },
  ],
  [
    "a retried task",
    machine({ Type: "Task", Resource: lambda, Retry: [{ ErrorEquals: ["Boom"], MaxAttempts: 1 }], End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled", "4<3 LambdaFunctionStarted"],
      ...["5<4 LambdaFunctionFailed", "6<5 LambdaFunctionScheduled", "7<6 LambdaFunctionStarted"],
      ...["8<7 LambdaFunctionFailed", "9<8 ExecutionFailed"],
    ],
    fails,
  ],
  [
    "a Parallel state",
    machine({ Type: "Parallel", Branches: [only("X", pass), only("Y", pass)], End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted"],
      ...["4<3 PassStateEntered", "5<3 PassStateEntered", "6<4 PassStateExited", "7<5 PassStateExited"],
      ...["8<7 ParallelStateSucceeded", "9<7 ParallelStateExited", "10<9 ExecutionSucceeded"],
    ],
  ],
  [
    "a Parallel state with four branches",
    machine(
      { Type: "Parallel", Branches: ["W", "X", "Y", "Z"].map((name) => only(name, pass)), Next: "B" },
      { B: pass },
    ),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted"],
      ...[4, 5, 6, 7].map((id) => `${id}<3 PassStateEntered`),
      ...[8, 9, 10, 11].map((id) => `${id}<${id - 4} PassStateExited`),
      ...["12<11 ParallelStateSucceeded", "13<11 ParallelStateExited", "14<13 PassStateEntered"],
      ...["15<14 PassStateExited", "16<15 ExecutionSucceeded"],
    ],
  ],
  [
    "a failing branch",
    machine({ Type: "Parallel", Branches: [only("X", fail)], End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 FailStateEntered"],
      ...["5<4 ParallelStateFailed", "6<5 ExecutionFailed"],
    ],
  ],
  [
    "a failing task in a branch, caught",
    machine(
      { Type: "Parallel", Branches: [only("X", { Type: "Task", Resource: sqs, End: true })], ...caughtByH, End: true },
      { H: pass },
    ),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 TaskStateEntered"],
      ...["5<4 TaskScheduled", "6<5 TaskStarted", "7<6 TaskFailed", "8<7 TaskStateAborted", "9<7 ParallelStateFailed"],
      ...["10<9 ParallelStateExited", "11<10 PassStateEntered", "12<11 PassStateExited", "13<12 ExecutionSucceeded"],
    ],
    fails,
  ],
  [
    "a failing task in a branch, retried",
    machine({
      Type: "Parallel",
      Branches: [only("X", { Type: "Task", Resource: sqs, End: true })],
      Retry: [{ ErrorEquals: ["Boom"], MaxAttempts: 1 }],
      End: true,
    }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 TaskStateEntered"],
      ...["5<4 TaskScheduled", "6<5 TaskStarted", "7<6 TaskFailed", "8<7 TaskStateAborted"],
      ...["9<7 ParallelStateStarted", "10<9 TaskStateEntered", "11<10 TaskScheduled", "12<11 TaskStarted"],
      ...["13<12 TaskFailed", "14<13 TaskStateAborted", "15<13 ParallelStateFailed", "16<15 ExecutionFailed"],
    ],
    fails,
  ],
  [
    "branches stopped by a failing sibling",
    machine({
      Type: "Parallel",
      Branches: [
        only("W", { Type: "Wait", Seconds: 99, End: true }),
        only("T", { Type: "Task", Resource: lambda, End: true }),
        { StartAt: "D", States: { D: { Type: "Wait", Seconds: 1, Next: "F" }, F: fail } },
      ],
      End: true,
    }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 WaitStateEntered"],
      ...["5<3 TaskStateEntered", "6<3 WaitStateEntered", "7<5 LambdaFunctionScheduled", "8<7 LambdaFunctionStarted"],
      ...["9<6 WaitStateExited", "10<9 FailStateEntered", "11<4 WaitStateAborted", "12<8 TaskStateAborted"],
      ...["13<10 ParallelStateFailed", "14<13 ExecutionFailed"],
    ],
    { task: () => "pending" },
  ],
  [
    "a runtime error in a branch",
    machine({ Type: "Parallel", Branches: [only("X", bad)], ...caughtByH, End: true }, { H: pass }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 PassStateEntered"],
      "5<4 ExecutionFailed",
    ],
  ],
  [
    "a Parallel state's own error after its branches",
    machine({ Type: "Parallel", Branches: [only("X", pass)], ResultSelector: { "v.$": "$.nope" }, End: true }),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 PassStateEntered"],
      ...["5<4 PassStateExited", "6<5 ParallelStateSucceeded", "7<6 ExecutionFailed"],
    ],
  ],
  [
    "a catcher whose output fails",
    machine(
      {
        Type: "Parallel",
        Branches: [only("X", fail)],
        Catch: [{ ErrorEquals: ["States.ALL"], Output: "{% $states.errorOutput.nope %}", Next: "H" }],
        End: true,
      },
      { H: pass },
      { QueryLanguage: "JSONata" },
    ),
    {},
    [
      ...["1<0 ExecutionStarted", "2<0 ParallelStateEntered", "3<2 ParallelStateStarted", "4<3 FailStateEntered"],
      ...["5<4 ParallelStateFailed", "6<4 EvaluationFailed", "7<6 ParallelStateFailed", "8<7 ExecutionFailed"],
    ],
  ],
  [
    "a Map one by one",
    machine({ Type: "Pass", Next: "M" }, { M: map(pass) }),
    [1, 2, 3],
    [
      ...["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited", "4<3 MapStateEntered"],
      ...["5<4 MapStateStarted", "6<5 MapIterationStarted", "7<6 PassStateEntered", "8<7 PassStateExited"],
      ...["9<8 MapIterationSucceeded", "10<8 MapIterationStarted", "11<10 PassStateEntered", "12<11 PassStateExited"],
      ...["13<12 MapIterationSucceeded", "14<12 MapIterationStarted", "15<14 PassStateEntered"],
      ...["16<15 PassStateExited", "17<16 MapIterationSucceeded", "18<17 MapStateSucceeded", "19<17 MapStateExited"],
      "20<19 ExecutionSucceeded",
    ],
  ],
  [
    "a Map all at once",
    machine(map(pass, { MaxConcurrency: 0 })),
    [1, 2],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted"],
      ...["5<3 MapIterationStarted", "6<4 PassStateEntered", "7<5 PassStateEntered", "8<6 PassStateExited"],
      ...["9<8 MapIterationSucceeded", "10<7 PassStateExited", "11<10 MapIterationSucceeded"],
      ...["12<11 MapStateSucceeded", "13<11 MapStateExited", "14<13 ExecutionSucceeded"],
    ],
  ],
  [
    "an empty Map",
    machine({ Type: "Pass", Next: "M" }, { M: map(pass) }),
    [],
    [
      ...["1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited", "4<3 MapStateEntered"],
      ...["5<4 MapStateStarted", "6<5 MapStateSucceeded", "7<5 MapStateExited", "8<7 ExecutionSucceeded"],
    ],
  ],
  [
    "a failing iteration",
    machine(map(fail)),
    [1, 2],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted"],
      ...["5<4 FailStateEntered", "6<5 MapIterationFailed", "7<5 MapStateFailed", "8<7 ExecutionFailed"],
    ],
  ],
  [
    "a failing iteration, caught",
    machine(map(fail, caughtByH), { H: pass }),
    [1],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted"],
      ...["5<4 FailStateEntered", "6<5 MapIterationFailed", "7<5 MapStateFailed", "8<7 MapStateExited"],
      ...["9<8 PassStateEntered", "10<9 PassStateExited", "11<10 ExecutionSucceeded"],
    ],
  ],
  [
    "iterations stopped by a failing one",
    machine(
      map(
        { Type: "Choice", Choices: [{ Variable: "$", NumericEquals: 2, Next: "F" }], Default: "W" },
        {
          MaxConcurrency: 2,
          ItemProcessor: {
            StartAt: "C",
            States: {
              C: { Type: "Choice", Choices: [{ Variable: "$", NumericEquals: 2, Next: "F" }], Default: "W" },
              W: { Type: "Wait", Seconds: 9, End: true },
              F: fail,
            },
          },
        },
      ),
    ),
    [1, 2],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted"],
      ...["5<3 MapIterationStarted", "6<4 ChoiceStateEntered", "7<5 ChoiceStateEntered", "8<6 ChoiceStateExited"],
      ...["9<7 ChoiceStateExited", "10<8 WaitStateEntered", "11<9 FailStateEntered", "12<11 MapIterationFailed"],
      ...["13<10 WaitStateAborted", "14<13 MapIterationAborted", "15<11 MapStateFailed", "16<15 ExecutionFailed"],
    ],
  ],
  [
    "a runtime error in an iteration",
    machine(map(bad)),
    [1],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted"],
      ...["5<4 PassStateEntered", "6<5 ExecutionFailed"],
    ],
  ],
  [
    "a Map in a Map",
    machine(map({ ...map(pass), ItemProcessor: only("J", pass) })),
    [[1]],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted"],
      ...["5<4 MapStateEntered", "6<5 MapStateStarted", "7<6 MapIterationStarted", "8<7 PassStateEntered"],
      ...["9<8 PassStateExited", "10<9 MapIterationSucceeded", "11<10 MapStateSucceeded", "12<10 MapStateExited"],
      ...["13<12 MapIterationSucceeded", "14<13 MapStateSucceeded", "15<13 MapStateExited", "16<15 ExecutionSucceeded"],
    ],
  ],
  [
    "a distributed Map",
    machine({
      Type: "Map",
      ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...only("I", pass) },
      End: true,
    }),
    [1, 2],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapRunStarted"],
      ...["5<4 MapRunSucceeded", "6<5 MapStateSucceeded", "7<5 MapStateExited", "8<7 ExecutionSucceeded"],
    ],
  ],
  [
    "a failing distributed Map",
    machine({
      Type: "Map",
      ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...only("I", fail) },
      End: true,
    }),
    [1],
    [
      ...["1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapRunStarted"],
      ...["5<4 MapRunFailed", "6<5 MapStateFailed", "7<6 ExecutionFailed"],
    ],
  ],
  [
    "the machine's time-out",
    machine({ Type: "Wait", Seconds: 30, End: true }, {}, { TimeoutSeconds: 2 }),
    {},
    ["1<0 ExecutionStarted", "2<0 WaitStateEntered", "3<0 ExecutionTimedOut"],
  ],
];

describe("event types, ids and previous ids", () => {
  it.each(rows)("%s", (_name, definition, input, history, options) => {
    expect(shortHistory(runDefinition(definition, input, options).events)).toEqual(history);
  });
});

describe("event details", () => {
  const details = (definition: JsonObject, input: Json, options: RunnerOptions = {}): Record<string, unknown> => {
    const found: Record<string, unknown> = {};
    for (const event of runDefinition(definition, input, options).events) {
      found[event.type] = event.details && { [event.detailsKey!]: event.details };
    }
    return found;
  };
  const truncated = { truncated: false };

  it("carry the caller's input and the engine's compact output", () => {
    const found = details(machine({ Type: "Pass", Result: { a: [1] }, End: true }), { x: 1 });
    expect(found["ExecutionStarted"]).toEqual({
      executionStartedEventDetails: {
        input: '{"x":1}',
        inputDetails: truncated,
        roleArn: "arn:aws:iam::111122223333:role/r",
      },
    });
    expect(found["PassStateEntered"]).toEqual({
      stateEnteredEventDetails: { name: "A", input: '{"x":1}', inputDetails: truncated },
    });
    expect(found["PassStateExited"]).toEqual({
      stateExitedEventDetails: { name: "A", output: '{"a":[1]}', outputDetails: truncated },
    });
    expect(found["ExecutionSucceeded"]).toEqual({
      executionSucceededEventDetails: { output: '{"a":[1]}', outputDetails: truncated },
    });
  });

  it("name assigned variables in alphabetical order, as JSON text", () => {
    const found = details(machine({ Type: "Pass", Assign: { s: "a", "n.$": "$.x" }, End: true }), { x: 42 });
    expect(JSON.stringify(found["PassStateExited"])).toContain(
      '"assignedVariables":{"n":"42","s":"\\"a\\""},"assignedVariablesDetails":{"truncated":false}',
    );
  });

  it("show how a service task was scheduled", () => {
    const found = details(
      machine({
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Parameters: { FunctionName: "f", Payload: { "p.$": "$.p" } },
        Credentials: { "RoleArn.$": "$.role" },
        TimeoutSeconds: 300,
        HeartbeatSeconds: 60,
        End: true,
      }),
      { p: 1, role: "arn:aws:iam::1:role/x" },
    );
    expect(found["TaskScheduled"]).toEqual({
      taskScheduledEventDetails: {
        resourceType: "lambda",
        resource: "invoke",
        region: "us-east-1",
        parameters: '{"FunctionName":"f","Payload":{"p":1}}',
        timeoutInSeconds: 300,
        heartbeatInSeconds: 60,
        taskCredentials: { roleArn: "arn:aws:iam::1:role/x" },
      },
    });
    expect(found["TaskStarted"]).toEqual({ taskStartedEventDetails: { resourceType: "lambda", resource: "invoke" } });
  });

  it("put static parameters first and dynamic ones in hash order", () => {
    const found = details(
      machine({
        Type: "Task",
        Resource: "arn:aws:states:::states:startExecution",
        Parameters: { "StateMachineArn.$": "$.a", "Input.$": "$.i", "Name.$": "$.n" },
        End: true,
      }),
      { a: "arn", i: null, n: "x" },
    );
    const scheduled = found["TaskScheduled"] as { taskScheduledEventDetails: JsonObject };
    expect(scheduled.taskScheduledEventDetails["parameters"]).toBe('{"Input":null,"StateMachineArn":"arn","Name":"x"}');
  });

  it("are empty for a failure without error and cause, absent for events that have none", () => {
    expect(details(machine({ Type: "Fail" }), {})["ExecutionFailed"]).toEqual({ executionFailedEventDetails: {} });
    const found = details(machine(map(pass)), [1]);
    expect(found["MapStateStarted"]).toEqual({ mapStateStartedEventDetails: { length: 1 } });
    expect(found["MapIterationStarted"]).toEqual({ mapIterationStartedEventDetails: { name: "A", index: 0 } });
    expect(found["MapStateSucceeded"]).toBeUndefined();
  });

  it("tell where an evaluation failed", () => {
    const found = details(
      machine(
        { Type: "Pass", Output: { list: ["{% $states.input.x %}"] }, End: true },
        {},
        { QueryLanguage: "JSONata" },
      ),
      {},
    );
    expect(found["EvaluationFailed"]).toEqual({
      evaluationFailedEventDetails: {
        error: "States.QueryEvaluationError",
        cause:
          "An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '$states.input.x' specified for the field 'Output/list[0]' returned nothing (undefined).",
        location: "Output/list[0]",
        state: "A",
      },
    });
  });

  it("give a time-out without a cause", () => {
    const found = details(
      machine({ Type: "Task", Resource: sqs, TimeoutSeconds: 1, End: true }),
      {},
      {
        task: () => "pending",
      },
    );
    expect(found["TaskTimedOut"]).toEqual({
      taskTimedOutEventDetails: { resourceType: "sqs", resource: "sendMessage", error: "States.Timeout" },
    });
    expect(found["ExecutionFailed"]).toEqual({ executionFailedEventDetails: { error: "States.Timeout" } });
  });
});
