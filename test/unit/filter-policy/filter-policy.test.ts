import { describe, expect, it } from "vitest";
import {
  explainFilterPolicy,
  FilterPolicyIndex,
  type FilterPolicyScope,
  matchesFilterPolicy,
  parseFilterPolicy,
} from "../../../src/events/filter-policy/index.ts";

function refusal(text: string, scope: FilterPolicyScope = "MessageAttributes"): string {
  try {
    parseFilterPolicy(text, scope);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
}

function onBody(policy: unknown, body: unknown): boolean {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return matchesFilterPolicy(parseFilterPolicy(JSON.stringify(policy), "MessageBody"), { body: text, attributes: {} });
}

function onAttributes(policy: unknown, attributes: Record<string, [string, string]>): boolean {
  const given = Object.fromEntries(
    Object.entries(attributes).map(([name, [DataType, StringValue]]) => [name, { DataType, StringValue }]),
  );
  const parsed = parseFilterPolicy(JSON.stringify(policy), "MessageAttributes");
  return matchesFilterPolicy(parsed, { body: "{}", attributes: given });
}

describe("numeric refusals", () => {
  it.each([
    [[], "Invalid member in numeric match: ]", 22],
    [["operator"], "Unrecognized numeric range operator: operator", 32],
    [[1, "<="], "Invalid member in numeric match: 1", 22],
    [["=", "000"], "Value of equals must be numeric", 26],
    [[">="], "Value of >= must be numeric", 26],
    [["<", 100, ">", 10], "Too many elements in numeric expression", 30],
    [[">=", 1, ">", 2], "Bad numeric range operator: >", 31],
    [[">", 3, "<", 1], "Bottom must be less than top", 33],
    [[">", 20, "<="], "Value of <= must be numeric", 33],
    [[">", 20, 30], "Bad value in numeric range: 30", 30],
    [[">", 20, "test"], "Bad numeric range operator: test", 34],
    [[">", "20", "<", "30"], "Value of > must be numeric", 26],
    [[">", 20, "<", "30"], "Value of < must be numeric", 33],
    [[">", 20, "<", 30, "<", 50], "Too many terms in numeric range expression", 36],
  ])("%j", (numeric, text, column) => {
    const policy = JSON.stringify({ key: [{ numeric }] });
    expect(refusal(policy)).toBe(
      `FilterPolicy: ${text}\n at [Source: (String)"${policy}"; line: 1, column: ${column}]`,
    );
  });
});

describe("operators inside others", () => {
  it.each<[object, string, boolean]>([
    [{ "anything-but": { suffix: ".png" } }, "a.jpg", true],
    [{ "anything-but": { suffix: ".png" } }, "a.png", false],
    [{ "anything-but": { "equals-ignore-case": "Draft" } }, "DRAFT", false],
    [{ "anything-but": { "equals-ignore-case": "Draft" } }, "done", true],
    [{ prefix: { "equals-ignore-case": "EU-" } }, "eu-west-1", true],
    [{ prefix: { "equals-ignore-case": "EU-" } }, "us-east-1", false],
    [{ suffix: { "equals-ignore-case": "-EAST-1" } }, "us-east-1", true],
  ])("%j are taken, as recorded in September 2026: %s", (rule, value, matches) => {
    expect(onAttributes({ key: [rule] }, { key: ["String", value] })).toBe(matches);
  });
});

describe("other refusals", () => {
  it.each([
    ["{}", "FilterPolicy: Empty objects are not allowed"],
    ['{"a":"x"}', 'FilterPolicy: "a" must be an object or an array'],
    ['{"a":[{"wildcard":"x*"}]}', "FilterPolicy: Unrecognized match type wildcard"],
    ['{"a":[{"anything-but":{"wildcard":"x"}}]}', "FilterPolicy: Unsupported anything-but pattern: wildcard"],
    ['{"a":[1000000001]}', "FilterPolicy: Value must be between -1.0E9 and 1.0E9, inclusive"],
    ['{"a":[{"numeric":["<",2e9]}]}', "FilterPolicy: Value must be between -1.0E9 and 1.0E9, inclusive"],
    ["nonsense", "FilterPolicy: failed to parse JSON. Unrecognized token 'nonsense'"],
    ['{"a":["x"', "FilterPolicy: failed to parse JSON. Unexpected end-of-input"],
    ['{"$or":[{"a":["x"]}]}', "FilterPolicy: There must have at least 2 Objects in $or relationship."],
  ])("%s", (policy, start) => {
    expect(refusal(policy).slice(0, start.length)).toBe(start);
  });

  it("takes nested policies on the body only", () => {
    const nested = '{"a":{"b":["x"]}}';
    expect(refusal(nested)).toBe("Filter policy scope MessageAttributes does not support nested filter policy");
    expect(refusal(nested, "MessageBody")).toBe("accepted");
  });

  it("quotes the policy written anew, and counts columns in that", () => {
    expect(refusal('{ "size" : [ { "numeric" : [ ] } ] }')).toBe(
      'FilterPolicy: Invalid member in numeric match: ]\n at [Source: (String)"{"size":[{"numeric":[]}]}"; line: 1, column: 23]',
    );
  });

  it.each([
    ["{x", "Unexpected character ('x' (code 120)): was expecting double-quote to start field name", 2],
    [
      "yes",
      "Unrecognized token 'yes': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
      4,
    ],
  ])("%s is told in the parser's words, without the source", (text, sentence, column) => {
    expect(refusal(text)).toBe(
      `FilterPolicy: failed to parse JSON. ${sentence}\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: 1, column: ${column}]`,
    );
  });

  it("counts the keys of all branches of $or together", () => {
    const branch = (...names: string[]) => Object.fromEntries(names.map((name) => [name, ["x"]]));
    expect(refusal(JSON.stringify({ $or: [branch("a", "b", "c"), branch("d", "e", "f")] }))).toBe(
      "FilterPolicy: Filter policy can not have more than 5 keys",
    );
    expect(refusal(JSON.stringify({ $or: [branch("a", "b", "c"), branch("a", "d", "e")] }))).toBe("accepted");
  });

  it("counts keys and combinations", () => {
    const keys = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, ["v"]]));
    expect(refusal(JSON.stringify(keys(5)))).toBe("accepted");
    expect(refusal(JSON.stringify(keys(6)))).toBe("FilterPolicy: Filter policy can not have more than 5 keys");
    const values = (n: number) => Array.from({ length: n }, (_, i) => `v${i}`);
    const complex = "FilterPolicy: Filter policy is too complex";
    const or = (last: number) => ({
      $or: [
        { a: values(4), b: values(6) },
        { a: values(4), c: values(4), d: values(4) },
        { b: values(4), c: values(4), d: values(last) },
      ],
    });
    expect(refusal(JSON.stringify(or(4)))).toBe(complex);
    expect(refusal(JSON.stringify(or(3)))).toBe("accepted");
    expect(refusal(JSON.stringify({ a: values(10), b: values(15) }))).toBe("accepted");
    expect(refusal(JSON.stringify({ a: values(150), b: values(2) }))).toBe(complex);
    const nested = (last: number) => ({
      $or: [
        { a: values(3), n: { b: values(2), c: ["v"] }, d: values(2) },
        { a: values(3), n: { b: values(2) }, d: values(6) },
        { e: values(last) },
      ],
    });
    // 3·(2·2)·(1·2)·2 = 48 and 3·(2·2)·6 = 72
    expect(refusal(JSON.stringify(nested(30)), "MessageBody")).toBe("accepted");
    expect(refusal(JSON.stringify(nested(31)), "MessageBody")).toBe(complex);
  });
});

