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

  it("accepts mocks, retries and catches", async () => {
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

  it.each<[string, object, object, string]>([
    ["states:startExecution", { StateMachineArn: "m" }, {}, "Required field 'ExecutionArn' is missing"],
    [
      "aws-sdk:kinesis:putRecord",
      { StreamName: "s", PartitionKey: "p", Data: "d" },
      { ShardId: "s" },
      "Required field 'SequenceNumber' is missing",
    ],
    ["events:putEvents", { Entries: [] }, { Entries: {} }, "Field 'Entries' must be an array"],
    ["events:putEvents", { Entries: [] }, { Entries: [{ EventId: 1 }] }, "Field 'EventId' must be a string"],
    [
      "states:startExecution",
      { StateMachineArn: "m" },
      { ExecutionArn: "e", StartDate: 1 },
      "Field 'StartDate' must be a string",
    ],
    ["lambda:invoke", { FunctionName: "f" }, { StatusCode: "200" }, "Field 'StatusCode' must be a number"],
    [
      "aws-sdk:sfn:describeExecution",
      { ExecutionArn: "e" },
      { ExecutionArn: "e", StateMachineArn: "m", Status: "DONE", StartDate: "d" },
      "Field 'Status' is not an expected value",
    ],
    [
      "aws-sdk:sfn:describeExecution",
      { ExecutionArn: "e" },
      { ExecutionArn: "", StateMachineArn: "m", Status: "RUNNING", StartDate: "d" },
      "Field 'ExecutionArn' is smaller than the minimum length",
    ],
    [
      "aws-sdk:kinesis:describeLimits",
      {},
      { ShardLimit: -1, OpenShardCount: 0, OnDemandStreamCount: 0, OnDemandStreamCountLimit: 0 },
      "Field 'ShardLimit' is less than the minimum value",
    ],
    [
      "aws-sdk:kinesis:describeLimits",
      {},
      { ShardLimit: 1e9, OpenShardCount: 0, OnDemandStreamCount: 0, OnDemandStreamCountLimit: 0 },
      "Field 'ShardLimit' exceeds the maximum value",
    ],
  ])("checks a mocked result of %s against the API: %j %j", async (api, parameters, result, problem) => {
    const state = { Type: "Task", Resource: `arn:aws:states:::${api}`, Parameters: parameters, End: true };
    const mocked = (fieldValidationMode?: "STRICT" | "PRESENT" | "NONE") =>
      tested(state, { mock: { result: JSON.stringify(result), fieldValidationMode } });
    const refused = { name: "ValidationException", message: `Mock result schema validation error: ${problem}` };
    await expect(mocked()).rejects.toMatchObject(refused);
    await expect(mocked("STRICT")).rejects.toMatchObject(refused);
    if (problem.startsWith("Required")) expect((await mocked("PRESENT")).status).toBe("SUCCEEDED");
    else await expect(mocked("PRESENT")).rejects.toMatchObject(refused);
    expect((await mocked("NONE")).status).toBe("SUCCEEDED");
  });

  it("attributes a mocked error to a state inside a Parallel or Map", async () => {
    const branch = { StartAt: "A", States: { A: { Type: "Task", Resource: lambda, End: true } } };
    const parallel = {
      Type: "Parallel",
      Branches: [branch],
      Catch: [{ ErrorEquals: ["States.BranchFailed"], Next: "C" }],
      End: true,
    };
    const mock = { errorOutput: { error: "E", cause: "C" } };
    const from = (errorCausedByState: string) => ({ mock, stateConfiguration: { errorCausedByState } });
    expect(await tested(parallel, { mock })).toEqual({ status: "FAILED", error: "E", cause: "C" });
    expect(await tested(parallel, from("A"))).toMatchObject({ status: "CAUGHT_ERROR", nextState: "C", error: "E" });
    const map = { Type: "Map", ItemProcessor: branch, End: true };
    expect(await tested(map, { input: "[1]", ...from("A") })).toEqual({ status: "FAILED", error: "E", cause: "C" });
    const activity = "arn:aws:states:us-east-1:000000000000:activity:a";
    expect(await tested({ ...task, Resource: activity }, { mock: { result: "1" } })).toMatchObject({ output: "1" });
    for (const resource of [
      activity,
      ...["sync", "waitForTaskToken"].map((one) => `arn:aws:states:::ecs:runTask.${one}`),
    ]) {
      await expect(
        tested({ ...task, Resource: resource, Parameters: { T: "$$.Task.Token" } }, { roleArn }),
      ).rejects.toMatchObject({
        name: "ValidationException",
      });
    }
    for (const refused of [
      tested(map, { input: "[1]", ...from("B") }),
      tested(map, { input: "[1]", ...from("StateName") }),
      tested(task, from("A")),
      tested(map, { input: "[1]", ...from("A"), mock: { result: "[1]" } }),
    ]) {
      await expect(refused).rejects.toMatchObject({ name: "ValidationException" });
    }
  });

  it("reads a Map's items from given data", async () => {
    const reading = (config: object, more: object = {}) => ({
      Type: "Map",
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        Parameters: { Bucket: "b", Key: "k" },
        ReaderConfig: config,
      },
      ItemSelector: { "v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index" },
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "A",
        States: { A: { Type: "Pass", End: true } },
      },
      End: true,
      ...more,
    });
    const given = (mapItemReaderData: string, more: object = {}): Partial<TestStateCommandInput> => ({
      mock: { result: "[1]" },
      inspectionLevel: "DEBUG",
      stateConfiguration: { mapItemReaderData, ...more },
    });
    const csv = reading({ InputType: "CSV", CSVHeaderLocation: "FIRST_ROW" }, { ItemBatcher: { MaxItemsPerBatch: 2 } });
    const rows = await tested(csv, { ...given("id\nx\ny\nz\n"), mock: { result: "[1,2]" } });
    expect(rows).toMatchObject({ status: "SUCCEEDED", output: "[1,2]" });
    const selected = ["x", "y", "z"].map((id, i) => ({ v: { id }, i }));
    expect(JSON.parse(rows.inspectionData?.afterItemSelector as string)).toEqual(selected);
    expect(JSON.parse(rows.inspectionData?.afterItemBatcher as string)).toEqual([
      { Items: selected.slice(0, 2).map((item) => JSON.stringify(item)) },
      { Items: selected.slice(2).map((item) => JSON.stringify(item)) },
    ]);
    const json = reading({ InputType: "JSON", ItemsPointer: "/list", MaxItems: 1 });
    expect((await tested(json, given('{"list":[7,8]}'))).inspectionData).toMatchObject({
      afterItemsPointer: "[7,8]",
      afterItemSelector: '[{"v":7,"i":0}]',
    });
    await expect(tested(json, given('{"list":[7,8]}', { mapIterationFailureCount: 2 }))).rejects.toMatchObject({
      message: "Map iteration failure count must be less than or equal to the number of Map iterations",
    });
    expect(await tested(json, given('{"other":[]}'))).toMatchObject({
      status: "FAILED",
      error: "States.ItemReaderFailed",
      cause: "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
    });
    const { ItemReader: _reader, ...plain } = json;
    await expect(tested(plain, { input: "[1]", ...given("[]") })).rejects.toMatchObject({
      name: "ValidationException",
    });
  });

  it("shows a Map's tolerance, and compares its failures with it", async () => {
    const map = (limits: object, more: object = {}) => ({
      Type: "Map",
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "A",
        States: { A: { Type: "Pass", End: true } },
      },
      End: true,
      ...limits,
      ...more,
    });
    const given = (failures: number, mock: TestStateCommandInput["mock"] = { result: "[]" }) => ({
      input: '{"items":[1,2,3,4],"count":1,"share":12.5}',
      inspectionLevel: "DEBUG" as const,
      stateConfiguration: { mapIterationFailureCount: failures },
      mock,
    });
    const path = { ItemsPath: "$.items" };
    const literal = await tested(map({ ToleratedFailureCount: 2, ToleratedFailurePercentage: 60 }, path), given(2));
    expect(literal.status).toBe("SUCCEEDED");
    expect(literal.inspectionData).toMatchObject({ toleratedFailureCount: 2, toleratedFailurePercentage: 60 });
    const fromInput = { ToleratedFailureCountPath: "$.count", ToleratedFailurePercentagePath: "$.share" };
    const exceeded = await tested(map(fromInput, path), given(1));
    expect(exceeded).toMatchObject({ status: "FAILED", error: "States.ExceedToleratedFailureThreshold" });
    expect(exceeded.inspectionData).toMatchObject({ toleratedFailureCount: 1, toleratedFailurePercentage: 12.5 });
    const jsonata = {
      QueryLanguage: "JSONata",
      Items: "{% $states.input.items %}",
      ToleratedFailureCount: "{% $states.input.count + 1 %}",
    };
    const { inspectionData } = await tested(map(jsonata), given(2));
    expect(inspectionData).toMatchObject({ toleratedFailureCount: 2, maxConcurrency: 0 });
    expect(inspectionData).not.toHaveProperty("toleratedFailurePercentage");
    // The count is exceeded, although the percentage is not.
    const either = map({ ToleratedFailureCount: 1, ToleratedFailurePercentage: 75 }, path);
    expect((await tested(either, given(2))).error).toBe("States.ExceedToleratedFailureThreshold");
    const mocked = await tested(map({}, path), given(1, { errorOutput: { error: "Own", cause: "C" } }));
    expect(mocked).toMatchObject({ status: "FAILED", error: "Own", cause: "C" });
    await expect(tested(map({ ToleratedFailureCount: 1 }, path), given(5))).rejects.toMatchObject({
      name: "ValidationException",
    });
  });

  it("aborts a task that takes longer than its TimeoutSeconds, or than five minutes", async () => {
    let called = 0;
    states.bus.registerFunction("hangs", () => {
      called += 1;
      return new Promise(() => {});
    });
    const hanging = { Type: "Task", Resource: lambda.replace("double", "hangs"), End: true };
    const short = tested({ ...hanging, TimeoutSeconds: 10 }, { roleArn });
    const caught = { ...hanging, Catch: [{ ErrorEquals: ["States.Timeout"], Next: "C" }] };
    const long = tested(caught, { roleArn, inspectionLevel: "DEBUG" });
    while (called < 2) await new Promise((resolve) => setImmediate(resolve));
    await states.bus.clock.advance("10s");
    expect(await short).toEqual({ status: "FAILED", error: "States.Timeout" });
    await states.bus.clock.advance("290s");
    expect(await long).toMatchObject({
      status: "CAUGHT_ERROR",
      nextState: "C",
      inspectionData: { errorDetails: { catchIndex: 0 } },
    });
  });

  it("shows only the result at INFO, and the same at TRACE and DEBUG unless it is an HTTP task", async () => {
    const state = { Type: "Choice", Choices: [{ Variable: "$.a", IsPresent: true, Next: "Y" }], Default: "N" };
    for (const inspectionLevel of [undefined, "INFO"] as const) {
      expect(await tested(state, { inspectionLevel })).toEqual({ status: "SUCCEEDED", output: "{}", nextState: "N" });
    }
    for (const inspectionLevel of ["DEBUG", "TRACE"] as const) {
      expect((await tested(state, { inspectionLevel })).inspectionData).toEqual({ input: "{}", afterInputPath: "{}" });
    }
  });

  it("passes variables to a state and shows what it assigns", async () => {
    const state = {
      Type: "Pass",
      Assign: { "b.$": "$a" },
      Parameters: { "sum.$": "States.MathAdd($a, 1)" },
      End: true,
    };
    const { output, inspectionData } = await tested(state, { variables: '{"a":1}', inspectionLevel: "DEBUG" });
    expect([output, inspectionData?.variables]).toEqual(['{"sum":2}', '{"a":1,"b":1}']);
  });

  it("refuses what it cannot run", async () => {
    await expect(tested({ Type: "Pass", Foo: 1 })).rejects.toMatchObject({
      name: "InvalidDefinition",
      message:
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /States/StateName'",
    });
    const parallel = { Type: "Parallel", Branches: [{ StartAt: "A", States: { A: { Type: "Succeed" } } }], End: true };
    await expect(tested(parallel)).rejects.toMatchObject({ name: "InvalidDefinition" });
    expect((await tested(parallel, { mock: { result: "[1]" } })).output).toBe("[1]");
    const machine = { StartAt: "A", States: { A: { Type: "Pass", Result: 1, End: true } } };
    expect((await tested(machine, { stateName: "A" })).output).toBe("1");
    await expect(tested(machine, { stateName: "B" })).rejects.toMatchObject({ name: "ValidationException" });
    await expect(tested({ Type: "Succeed" }, { variables: "1" })).rejects.toMatchObject({
      name: "ValidationException",
    });
    await expect(tested(task, { roleArn, context: "{}" })).rejects.toMatchObject({ name: "ValidationException" });
    await expect(tested(task, { mock: { errorOutput: { cause: "C" } } })).rejects.toMatchObject({
      name: "ValidationException",
    });
    await expect(tested(task, { mock: {} })).rejects.toMatchObject({ name: "ValidationException" });
    await expect(tested({ Type: "Succeed" }, { input: "x" })).rejects.toMatchObject({ name: "InvalidExecutionInput" });
  });
});
