/** The behaviour of running executions, as recorded on AWS. */
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import {
  distributed,
  jsonata,
  map,
  one,
  only,
  pass,
  run,
  runText,
  task,
  twoStates,
} from "../../support/asl-machines.ts";
import type { RunnerOptions } from "../../support/asl-runner.ts";

type Failure = [rule: string, definition: JsonObject, input: Json, error: string, cause: string];

const entered = "An error occurred while executing the state 'A' (entered at the event id #2). ";
const wait = one({ Type: "Wait", SecondsPath: "$.s", End: true });
const queryMap = one(map({}), {}, jsonata);
const concurrency = one(map({ ItemsPath: "$.l", MaxConcurrencyPath: "$.n" }));
const tolerated = (field: string): JsonObject => one(distributed({ ItemsPath: "$.l", [`${field}Path`]: "$.n" }));

const failures: Failure[] = [
  ...(
    [
      [-3, "references a negative value", "-3"],
      ["-3", "references a negative value", "-3"],
      [1.5, "cannot be parsed as a long value", "1.5"],
      [-1.5, "cannot be parsed as a long value", "-1.5"],
      ["soon", "cannot be parsed as a long value", "soon"],
    ] as [Json, string, string][]
  ).map(
    ([s, what, shown]): Failure => [
      `a wait of ${JSON.stringify(s)} seconds`,
      wait,
      { s },
      "States.Runtime",
      `${entered}The SecondsPath parameter ${what}: $.s == ${shown}`,
    ],
  ),
  ...(["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"] as const).map(
    (field): Failure => [
      `${field}Path that leads to a word`,
      field === "MaxConcurrency" ? concurrency : tolerated(field),
      { l: [1], n: "many" },
      "States.Runtime",
      `${entered}The ${field}Path field refers to value "many" which is not a valid ${field.endsWith("e") ? "float" : "integer"}: $.n`,
    ],
  ),
  ...[5, "a", false, { a: [1] }, null].map(
    (input): Failure => [
      `a JSONata Map over ${JSON.stringify(input)}`,
      queryMap,
      input,
      "States.QueryEvaluationError",
      `${entered}Map state input must be an array but was: ${JSON.stringify(input)}`,
    ],
  ),
  ...([null, { a: 1 }, 5, "x"] as Json[]).map(
    (rows): Failure => [
      `an ItemsPath to ${JSON.stringify(rows)}`,
      one(map({ ItemsPath: "$.rows" })),
      { rows },
      "States.Runtime",
      'Reference path "$.rows" must point to array.',
    ],
  ),
];

describe("an execution fails", () => {
  it.each(failures)("%s", (_rule, definition, input, error, cause) => {
    const result = run(definition, input);
    expect([result.status, result.error, result.cause]).toEqual(["FAILED", error, cause]);
  });

  it("with EvaluationFailed, which has no location, for a JSONata Map's input", () => {
    const { events } = run(queryMap, 1);
    const failed = events.find(({ type }) => type === "EvaluationFailed");
    expect(Object.keys(failed!.details!).sort()).toEqual(["cause", "error", "state"]);
    const itemsFailed = run(one(map({ Items: "{% $states.input %}" }), {}, jsonata), 1).events;
    expect(itemsFailed.find(({ type }) => type === "EvaluationFailed")!.details).toMatchObject({ location: "Items" });
  });
});

describe("numbers in strings count as numbers", () => {
  it.each([
    ["SecondsPath", wait, { s: "4" }, 4000],
    [
      "TimeoutSecondsPath",
      one(task({ TimeoutSecondsPath: "$.t", Catch: [{ ErrorEquals: ["States.Timeout"], Next: "B" }] }), { B: pass() }),
      { t: "5" },
      5000,
    ],
  ] as [string, JsonObject, Json, number][])("%s", (_field, definition, input, tookMs) => {
    const pending: RunnerOptions = { task: () => "pending" };
    const result = run(definition, input, pending);
    expect([result.status, result.nowMs - Date.UTC(2024, 0, 1)]).toEqual(["SUCCEEDED", tookMs]);
  });

  it.each(["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"])("%sPath", (field) => {
    const definition = field === "MaxConcurrency" ? concurrency : tolerated(field);
    const result = run(definition, { l: [1, 2], n: "1" });
    expect(result.output).toEqual([1, 2]);
    if (field !== "MaxConcurrency") return;
    const types = result.events.map(({ type }) => type);
    expect(types.indexOf("MapIterationSucceeded")).toBeLessThan(types.lastIndexOf("MapIterationStarted"));
  });
});

