import { describe, expect, it, vi } from "vitest";
import type { Env, TaskRequest } from "../../../src/services/stepfunctions/asl/execution.ts";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { Evaluation } from "../../../src/services/stepfunctions/asl/run.ts";
import { MockMismatch } from "../../../src/services/stepfunctions/asl/states/fan-states.ts";
import {
  mockProblem,
  StateTest,
  type StateTestResult,
  type StateTestSetup,
} from "../../../src/services/stepfunctions/asl/states/test-state.ts";
import { parseDefinition, parseLoneState } from "../../../src/services/stepfunctions/asl/validation/definition.ts";

const lambda = "arn:aws:lambda:us-east-1:111122223333:function:f";
const env: Env = {
  nowMs: 0,
  chance: { random: () => 0.5, uuid: () => "u" },
  region: "us-east-1",
  taskToken: () => "token",
};

function begin(state: JsonObject, input: Json, more: Partial<StateTestSetup> = {}): StateTest {
  const { machine, diagnostics } = parseLoneState(JSON.stringify(state));
  expect(diagnostics).toEqual([]);
  return new StateTest({
    machine: machine!,
    stateName: "StateName",
    meta: {
      arn: "arn:aws:states:us-east-1:111122223333:express:m:e:1",
      name: "e",
      type: "EXPRESS",
      roleArn: null,
      startedAtMs: 0,
      inputText: JSON.stringify(input),
      stateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:m",
      stateMachineName: "m",
    },
    ...more,
  });
}

function tested(state: JsonObject, input: Json, more: Partial<StateTestSetup> = {}): StateTestResult {
  return begin(state, input, more).begin(env) as StateTestResult;
}