describe("policies on attributes", () => {
  it("respect the attribute's type", () => {
    expect(onAttributes({ n: [5] }, { n: ["Number", "5.0"] })).toBe(true);
    expect(onAttributes({ n: [{ numeric: [">", 4] }] }, { n: ["Number", "5"] })).toBe(true);
    expect(onAttributes({ n: [{ numeric: [">", 4] }] }, { n: ["String", "5"] })).toBe(false);
    expect(onAttributes({ s: ["5"] }, { s: ["Number", "5"] })).toBe(false);
    expect(onAttributes({ s: ["x"] }, { s: ["Binary", "x"] })).toBe(false);
    expect(onAttributes({ s: ["x"] }, { s: ["String.custom", "x"] })).toBe(true);
  });

  it("test every element of a String.Array", () => {
    expect(onAttributes({ l: ["b"] }, { l: ["String.Array", '["a","b"]'] })).toBe(true);
    expect(onAttributes({ l: [{ numeric: ["=", 2] }] }, { l: ["String.Array", "[1,2]"] })).toBe(true);
    expect(onAttributes({ l: [true] }, { l: ["String.Array", "[true,null]"] })).toBe(true);
    expect(onAttributes({ l: ["a"] }, { l: ["String.Array", "a"] })).toBe(false);
    expect(onAttributes({ l: [{ "anything-but": "a" }] }, { l: ["String.Array", '["a","b"]'] })).toBe(true);
    expect(onAttributes({ l: [{ "anything-but": "a" }] }, { l: ["String.Array", '["a","a"]'] })).toBe(false);
    expect(onAttributes({ l: [{ "anything-but": "a" }] }, { l: ["String.Array", '["c","b"]'] })).toBe(true);
  });

  it("treat a missing attribute as matched by exists:false alone", () => {
    expect(onAttributes({ a: [{ exists: false }] }, { b: ["String", "x"] })).toBe(true);
    expect(onAttributes({ a: [{ exists: false }] }, { b: ["Binary", "x"] })).toBe(true);
    expect(onAttributes({ a: [null] }, {})).toBe(false);
    expect(onAttributes({ a: [{ "anything-but": "x" }] }, {})).toBe(false);
    expect(onAttributes({ a: [{ exists: true }] }, { a: ["String", "x"] })).toBe(true);
  });

  it("let nothing through that has no attributes, exists:false included", () => {
    expect(onAttributes({ a: [{ exists: false }] }, {})).toBe(false);
    const policy = parseFilterPolicy('{"a":[{"exists":false}]}', "MessageAttributes");
    expect(explainFilterPolicy(policy, { body: "{}", attributes: {} })).toEqual({ reason: "no-attributes" });
  });

  it("take one bare value for a String.Array of it", () => {
    expect(onAttributes({ l: [7] }, { l: ["String.Array", "7"] })).toBe(true);
    expect(onAttributes({ l: [true] }, { l: ["String.Array", "true"] })).toBe(true);
    expect(onAttributes({ l: ["red"] }, { l: ["String.Array", '"red"'] })).toBe(true);
    expect(onAttributes({ l: ["red"] }, { l: ["String.Array", "red"] })).toBe(false);
    expect(onAttributes({ l: [{ "anything-but": ["x"] }] }, { l: ["String.Array", "red"] })).toBe(false);
  });

  it("match nothing with numbers that JSON does not have", () => {
    expect(onAttributes({ n: [0.5] }, { n: ["Number", ".5"] })).toBe(false);
    expect(onAttributes({ n: [{ numeric: ["=", 0.5] }] }, { n: ["Number", ".5"] })).toBe(false);
    expect(onAttributes({ n: [5] }, { n: ["Number", "5."] })).toBe(false);
  });

  it("take dotted names as names of attributes", () => {
    expect(onAttributes({ "a.b": ["x"] }, { "a.b": ["String", "x"] })).toBe(true);
    expect(onAttributes({ toString: [{ exists: true }] }, {})).toBe(false);
  });
});

