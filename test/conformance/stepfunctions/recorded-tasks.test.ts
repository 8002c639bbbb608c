/** Rules of tasks, their parameters and TestState, as recorded on AWS. */
import {
  CreateStateMachineCommand,
  TestStateCommand,
  type TestStateCommandInput,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
let sqs: SQS;
let sns: SNS;
let queueUrl: string;
let topicArn: string;
let fifoTopicArn: string;

beforeAll(async () => {
  states = await startStates();
  sqs = new SQS(states.bus.clientConfig());
  sns = new SNS(states.bus.clientConfig());
  queueUrl = (await sqs.createQueue({ QueueName: "q" })).QueueUrl as string;
  topicArn = (await sns.createTopic({ Name: "t" })).TopicArn as string;
  const Attributes = { FifoTopic: "true", ContentBasedDeduplication: "true" };
  fifoTopicArn = (await sns.createTopic({ Name: "t.fifo", Attributes })).TopicArn as string;
});
afterAll(async () => {
  sqs.destroy();
  sns.destroy();
  await states.close();
});

async function outputOf(definition: object): Promise<unknown> {
  const { output, cause } = await states.run(definition);
  if (output === undefined) throw new Error(cause);
  return typeof output === "string" ? (JSON.parse(output) as unknown) : output;
}

const waiting = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 1, End: true } } };

const task = (resource: string, Parameters: object) => ({
  StartAt: "T",
  States: { T: { Type: "Task", Resource: `arn:aws:states:::${resource}`, Parameters, End: true } },
});

describe("parameters of an SDK task", () => {
  const at = "/States/T/Parameters";
  const notABoolean = (value: string) =>
    `Cannot deserialize value of type \`java.lang.Boolean\` from String "${value}": only "true" or "false" recognized`;
  const start = "aws-sdk:kinesis:startStreamEncryption";
  const cases: readonly (readonly [what: string, resource: string, parameters: object, messages: readonly string[]])[] =
    [
      [
        "a missing required name",
        "aws-sdk:sqs:sendMessage",
        { DelaySeconds: 1 },
        ["The field 'QueueUrl' is required but was missing", "The field 'MessageBody' is required but was missing"],
      ],
      [
        "several missing names",
        start,
        {},
        ["EncryptionType", "KeyId"].map((name) => `The field '${name}' is required but was missing`),
      ],
      [
        "a name in another case",
        "aws-sdk:sqs:sendMessage",
        { QueueUrl: "u", MessageBody: "b", delayseconds: 1 },
        [`The field "delayseconds" is not supported by Step Functions. Did you mean 'DelaySeconds'?`],
      ],
      [
        "a misspelt name",
        "aws-sdk:sqs:receiveMessage",
        { QueueUrl: "u", WaitTimeSecond: 1 },
        [`The field "WaitTimeSecond" is not supported by Step Functions. Did you mean 'WaitTimeSeconds'?`],
      ],
      [
        "an unknown name besides a missing one",
        "aws-sdk:sqs:receiveMessage",
        { queueurl: "u" },
        ["The field 'QueueUrl' is required but was missing"],
      ],
      [
        "an unknown name inside a structure",
        "aws-sdk:eventbridge:putEvents",
        { Entries: [{ Source: "s", detailtype: "d" }] },
        [`The field "detailtype" is not supported by Step Functions.`],
      ],
      [
        "a number for a string",
        "aws-sdk:sqs:sendMessage",
        { QueueUrl: 5, MessageBody: "b" },
        ["The value for the field 'QueueUrl' must be a STRING"],
      ],
      [
        "a string for a number",
        "aws-sdk:sqs:sendMessage",
        { QueueUrl: "u", MessageBody: "b", DelaySeconds: "1" },
        ["The value for the field 'DelaySeconds' must be an INTEGER"],
      ],
      [
        "a string for a structure",
        "aws-sdk:kinesis:listShards",
        { StreamName: "s", ShardFilter: "all" },
        [
          "Cannot construct instance of `software.amazon.awssdk.services.kinesis.model.ShardFilter$BuilderImpl` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('all')",
        ],
      ],
      [
        "another spelling of a boolean",
        "aws-sdk:kinesis:deleteStream",
        { StreamName: "s", EnforceConsumerDeletion: "TrUe" },
        [notABoolean("TrUe")],
      ],
      [
        "a boolean as a string",
        "aws-sdk:kinesis:deleteStream",
        { StreamName: "s", EnforceConsumerDeletion: " TRUE " },
        [],
      ],
      ["a boolean as a number", "aws-sdk:kinesis:deleteStream", { StreamName: "s", EnforceConsumerDeletion: 1 }, []],
      ["nothing", "aws-sdk:sqs:sendMessage", { QueueUrl: "u", MessageBody: null, DelaySeconds: null }, []],
      ["paths", "aws-sdk:sqs:sendMessage", { "QueueUrl.$": "$.u", "MessageBody.$": "$.b" }, []],
    ];
  it.each(cases)("%s", async (_what, resource, parameters, messages) => {
    const definition = JSON.stringify(task(resource, parameters));
    const { diagnostics = [] } = await states.client.send(new ValidateStateMachineDefinitionCommand({ definition }));
    const errors = diagnostics.filter(({ severity }) => severity === "ERROR");
    expect(errors.map(({ code, message, location }) => [code, message, location])).toEqual(
      messages.map((message) => ["SCHEMA_VALIDATION_FAILED", message, at]),
    );
    const created = states.client.send(new CreateStateMachineCommand({ name: "made", roleArn, definition })).then(
      () => "taken",
      (error: Error) => error.message,
    );
    if (messages.length === 0) return;
    expect(await created).toContain(`SCHEMA_VALIDATION_FAILED: ${messages[0]} at ${at}`);
  });

  it.each(["2.0", "1.5"])("%s for an integer", async (number) => {
    const definition = JSON.stringify(
      task("aws-sdk:sqs:sendMessage", { QueueUrl: "u", MessageBody: "b", DelaySeconds: 7 }),
    ).replace(":7", `:${number}`);
    const { diagnostics = [] } = await states.client.send(new ValidateStateMachineDefinitionCommand({ definition }));
    expect(diagnostics.map(({ message }) => message)).toEqual([
      "The value for the field 'DelaySeconds' must be an INTEGER",
    ]);
  });
});

