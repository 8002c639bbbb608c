/** TestState's errors and results, as recorded on AWS. */
import { TestStateCommand, type TestStateCommandInput } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type States, startStates } from "../../support/states.ts";

let states: States;
beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "tests" });
});
afterAll(() => states.close());

const test = (state: object, more: Partial<TestStateCommandInput> = {}) =>
  states.client.send(new TestStateCommand({ definition: JSON.stringify(state), ...more }));

const branch = { StartAt: "I", States: { I: { Type: "Pass", End: true } } };
const parallel = {
  Type: "Parallel",
  Branches: [branch, { StartAt: "J", States: { J: { Type: "Succeed" } } }],
  End: true,
};
const map = { Type: "Map", ItemProcessor: branch, End: true };
const task = { Type: "Task", Resource: "arn:aws:lambda:us-east-1:000000000000:function:f", End: true };
const reading = {
  ...map,
  ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...branch },
  ItemReader: { Resource: "arn:aws:states:::s3:getObject", Parameters: { Bucket: "b", Key: "k" } },
};
const unsupported =
  "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]";

type Row = [what: string, state: object, more: Partial<TestStateCommandInput>, message: string, name?: string];

const invoke = { ...task, Resource: "arn:aws:states:::lambda:invoke", Parameters: { FunctionName: "f" } };
const batching = {
  ...map,
  ItemProcessor: reading.ItemProcessor,
  ItemBatcher: { MaxItemsPerBatch: 2 },
};

const refusals: Row[] = [
  ["a Map without a mock", map, {}, unsupported, "InvalidDefinition"],
  ["a Parallel without a mock", parallel, {}, unsupported, "InvalidDefinition"],
  ["a Parallel's result that is not an array", parallel, { mock: { result: "{}" } }, "Mocked result must be an array."],
  [
    "a Parallel's result of a different length",
    parallel,
    { mock: { result: "[1]" } },
    "Mocked result must contain the same number of items as number of Parallel branches.",
  ],
  [
    "a mock with both",
    task,
    { mock: { result: "1", errorOutput: { error: "E" } } },
    "A test mock should have only one of the following fields: [result, errorOutput].",
  ],
  [
    "a mock with neither",
    task,
    { mock: {} },
    "One of the following fields is required for a test mock: [result, errorOutput].",
  ],
  [
    "an error output without an error",
    task,
    { mock: { errorOutput: { cause: "c" } } },
    "An error was not specified in the mocked error output.",
  ],
  ["a Task's result of null", task, { mock: { result: "null" } }, "Mocked result must be a valid JSON object."],
  [
    "secrets to be revealed with a mock",
    task,
    { mock: { result: "1" }, revealSecrets: true },
    "TestState does not support RevealSecrets when a mock is specified.",
  ],
  [
    "failed iterations without a mock",
    map,
    { stateConfiguration: { mapIterationFailureCount: 1 } },
    "TestState does not support MapIterationFailureCount when a mock is not specified.",
  ],
  [
    "failed iterations of another state",
    task,
    { mock: { result: "1" }, stateConfiguration: { mapIterationFailureCount: 1 } },
    "MapIterationFailureCount is only supported when testing a Map state.",
  ],
  [
    "an ItemReader without data",
    reading,
    { mock: { result: "[]" } },
    "ItemReader data must be specified when testing a Map state with ItemReader specified.",
  ],
  [
    "an invocation whose payload is not a string",
    invoke,
    { mock: { result: '{"StatusCode":200,"Payload":{"a":1}}' } },
    "Mock result schema validation error: Field 'Payload' must be a string",
  ],
  [
    "fewer results than batches",
    batching,
    { input: "[1,2,3]", mock: { result: "[1]" } },
    "Input array does not equal the mocked result array's size",
  ],
  [
    "more results than batches",
    batching,
    { input: "[1,2,3]", mock: { result: "[1,2,3]" } },
    "Input array does not equal the mocked result array's size",
  ],
  [
    "a state that is not in the machine",
    { StartAt: "A", States: { A: { Type: "Pass", End: true } } },
    { stateName: "B" },
    "State not found in definition",
  ],
];

