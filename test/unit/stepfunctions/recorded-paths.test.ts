/** Rules of AWS's JSONPath and intrinsic functions, as recorded or published. */
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { parseDefinition } from "../../../src/services/stepfunctions/asl/validation/definition.ts";
import { map, one, only, pass, run, task } from "../../support/asl-machines.ts";

const box = {
  box: { "two words": 5 },
  rows: [
    { id: 1, n: 0 },
    { id: 2, n: 3 },
    { id: 3, n: 9 },
  ],
};
const texts = {
  texts: [
    { lang: "no", body: "hei" },
    { lang: "en", body: "hi" },
  ],
};

const values: [rule: string, path: string, input: Json, value: Json][] = [
  ["a dot before a bracket has no meaning", "$.box.['two words']", box, 5],
  ["a dot before an index", "$.rows.[2].id", box, 3],
  ["a dot before a wildcard", "$.rows.[*].id", box, [1, 2, 3]],
  ["a dot before a filter", "$.rows.[?(@.n > 0)].id", box, [2, 3]],
  ["a dot before the first step", "$.[0].body", texts.texts, "hei"],
  ["a dot before a union", "$.[*].['lang','body']", texts.texts, ["no", "hei", "en", "hi"]],
  ["a dot after the context's root", "$$.['Execution'].['Name']", {}, "e1"],
  ["a dot in a function's argument", "States.Format('{}', $.box.['two words'])", box, "5"],
  ["a bare word in a filter is a string", "$.texts[?(@.lang==no)].body", texts, ["hei"]],
  ["with white space around the operator", "$.texts[?( @.lang == en )].body", texts, ["hi"]],
  ["in a function's argument", "States.ArrayLength($.texts[?(@.lang==no)])", texts, 1],
  ["a word that only starts like a constant", "$.texts[?(@.lang==nullable)].body", texts, []],
  ["constants stay what they are", "$.l[?(@.a==true)].a", { l: [{ a: true }, { a: "true" }] }, [true]],
  ["white space after a path is ignored", "$$.Execution.Name ", {}, "e1"],
  ["white space after a function", "States.Array(1) ", {}, [1]],
  ["a backslash before a double quote in single quotes", "$['a\\\"b']", { 'a\\"b': 1, 'a"b': 2 }, 1],
  ["a backslash before the quote itself", "$['it\\'s']", { "it's": 1 }, 1],
  ["an empty list in chunks of any size", "States.ArrayPartition($, 0)", [], []],
  ["not a list of one empty chunk", "States.ArrayPartition($, 3)", [], []],
  ["an escaped brace in States.Format", "States.Format('\\{ {} \\}', 1)", {}, "{ 1 }"],
];

describe("a path's value", () => {
  it.each(values)("%s: %s", (_rule, path, input, value) => {
    const result = run(one(pass({ Parameters: { "v.$": path }, OutputPath: "$.v" })), input);
    expect(result.cause).toBeUndefined();
    expect(result.output).toEqual(value);
  });

  it.each([
    ["InputPath", { InputPath: "$.box.['two words'] " }, 5],
    ["InputPath with a bare word", { InputPath: "$.rows[?(@.id==no)]" }, []],
    ["OutputPath", { OutputPath: "$.rows.[0].id" }, 1],
    ["ResultPath", { Result: 7, ResultPath: "$.box.['two words']", OutputPath: "$.box" }, { "two words": 7 }],
  ] as [string, JsonObject, Json][])("a dot before a bracket in %s", (_field, fields, value) => {
    expect(run(one(pass(fields)), box).output).toEqual(value);
  });

  it("takes dots before brackets in ItemsPath, Variable and path operands", () => {
    expect(run(one(map({ ItemsPath: "$.['rows']" })), box).output).toEqual(box.rows);
    const rule = { Variable: "$.rows.[0].['id']", NumericLessThanPath: "$.rows.[1].id", Next: "B" };
    const choice = { Type: "Choice", Choices: [rule] };
    expect(run(one(choice, { B: pass({ Result: "less" }) }), box).output).toBe("less");
  });
});

describe("the members of a merge are in the order of a copy of the first object's hash table", () => {
  it.each([
    [{ a: 1, nested: 2 }, { b: 3, nested: 4 }, ["a", "nested", "b"]],
    [{ b: 1 }, { a: 2 }, ["b", "a"].sort()],
    [{ a: 1, b: 2, c: 3 }, { d: 4 }, ["a", "b", "c", "d"]],
  ])("%j with %j", (a, b, order) => {
    const merged = run(one(pass({ Parameters: { "v.$": "States.JsonMerge($.a, $.b, false)" } })), { a, b });
    expect(Object.keys((merged.output as { v: object }).v)).toEqual(order);
  });
});