describe("events", () => {
  it("a distributed Map's exit follows MapRunStarted", () => {
    const { events } = run(one(distributed({})), [1]);
    const at = (type: string) => events.find((event) => event.type === type)!;
    expect(at("MapRunSucceeded").previousEventId).toBe(at("MapRunStarted").id);
    expect(at("MapStateSucceeded").previousEventId).toBe(at("MapRunSucceeded").id);
    expect(at("MapStateExited").previousEventId).toBe(at("MapRunStarted").id);
  });

  it.each([{}, jsonata])("an empty Assign is not shown (%j)", (top) => {
    const { events } = run(one(pass({ Assign: {} }), {}, top), 1);
    const exited = events.find(({ type }) => type === "PassStateExited")!;
    expect(Object.keys(exited.details!).sort()).toEqual(["name", "output", "outputDetails"]);
  });
});

describe("a worker's failure without error and cause", () => {
  const handled = twoStates(
    {
      Type: "Task",
      Resource: "arn:aws:states:us-east-1:111122223333:activity:a",
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "B" }],
      End: true,
    },
    pass(),
  );

  it.each([
    [{}, { Error: null, Cause: null }, []],
    [{ error: "E" }, { Error: "E", Cause: null }, ["error"]],
    [{ error: "E", cause: "c" }, { Error: "E", Cause: "c" }, ["cause", "error"]],
  ])("%j is caught as %j", (sent, output, members) => {
    const { output: caught, events } = runSent(sent);
    expect(caught).toEqual(output);
    const failed = events.find(({ type }) => type === "ActivityFailed")!;
    expect(Object.keys(failed.details ?? {}).sort()).toEqual(members);
  });

  function runSent(sent: { error?: string; cause?: string }) {
    return run(handled, {}, { task: () => ({ ...sent, stage: "run" as const }) });
  }
});

describe("a task's token", () => {
  const resource = "arn:aws:states:::states:startExecution";
  const start = (suffix: string, query: boolean): JsonObject =>
    query
      ? {
          Resource: `${resource}${suffix}`,
          Arguments: { StateMachineArn: "m", Input: { t: "{% $states.context.Task.Token %}" } },
        }
      : { Resource: `${resource}${suffix}`, Parameters: { StateMachineArn: "m", Input: { "t.$": "$$.Task.Token" } } };

  it.each([
    [".sync", false],
    [".sync", true],
    [".sync:2", false],
    [".sync:2", true],
    [".waitForTaskToken", false],
  ])("exists with %s (JSONata: %s)", (suffix, query) => {
    const result = run(one(task(start(suffix, query)), {}, query ? jsonata : {}), {}, { task: () => ({ output: 1 }) });
    expect(result.status).toBe("SUCCEEDED");
    expect(result.tasks[0]!.parameters).toMatchObject({ Input: { t: result.tasks[0]!.token } });
  });

  it("does not exist in a request-response task", () => {
    expect(run(one(task(start("", false))), {}).cause).toContain(
      "The JSONPath '$$.Task.Token' specified for the field 't.$'",
    );
  });
});

describe("JSONata's $range and $partition", () => {
  it.each([
    ["$range(4, 9, 10)", 4],
    ["$range(4, 6, 1)", [4, 5, 6]],
    ["$partition([4], 1)", [[4]]],
    ["$partition($range(4, 9, 10), 2)", [[4]]],
  ])("%s", (expression, value) => {
    expect(run(one(pass({ Output: `{% ${expression} %}` }), {}, jsonata), {}).output).toEqual(value);
  });
});

describe("unchanged text keeps its formatting", () => {
  const branches = (...states: JsonObject[]): JsonObject => ({
    Type: "Parallel",
    Branches: states.map((state, index) => only(`B${index}`, state)),
    End: true,
  });
  const input = '{ "a" : [1, 2],\n "b":null }';

  it.each<[rule: string, definition: JsonObject, input: string, output: string]>([
    ["through a branch", one(branches(pass())), "[1, 2]", "[[1, 2]]"],
    ["through several branches", one(branches(pass(), { Type: "Succeed" })), input, `[${input},${input}]`],
    [
      "through branches of branches",
      one(branches({ ...branches(), Branches: [only("I", pass())] })),
      input,
      `[[${input}]]`,
    ],
    ["besides a new value of a branch", one(branches(pass(), pass({ OutputPath: "$.a" }))), input, `[${input},[1,2]]`],
    ["without the white space around it", one(branches(pass())), ` ${input}\n`, `[${input}]`],
    ["not if the first state is another one", one(pass()), input, '{"a":[1,2],"b":null}'],
    [
      "not in a result with a ResultPath",
      one(pass({ ResultPath: "$.c" })),
      "[]".replace("[]", '{ "a" : 1 }'),
      '{"a":1,"c":{"a":1}}',
    ],
    ["not in items of a Map", one(map({})), "[ [1, 2] ]", "[[1,2]]"],
    ["not in the result of a template", one(pass({ Parameters: { "x.$": "$" } })), input, '{"x":{"a":[1,2],"b":null}}'],
    [
      "not in the result of an expression",
      one(pass({ Output: "{% $states.input %}" }), {}, jsonata),
      input,
      '{"a":[1,2],"b":null}',
    ],
  ])("%s", (_rule, definition, given, output) => {
    expect(runText(definition, given).outputText).toBe(output);
  });

  it("and is the input of branches", () => {
    const { events } = runText(twoStates(branches(pass()), { ...branches(), Branches: [only("I", pass())] }), "[1, 2]");
    const inputs = events.filter(({ type }) => type === "PassStateEntered").map(({ details }) => details!["input"]);
    expect(inputs).toEqual(["[1, 2]", "[[1, 2]]"]);
  });
});

