import { describe, expect, it } from "vitest";
import { parseJson, readJson, writeJson } from "../../../src/services/stepfunctions/asl/json.ts";
import { compareNumbers, numberFromText } from "../../../src/services/stepfunctions/asl/number-literal.ts";
import { parseDefinition } from "../../../src/services/stepfunctions/asl/validation/definition.ts";
import { AslRunner, type RunnerOptions, type RunOutcome } from "../../support/asl-runner.ts";

/** Runs a definition given as text, so that its numbers stay as they are written. */
function run(definition: string, input: string, options: RunnerOptions = {}): RunOutcome {
  const { machine, diagnostics } = parseDefinition(definition);
  if (!machine) throw new Error(JSON.stringify(diagnostics));
  return new AslRunner(machine, input, { serialise: true, ...options }).run();
}

const state = (fields: string, more = ""): string => `{"StartAt":"A","States":{"A":{${fields}}${more}}}`;
const pass = (fields: string): string => state(`"Type":"Pass","End":true,${fields}`);
const call = (expression: string): string => pass(`"Parameters":{"r.$":"${expression}"}`);
const lambda = '"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f"';
const processor = '"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}';

const kept = ["0.0", "-0.0", "-0", "1.50", "1E2", "1e2", "1e-7", "1e400", "-1e400", "0.10000000000000001"].concat(
  "12345678901234567890",
  "-9007199254740993",
  "0.0000001",
  "100000000000000000000000",
);

