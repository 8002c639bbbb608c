/** AWS's diagnostics about definitions, as recorded. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { jsonFault } from "../../../src/services/stepfunctions/asl/json-faults.ts";
import { parseDefinition } from "../../../src/services/stepfunctions/asl/validation/definition.ts";
import { variableReferences } from "../../../src/services/stepfunctions/asl/validation/variable-references.ts";
import { distributed, jsonata, map, one, only, pass, run, task } from "../../support/asl-machines.ts";

const expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const source = (text: string, column: number, line = 1) =>
  `[Source: (String)"${text}"; line: ${line}, column: ${column}]`;

describe("text that is not JSON", () => {
  it.each([
    ["maybe", `Unrecognized token 'maybe': was expecting ${expected}`, 6],
    ["  perhaps not", `Unrecognized token 'perhaps': was expecting ${expected}`, 10],
    ['{"a": tru}', `Unrecognized token 'tru': was expecting ${expected}`, 10],
    ["{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 3],
    ['{"a": 1,}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 10],
    ['{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 7],
    ['{"a": 1 "b": 2}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries", 10],
    ["[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 5],
    ["[1,]", `Unexpected character (']' (code 93)): expected a valid value ${expected}`, 5],
    ['{"a": "b', "Unexpected end-of-input: was expecting closing quote for a string value", 9],
    ["[", `Unexpected end-of-input: expected close marker for Array (start marker at ${source("[", 1)})`, 2],
    ['["\\x"]', "Unrecognized character escape 'x' (code 120)", 5],
    ["[01]", "Invalid numeric value: Leading zeroes not allowed", 3],
  ])("%s", (text, sentence, column) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonFault(text)).toEqual({ sentence, source: source(text, column) });
    expect(parseDefinition(text).diagnostics).toEqual([
      {
        severity: "ERROR",
        code: "INVALID_JSON_DESCRIPTION",
        message: `${sentence}\n at ${source(text, column)}`,
        location: source(text, column),
      },
    ]);
  });

  it("is reported by line and column, however long it is", () => {
    expect(jsonFault('{\n "a": oops}').source).toBe(source('{\n "a": oops}', 11, 2));
    const long = `["${"x".repeat(600)}", oops]`;
    expect(jsonFault(long).source).toContain(`"${long.slice(0, 500)}"[truncated ${long.length - 500} chars]; line: 1`);
  });

  it.each(["", "  \n", "[]", "5"])("or not an object: %j", (text) => {
    const message = "Definition must be a valid JSON object";
    expect(parseDefinition(text).diagnostics).toEqual([
      { severity: "ERROR", code: "SCHEMA_VALIDATION_FAILED", message },
    ]);
  });
});

const sqs = "arn:aws:states:::sqs:sendMessage";
const message = { QueueUrl: "q", MessageBody: "m" };
const processor = (type: string, state: JsonObject): JsonObject => ({
  ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: type }, ...only("I", state) },
});
const children = (state: JsonObject): JsonObject => one(map(processor("EXPRESS", state)));

function messages(definition: JsonObject, type: "STANDARD" | "EXPRESS" = "STANDARD"): string[] {
  return parseDefinition(JSON.stringify(definition), type).diagnostics.map(
    ({ code, message, location }) => `${code}: ${message} at ${location ?? "null"}`,
  );
}

const schema = (text: string) => `SCHEMA_VALIDATION_FAILED: ${text}`;
const types = "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";
const inner = "/States/A/ItemProcessor/States/I";
const unrecognized = (arn: string) =>
  schema(
    `The resource provided ${arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource`,
  );
const unknownApis = ["dynamodb:scan", "dynamodb:query", "lambda:foo", "ecs:stopTask", "batch:describeJobs"];

type Row = [what: string, definition: JsonObject, found: string[]];

const rows: Row[] = [
  ["an empty object", {}, [schema("These fields are required: [States, StartAt] at /")]],
  [
    "an unknown type",
    one({ Type: "Loop", End: true }),
    [schema(`The field 'Type' should have one of these values: ${types} at /States/A/Type`)],
  ],
  ...["2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z", "{% $now() %}"].map(
    (Timestamp): Row => [
      `the timestamp ${Timestamp}`,
      one({ Type: "Wait", Timestamp, End: true }),
      [schema("String does not match RFC3339 timestamp at /States/A/Timestamp")],
    ],
  ),
  [
    "a distributed Map without an execution type",
    one(map({ ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED" }, ...only("I", pass()) } })),
    [schema("These fields are required: [ExecutionType] at /States/A/ItemProcessor/ProcessorConfig")],
  ],
  [
    "a StartAt that does not exist",
    { StartAt: "X", States: { A: pass(), B: pass() } },
    [
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt",
      'MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A',
      'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
    ],
  ],
  [
    "what looks like a path",
    one(pass({ Parameters: { a: "$.b" } })),
    [
      "NO_DOLLAR: The value of 'a' looks like a JSONPath. Instead of 'a', use 'a.$' to evaluate it as a JSONPath at runtime. at /States/A/Parameters",
    ],
  ],
  ...[...unknownApis, "glue:getJobRun", "sns:subscribe", "http:get", "nothing:invoke"].map(
    (api): Row => [api, one(task({ Resource: `arn:aws:states:::${api}` })), [unrecognized(`arn:aws:states:::${api}`)]],
  ),
  [
    "an express child that waits for a job",
    children(task({ Resource: "arn:aws:states:::states:startExecution.sync", Parameters: { StateMachineArn: "m" } })),
    [schema(`Express state machine does not support '.sync' service integration at ${inner}/Resource`)],
  ],
  [
    "an express child that waits for a callback",
    children(task({ Resource: `${sqs}.waitForTaskToken`, Parameters: message })),
    [schema(`Express state machine does not support '.waitForTaskToken' service integration  at ${inner}/Resource`)],
  ],
  [
    "an express child with an activity, deep inside",
    children({
      Type: "Parallel",
      Branches: [only("T", task({ Resource: "arn:aws:states:us-east-1:111122223333:activity:a" }))],
      End: true,
    }),
    [schema(`Express state machine does not support Activity ARN at ${inner}/Branches[0]/States/T/Resource`)],
  ],
  [
    "an express child with children of its own",
    children({
      Type: "Map",
      End: true,
      ItemProcessor: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" }, ...only("J", pass()) },
    }),
    [schema(`Express state machine does not support Distributed Map at ${inner}/ItemProcessor/ProcessorConfig`)],
  ],
  [
    "a callback in a standard child",
    one(map(processor("STANDARD", task({ Resource: `${sqs}.waitForTaskToken`, Parameters: message })))),
    [],
  ],
  ["a function of any Region and account", one(task({ Resource: "arn:aws:lambda:eu-nowhere-9:1234:function:f" })), []],
  ["a tolerance of an inline Map", one(map({ ToleratedFailureCount: 1, ToleratedFailurePercentagePath: "$.p" })), []],
  ["a tolerance by expression", one(map({ ToleratedFailurePercentage: "{% 5 %}" }), {}, jsonata), []],
  ["a tolerance of a distributed Map", one(distributed({ ToleratedFailureCount: 2 })), []],
];

describe("the diagnostics about", () => {
  it.each(rows)("%s", (_what, definition, found) => {
    expect(messages(definition)).toEqual(found);
  });

  it("a callback in an express machine end with a space, those about a job do not", () => {
    const found = (suffix: string) =>
      messages(
        one(
          task({ Resource: `arn:aws:states:::states:startExecution${suffix}`, Parameters: { StateMachineArn: "m" } }),
        ),
        "EXPRESS",
      );
    const sentence = "Express state machine does not support";
    expect(found(".sync")).toEqual([schema(`${sentence} '.sync' service integration at /States/A/Resource`)]);
    expect(found(".waitForTaskToken")).toEqual([
      schema(`${sentence} '.waitForTaskToken' service integration  at /States/A/Resource`),
    ]);
  });
});

describe("an inline Map with tolerated failures", () => {
  it.each([
    [{ ToleratedFailureCount: 5 }, {}],
    [{ ToleratedFailurePercentage: "{% 100 %}" }, jsonata],
  ])("runs as if it had none: %j", (fields, top) => {
    const failing = { ItemProcessor: only("I", { Type: "Fail", Error: "E" }) };
    expect(run(one(map({ ...failing, ...fields }), {}, top), [1]).error).toBe("E");
    expect(run(one(map(fields), {}, top), [1, 2]).output).toEqual([1, 2]);
  });
});

describe("variable references", () => {
  const choice = { Type: "Choice", Choices: [{ Variable: "$total", StringEquals: "$rows", Next: "C" }], Default: "C" };

  it.each([
    ["a literal in a template", pass({ Parameters: { text: "$total", deep: { list: ["$total"] } } }), {}],
    ["a dynamic member", pass({ Parameters: { deep: { "v.$": "$total" } } }), { B: ["total"] }],
    ["a function's argument", pass({ Parameters: { "v.$": "States.MathAdd($total, 1)" } }), { B: ["total"] }],
    ["a literal that is assigned", pass({ Assign: { copy: "$total" } }), {}],
    ["what is assigned", pass({ Assign: { "copy.$": "$total" } }), { B: ["total"] }],
    ["InputPath", pass({ InputPath: "$total" }), { B: ["total"] }],
    [
      "ItemsPath and a selector",
      map({ ItemsPath: "$rows", ItemSelector: { "v.$": "$total", w: "$rows" } }),
      { B: ["rows", "total"] },
    ],
    ["a Comment", pass({ Comment: "$total" }), {}],
    ["a rule", choice, { B: ["total"] }],
  ] as [string, JsonObject, Record<string, string[]>][])("%s", (_what, state, references) => {
    const others: JsonObject = state["Type"] === "Choice" ? { C: pass() } : {};
    const definition = one({ Type: "Pass", Assign: { total: 1, rows: [1] }, Next: "B" }, { B: state, ...others });
    const { machine } = parseDefinition(JSON.stringify(definition));
    const found = variableReferences(machine!);
    expect(Object.fromEntries(Object.entries(found).map(([name, names]) => [name, [...names].sort()]))).toEqual(
      references,
    );
  });
});
