import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { type RunnerOptions, runDefinition, shortHistory } from "../../support/asl-runner.ts";

const lambda = "arn:aws:lambda:us-east-1:111122223333:function:f";
const sqs = "arn:aws:states:::sqs:sendMessage";

const pass: JsonObject = { Type: "Pass", End: true };

function machine(state: JsonObject, more: JsonObject = {}, top: JsonObject = {}): JsonObject {
  return { ...top, StartAt: "A", States: { A: state, ...more } };
}

function only(name: string, state: JsonObject): JsonObject {
  return { StartAt: name, States: { [name]: state } };
}

function map(inner: JsonObject, more: JsonObject = {}): JsonObject {
  return { Type: "Map", MaxConcurrency: 1, ItemProcessor: only("I", inner), End: true, ...more };
}

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

  it("are empty for a failure without error and cause, and absent for events that have no details", () => {
    expect(details(machine({ Type: "Fail" }), {})["ExecutionFailed"]).toEqual({ executionFailedEventDetails: {} });
    const found = details(machine(map(pass)), [1]);
    expect(found["MapStateStarted"]).toEqual({ mapStateStartedEventDetails: { length: 1 } });
    expect(found["MapIterationStarted"]).toEqual({ mapIterationStartedEventDetails: { name: "A", index: 0 } });
    expect(found["MapStateSucceeded"]).toBeUndefined();
  });

  it("name the field whose evaluation failed", () => {
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

  it("end with a timeout without a cause for a function that does not respond", () => {
    const { events } = runDefinition(
      machine({ Type: "Task", Resource: lambda, TimeoutSeconds: 3, End: true }),
      {},
      { task: () => "pending" },
    );
    expect(shortHistory(events)).toEqual([
      ...["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled", "4<3 LambdaFunctionStarted"],
      ...["5<4 LambdaFunctionTimedOut", "6<5 ExecutionFailed"],
    ]);
    expect(events.slice(4).map(({ details }) => details)).toEqual([
      { error: "States.Timeout" },
      { error: "States.Timeout" },
    ]);
  });

  it("have no cause for a timeout", () => {
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