describe("policies on the body", () => {
  it("need a JSON object", () => {
    expect(onBody({ a: [{ exists: false }] }, "text")).toBe(false);
    expect(onBody({ a: [{ exists: false }] }, "[]")).toBe(false);
    expect(onBody({ a: [{ exists: false }] }, "{}")).toBe(false);
    expect(onBody({ a: [{ exists: false }] }, { b: 1 })).toBe(true);
    expect(onBody({ a: [{ exists: true }] }, { a: null })).toBe(true);
    expect(onBody({ a: [{ exists: true }] }, { a: "" })).toBe(true);
    expect(onBody({ a: [{ exists: true }] }, { a: [] })).toBe(false);
    expect(onBody({ a: [{ exists: true }] }, { a: {}, b: 1 })).toBe(false);
    const policy = parseFilterPolicy('{"a":["x"]}', "MessageBody");
    expect(explainFilterPolicy(policy, { body: "text", attributes: {} })).toEqual({ reason: "body-not-json-object" });
    expect(explainFilterPolicy(policy, { body: '{"a":"y"}', attributes: {} })).toMatchObject({
      path: "a",
      reason: "value",
      expected: '["x"]',
      actual: ["y"],
    });
  });

  it("descend arrays and keep siblings in one element", () => {
    const policy = {
      Records: { s3: { object: { key: [{ prefix: "auto-" }] } }, eventName: [{ prefix: "ObjectCreated:" }] },
    };
    const record = (key: string, eventName: string) => ({ s3: { object: { key } }, eventName });
    expect(onBody(policy, { Records: [record("auto-1", "ObjectCreated:Put"), record("x", "ObjectRemoved")] })).toBe(
      true,
    );
    expect(onBody(policy, { Records: [record("auto-1", "ObjectRemoved")] })).toBe(false);
    expect(onBody(policy, { Records: [record("auto-1", "ObjectRemoved"), record("x", "ObjectCreated:Put")] })).toBe(
      false,
    );
    expect(onBody({ a: { b: ["x"] } }, { a: [[{ b: "y" }], [{ b: "x" }]] })).toBe(true);
    expect(onBody({ a: [""] }, { a: [""] })).toBe(true);
    expect(onBody({ a: ["x"] }, { a: [] })).toBe(false);
  });

  it.each([
    { order: { ship: { city: "Oslo" } } },
    { "order.ship": { city: "Oslo" } },
    { order: { "ship.city": "Oslo" } },
    { "order.ship.city": "Oslo" },
  ])("join names by dots, in the policy and in %j", (body) => {
    for (const policy of [
      { "order.ship.city": ["Oslo"] },
      { order: { ship: { city: ["Oslo"] } } },
      { order: { "ship.city": ["Oslo"] } },
    ]) {
      expect(onBody(policy, body)).toBe(true);
    }
    expect(onBody({ "order.ship": ["Oslo"] }, body)).toBe(false);
  });

  it("count levels of nesting, not dots", () => {
    expect(refusal('{"a.b.c":["x"]}')).toBe("accepted");
    const values = JSON.stringify(Array.from({ length: 100 }, (_, i) => i));
    expect(refusal(`{"a.b":${values}}`, "MessageBody")).toBe("accepted");
    expect(refusal(`{"a":{"b":${values}}}`, "MessageBody")).toBe("FilterPolicy: Filter policy is too complex");
  });

  it("combine $or with its siblings", () => {
    const policy = { a: ["1"], $or: [{ b: ["2"] }, { c: [{ numeric: [">", 3] }] }] };
    expect(onBody(policy, { a: "1", b: "2" })).toBe(true);
    expect(onBody(policy, { a: "1", c: 4 })).toBe(true);
    expect(onBody(policy, { b: "2", c: 4 })).toBe(false);
  });
});

