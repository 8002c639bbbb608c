import { describe, expect, it } from "vitest";
import type { StateError } from "../../../src/services/stepfunctions/asl/errors.ts";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import {
  evaluateQuery,
  evaluateTyped,
  expressionFacts,
  type QueryScope,
} from "../../../src/services/stepfunctions/asl/jsonata/query.ts";

const input: Json = {
  a: 1,
  s: "abc",
  l: [3, 1, 2],
  o: [
    { k: "x", n: 2, t: ["p", "q"] },
    { k: "y", n: 1, t: ["r"] },
    { k: "x", n: 5, t: [] },
  ],
  e: [],
  nul: null,
};

function scope(variables: JsonObject = {}, nowMs = 0, random = 0.5): QueryScope {
  return {
    states: { input, context: () => ({ State: { Name: "S" } }) },
    variable: (name) => variables[name],
    nowMs,
    chance: { random: () => random, uuid: () => "00000000-0000-4000-8000-000000000000" },
  };
}

function evaluate(expression: string, given: QueryScope = scope()): Json {
  return evaluateQuery(`{% ${expression} %}`, "F", given);
}

function causeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect((error as StateError).error).toBe("States.QueryEvaluationError");
    return (error as StateError).causeText!;
  }
  return "no error";
}

const table: [expression: string, result: Json][] = [
  ["$states.input.o.n", [2, 1, 5]],
  ["$states.input.o[k='x'].n", [2, 5]],
  ["$states.input.o[0].k", "x"],
  ["$states.input.o[-1].n", 5],
  ["$states.input.o.t", ["p", "q", "r"]],
  ["$states.input.o[n>4].k", "x"],
  ["$states.input.o[n>4].k[]", ["x"]],
  ["$states.input.o{k: $sum(n)}", { x: 7, y: 1 }],
  ["$states.input.o^(>n).n", [5, 2, 1]],
  ["$states.input.o^(k, n).n", [2, 5, 1]],
  ["$states.input.o.(n * 2)", [4, 2, 10]],
  ['$states.input.o.{"k": k}', [{ k: "x" }, { k: "y" }, { k: "x" }]],
  [
    "$states.input.*",
    [1, "abc", 3, 1, 2, { k: "x", n: 2, t: ["p", "q"] }, { k: "y", n: 1, t: ["r"] }, { k: "x", n: 5, t: [] }, null],
  ],
  ["$states.input.e", []],
  ["$states.input.nul", null],
  ["$states.input.l[$ > 1]", [3, 2]],
  ["[$states.input.l, 4]", [3, 1, 2, 4]],
  ["$append($states.input.l, 4)", [3, 1, 2, 4]],
  ["$states.input.l[[0..1]]", [3, 1]],
  ["1 = 1.0", true],
  ['"a" & 1 & true & null & [1,2]', "a1truenull[1,2]"],
  ["5 % 3", 2],
  ["-7 % 3", -1],
  ["1 in [1,2]", true],
  ["null = $states.input.nul", true],
  ['{"a":1} = {"a":1}', true],
  ["$states.input.zz = 1", false],
  ["$not($states.input.e)", true],
  ["$boolean([0])", false],
  ["$boolean({})", false],
  ['$boolean("")', false],
  ["$string(12.50)", "12.5"],
  ['$string({"a":[1]}, true)', '{\n  "a": [\n    1\n  ]\n}'],
  ['$number("0x1F")', 31],
  ["$number(true)", 1],
  ['$length("héllo")', 5],
  ['$substring("hello", 1, 3)', "ell"],
  ['$substring("hello", -3)', "llo"],
  ['$pad("x", 3, "-")', "x--"],
  ['$trim("  a   b ")', "a b"],
  ['$contains("abc", /b/)', true],
  ['$match("ab12", /([a-z])([0-9])/)', { match: "b1", index: 1, groups: ["b", "1"] }],
  ['$replace("a-b-c", "-", "+", 1)', "a+b-c"],
  ['$replace("265", /([0-9]+)/, "$1!")', "265!"],
  ['$split("a1b2", /[0-9]/)', ["a", "b", ""]],
  ['$join(["a","b"])', "ab"],
  ['$formatNumber(1234.5, "#,##0.00")', "1,234.50"],
  ['$formatNumber(0.14, "01%")', "14%"],
  ["$formatBase(255, 16)", "ff"],
  ['$formatInteger(2024, "I")', "MMXXIV"],
  ['$parseInteger("twelve", "w")', 12],
  ["$round(2.345, 2)", 2.34],
  ["$round(3.5)", 4],
  ["$power(2, 10)", 1024],
  ["$sqrt(16)", 4],
  ["$average([1,2,4])", 2.3333333333333335],
  ["$max([1,5,2])", 5],
  ["$sum([])", 0],
  ["$count($states.input.zz)", 0],
  ["$sort($states.input.l)", [1, 2, 3]],
  ["$sort($states.input.o, function($a,$b){$a.n > $b.n}).n", [1, 2, 5]],
  ["$reverse([1,2])", [2, 1]],
  ['$distinct([1,"1",1])', [1, "1"]],
  [
    "$zip([1,2],[3,4])",
    [
      [1, 3],
      [2, 4],
    ],
  ],
  ["$filter($states.input.l, function($v){$v > 1})", [3, 2]],
  ["$map([1], function($v){$v})", 1],
  ["$single([1,2,3], function($v){$v = 2})", 2],
  ["$reduce([1,2,3], function($p,$v){$p*$v})", 6],
  ['$sift({"a":1,"b":2}, function($v){$v > 1})', { b: 2 }],
  ['$each({"a":1}, function($v,$k){$k & $v})', "a1"],
  ['$keys({"a":1})', "a"],
  ['$keys([{"a":1},{"b":2}])', ["a", "b"]],
  ['$lookup({"a":1}, "a")', 1],
  ['$lookup([{"a":1},{"a":2}], "a")', [1, 2]],
  ['$spread({"a":1,"b":2})', [{ a: 1 }, { b: 2 }]],
  ['$merge([{"a":1},{"a":2}])', { a: 2 }],
  ["$type([])", "array"],
  ["$type(null)", "null"],
  ["$exists($states.input.nul)", true],
  ['$base64encode("hi")', "aGk="],
  ['$encodeUrlComponent("a b&c")', "a%20b%26c"],
  ['$toMillis("2024-01-02T03:04:05.678Z")', 1704164645678],
  ["$fromMillis(1704164645678)", "2024-01-02T03:04:05.678Z"],
  ['$fromMillis(1704164645678, "[Y0001]-[M01]-[D01]")', "2024-01-02"],
  ['$toMillis("2024-01", "[Y]-[M01]")', 1704067200000],
  ["($f := function($n){$n <= 1 ? 1 : $n * $f($n-1)}; $f(5))", 120],
  ["[1..3].($ * 2)", [2, 4, 6]],
  ["(1;2;3)", 3],
  ['$states.input.a > 0 ? "pos"', "pos"],
  ["$states.input.l ~> $sum", 6],
  ["$uppercase($states.input.s) ~> $length", 3],
  ["function($x){$x}(3)", 3],
  ["$string(1e21)", "1e+21"],
  ["0.1 + 0.2", 0.30000000000000004],
  ["10 / 4", 2.5],
  ['$states.input.o[k="x"][n>4].n', 5],
  ['$states.input.("x" & s)', "xabc"],
  ["$floor(-1.5)", -2],
  ["$abs(-3)", 3],
  ['$substringBefore("a=b", "=")', "a"],
  ['$number("1e3")', 1000],
  ["[1,2,[3]]", [1, 2, [3]]],
  ["$count([[1,2],[3]])", 2],
  ['{"k": $states.input.zz}', {}],
  ["[$states.input.zz]", []],
  ["[3..1]", []],
  ['$formatNumber(-5, "000")', "-005"],
];

