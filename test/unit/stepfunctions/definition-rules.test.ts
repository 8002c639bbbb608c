/** What the Amazon States Language allows in a definition, and what is refused. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { parseDefinition } from "../../../src/services/stepfunctions/asl/validation/definition.ts";
import { distributed, jsonata, map, one, only, pass, task } from "../../support/asl-machines.ts";

type Refusal = [what: string, definition: JsonObject, finding: string];

const caught = { ErrorEquals: ["E"], Next: "B" };
const leavings: JsonObject[] = [{ Next: "A" }, { End: true }];

const refusals: Refusal[] = [
  ...["TimeoutSeconds", "HeartbeatSeconds"].map(
    (field): Refusal => [
      `both forms of ${field}`,
      one(task({ [field]: 1, [`${field}Path`]: "$.a" })),
      `Only one of these fields is allowed: [${field}, ${field}Path]`,
    ],
  ),
  [
    "both forms of MaxConcurrency",
    one(map({ MaxConcurrency: 1, MaxConcurrencyPath: "$.a" })),
    "Only one of these fields is allowed: [MaxConcurrency, MaxConcurrencyPath]",
  ],
  ...["ToleratedFailureCount", "ToleratedFailurePercentage"].map(
    (field): Refusal => [
      `both forms of ${field}`,
      one(distributed({ [field]: 1, [`${field}Path`]: "$.a" })),
      `Only one of these fields is allowed: [${field}, ${field}Path]`,
    ],
  ),
  [
    "both forms of a batch's size",
    one(distributed({ ItemBatcher: { MaxItemsPerBatch: 1, MaxItemsPerBatchPath: "$.a" } })),
    "Only one of these fields is allowed: [MaxItemsPerBatch, MaxItemsPerBatchPath]",
  ],
  [
    "an empty result writer",
    one(distributed({ ResultWriter: {} })),
    "At least one of these fields is required: [WriterConfig, Resource]",
  ],
  [
    "a result writer without parameters",
    one(distributed({ ResultWriter: { Resource: "arn:aws:states:::s3:putObject" } })),
    "The field 'Parameters' is required but was missing.",
  ],
  ...(
    [
      ["Transformation", "NONE, COMPACT, FLATTEN"],
      ["OutputType", "JSON, JSONL"],
    ] as const
  ).map(
    ([field, values]): Refusal => [
      `an unknown ${field} of a result writer`,
      one(distributed({ ResultWriter: { WriterConfig: { [field]: "X" } } })),
      `should have one of these values: [${values}]`,
    ],
  ),
  ...(
    [
      ["InputType", "CSV, JSON, JSONL, PARQUET, MANIFEST"],
      ["CSVHeaderLocation", "FIRST_ROW, GIVEN"],
      ["CSVDelimiter", "COMMA, PIPE, SEMICOLON, SPACE, TAB"],
      ["Transformation", "NONE, LOAD_AND_FLATTEN"],
      ["ManifestType", "ATHENA_DATA, S3_INVENTORY"],
    ] as const
  ).map(
    ([field, values]): Refusal => [
      `an unknown ${field} of an item reader`,
      one(distributed({ ItemReader: { Resource: "arn:aws:states:::s3:getObject", ReaderConfig: { [field]: "X" } } })),
      `should have one of these values: [${values}]`,
    ],
  ),
  [
    "a batcher without a limit",
    one(distributed({ ItemBatcher: {} })),
    "At least one of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
  ],
  [
    "a processor in both its current and legacy form",
    one(map({ Iterator: only("K", pass()) })),
    "Only one of these fields is allowed: [ItemProcessor, Iterator]",
  ],
  [
    "a selector in both its current and legacy form",
    one(map({ ItemSelector: {}, Parameters: {} })),
    "Only one of these fields is allowed: [ItemSelector, Parameters]",
  ],
  [
    "a distributed Map with an unknown execution type",
    one(map({ ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED" }, ...only("I", pass()) } })),
    "These fields are required: [ExecutionType]",
  ],
  ["ResultPath into the context object", one(pass({ ResultPath: "$$.x" })), "Value is not a Reference Path: $$.x"],
  ["ResultPath into a variable", one(pass({ ResultPath: "$x" })), "Value is not a Reference Path: $x"],
  [
    "ResultPath on a Wait",
    one({ Type: "Wait", Seconds: 1, ResultPath: "$.x", End: true }),
    "Field 'ResultPath' is not supported",
  ],
  [
    "ResultPath on a Choice",
    one({ Type: "Choice", ResultPath: "$.x", Choices: [{ Variable: "$", IsNull: true, Next: "B" }] }, { B: pass() }),
    "Field 'ResultPath' is not supported",
  ],
  ["InputPath on a Fail", one({ Type: "Fail", InputPath: "$.a" }), "Field 'InputPath' is not supported"],
  ["Assign on a Succeed", one({ Type: "Succeed", Assign: { x: 1 } }), "Field 'Assign' is not supported"],
  ["an intrinsic call as a path", one(pass({ InputPath: "States.Array(1)" })), "Value must be a valid JSONPath."],
  [
    "a member in both forms",
    one(pass({ Parameters: { a: 1, "a.$": "$.b" } })),
    "The field 'a' is defined twice, with and without '.$'",
  ],
  [
    "eleven nested calls",
    one(pass({ Parameters: { "a.$": `${"States.Array(".repeat(11)}1${")".repeat(11)}` } })),
    "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call",
  ],
  [
    "a Path form that does not exist",
    one({ Type: "Choice", Choices: [{ Variable: "$", StringMatchesPath: "$.x", Next: "B" }] }, { B: pass() }),
    "Field 'StringMatchesPath' is not supported",
  ],
  ["an empty And", one({ Type: "Choice", Choices: [{ And: [], Next: "B" }] }, { B: pass() }), "Value cannot be empty"],
  [
    "a string as a JSONata condition",
    one({ Type: "Choice", Choices: [{ Condition: "true", Next: "B" }] }, { B: pass() }, jsonata),
    "Expected value of type Boolean or a JSONata expression",
  ],
  [
    "an expression as a target",
    one({ Type: "Pass", Next: "{% 'B' %}" }, { B: pass() }, jsonata),
    "Missing 'Next' target: {% 'B' %}",
  ],
  [
    "a reference to the result in a catcher",
    one(task({ Catch: [{ ...caught, Output: "{% $states.result %}" }] }), { B: pass() }, jsonata),
    "Reference to '$states.result' is not supported in this field.",
  ],
  ["an assignment to part of a variable", one(pass({ Assign: { "x.y": 1 } })), "Variable name 'x.y' is not valid"],
  ["no error to catch", one(task({ Catch: [{ ErrorEquals: [], Next: "B" }] }), { B: pass() }), "Value cannot be empty"],
  [
    "States.ALL before other retriers",
    one(task({ Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["E"] }] })),
    "States.ALL must appear alone and at the end of the list",
  ],
  [
    "a maximum delay below the first one",
    one(task({ Retry: [{ ErrorEquals: ["E"], IntervalSeconds: 5, MaxDelaySeconds: 5 }] })),
    "MaxDelaySeconds must be greater than IntervalSeconds",
  ],
  [
    "a heartbeat as long as the timeout",
    one(task({ TimeoutSeconds: 3, HeartbeatSeconds: 3 })),
    "HeartbeatSeconds must be smaller than TimeoutSeconds",
  ],
  ["more than the maximum wait", one({ Type: "Wait", Seconds: 100_000_000, End: true }), "Maximum value is 99999999"],
  ["a label of 41 characters", one(distributed({ Label: "x".repeat(41) })), "Invalid label name"],
  ...["Succeed", "Fail"].flatMap((Type) =>
    leavings.map(
      (leaving): Refusal => [
        `a ${Type} state with ${Object.keys(leaving)[0]}`,
        one({ Type, ...leaving }),
        `Field '${Object.keys(leaving)[0]}' is not supported`,
      ],
    ),
  ),
  ...["Retry", "Catch"].map(
    (field): Refusal => [`${field} on a Pass`, one(pass({ [field]: [] })), `Field '${field}' is not supported`],
  ),
  ...Object.entries({
    "sqs:sendMessage": ["QueueUrl", "MessageBody"],
    "events:putEvents": ["Entries"],
    "states:startExecution": ["StateMachineArn"],
    "apigateway:invoke": ["ApiEndpoint", "Method"],
    "lambda:invoke": ["FunctionName"],
  }).flatMap(([api, fields]) =>
    fields.map(
      (field): Refusal => [
        `${api} without ${field}`,
        one(task({ Resource: `arn:aws:states:::${api}`, Parameters: {} })),
        `The field '${field}' is required but was missing.`,
      ],
    ),
  ),
  ...["MathAdd(1, 2)", "StringToJson('1')", "ArrayLength($)", "Array(1)"].map(
    (call): Refusal => [
      `a cause that States.${call} gives`,
      one({ Type: "Fail", CausePath: `States.${call}` }),
      "does not return a string",
    ],
  ),
  ...["ItemReader", "ItemBatcher", "ResultWriter", "Label"].map(
    (field): Refusal => [`${field} on an inline Map`, one(map({ [field]: {} })), `Field '${field}' is not supported`],
  ),
  ["a dynamic resource", one({ Type: "Task", "Resource.$": "$.x", End: true }), "Field 'Resource.$' is not supported"],
  ["a fraction of a second", one({ Type: "Wait", Seconds: 1.5, End: true }), "Expected value of type Integer"],
  ["no states", { StartAt: "A", States: {} }, "Value cannot be empty"],
  [
    "an unknown language",
    one(pass(), {}, { QueryLanguage: "X" }),
    "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]",
  ],
];

describe("a definition is refused for", () => {
  it.each(refusals)("%s", (_what, definition, finding) => {
    const { machine, diagnostics } = parseDefinition(JSON.stringify(definition));
    expect(machine).toBeUndefined();
    expect(diagnostics.map(({ message }) => message).join("\n")).toContain(finding);
  });

  it("an activity in an express machine", () => {
    const activity = one(task({ Resource: "arn:aws:states:us-east-1:111122223333:activity:a" }));
    expect(parseDefinition(JSON.stringify(activity), "EXPRESS").diagnostics).toMatchObject([
      { message: "Express state machine does not support Activity ARN" },
    ]);
  });

  it("none of the calls that return a string for a Fail state", () => {
    const calls = ["Format('a')", "JsonToString($)", "ArrayGetItem($, 0)", "Base64Encode('a')", "Base64Decode('a')"];
    for (const call of [...calls, "Hash('a', 'MD5')", "UUID()"]) {
      const definition = one({ Type: "Fail", ErrorPath: `States.${call}`, CausePath: `States.${call}` });
      expect(parseDefinition(JSON.stringify(definition)).diagnostics).toEqual([]);
    }
  });
});