describe("what fails", () => {
  it.each([
    ["an unclosed brace", "'a { b {}', 1", "Invalid template in States.Format: matching '}' not found for '{'."],
    ["a single brace", "'{'", "Invalid template in States.Format: matching '}' not found for '{'."],
    ["a brace around a word", "'{name}', 1", "Invalid template in States.Format: matching '}' not found for '{'."],
  ])("%s", (_rule, args, text) => {
    const result = run(one(pass({ Parameters: { "v.$": `States.Format(${args})` } })), {});
    expect(result.status).toBe("FAILED");
    expect(result.cause).toContain(`had the following error: ${text}`);
  });

  it("quotes the context object for a path in it without a value", () => {
    const context =
      '{"Execution":{"Id":"arn:aws:states:us-east-1:111122223333:execution:M:e1","Input":{"l":[7]},"StartTime":"2024-01-01T00:00:00.000Z","Name":"e1","RoleArn":"arn:aws:iam::111122223333:role/r","RedriveCount":0},"StateMachine":{"Id":"arn:aws:states:us-east-1:111122223333:stateMachine:M","Name":"M"},"State":{"Name":"A","EnteredTime":"2024-01-01T00:00:00.000Z","RetryCount":0},"Map":{"Item":{"Index":0,"Value":7}}}';
    const path = "$$.Map.Item.Source";
    const selected = (text: string) => run(one(map({ ItemsPath: "$.l", ItemSelector: { "s.$": text } })), { l: [7] });
    expect(selected(path).cause).toContain(
      `The JSONPath '${path}' specified for the field 's.$' could not be found in the input '${context}'`,
    );
    expect(selected(`States.Array(${path})`).cause).toContain(`could not be found in the input '${context}'`);
  });
});

const reference = "Value is not a Reference Path: ";
const bracket = `${reference}'[' must be followed by ' or '['`;
const choice = (rule: JsonObject): JsonObject =>
  one({ Type: "Choice", Choices: [{ Next: "B", ...rule }], Default: "B" }, { B: pass() });

describe("a definition is refused for", () => {
  it.each([
    ["a Variable that is not a Reference Path", choice({ Variable: "$.l[*].n", IsPresent: true }), bracket],
    ["a Variable with a descent", choice({ Variable: "$..n", IsPresent: true }), `${reference}$..n`],
    ["a Variable with a length", choice({ Variable: "$.l.length()", NumericEquals: 1 }), `${reference}$.l.length()`],
    ["an operand with a filter", choice({ Variable: "$.a", StringEqualsPath: "$.l[?(@.n==1)]" }), bracket],
    ["a rule inside another", choice({ Not: { Variable: "$.l[0:1]", IsNull: true } }), `${reference}$.l[0:1]`],
    ["an ItemsPath with a wildcard", one(map({ ItemsPath: "$.l[*]" })), bracket],
    [
      "a ResultPath without a root",
      one(pass({ ResultPath: "Test" })),
      `${reference}Reference path didn't start with '$'`,
    ],
    ["a ResultPath with a path inside", one(pass({ ResultPath: "$.a[$$.b]" })), bracket],
    ["a SecondsPath", one({ Type: "Wait", SecondsPath: "Test", End: true }), "Reference path didn't start with '$'"],
    ["an InputPath that is not a path", one(pass({ InputPath: "Test" })), "Value must be a valid JSONPath."],
    ["an OutputPath that is not a path", one(task({ OutputPath: "$.a[" })), "Value must be a valid JSONPath."],
    [
      "white space before a function",
      one(pass({ Parameters: { "v.$": " States.UUID()" } })),
      "The value for the field 'v.$' must be a valid JSONPath or a valid intrinsic function call",
    ],
    [
      "an escaped double quote in a function's string",
      one(pass({ Parameters: { "v.$": "States.Format('a\\\"b')" } })),
      "The value for the field 'v.$' must be a valid JSONPath or a valid intrinsic function call",
    ],
  ] as [string, JsonObject, string][])("%s", (_rule, definition, message) => {
    const { diagnostics } = parseDefinition(JSON.stringify(definition));
    expect(diagnostics.map((found) => found.message)).toEqual([expect.stringContaining(message)]);
  });

  it("no Reference Path to variables or the context object", () => {
    const fields = { ItemsPath: "$$.Execution.Input['l']" };
    const definition = one(
      { Type: "Pass", Assign: { v: [1] }, Next: "M" },
      { M: map(fields), ...(only("X", pass()).States as object) },
    );
    const { diagnostics } = parseDefinition(JSON.stringify(definition));
    expect(diagnostics.map((found) => found.message)).toEqual(['State "X" is not reachable.']);
  });
});