describe("the text of a number", () => {
  it.each(kept)("%s passes a state unchanged", (text) => {
    expect(run(pass('"Comment":""'), `{"v": ${text}, "l":[${text} ]}`).outputText).toBe(`{"v":${text},"l":[${text}]}`);
    expect(run(pass('"Comment":""'), text).outputText).toBe(text);
  });

  it("is what JavaScript writes for ordinary numbers", () => {
    const input = '{"a":0,"b":-1.5,"c":9007199254740991,"d":1e+21,"e":0.000001,"f":123456789.125}';
    expect(run(pass('"Comment":""'), input).outputText).toBe(input);
    expect(Object.values(readJson(input) as object).every((value) => typeof value === "number")).toBe(true);
  });

  const flows: [what: string, definition: string, input: string, output: string][] = [
    [
      "a Result of the definition",
      pass('"Result":{"v":1.0,"w":[1E2]},"ResultPath":"$.r"'),
      "{}",
      // Numbers in a definition become Java's doubles [recorded].
      '{"r":{"v":1.0,"w":[100.0]}}',
    ],
    ["a template", pass('"Parameters":{"lit":2.0,"v.$":"$.a"}'), '{"a":0.0}', '{"lit":2.0,"v":0.0}'],
    [
      "InputPath and ResultPath",
      pass('"InputPath":"$.a","ResultPath":"$.b"'),
      '{"a":[0.0],"c":1e400}',
      '{"a":[0.0],"c":1e400,"b":[0.0]}',
    ],
    ["OutputPath", pass('"OutputPath":"$.a[0]"'), '{"a":[12345678901234567890]}', "12345678901234567890"],
    [
      "variables",
      state(
        '"Type":"Pass","Assign":{"x.$":"$.v","y":3.0},"Next":"B"',
        ',"B":{"Type":"Pass","Parameters":{"x.$":"$x","y.$":"$y.z"},"End":true}',
      ).replace("3.0", '{"z":3.0}'),
      '{"v":1.50}',
      '{"x":1.50,"y":3.0}',
    ],
    ["the context object", pass('"Parameters":{"v.$":"$$.Execution.Input.v"}'), '{"v":0.0}', '{"v":0.0}'],
    ["a Wait", state('"Type":"Wait","Seconds":1,"End":true'), '{"v":0.0}', '{"v":0.0}'],
    [
      "a Choice",
      state(
        '"Type":"Choice","Choices":[],"Default":"B"'.replace("[]", '[{"Variable":"$.v","IsNull":true,"Next":"B"}]'),
        ',"B":{"Type":"Succeed"}',
      ),
      '{"v":0.0}',
      '{"v":0.0}',
    ],
    [
      "a task and its ResultSelector",
      state(`${lambda},"ResultSelector":{"r.$":"$.v"},"End":true`),
      '{"v":1.50}',
      '{"r":1.50}',
    ],
    [
      "a Parallel",
      state('"Type":"Parallel","Branches":[{"StartAt":"X","States":{"X":{"Type":"Pass","End":true}}}],"End":true'),
      '{"v":0.0}',
      '[{"v":0.0}]',
    ],
    [
      "a Map",
      state(`"Type":"Map",${processor},"End":true`),
      "[0.0,1E2,9007199254740993]",
      "[0.0,1E2,9007199254740993]",
    ],
    [
      "an ItemSelector",
      state(
        `"Type":"Map","ItemsPath":"$.l","ItemSelector":{"i.$":"$$.Map.Item.Value","k.$":"$.k"},${processor},"End":true`,
      ),
      '{"l":[1.0],"k":2.0}',
      '[{"i":1.0,"k":2.0}]',
    ],
    [
      "a distributed Map with batches",
      state(
        `"Type":"Map","ItemBatcher":{"MaxItemsPerBatch":2.0,"BatchInput":{"b":1.0}},${processor.replace('"StartAt"', '"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt"')},"End":true`,
      ),
      "[0.0,1E2,3]",
      '[{"BatchInput":{"b":1.0},"Items":[0.0,1E2]},{"BatchInput":{"b":1.0},"Items":[3]}]',
    ],
    [
      "a JSONPath filter",
      pass('"Parameters":{"v.$":"$.l[?(@.p < 10.0)].p"}'),
      '{"l":[{"p":9.50},{"p":10.0},{"p":10.50},{"p":-1e400}]}',
      '{"v":[9.50,-1e400]}',
    ],
    [
      "a filter for equality",
      pass('"Parameters":{"v.$":"$.l[?(@ == 1)]"}'),
      '{"l":[1.0,1,1E0,1.01,"1"]}',
      '{"v":[1.0,1,1E0]}',
    ],
    ["a descent", pass('"Parameters":{"v.$":"$..p"}'), '{"l":[{"p":9.50},0.0]}', '{"v":[9.50]}'],
    ["States.Array", call("States.Array($.v, 2.0, 1E1)"), '{"v":0.0}', '{"r":[0.0,2.0,1E1]}'],
    ["States.ArrayGetItem", call("States.ArrayGetItem($.l, 1.0)"), '{"l":[0,1.50]}', '{"r":1.50}'],
    [
      "States.ArrayPartition",
      call("States.ArrayPartition($.l, 2.0)"),
      '{"l":[0.0,1.0,2.0]}',
      '{"r":[[0.0,1.0],[2.0]]}',
    ],
    ["States.ArrayContains", call("States.ArrayContains($.l, 1)"), '{"l":[{"a":0},1.0]}', '{"r":true}'],
    [
      "States.ArrayContains of what only digits tell apart",
      call("States.ArrayContains($.l, 9007199254740993)"),
      '{"l":[9007199254740992]}',
      '{"r":false}',
    ],
    [
      "States.ArrayUnique",
      call("States.ArrayUnique($.l)"),
      '{"l":[1.0,1,10E-1,9007199254740993,9007199254740992,9007199254740993.0,0.0,-0]}',
      '{"r":[1.0,9007199254740993,9007199254740992,0.0]}',
    ],
    ["States.ArrayRange", call("States.ArrayRange(1.0, 3.0, 1)"), "{}", '{"r":[1,2,3]}'],
    ["States.MathAdd", call("States.MathAdd($.v, 1E1)"), '{"v":1.50}', '{"r":12}'],
    ["States.MathRandom", call("States.MathRandom($.v, 2.0)"), '{"v":1.0}', '{"r":1}'],
    [
      "States.JsonMerge",
      call("States.JsonMerge($.a, $.b, false)"),
      '{"a":{"x":1.0},"b":{"y":1e400}}',
      '{"r":{"x":1.0,"y":1e400}}',
    ],
    ["States.StringToJson", call("States.StringToJson($.s)"), '{"s":"{\\"a\\": 1.50}"}', '{"r":{"a":1.50}}'],
    ["States.StringToJson of negative zero", call("States.StringToJson('-0')"), "{}", '{"r":0}'],
    ["States.JsonToString", call("States.JsonToString($.v)"), '{"v":{"a":[1.50]}}', '{"r":"{\\"a\\":[1.50]}"}'],
    [
      "States.Format",
      call("States.Format('{} {} {}', $.v, $.o, 1.0)"),
      '{"v":0.0,"o":{"a":[1E2]}}',
      '{"r":"0.0 {a=[1E2]} 1.0"}',
    ],
    ["JSONata's default output", state('"Type":"Pass","QueryLanguage":"JSONata","End":true'), '{"v":0.0}', '{"v":0.0}'],
    [
      "a JSONata expression: doubles",
      state(
        '"Type":"Pass","QueryLanguage":"JSONata","Output":{"v":"{% $states.input.v %}","all":"{% $states.input %}","sum":"{% $states.input.v + 1.5 %}"},"End":true',
      ),
      '{"v":0.0,"w":12345678901234567890,"x":[1E2]}',
      '{"v":0,"all":{"v":0,"w":12345678901234567000,"x":[100]},"sum":1.5}',
    ],
  ];

  it.each(flows)("passes through %s", (_what, definition, input, output) => {
    const result = run(definition, input);
    expect(result.cause).toBeUndefined();
    expect(result.outputText).toBe(output);
  });

  it("is in the events too", () => {
    const { events } = run(pass('"Assign":{"x.$":"$.v"}'), '{ "v": 1.50 }');
    expect(events.map((event) => event.details)).toEqual([
      expect.objectContaining({ input: '{ "v": 1.50 }' }),
      expect.objectContaining({ input: '{ "v": 1.50 }' }),
      expect.objectContaining({ output: '{"v":1.50}', assignedVariables: { x: "1.50" } }),
      expect.objectContaining({ output: '{"v":1.50}' }),
    ]);
  });

  it("is sent to a task and back", () => {
    const task = state(`${lambda},"Parameters":{"v.$":"$.v"},"ResultPath":"$.r","End":true`);
    const seen: string[] = [];
    const result = run(task, '{"v":0.0}', {
      task: (request) => {
        seen.push(writeJson(request.parameters));
        return { output: parseJson('{"back":1e400}') };
      },
    });
    expect(seen).toEqual(['{"v":0.0}']);
    expect(result.outputText).toBe('{"v":0.0,"r":{"back":1e400}}');
  });

  it("fails a JSONata expression if no double can represent the number", () => {
    const definition = state('"Type":"Pass","QueryLanguage":"JSONata","Output":"{% $states.input.v %}","End":true');
    expect(run(definition, '{"v":1e400}')).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
  });
});

