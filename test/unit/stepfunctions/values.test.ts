import { describe, expect, it } from "vitest";
import type { StateError } from "../../../src/services/stepfunctions/asl/errors.ts";
import { JavaRandom, javaRound } from "../../../src/services/stepfunctions/asl/java-numbers.ts";
import { javaHashOrder, javaText } from "../../../src/services/stepfunctions/asl/java-values.ts";
import { type Json, parseJson, payloadText } from "../../../src/services/stepfunctions/asl/json.ts";
import { Visits } from "../../../src/services/stepfunctions/asl/jsonpath/path-read.ts";
import { evaluateTemplate } from "../../../src/services/stepfunctions/asl/jsonpath/template.ts";
import { compareInstants, parseTimestamp } from "../../../src/services/stepfunctions/asl/timestamps.ts";

const chance = { random: () => 0.5, uuid: () => "u" };

function evaluate(template: Json, input: Json): Json {
  return evaluateTemplate(
    template,
    { input, context: () => ({ A: { B: "x" } }), variable: () => undefined, visits: new Visits() },
    chance,
  );
}

function causeOf(template: Json, input: Json): [string | undefined, string | undefined] {
  try {
    evaluate(template, input);
    return [undefined, undefined];
  } catch (error) {
    return [(error as StateError).error, (error as StateError).causeText];
  }
}

describe("like Java, we", () => {
  it("order dynamic members as its hash map does", () => {
    expect(javaHashOrder(["StateMachineArn", "Input", "Name"])).toEqual(["Input", "StateMachineArn", "Name"]);
    expect(javaHashOrder(["Name", "SecretString"])).toEqual(["SecretString", "Name"]);
    expect(javaHashOrder(["Path", "Stage", "Method", "RequestBody", "ApiEndpoint", "Headers"])).toEqual([
      ...["Path", "Headers", "Stage", "ApiEndpoint", "Method", "RequestBody"],
    ]);
  });

  it("print values", () => {
    expect(javaText({ Arg1: 1, Arg2: [], s: "a", n: null, l: [1, "a"] })).toBe(
      "{Arg1=1, Arg2=[], s=a, n=null, l=[1, a]}",
    );
  });

  it("round halves up and draw the same numbers", () => {
    expect([-1.5, -2.5, 0.5, 2.4].map(javaRound)).toEqual([-1, -2, 1, 2]);
    expect(new JavaRandom(42).nextDouble()).toBe(0.7275636800328681);
    const random = new JavaRandom(42);
    expect([1, 2, 3, 4, 5].map(() => random.nextInt(10))).toEqual([0, 3, 8, 4, 0]);
  });
});

describe("payloads", () => {
  it("are measured in bytes of UTF-8", () => {
    expect(payloadText("é".repeat(131_071))).toBeDefined();
    expect(payloadText("é".repeat(131_072))).toBeUndefined();
    const shared = "x".repeat(100_000);
    expect(payloadText(Array.from({ length: 1_000_000 }, () => shared))).toBeUndefined();
  });

  it("are not nested deeper than AWS accepts", () => {
    expect(parseJson(`${"[".repeat(1000)}${"]".repeat(1000)}`)).toBeDefined();
    expect(() => parseJson(`${"[".repeat(1001)}${"]".repeat(1001)}`)).toThrow(SyntaxError);
    expect(parseJson(JSON.stringify("[".repeat(5000)))).toHaveLength(5000);
  });
});

describe("timestamps", () => {
  it.each([
    ["2012-10-09T19:00:55Z", true],
    ["2012-10-09T19:00:55.123456789+01:00", true],
    ["2024-02-29T00:00:00Z", true],
    ["2023-02-29T00:00:00Z", false],
    ["2012-10-09T19:00:55", false],
    ["2012-10-09", false],
    ["2012-13-09T19:00:55Z", false],
    ["2012-10-09T25:00:55Z", false],
    ["2012-10-09 19:00:55Z", false],
    ["2012-10-09t19:00:55z", false],
    ["09-10-2012T19:00:55Z", false],
  ])("%s: %s", (text, valid) => expect(parseTimestamp(text) !== undefined).toBe(valid));

  it("compare as instants, to the last digit", () => {
    const order = (a: string, b: string): number => Math.sign(compareInstants(parseTimestamp(a)!, parseTimestamp(b)!));
    expect(order("2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z")).toBe(0);
    expect(order("2024-01-01T00:00:00.0001Z", "2024-01-01T00:00:00.0002Z")).toBe(-1);
    expect(order("2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.1000Z")).toBe(0);
  });
});