describe("the index of a topic's policies", () => {
  it("finds those on attributes and on the body", () => {
    const index = new FilterPolicyIndex<string>();
    index.add("attributes", parseFilterPolicy('{"k":["v"]}', "MessageAttributes"));
    index.add("body", parseFilterPolicy('{"k":["v"]}', "MessageBody"));
    const attributes = { k: { DataType: "String", StringValue: "v" } };
    expect(index.match({ body: '{"k":"v"}', attributes })).toEqual(["attributes", "body"]);
    expect(index.match({ body: "v", attributes })).toEqual(["attributes"]);
    index.add("body", parseFilterPolicy('{"k":["w"]}', "MessageAttributes"));
    expect(index.match({ body: '{"k":"v"}', attributes: {} })).toEqual([]);
    expect(index.remove("attributes")).toBe(true);
    expect(index.remove("attributes")).toBe(false);
    expect(index.match({ body: "", attributes: { k: { DataType: "String", StringValue: "w" } } })).toEqual(["body"]);
  });

  it.each([10, 1000])("checks one policy of %d that differ in one value", (count) => {
    const index = new FilterPolicyIndex<number>();
    for (let i = 0; i < count; i++) {
      index.add(i, parseFilterPolicy(`{"kind":["order"],"shop":["s${i}"]}`, "MessageAttributes"));
    }
    const attributes = {
      kind: { DataType: "String", StringValue: "order" },
      shop: { DataType: "String", StringValue: "s7" },
    };
    expect(index.match({ body: "", attributes })).toEqual([7]);
    expect(index.checks).toBeLessThanOrEqual(10);
  });
});