describe("a number with a text of its own", () => {
  const choose = (rule: string): string =>
    state(
      `"Type":"Choice","Choices":[{"Variable":"$.v",${rule},"Next":"Y"}],"Default":"N"`,
      ',"Y":{"Type":"Pass","Result":true,"End":true},"N":{"Type":"Pass","Result":false,"End":true}',
    );

  it.each([
    ['"NumericEquals":0', "0.0", true],
    ['"NumericEquals":0.0', "-0", true],
    ['"NumericEquals":100', "1E2", true],
    ['"NumericEquals":9007199254740992', "9007199254740993", false],
    ['"NumericGreaterThan":9007199254740992', "9007199254740993", true],
    ['"NumericLessThan":12345678901234567891', "12345678901234567890", true],
    ['"NumericLessThanEquals":1e400', "1e399", true],
    ['"NumericGreaterThanEquals":1e400', "1e399", false],
    ['"NumericLessThan":0', "-1e400", true],
    ['"NumericEqualsPath":"$.v"', "1.50", true],
    ['"IsNumeric":true', "1.0", true],
    ['"IsString":true', "1.0", false],
    ['"IsNull":true', "1e400", false],
    ['"StringEquals":"1.0"', "1.0", false],
    ['"BooleanEquals":true', "1.0", false],
  ])("is compared by its value: %s for %s gives %s", (rule, value, holds) => {
    expect(run(choose(rule), `{"v":${value}}`).outputText).toBe(String(holds));
  });

  it("counts as its number where a number is expected", () => {
    const start = Date.UTC(2024, 0, 1);
    const wait = (fields: string, input: string): number =>
      run(state(`"Type":"Wait",${fields},"End":true`), input).nowMs - start;
    expect(wait('"Seconds":1E1', "{}")).toBe(10_000);
    expect(wait('"SecondsPath":"$.s"', '{"s":"5"}')).toBe(5000);
    const jsonata = '"QueryLanguage":"JSONata","Seconds":';
    expect(wait(`${jsonata}2.0`, "{}")).toBe(2000);
    expect(wait(`${jsonata}"{% $states.input.s %}"`, '{"s":3.0}')).toBe(3000);
    const pending = { task: () => "pending" as const };
    for (const limit of ['"TimeoutSeconds":7.0', '"TimeoutSecondsPath":"$.t"']) {
      const result = run(state(`${lambda},${limit},"End":true`), '{"t":7.0}', pending);
      expect(result).toMatchObject({ error: "States.Timeout", nowMs: start + 7000 });
    }
    const timed = pass('"Comment":""')
      .replace('"StartAt"', '"TimeoutSeconds":3.0,"StartAt"')
      .replace('"Pass"', '"Wait","Seconds":9');
    expect(run(timed, "{}")).toMatchObject({ status: "TIMED_OUT", nowMs: start + 3000 });
    const retried = state(
      `${lambda},"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":2.0,"MaxAttempts":3.0,"BackoffRate":1E1,"MaxDelaySeconds":10.0}],"End":true`,
    );
    const failing = run(retried, "{}", { task: () => ({ error: "E" }) });
    expect(failing.tasks).toHaveLength(4);
    expect(failing.nowMs).toBe(start + 2000 + 10_000 + 10_000);
    const concurrent = state(`"Type":"Map","ItemsPath":"$.l","MaxConcurrencyPath":"$.c",${processor},"End":true`);
    const order = run(concurrent, '{"l":[1.0,2.0],"c":1.0}').events.map(({ type }) => type);
    expect(order.indexOf("MapIterationSucceeded")).toBeLessThan(order.lastIndexOf("MapIterationStarted"));
  });

  it.each([
    ['"SecondsPath":"$.s"', '{"s":1.50}', "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.50"],
    ['"SecondsPath":"$.s"', '{"s":1e400}', "The SecondsPath parameter cannot be parsed as a long value: $.s == 1e400"],
    ['"QueryLanguage":"JSONata","Seconds":"{% $states.input.s %}"', '{"s":1.50}', "not a valid number of seconds: 1.5"],
  ])("is refused where it does not fit: %s of %s", (fields, input, cause) => {
    expect(run(state(`"Type":"Wait",${fields},"End":true`), input).cause).toContain(cause);
  });

  it.each([
    ["Seconds", `"Type":"Wait","Seconds":1.50,"End":true`, "Expected value of type Integer"],
    ["Seconds", `"Type":"Wait","Seconds":1e400,"End":true`, "Expected value of type Integer"],
    ["TimeoutSeconds", `${lambda},"TimeoutSeconds":12345678901234567890,"End":true`, "Maximum value is 99999999"],
    [
      "HeartbeatSeconds",
      `${lambda},"TimeoutSeconds":5.0,"HeartbeatSeconds":5,"End":true`,
      "HeartbeatSeconds must be smaller",
    ],
    ["BackoffRate", `${lambda},"Retry":[{"ErrorEquals":["E"],"BackoffRate":0.50}],"End":true`, "Minimum value is 1.0"],
    [
      "NumericEquals",
      `"Type":"Choice","Choices":[{"Variable":"$.v","StringEquals":1.0,"Next":"A"}]`,
      "Expected value of type String",
    ],
  ])("is validated as a number in a definition: %s", (_field, fields, message) => {
    const { machine, diagnostics } = parseDefinition(state(fields));
    expect(machine).toBeUndefined();
    expect(JSON.stringify(diagnostics)).toContain(message);
  });
});