describe("templates that visit too many values", () => {
  const big = Array.from({ length: 5_000 }, (_, index) => ({ k: `__proto__${index}`, v: [index] }));
  const fields = (text: string, count: number): Json =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}.$`, text]));
  const evaluated = (template: Json, input: Json) =>
    evaluateTemplate(template, { input, context: () => ({}), variable: () => undefined, visits: new Visits() }, chance);

  it.each([
    ["$.l..*"],
    ["$.l[*].v[*]"],
    ["$.l[?(@.k =~ /(_?p?r?o?t?o?_?[0-9]?){20}x/)]"],
    ["$.l[*]['a','b','c','d','e','f','g','h','i','j']"],
    ["$.l[?(@ == $.l)]"],
    ["States.ArrayUnique($.l)"],
    ["States.ArrayContains($.l, $.l)"],
    ["States.JsonToString($.l)"],
  ])("end for %s, however often it is written", (text) => {
    expect(() => evaluated(fields(text, 3_000), { l: big })).toThrow(/could not be found|too large/);
  });

  it("do not fail if they only look up what they need", () => {
    const result = evaluated(fields("$.l[4999].v[0]", 10_000), { l: big });
    expect(Object.keys(result as object)).toHaveLength(10_000);
    expect(evaluated(fields("States.ArrayLength($.l)", 100), { l: big })).toMatchObject({ f0: 5_000 });
  });

  it("read only an object's own members", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "__lookupGetter__"]) {
      expect(() => evaluated({ "a.$": `$.${name}` }, {})).toThrow("could not be found");
      expect(() => evaluated({ "a.$": `$['${name}'].x` }, { a: 1 })).toThrow("could not be found");
      expect(evaluated({ "a.$": `$..['${name}']` }, { a: {} })).toEqual({ a: [] });
      expect(evaluated({ "a.$": `$.${name}` }, JSON.parse(`{"${name}":1}`) as Json)).toEqual({ a: 1 });
    }
    expect(Object.keys(evaluated({ "__proto__.$": "$.a" }, { a: 1 }) as object)).toEqual(["__proto__"]);
  });
});

describe("payload templates", () => {
  it("put static members first, then dynamic ones", () => {
    expect(JSON.stringify(evaluate({ "b.$": "$.x", z: 1, "a.$": "$$.A.B", y: 2 }, { x: 0 }))).toBe(
      '{"z":1,"y":2,"a":"x","b":0}',
    );
  });

  it("give null for an index past the end, but not inside a call", () => {
    expect(evaluate({ "v.$": "$.items[5]" }, { items: [1] })).toEqual({ v: null });
    expect(causeOf({ "v.$": "States.Array($.items[5])" }, { items: [1] })).toEqual([
      "States.Runtime",
      "The function 'States.Array($.items[5])' had the following error: The JsonPath argument for the field '$.items[5]' could not be found in the input '{\"items\":[1]}'",
    ]);
  });

  it("name the outermost call in errors", () => {
    const [error, cause] = causeOf({ "v.$": "States.Array(States.ArrayLength('x'))" }, {});
    expect(error).toBe("States.IntrinsicFailure");
    expect(cause).toContain("The function 'States.Array(States.ArrayLength('x'))' had the following error: ");
  });

  it("keep real newlines inside quotes", () => {
    expect(evaluate({ "v.$": "States.Format('a\n{}', 1)" }, {})).toEqual({ v: "a\n1" });
  });

  it("read negative zero as zero", () => {
    expect(JSON.stringify(evaluate({ "v.$": "States.StringToJson('-0')" }, {}))).toBe('{"v":0}');
  });
});