describe("TestState", () => {
  it("shows each stage of a JSONPath Pass", () => {
    const state = { Type: "Pass", InputPath: "$.a", Parameters: { "n.$": "$.b" }, ResultPath: "$.r", Next: "Later" };
    expect(tested(state, { a: { b: 1 } })).toEqual({
      status: "SUCCEEDED",
      output: { a: { b: 1 }, r: { n: 1 } },
      nextState: "Later",
      inspectionData: {
        input: { a: { b: 1 } },
        afterInputPath: { b: 1 },
        afterParameters: { n: 1 },
        afterResultSelector: { n: 1 },
        afterResultPath: { a: { b: 1 }, r: { n: 1 } },
      },
    });
  });

  it("shows the literal result of a Pass instead of its input stages", () => {
    expect(Object.keys(tested({ Type: "Pass", Result: 1, End: true }, {}).inspectionData)).toEqual([
      ...["input", "result", "afterResultSelector", "afterResultPath"],
    ]);
  });

  it("shows the next state of a Choice", () => {
    const state = { Type: "Choice", Choices: [{ Variable: "$.a", IsPresent: true, Next: "Yes" }], Default: "No" };
    expect(tested(state, {})).toMatchObject({ status: "SUCCEEDED", nextState: "No" });
    expect(Object.keys(tested(state, {}).inspectionData)).toEqual(["input", "afterInputPath"]);
  });

  it("has the plain error message of a failed stage", () => {
    const map = {
      Type: "Map",
      ItemsPath: "$$.Execution.Input",
      ItemProcessor: { StartAt: "I", States: { I: { Type: "Pass", End: true } } },
      End: true,
    };
    expect(tested(map, {}, { mock: { result: [] } })).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      cause: 'Reference path "$.Execution.Input" must point to array.',
    });
  });

  it("fails with a Fail state's error", () => {
    expect(tested({ Type: "Fail", Error: "E", Cause: "c" }, {})).toMatchObject({
      status: "FAILED",
      error: "E",
      cause: "c",
    });
  });

  it("returns a task and continues with its outcome", () => {
    const test = begin(
      { Type: "Task", Resource: lambda, Parameters: { "p.$": "$.q" }, ResultSelector: { "v.$": "$.w" }, End: true },
      { q: 1 },
    );
    const task = test.begin(env) as TaskRequest;
    expect(task.parameters).toEqual({ p: 1 });
    expect(test.answer({ output: { w: 2 } }, env)).toEqual({
      status: "SUCCEEDED",
      output: { v: 2 },
      inspectionData: {
        input: { q: 1 },
        afterInputPath: { q: 1 },
        afterParameters: { p: 1 },
        result: { w: 2 },
        afterResultSelector: { v: 2 },
        afterResultPath: { v: 2 },
      },
    });
  });

  it("shows the arguments and variables of a JSONata task", () => {
    const state = {
      Type: "Task",
      QueryLanguage: "JSONata",
      Resource: lambda,
      Arguments: { a: "{% $v %}" },
      Assign: { w: "{% $states.result %}" },
      Output: "{% $states.context.State.Name %}",
      End: true,
    };
    expect(tested(state, {}, { variables: { v: 7 }, mock: { result: 8 } })).toEqual({
      status: "SUCCEEDED",
      output: "StateName",
      inspectionData: { input: {}, afterArguments: { a: 7 }, result: 8, variables: { v: 7, w: 8 } },
    });
  });

  const handled = {
    Type: "Task",
    Resource: lambda,
    Retry: [{ ErrorEquals: ["R"], IntervalSeconds: 3, BackoffRate: 2, MaxAttempts: 2 }],
    Catch: [{ ErrorEquals: ["R", "C"], ResultPath: "$.e", Next: "H" }],
    End: true,
  };

  it("reports a retry with its delay, and the catcher once retries are used up", () => {
    const mock = { error: "R", cause: "why" };
    expect(tested(handled, {}, { mock, retrierRetryCount: 1 })).toMatchObject({
      status: "RETRIABLE",
      error: "R",
      cause: "why",
      inspectionData: { errorDetails: { retryIndex: 0, retryBackoffIntervalSeconds: 6 } },
    });
    expect(tested(handled, { a: 1 }, { mock, retrierRetryCount: 2 })).toMatchObject({
      status: "CAUGHT_ERROR",
      output: { a: 1, e: { Error: "R", Cause: "why" } },
      nextState: "H",
      error: "R",
      inspectionData: { errorDetails: { catchIndex: 0 } },
    });
    expect(tested(handled, {}, { mock: { error: "X" } })).toMatchObject({ status: "FAILED", error: "X" });
  });

  it("shows a mocked Map's items and concurrency", () => {
    const map = {
      Type: "Map",
      ItemsPath: "$.l",
      MaxConcurrency: 3,
      ItemProcessor: { StartAt: "I", States: { I: { Type: "Pass", End: true } } },
      End: true,
    };
    expect(tested(map, { l: [1] }, { mock: { result: ["x"] } })).toEqual({
      status: "SUCCEEDED",
      output: ["x"],
      inspectionData: {
        input: { l: [1] },
        afterInputPath: { l: [1] },
        afterItemsPath: [1],
        maxConcurrency: 3,
        afterResultSelector: ["x"],
        afterResultPath: ["x"],
      },
    });
    expect(tested(map, { l: [1] }, { mock: { result: [] }, mapIterationFailureCount: 1 })).toMatchObject({
      status: "FAILED",
      error: "States.ExceedToleratedFailureThreshold",
    });
    expect(() => tested(map, { l: [1] }, { mock: { result: [] }, mapIterationFailureCount: 2 })).toThrow(MockMismatch);
  });

  it("shows only the results of a mocked Parallel", () => {
    const state = {
      Type: "Parallel",
      Branches: [{ StartAt: "I", States: { I: { Type: "Pass", End: true } } }],
      End: true,
    };
    expect(tested(state, {}, { mock: { result: [1] } }).inspectionData).toEqual({
      input: {},
      afterResultSelector: [1],
      afterResultPath: [1],
    });
  });

  it("uses a given context object as it is", () => {
    const state = { Type: "Task", Resource: lambda, ResultSelector: { "c.$": "$$" }, End: true };
    const context = { Execution: { Id: "x" } };
    expect(tested(state, {}, { mock: { result: {} }, context }).output).toEqual({ c: context });
  });

  it("generates a context object without a redrive count", () => {
    expect(tested({ Type: "Pass", OutputPath: "$$.Execution", End: true }, {}).output).toEqual({
      Id: "arn:aws:states:us-east-1:111122223333:express:m:e:1",
      Input: {},
      Name: "e",
      RoleArn: null,
      StartTime: "1970-01-01T00:00:00.000Z",
    });
  });

  it("continues when a step's time is up", () => {
    const isLong = vi.spyOn(Evaluation.prototype, "isLong").mockReturnValueOnce(true);
    const result = tested({ Type: "Pass", Parameters: { "n.$": "$.a" }, End: true }, { a: 1 });
    expect(isLong).toHaveBeenCalled();
    isLong.mockRestore();
    expect(result).toMatchObject({ status: "SUCCEEDED", output: { n: 1 } });
  });

  it("says which mocks do not fit a state", () => {
    const problem = (state: JsonObject, mock: NonNullable<StateTestSetup["mock"]>): string | undefined =>
      mockProblem(parseLoneState(JSON.stringify(state)).machine!.states.get("StateName")!, mock);
    const processor = { StartAt: "I", States: { I: { Type: "Pass", End: true } } };
    expect(problem({ Type: "Pass", End: true }, { result: 1 })).toBe(
      "State type 'Pass' is not supported when a mock is specified",
    );
    expect(problem({ Type: "Map", ItemProcessor: processor, End: true }, { result: 1 })).toBe(
      "Mocked result must be an array.",
    );
    expect(problem({ Type: "Map", ItemProcessor: processor, End: true }, { error: "E" })).toBeUndefined();
  });

  it("runs one state of a whole machine, at any depth", () => {
    const definition = {
      StartAt: "P",
      States: {
        P: {
          Type: "Parallel",
          Branches: [{ StartAt: "I", States: { I: { Type: "Pass", Result: 5, Next: "J" }, J: { Type: "Succeed" } } }],
          End: true,
        },
      },
    };
    const { machine } = parseDefinition(JSON.stringify(definition));
    expect(tested({ Type: "Pass", End: true }, {}, { machine: machine!, stateName: "I" })).toMatchObject({
      output: 5,
      nextState: "J",
    });
  });
});
