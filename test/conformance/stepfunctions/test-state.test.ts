import { TestStateCommand, type TestStateCommandInput } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "test-state" });
  states.bus.registerFunction("double", (event) => (event as number) * 2);
});
afterAll(() => states.close());

async function tested(state: object, more: Partial<TestStateCommandInput> = {}) {
  const { $metadata: _metadata, ...result } = await states.client.send(
    new TestStateCommand({ definition: JSON.stringify(state), ...more }),
  );
  return result;
}

const lambda = "arn:aws:lambda:us-east-1:000000000000:function:double";
const task = { Type: "Task", Resource: lambda, Next: "N" };

describe("TestState", () => {
  it("runs a state and shows each stage", async () => {
    const state = { Type: "Pass", InputPath: "$.a", Parameters: { "n.$": "$.b" }, ResultPath: "$.r", Next: "N" };
    const input = '{"a":{"b":1}}';
    expect(await tested(state, { input })).toEqual({
      status: "SUCCEEDED",
      output: '{"a":{"b":1},"r":{"n":1}}',
      nextState: "N",
    });
    expect((await tested(state, { input, inspectionLevel: "DEBUG" })).inspectionData).toEqual({
      input,
      afterInputPath: '{"b":1}',
      afterParameters: '{"n":1}',
      afterResultSelector: '{"n":1}',
      afterResultPath: '{"a":{"b":1},"r":{"n":1}}',
    });
  });

  it("carries out a task for a role", async () => {
    await expect(tested(task)).rejects.toMatchObject({
      name: "ValidationException",
      message: "RoleArn must be specified when testing a Task state",
    });
    expect(await tested(task, { roleArn, input: "21" })).toEqual({ status: "SUCCEEDED", output: "42", nextState: "N" });
    const missing = await tested({ ...task, Resource: `${lambda}x` }, { roleArn });
    expect(missing).toMatchObject({ status: "FAILED", error: "Lambda.ResourceNotFoundException" });
  });

  it("takes mocks, retries and catches", async () => {
    expect(await tested(task, { mock: { result: "7" } })).toMatchObject({ status: "SUCCEEDED", output: "7" });
    const handled = {
      ...task,
      Retry: [{ ErrorEquals: ["E"], IntervalSeconds: 3, MaxAttempts: 2 }],
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "C" }],
    };
    const mock = { errorOutput: { error: "E", cause: "C" } };
    expect(await tested(handled, { mock, inspectionLevel: "DEBUG" })).toMatchObject({
      status: "RETRIABLE",
      error: "E",
      inspectionData: { errorDetails: { retryIndex: 0, retryBackoffIntervalSeconds: 3 } },
    });
    const caught = await tested(handled, { mock, stateConfiguration: { retrierRetryCount: 2 } });
    expect(caught).toMatchObject({ status: "CAUGHT_ERROR", nextState: "C", output: '{"Error":"E","Cause":"C"}' });
    await expect(tested({ Type: "Pass", End: true }, { mock })).rejects.toMatchObject({
      message: "State type 'Pass' is not supported when a mock is specified",
    });
  });

  it("checks mocked results and contexts", async () => {
    const send = {
      Type: "Task",
      Resource: "arn:aws:states:::aws-sdk:sqs:sendMessage",
      Parameters: { QueueUrl: "q", MessageBody: "m" },
      End: true,
    };
    await expect(tested(send, { mock: { result: '{"MessageId":1}' } })).rejects.toMatchObject({
      message: "Mock result schema validation error: Field 'MessageId' must be a string",
    });
    const unchecked = { result: '{"MessageId":1}', fieldValidationMode: "NONE" as const };
    expect((await tested(send, { mock: unchecked })).status).toBe("SUCCEEDED");
    const context = (value: object) => tested(task, { mock: { result: "1" }, context: JSON.stringify(value) });
    await expect(context({ Execution: { Id: 1 } })).rejects.toMatchObject({
      message: "Invalid Context object provided: Execution.Id must be a string",
    });
    await expect(context({ pokemon: {} })).rejects.toMatchObject({
      message: "Invalid Context object provided: Field 'pokemon' is not allowed",
    });
    await expect(context({ Task: { Token: "t" } })).rejects.toMatchObject({
      message:
        "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
    });
  });

  it("refuses what it cannot run", async () => {
    await expect(tested({ Type: "Pass", Foo: 1 })).rejects.toMatchObject({
      name: "InvalidDefinition",
      message:
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /States/StateName'",
    });
    const parallel = { Type: "Parallel", Branches: [{ StartAt: "A", States: { A: { Type: "Succeed" } } }], End: true };
    await expect(tested(parallel)).rejects.toMatchObject({ name: "ValidationException" });
    expect((await tested(parallel, { mock: { result: "[1]" } })).output).toBe("[1]");
    const machine = { StartAt: "A", States: { A: { Type: "Pass", Result: 1, End: true } } };
    expect((await tested(machine, { stateName: "A" })).output).toBe("1");
    await expect(tested(machine, { stateName: "B" })).rejects.toMatchObject({ name: "ValidationException" });
    await expect(tested({ Type: "Succeed" }, { variables: "1" })).rejects.toMatchObject({
      name: "ValidationException",
    });
    await expect(tested({ Type: "Succeed" }, { input: "x" })).rejects.toMatchObject({ name: "InvalidExecutionInput" });
  });
});