describe("JSONata", () => {
  it.each(table)("%s gives %j", (expression, result) => expect(evaluate(expression)).toEqual(result));

  it.each([
    ["$filter($states.input.l, function($v){$v > 9})", "returned nothing (undefined)."],
    ["$states.input.zz", "returned nothing (undefined)."],
    ["$unassigned", "returned nothing (undefined)."],
    ['"a" + 1', 'threw an error during evaluation. T2001: The left side of the "+" operator must evaluate to a number'],
    ['$error("boom")', "threw an error during evaluation. D3137: boom"],
    ['$assert(false, "nope")', "threw an error during evaluation. D3141: nope"],
    ['$eval("1")', "threw an error during evaluation. T1006: Attempted to invoke a non-function"],
    ["1/0", "The result is not a JSON number"],
    ["$sum", "The result is a function, not a JSON value"],
    ["{'f': function($x){$x}}", "The result is a function, not a JSON value"],
    ['$hash("x", "SHA-3")', "Unsupported hash algorithm: SHA-3"],
    ['$parse("{")', "Unable to parse the JSON text"],
  ])("%s fails: %s", (expression, text) => {
    const cause = causeOf(() => evaluate(expression));
    expect(cause).toContain(`The JSONata expression '${expression}' specified for the field 'F' `);
    expect(cause).toContain(text);
  });

  it.each([
    ["endless matching", `$map([1..9999], function($n){$match("${"a".repeat(500)}", /(a?){40}b/)})`, "limit"],
    ["endless tail recursion", "($f := function($n){$f($n + 1)}; $f(1))", "time limit"],
    ["mutual deep recursion", "($f := function($n){1 + $g($n)}; $g := function($n){1 + $f($n)}; $f(1))", "stack limit"],
    ["deep recursion", "($f := function($n){1 + $f($n + 1)}; $f(1))", "stack limit"],
    ["a long chain of operators", `1${"+1".repeat(3000)}`, "stack limit"],
    ["200 chained additions", `1${"+1".repeat(200)}`, "stack limit"],
    ["a large range", "[1..900000]", "memory limit"],
    ["endless padding", '$pad("", 1000000000)', "memory limit"],
    ["doubling a string", '($f := function($s, $n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $f("ab", 40))', "memory limit"],
    ["many large arrays", "$map([1..100000], function($x){[1..100000]})", "limit"],
    ["a result larger than any payload", "$map([1..200000], function($x){$string($x) & 'xxxxxxxxxx'})", "limit"],
  ])("stops %s", (_name, expression, text) => {
    expect(causeOf(() => evaluate(expression))).toContain(text);
    expect(evaluate("1 + 1")).toBe(2);
  });

  it("matches patterns in linear time on which other engines never end", () => {
    expect(evaluate(`$contains("${"a".repeat(2_000)}!", /(a+)+$/)`)).toBe(false);
  });

  it("allows chains and recursion below the limit", () => {
    expect(evaluate(`1${"+1".repeat(198)}`)).toBe(199);
    expect(evaluate("($f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(100))")).toBe(100);
  });

  it("cannot access anything outside its own data", () => {
    for (const expression of ["$states.constructor", "$states.input.__proto__", "$states.input.s.length", "$process"]) {
      expect(causeOf(() => evaluate(expression))).toContain("returned nothing");
    }
  });

  it("changes only its own copies", () => {
    const given = JSON.stringify(input);
    expect(evaluate("$states.input ~> |$states.input.o|{'n': 0}|")).toEqual(input);
    expect(evaluate("($clone := function($x){$x}; ($states.input ~> |$|{'a': 2}, 's'|).a)")).toBe(2);
    expect(evaluate("($x := $states.input.o; $y := $x[0] ~> |$|{'n': 9}|; $x[0].n)")).toBe(2);
    expect(JSON.stringify(input)).toBe(given);
  });

  it("takes time and randomness from the caller", () => {
    const now = Date.UTC(2030, 1, 2);
    expect(evaluate("[$millis(), $now()]", scope({}, now))).toEqual([now, "2030-02-02T00:00:00.000Z"]);
    const draws = "[$random(), $uuid(), $shuffle([1..9])]";
    expect(evaluate(draws, scope({}, 0, 0.25))).toEqual(evaluate(draws, scope({}, 0, 0.25)));
    expect(evaluate(draws, scope({}, 0, 0.25))).not.toEqual(evaluate(draws, scope({}, 0, 0.75)));
    expect(evaluate("$uuid()")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(evaluate("$random(42)")).toBe(0.7275636800328681);
  });

  it("reads variables and the context object", () => {
    expect(evaluate("$v.n & $states.context.State.Name", scope({ v: { n: 1 } }))).toBe("1S");
  });

  it("evaluates plain references exactly as the reference implementation does", () => {
    const values: Json[] = [
      [],
      [1],
      [[1]],
      [{ a: [1] }],
      { a: { b: [2] } },
      { a: [{ b: 1 }, { b: [2, 3] }] },
      null,
      0,
      "",
      false,
    ];
    for (const value of values) {
      for (const path of ["", ".a", ".a.b", ".a.b.c"]) {
        const given = scope({ v: value });
        const outcome = (expression: string): Json => {
          try {
            return evaluate(expression, given);
          } catch {
            return "nothing";
          }
        };
        expect([value, path, outcome(`$v${path}`)]).toEqual([value, path, outcome(`($v${path})`)]);
      }
    }
  });

  it("evaluates whole templates, and names the location of the first failure", () => {
    const template = { a: "{% $states.input.a %}", l: [1, { b: "{% $states.input.s & '!' %}" }], t: " {% no %}" };
    expect(evaluateQuery(template, "Output", scope())).toEqual({ a: 1, l: [1, { b: "abc!" }], t: " {% no %}" });
    expect(causeOf(() => evaluateQuery({ l: [1, { b: "{% $nope %}" }] }, "Output", scope()))).toContain(
      "specified for the field 'Output/l[1]/b' returned nothing",
    );
  });

  it("checks the type of a field's result", () => {
    expect(causeOf(() => evaluateTyped("{% 1 %}", "Choices[0]/Condition", "boolean", scope()))).toContain(
      "The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1",
    );
  });

  it("knows what an expression refers to", () => {
    expect(expressionFacts("$x + $sum($y) + ($z := 1; $z)")).toMatchObject({
      facts: { topLevel: null, variables: ["x", "sum", "y"] },
    });
    expect(expressionFacts("$map($l, function($v){$v + $w})")).toMatchObject({
      facts: { variables: ["map", "l", "w"] },
    });
    expect(expressionFacts("$states.result.a & $states.input")).toMatchObject({
      facts: { states: ["result", "input"] },
    });
    for (const [expression, name] of [
      ["$", "$"],
      ["$$.a", "$$"],
      ["a.b", "a"],
      ["$map($l, function($v){b})", "b"],
      ["*", "*"],
    ] as const) {
      expect(expressionFacts(expression)).toMatchObject({ facts: { topLevel: name } });
    }
  });
});