describe("reading and writing", () => {
  it("limits nesting, and survives deeper values", () => {
    const nested = (depth: number): string => `${"[".repeat(depth)}1.0${"]".repeat(depth)}`;
    expect(writeJson(parseJson(nested(1000)))).toBe(nested(1000));
    expect(() => parseJson(nested(1001))).toThrow(SyntaxError);
    expect(() => readJson(nested(200_000))).not.toThrow();
  });

  it("leaves out what JSON.stringify leaves out", () => {
    const value = { a: undefined, b: [undefined, numberFromText("1.0")], c: numberFromText("1.0") };
    expect(writeJson(value)).toBe('{"b":[null,1.0],"c":1.0}');
  });

  it("takes the last of two members with the same name, and treats __proto__ as a name", () => {
    expect(writeJson(readJson('{"a":1.0,"__proto__":{"x":2.0},"a":3.0}'))).toBe('{"a":3.0,"__proto__":{"x":2.0}}');
    expect((readJson('{"__proto__":{"x":2.0}}') as { x?: unknown }).x).toBeUndefined();
  });

  it("compares numbers with very long digits or exponents", () => {
    const long = "9".repeat(200_000);
    expect(compareNumbers(numberFromText(long), numberFromText(`${long}.0`))).toBe(0);
    expect(compareNumbers(numberFromText(`1e${long}`), numberFromText(`-1e${long}`))).toBe(1);
    expect(compareNumbers(numberFromText(`0.${"0".repeat(200_000)}`), 0)).toBe(0);
    expect(compareNumbers(numberFromText(`1e-${long}`), 0)).toBe(1);
  });
});