describe("names of results", () => {
  it("are Java's in SDK tasks, and the API's in optimized integrations", async () => {
    const sent = { QueueUrl: queueUrl, MessageBody: "x" };
    const names = async (resource: string) => Object.keys((await outputOf(task(resource, sent))) as object);
    expect(await names("aws-sdk:sqs:sendMessage")).toEqual(["Md5OfMessageBody", "MessageId"]);
    expect(await names("sqs:sendMessage")).toContain("MD5OfMessageBody");
    const received = (await outputOf(task("aws-sdk:sqs:receiveMessage", { QueueUrl: queueUrl }))) as {
      Messages: object[];
    };
    expect(Object.keys(received.Messages[0] ?? {})).toContain("Md5OfBody");
  });
});

describe("the headers in a result", () => {
  const common = ["connection", "Content-Length", "Content-Type", "Date", "x-amzn-RequestId"];

  it.each([
    ["sns:publish", () => ({ TopicArn: topicArn, Message: "x" }), common],
    ["sqs:sendMessage", () => ({ QueueUrl: queueUrl, MessageBody: "x" }), common],
    ["states:startExecution", async () => ({ StateMachineArn: await states.create(waiting) }), common],
    [
      "lambda:invoke",
      () => ({ FunctionName: "f" }),
      [
        ...["Connection", "Content-Length", "Content-Type", "Date", "X-Amz-Executed-Version"],
        ...["x-amzn-Remapped-Content-Length", "x-amzn-RequestId", "X-Amzn-Trace-Id"],
      ],
    ],
  ])("are exactly those of %s, as lists in AllHttpHeaders", async (resource, parameters, names) => {
    states.bus.registerFunction("f", () => 1);
    const { SdkHttpMetadata: metadata } = (await outputOf(task(resource, await parameters()))) as {
      SdkHttpMetadata: { HttpHeaders: Record<string, string>; AllHttpHeaders: Record<string, string[]> };
    };
    expect(metadata).toMatchObject({ HttpStatusCode: 200 });
    expect(Object.keys(metadata.HttpHeaders)).toEqual(names);
    const lists = Object.fromEntries(Object.entries(metadata.HttpHeaders).map(([name, value]) => [name, [value]]));
    expect(metadata.AllHttpHeaders).toEqual(lists);
  });
});