describe("a Pass's Result of null counts as absent", () => {
  it.each<[string, JsonObject, Json]>([
    ["alone", { Result: null }, { a: 1 }],
    ["with ResultPath", { Result: null, ResultPath: "$.r" }, { a: 1, r: { a: 1 } }],
    ["with Parameters", { Result: null, Parameters: { b: 2 } }, { b: 2 }],
    ["and null inside it is kept", { Result: { n: null } }, { n: null }],
  ])("%s", (_rule, more, output) => {
    expect(run(one(pass(more)), { a: 1 }).output).toEqual(output);
  });
});

describe("variables are measured by their values, with quotes and without names", () => {
  const most = 262_144;
  const text = (bytes: number) => "x".repeat(bytes - 2);
  const long = "aVeryLongNameOfAVariable";
  const state = (Assign: JsonObject) => run(one(pass({ Assign })), {}, { serialise: false });

  it.each<[string, JsonObject, string?]>([
    ["one of the maximum size", { [long]: text(most) }],
    ["two of the maximum size together", { [long]: text(most / 2), y: text(most / 2) }],
    [
      "one that is too large",
      { x: text(most + 6) },
      "Variable size limit exceeded. Variable 'x' in state 'A' was assigned 262150 bytes.",
    ],
    [
      "two that are too large together",
      { x: text(140_000), y: text(140_000) },
      "State total variable size limit exceeded. Variable 'y' in state 'A' was assigned 140000 bytes, which caused the size of variables assigned in the state to exceed its limit by 17856 bytes.",
    ],
    [
      "letters of two bytes",
      { x: "ü".repeat(most / 2) },
      "Variable size limit exceeded. Variable 'x' in state 'A' was assigned 262146 bytes.",
    ],
  ])("%s", (_what, Assign, cause) => {
    const result = state(Assign);
    if (cause === undefined) return expect(result.status).toBe("SUCCEEDED");
    expect([result.error, result.cause]).toEqual(["States.DataLimitExceeded", expect.stringContaining(cause)]);
  });

  it.each<[string, string, string?]>([
    ["262,144 characters by $pad", `$length($pad("", ${most}, "x"))`],
    [
      "more added by $pad",
      `$length($pad("", ${most + 1}, "x"))`,
      "The JSONata expression '$length($pad(\"\", 262145, \"x\"))' specified for the field 'Assign/n' threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage",
    ],
    ["more by &", `$length($pad("", ${most}, "x") & "xx")`],
    ["more by $join", `$length($join([$pad("", ${most}, "x"), "y"]))`],
  ])("a string of %s", (_what, expression, cause) => {
    const result = run(one(pass({ Assign: { n: `{% ${expression} %}` } }), {}, jsonata), {});
    if (cause === undefined) return expect(result.status).toBe("SUCCEEDED");
    expect([result.error, result.cause]).toEqual(["States.QueryEvaluationError", expect.stringContaining(cause)]);
  });
});

describe("the variables of an execution may have 10 MiB together", () => {
  const text = "x".repeat(262_000);
  const chain = (count: number): JsonObject => ({
    StartAt: "S0",
    States: Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `S${at}`,
        {
          Type: "Pass",
          Assign: { [`v${at}`]: text },
          ...(at === count - 1 ? { End: true } : { Next: `S${at + 1}` }),
        },
      ]),
    ),
  });
  const fit = Math.floor((10 * 1024 * 1024) / (text.length + 2));

  it("and one more byte fails, as an evaluation error", () => {
    expect(run(chain(fit), {}, { serialise: false }).status).toBe("SUCCEEDED");
    const { error, cause, events } = run(chain(fit + 1), {}, { serialise: false });
    const over = (fit + 1) * (text.length + 2) - 10 * 1024 * 1024;
    expect(error).toBe("States.DataLimitExceeded");
    expect(cause).toContain(
      `Variable 'v${fit}' in state 'S${fit}' was assigned ${text.length + 2} bytes, which caused the size of all variables to exceed its limit by ${over} bytes.`,
    );
    expect(events.slice(-2).map(({ type }) => type)).toEqual(["EvaluationFailed", "ExecutionFailed"]);
  });
});
