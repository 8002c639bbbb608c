import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { parseDefinition } from "../../../src/services/stepfunctions/asl/validation/definition.ts";
import { invalidDefinitionMessage } from "../../../src/services/stepfunctions/asl/validation/diagnostics.ts";
import { variableReferences } from "../../../src/services/stepfunctions/asl/validation/variable-references.ts";

const pass: JsonObject = { Type: "Pass", End: true };
const lambda = "arn:aws:lambda:us-east-1:111122223333:function:f";
const distributed = { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" };

function one(state: JsonObject, top: JsonObject = {}): JsonObject {
  return { ...top, StartAt: "A", States: { A: state } };
}

/** Diagnostics in the format of Create's and Update's messages. */
function findings(definition: JsonObject | string, type: "STANDARD" | "EXPRESS" = "STANDARD"): string[] {
  const text = typeof definition === "string" ? definition : JSON.stringify(definition);
  return parseDefinition(text, type).diagnostics.map(
    ({ code, message, location }) => `${code}: ${message} at ${location ?? "null"}`,
  );
}

const schema = "SCHEMA_VALIDATION_FAILED: ";
const jsonata = { QueryLanguage: "JSONata" };

const rows: [name: string, definition: JsonObject, expected: string[]][] = [
  ["a valid machine", one(pass, { Comment: "c", Version: "1.0", TimeoutSeconds: 1 }), []],
  [
    "no terminal state",
    one({ Type: "Pass", Next: "A" }),
    ["MISSING_END_STATE: Workflow has no terminal state at null"],
  ],
  [
    "a Next that does not exist",
    { StartAt: "A", States: { A: { Type: "Pass", Next: "X" }, B: pass } },
    [
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next",
      'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
    ],
  ],
  [
    "targets of choices, defaults, catchers and the start",
    {
      StartAt: "S",
      States: {
        C: { Type: "Choice", Choices: [{ Variable: "$.a", IsNull: true, Next: "X" }], Default: "Y" },
        T: { Type: "Task", Resource: lambda, Catch: [{ ErrorEquals: ["E"], Next: "Z" }], End: true },
      },
    },
    [
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: S at /StartAt",
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/C/Default",
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/C/Choices[0]/Next",
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/T/Catch[0]/Next",
      'MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C',
      'MISSING_TRANSITION_TARGET: State "T" is not reachable. at /States/T',
    ],
  ],
  [
    "an unreachable state",
    { StartAt: "A", States: { A: pass, C: pass } },
    ['MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C'],
  ],
  [
    "a field of another state type",
    one({ Type: "Pass", TimeoutSeconds: 5, End: true }),
    [`${schema}Field 'TimeoutSeconds' is not supported at /States/A`],
  ],
  ["an unknown top-level field", one(pass, { Foo: 1 }), [`${schema}Field 'Foo' is not supported at /`]],
  [
    "an empty array",
    one({ Type: "Parallel", Branches: [], End: true }),
    [`${schema}Value cannot be empty at /States/A/Branches`],
  ],
  [
    "an invalid template value",
    one({ Type: "Pass", Parameters: { "parsed.$": "nope" }, End: true }),
    [
      `${schema}The value for the field 'parsed.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Parameters`,
    ],
  ],
  [
    "a double quote escaped inside a call",
    one({ Type: "Pass", Parameters: { "p.$": "States.Format('\\\"{}\\\"', $.a)" }, End: true }),
    [
      `${schema}The value for the field 'p.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Parameters`,
    ],
  ],
  [
    "a wrong number of arguments",
    one({ Type: "Pass", Parameters: { "p.$": "States.MathAdd(1)" }, End: true }),
    [
      `${schema}The value for the field 'p.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Parameters`,
    ],
  ],
  [
    "a JSONata field on a JSONPath state",
    one({ Type: "Pass", Output: 1, End: true }),
    [
      `${schema}The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A`,
    ],
  ],
  [
    "a JSONPath field on a JSONata state",
    one({ Type: "Pass", Parameters: {}, End: true }, jsonata),
    [
      `${schema}The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the 'JSONPath' QueryLanguage at /States/A`,
    ],
  ],
  [
    "a JSONPath state in a JSONata machine",
    one({ Type: "Pass", QueryLanguage: "JSONPath", End: true }, jsonata),
    [`${schema}'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A`],
  ],
  ["a JSONata state in a JSONPath machine", one({ Type: "Pass", QueryLanguage: "JSONata", Output: 1, End: true }), []],
  [
    "a query language inside a processor",
    one({ Type: "Map", ItemProcessor: { QueryLanguage: "JSONata", StartAt: "I", States: { I: pass } }, End: true }),
    [`${schema}Field 'QueryLanguage' is not supported at /States/A/ItemProcessor`],
  ],
  [
    "a bare name in JSONata",
    one({ Type: "Pass", Output: { v: "{% phone %}" }, End: true }, jsonata),
    ["UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output/v"],
  ],
  [
    "names inside a path, in predicates and in groups",
    one({ Type: "Pass", Output: "{% $states.input.o[k='x']{k: $sum(n)}.a^(b) %}", End: true }, jsonata),
    [],
  ],
  [
    "an unfinished JSONata expression",
    one({ Type: "Pass", Output: "{% 1 + %}", End: true }, jsonata),
    ["INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output"],
  ],
  [
    "a JSONata expression with a mismatched bracket",
    one({ Type: "Pass", Output: "{% $x[1,2] %}", End: true }, jsonata),
    ['INVALID_JSONATA_EXPRESSION: Expected "]", got "," at /States/A/Output'],
  ],
  [
    "an error output outside a catcher",
    one({ Type: "Pass", Output: "{% $states.errorOutput %}", End: true }, jsonata),
    [
      "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$states.errorOutput' is not supported in this field. at /States/A/Output",
    ],
  ],
  [
    "a missing required field",
    one({ Type: "Task", End: true }),
    [`${schema}The field 'Resource' is required but was missing. at /States/A`],
  ],
  ["missing top-level fields", { States: { A: pass } }, [`${schema}These fields are required: [StartAt] at /`]],
  [
    "both Next and End",
    { StartAt: "A", States: { A: { Type: "Pass", Next: "B", End: true }, B: pass } },
    [`${schema}Cannot have both Next and End at /States/A`],
  ],
  [
    "a name used in two places",
    one({ Type: "Parallel", Branches: [{ StartAt: "A", States: { A: pass } }], End: true }),
    ["DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A/Branches[0]/States/A"],
  ],
  [
    "an invalid task ARN",
    one({ Type: "Task", Resource: "nope", End: true }),
    [`${schema}Value is not a valid resource ARN at /States/A/Resource`],
  ],
  [
    "a wait that is too long",
    one({ Type: "Wait", Seconds: 10_000_000_000_000_000, End: true }),
    [`${schema}Maximum value is 99999999 at /States/A/Seconds`],
  ],
  [
    "an unknown integration",
    one({ Type: "Task", Resource: "arn:aws:states:::nope:run", End: true }),
    [
      `${schema}The resource provided arn:aws:states:::nope:run is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource`,
    ],
  ],
  [
    "an unknown parameter of an integration",
    one({
      Type: "Task",
      Resource: "arn:aws:states:::sqs:sendMessage",
      Parameters: { queueUrl: "u", "QueueUrl.$": "$.u", MessageBody: "b" },
      End: true,
    }),
    [`${schema}The field 'queueUrl' is not supported by Step Functions at /States/A/Parameters`],
  ],
  [
    "a transition out of a branch",
    {
      StartAt: "A",
      States: {
        A: { Type: "Parallel", Branches: [{ StartAt: "B", States: { B: { Type: "Pass", Next: "C" } } }], Next: "C" },
        C: pass,
      },
    },
    [
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Branches[0]/States/B/Next",
      "MISSING_END_STATE: Workflow has no terminal state at null",
    ],
  ],
  [
    "a Wait with two durations",
    one({ Type: "Wait", Seconds: 1, Timestamp: "2024-01-01T00:00:00Z", End: true }),
    [`${schema}Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath] at /States/A`],
  ],
  [
    "a Wait with an invalid timestamp",
    one({ Type: "Wait", Timestamp: "2024-13-01T00:00:00Z", End: true }),
    [`${schema}String does not match RFC3339 timestamp at /States/A/Timestamp`],
  ],
  [
    "States.ALL beside others",
    one({ Type: "Task", Resource: lambda, Retry: [{ ErrorEquals: ["States.ALL", "X"] }], End: true }),
    [`${schema}States.ALL must appear alone and at the end of the list at /States/A/Retry[0]/ErrorEquals`],
  ],
  [
    "a retrier out of range",
    one({
      Type: "Task",
      Resource: lambda,
      Retry: [{ ErrorEquals: ["X"], BackoffRate: 0.5, MaxAttempts: -1 }],
      End: true,
    }),
    [
      `${schema}Minimum value is 0 at /States/A/Retry[0]/MaxAttempts`,
      `${schema}Minimum value is 1.0 at /States/A/Retry[0]/BackoffRate`,
    ],
  ],
  ["empty Retry and Catch", one({ Type: "Task", Resource: lambda, Retry: [], Catch: [], End: true }), []],
  [
    "a rule with two operators",
    {
      StartAt: "C",
      States: {
        C: { Type: "Choice", Choices: [{ Variable: "$.a", IsNull: true, IsString: true, Next: "B" }] },
        B: pass,
      },
    },
    [`${schema}A Choice Rule must contain exactly one comparison operator at /States/C/Choices[0]`],
  ],
  [
    "an operand of the wrong type",
    {
      StartAt: "C",
      States: { C: { Type: "Choice", Choices: [{ Variable: "$.a", NumericEquals: "1", Next: "B" }] }, B: pass },
    },
    [`${schema}Expected value of type Number at /States/C/Choices[0]/NumericEquals`],
  ],
  [
    "a result path that is not a reference path",
    one({ Type: "Pass", ResultPath: "$.a[*]", End: true }),
    [`${schema}Value is not a Reference Path: '[' must be followed by ' or '[' at /States/A/ResultPath`],
  ],
  [
    "distributed fields on an inline Map",
    one({ Type: "Map", ItemProcessor: { StartAt: "I", States: { I: pass } }, Label: "x", End: true }),
    [`${schema}Field 'Label' is not supported at /States/A`],
  ],
  [
    "a label with a space",
    one({
      Type: "Map",
      Label: "a b",
      ItemProcessor: { ProcessorConfig: distributed, StartAt: "I", States: { I: pass } },
      End: true,
    }),
    ['INVALID_LABEL_NAME: Invalid label name: "a b" at /States/A/Label'],
  ],
  [
    "both forms of an error field",
    one({ Type: "Fail", Error: "E", ErrorPath: "$.e" }),
    [`${schema}Only one of these fields is allowed: [Error, ErrorPath] at /States/A`],
  ],
  [
    "a call that does not return a string as an error",
    one({ Type: "Fail", ErrorPath: "States.Array(1)" }),
    [`${schema}The intrinsic function 'States.Array' does not return a string at /States/A/ErrorPath`],
  ],
  [
    "an assignment to a reserved name",
    one({ Type: "Pass", Assign: { states: 1, "2x": 1 }, End: true }),
    [
      `${schema}Variable name 'states' is reserved at /States/A/Assign`,
      `${schema}Variable name '2x' is not valid at /States/A/Assign`,
    ],
  ],
  ["a name of maximum length", { StartAt: "😀".repeat(80), States: { ["😀".repeat(80)]: pass } }, []],
  [
    "a name that is too long",
    { StartAt: "x".repeat(81), States: { ["x".repeat(81)]: pass } },
    [`INVALID_STATE_NAME: Invalid State name: ${"x".repeat(81)} at /States/${"x".repeat(81)}`],
  ],
];

describe("definition diagnostics", () => {
  it.each(rows)("%s", (_name, definition, expected) => {
    expect(findings(definition)).toEqual(expected);
    expect(parseDefinition(JSON.stringify(definition)).machine !== undefined).toBe(expected.length === 0);
  });

  it("refuse what express machines cannot do", () => {
    const task = (Resource: string): JsonObject =>
      one({ Type: "Task", Resource, Parameters: { FunctionName: "f" }, End: true });
    expect(findings(task("arn:aws:states:::lambda:invoke.waitForTaskToken"), "EXPRESS")).toEqual([
      `${schema}Express state machine does not support '.waitForTaskToken' service integration  at /States/A/Resource`,
    ]);
    expect(findings(task("arn:aws:states:::ecs:runTask.sync"), "EXPRESS")).toEqual([
      `${schema}Express state machine does not support '.sync' service integration at /States/A/Resource`,
    ]);
    const map = {
      Type: "Map",
      ItemProcessor: { ProcessorConfig: distributed, StartAt: "I", States: { I: pass } },
      End: true,
    };
    expect(findings(one(map), "EXPRESS")).toHaveLength(1);
    expect(findings(one(map))).toEqual([]);
  });

  it("are given for text that is not JSON, not an object, or nested too deep", () => {
    expect(findings("{")[0]).toMatch(/^INVALID_JSON_DESCRIPTION: Unexpected end-of-input/);
    expect(findings("[]")[0]).toMatch(/^SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object/);
    expect(findings("[".repeat(500_000))[0]).toMatch(/^TOO_DEEPLY_NESTED/);
  });

  it("accept every recorded definition", () => {
    const lines = readFileSync(new URL("../../cases/asl-cases.jsonl", import.meta.url), "utf8")
      .trim()
      .split("\n");
    for (const line of lines) {
      const { name, definition } = JSON.parse(line) as { name: string; definition: JsonObject };
      const errors = parseDefinition(JSON.stringify(definition)).diagnostics.filter(
        ({ severity }) => severity === "ERROR",
      );
      expect({ name, errors }).toEqual({ name, errors: [] });
    }
  });

  it("warn without refusing", () => {
    const definition = one({ Type: "Pass", Parameters: { a: "$.b" }, Result: { "x.$": "$.y" }, End: true });
    const { diagnostics, machine } = parseDefinition(JSON.stringify(definition));
    expect(diagnostics.map(({ severity, code }) => [severity, code])).toEqual([
      ["WARNING", "NO_DOLLAR"],
      ["WARNING", "PASS_RESULT_IS_STATIC"],
    ]);
    expect(machine).toBeDefined();
    const fail = parseDefinition(JSON.stringify(one({ Type: "Fail", Error: "E", Cause: "$.cause" })));
    expect(fail.diagnostics.map(({ severity, code }) => [severity, code])).toEqual([["WARNING", "NO_PATH"]]);
  });

  it("are combined in the message of InvalidDefinition", () => {
    const { diagnostics } = parseDefinition(JSON.stringify(one({ Type: "Pass", Foo: 1, Next: "A" })));
    expect(invalidDefinitionMessage(diagnostics)).toBe(
      "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /States/A, MISSING_END_STATE: Workflow has no terminal state at null'",
    );
  });
});

describe("variable references", () => {
  it("list the variables that each state reads, in both languages", () => {
    const definition = {
      StartAt: "A",
      States: {
        A: { Type: "Pass", Assign: { x: 1, "y.$": "$.q" }, Next: "B" },
        B: { Type: "Pass", Parameters: { "a.$": "$x.n", "b.$": "States.Array($y, $.z)" }, Next: "C" },
        C: { Type: "Pass", QueryLanguage: "JSONata", Output: "{% $sum([$y, $local := 1]) %}", End: true },
      },
    };
    const { machine } = parseDefinition(JSON.stringify(definition));
    expect(variableReferences(machine!)).toEqual({ B: ["x", "y"], C: ["y"] });
  });
});