describe("the Content-Length in a result", () => {
  const length = async (resource: string, parameters: object) => {
    const result = (await outputOf(task(resource, parameters))) as {
      SdkHttpMetadata: { HttpHeaders: Record<string, string> };
    };
    return Number(result.SdkHttpMetadata.HttpHeaders["Content-Length"]);
  };

  it("is that of the service's response", async () => {
    expect(await length("sns:publish", { TopicArn: topicArn, Message: "x" })).toBe(294);
    expect(await length("sns:publish", { TopicArn: fifoTopicArn, Message: "x", MessageGroupId: "g" })).toBe(352);
    expect(await length("sqs:sendMessage", { QueueUrl: queueUrl, MessageBody: "x" })).toBe(106);
    const MessageAttributes = { n: { DataType: "Number", StringValue: "1" } };
    expect(await length("sqs:sendMessage", { QueueUrl: queueUrl, MessageBody: "x", MessageAttributes })).toBe(166);
    const stateMachineArn = await states.create({ StartAt: "A", States: { A: { Type: "Succeed" } } });
    const child = await length("states:startExecution", { StateMachineArn: stateMachineArn, Name: "child" });
    const execution = stateMachineArn.replace(":stateMachine:", ":execution:");
    // A Java double: 13 digits, or fewer if the last ones are zeros.
    const rest = `{"executionArn":"${execution}:child","startDate":}`.length;
    expect(child - rest).toBeGreaterThan(11);
    expect(child - rest).toBeLessThanOrEqual(16);
  });
});

describe("numbers in a definition", () => {
  it.each([
    ["1.00", "1.0"],
    ["0.50", "0.5"],
    ["1E2", "100.0"],
    ["12345678.5", "1.23456785E7"],
    ["0.00010", "1.0E-4"],
    ["7", "7"],
    ["12345678901234567890", "12345678901234567890"],
  ])("%s is written as %s", async (given, written) => {
    const definition = `{"StartAt":"A","States":{"A":{"Type":"Pass","Result":{"n":${given}},"End":true}}}`;
    const { output } = await states.client.send(
      new TestStateCommand({ definition: `{"Type":"Pass","Result":{"n":${given}},"End":true}`, roleArn }),
    );
    expect(output).toBe(`{"n":${written}}`);
    expect(definition).toContain(given);
  });
});

describe("TestState", () => {
  const inspected = async (definition: object, more: Partial<TestStateCommandInput>) => {
    const command = { definition: JSON.stringify(definition), roleArn, inspectionLevel: "DEBUG" as const, ...more };
    return states.client.send(new TestStateCommand(command));
  };

  it("returns what no step has changed with its formatting", async () => {
    const input = '{ "a" : [1, 2],  "b":null }';
    const passed = await inspected({ Type: "Pass", End: true }, { input });
    expect(passed.output).toBe(input);
    expect(passed.inspectionData).toMatchObject({ input, afterInputPath: input });
    const result = '{ "x" : [1,  2] }';
    const resource = "arn:aws:states:::lambda:invoke";
    const mocked = await inspected(
      {
        Type: "Task",
        Resource: resource,
        Parameters: { FunctionName: "f" },
        ResultSelector: { "y.$": "$.x" },
        End: true,
      },
      { input, mock: { result, fieldValidationMode: "NONE" } },
    );
    expect(mocked.inspectionData).toMatchObject({ input, result });
    expect(mocked.output).toBe('{"y":[1,2]}');
  });

  it("writes lists of items one by one, and the items of batches as strings", async () => {
    const map = {
      Type: "Map",
      ItemsPath: "$.rows",
      ItemSelector: { "v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index" },
      ItemProcessor: { StartAt: "A", States: { A: { Type: "Pass", End: true } } },
      End: true,
    };
    const items = await inspected(map, { input: '{"rows":[1,2,3]}', mock: { result: "[1,2,3]" } });
    expect(items.inspectionData).toMatchObject({
      afterItemsPath: "[1, 2, 3]",
      afterItemSelector: '[{"v":1,"i":0}, {"v":2,"i":1}, {"v":3,"i":2}]',
    });
    const { ItemSelector: _selector, ...plain } = map;
    const batched = {
      ...plain,
      ItemProcessor: {
        ...map.ItemProcessor,
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
      },
      ItemBatcher: { MaxItemsPerBatch: 2 },
    };
    const batches = await inspected(batched, {
      input: '{"rows":[{"v":1},{"v":2},{"v":3}]}',
      mock: { result: "[1,2]" },
    });
    expect(batches.inspectionData).toMatchObject({
      afterItemBatcher: '[{"Items":["{\\"v\\":1}","{\\"v\\":2}"]}, {"Items":["{\\"v\\":3}"]}]',
    });
  });
});