describe("TestState refuses", () => {
  it.each(refusals)("%s", async (_what, state, more, message, name = "ValidationException") => {
    await expect(test(state, more)).rejects.toMatchObject({ name, message });
  });
});

describe("TestState's context object", () => {
  const state = { Type: "Pass", Parameters: { "c.$": "$$" }, End: true };

  it.each([
    ["of a single state", state, {}],
    ["of a state in a machine", { StartAt: "A", States: { A: state } }, { stateName: "A" }],
  ])("%s has a name of its own and an ARN of two parts", async (_what, definition, more) => {
    const { c } = JSON.parse((await test(definition, more)).output as string);
    expect(c.State.Name).toBe("StateName");
    const parts = c.Execution.Id.split(":express:")[1].split(":");
    expect(parts).toEqual([expect.any(String), c.Execution.Name]);
  });
});

describe("TestState shows variables", () => {
  const state = { Type: "Pass", End: true };

  it.each([
    [state, { variables: "{}" }, undefined],
    [{ ...state, Assign: {} }, {}, undefined],
    [state, { variables: '{"a":1}' }, '{"a":1}'],
    [{ ...state, Assign: { b: 2 } }, { variables: "{}" }, '{"b":2}'],
  ])("when there are some: %j %j", async (definition, more, shown) => {
    const { inspectionData } = await test(definition, { inspectionLevel: "DEBUG", ...more });
    expect(inspectionData?.variables).toBe(shown);
  });
});

describe("TestState has other error names than executions", () => {
  it.each([
    [
      "a ResultPath into a value that is not an object",
      { Type: "Pass", Result: 1, ResultPath: "$.a", End: true },
      "5",
      "States.ReferencePathConflict",
    ],
    [
      "a ResultPath into a list",
      { Type: "Pass", Result: 1, ResultPath: "$.a", End: true },
      "[1]",
      "States.ReferencePathConflict",
    ],
    [
      "a function's argument",
      { Type: "Pass", Parameters: { "v.$": "States.ArrayLength($.n)" }, End: true },
      '{"n":1}',
      "States.Runtime",
    ],
    [
      "another function's argument",
      { Type: "Pass", Parameters: { "v.$": "States.MathAdd($.n, 1)" }, End: true },
      '{"n":"x"}',
      "States.Runtime",
    ],
  ])("%s", async (_what, state, input, error) => {
    expect(await test(state, { input })).toMatchObject({ status: "FAILED", error });
  });
});

describe("TestState keeps the formatting of what a path selects", () => {
  const given = '{ "box" : { "b" : [1,  2] }, "n":1 }';

  it.each([
    [
      "InputPath",
      { Type: "Pass", InputPath: "$.box", End: true },
      { input: given },
      { afterInputPath: '{ "b" : [1,  2] }' },
      '{ "b" : [1,  2] }',
    ],
    [
      "OutputPath",
      { Type: "Pass", OutputPath: "$.box.b", End: true },
      { input: given },
      { afterInputPath: given },
      "[1,  2]",
    ],
    [
      "a mocked result",
      { ...task, OutputPath: "$.box" },
      { input: "{ }", mock: { result: given } },
      { afterInputPath: "{ }", result: given, afterResultSelector: given, afterResultPath: given },
      '{ "b" : [1,  2] }',
    ],
    [
      "a mocked context",
      { ...task, InputPath: "$$.Execution.Input" },
      { mock: { result: "1" }, context: '{"Execution":{"Input":{ "x" :1}}}' },
      { afterInputPath: '{ "x" :1}' },
      "1",
    ],
  ])("%s", async (_what, state, more, stages, output) => {
    const shown = await test(state, { inspectionLevel: "DEBUG", roleArn: "arn:aws:iam::000000000000:role/r", ...more });
    expect(shown.inspectionData).toMatchObject(stages);
    expect(shown.output).toBe(output);
  });
});
