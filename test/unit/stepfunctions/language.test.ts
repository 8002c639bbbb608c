/** Rules of the Amazon States Language that no recorded case shows: outputs of machines, and their timing. */
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { fails, jsonata, map, one, only, pass, run, start, task, twoStates } from "../../support/asl-machines.ts";
import type { RunnerOptions } from "../../support/asl-runner.ts";

type Row = [what: string, definition: JsonObject, input: Json, output: Json, options?: RunnerOptions];

const data = { a: { n: 1 }, b: 2 };
const error = { Error: "E", Cause: "c" };
const caught = { ErrorEquals: ["E"], Next: "B" };

const outputs: Row[] = [
  ["InputPath alone", one(pass({ InputPath: "$.a" })), data, { n: 1 }],
  [
    "ResultPath writes into the raw input",
    one(pass({ InputPath: "$.a", ResultPath: "$.copy" })),
    data,
    { ...data, copy: { n: 1 } },
  ],
  [
    "a result at a new path",
    one(pass({ Parameters: { k: "v", "x.$": "$.b" }, ResultPath: "$.a.p" })),
    data,
    { a: { n: 1, p: { k: "v", x: 2 } }, b: 2 },
  ],
  ["Result, ResultPath, OutputPath", one(pass({ Result: 5, ResultPath: "$.r", OutputPath: "$.r" })), data, 5],
  [
    "a Result, even if InputPath and Parameters are invalid",
    one(pass({ Result: 5, InputPath: "$.no", Parameters: { "x.$": "$.no" } })),
    data,
    5,
  ],
  ["a Result of null, which counts as absent", one(pass({ Result: null, InputPath: "$.a" })), data, data.a],
  [
    "ResultSelector sees the result alone",
    one(task({ ResultSelector: { "y.$": "$.Payload.y" }, ResultPath: "$.t" })),
    data,
    { ...data, t: { y: 9 } },
    { task: () => ({ output: { Payload: { y: 9 } } }) },
  ],
  [
    "Catch writes into the raw input, whatever else the state has",
    one(
      task({
        InputPath: "$.a",
        ResultSelector: { "z.$": "$.q" },
        OutputPath: "$.o",
        Catch: [{ ...caught, ResultPath: "$.err" }],
      }),
      { B: pass() },
    ),
    data,
    { ...data, err: error },
    fails,
  ],
  [
    "branches see the effective input",
    one({ Type: "Parallel", Parameters: { "p.$": "$.b" }, Branches: [only("X", pass())], End: true }),
    data,
    [{ p: 2 }],
  ],
  [
    "Choice puts out its effective input",
    one(
      { Type: "Choice", InputPath: "$.a", Choices: [{ Variable: "$.n", NumericEquals: 1, Next: "B" }] },
      { B: pass() },
    ),
    data,
    { n: 1 },
  ],
  [
    "Output of a JSONata task",
    one(task({ Output: { r: "{% $states.result.Payload.y %}", i: "{% $states.input.b %}" } }), {}, jsonata),
    data,
    { r: 9, i: 2 },
    { task: () => ({ output: { Payload: { y: 9 } } }) },
  ],
  [
    "ResultPath replaces values on its path that are not objects",
    one(pass({ Result: 1, ResultPath: "$.b.y" })),
    data,
    { a: { n: 1 }, b: { y: 1 } },
  ],
  ["a literal as Parameters", one(pass({ Parameters: "$.b" })), data, "$.b"],
  ["a state with End may have a Catch with a Next", one(task({ Catch: [caught] }), { B: pass() }), {}, error, fails],
  [
    "Comments at every place",
    one(
      {
        Type: "Choice",
        Comment: "s",
        Choices: [{ Comment: "r", And: [{ Comment: "t", Variable: "$", IsNull: false }], Next: "B" }],
      },
      {
        B: task({
          Retry: [{ Comment: "r", ErrorEquals: ["E"] }],
          Catch: [{ Comment: "c", ErrorEquals: ["E"], Next: "B" }],
        }),
      },
      { Comment: "m" },
    ),
    1,
    1,
  ],
  [
    "one of several bracketed names",
    one(pass({ Parameters: { "v.$": "$['a','b']" } })),
    { a: 1, b: 2, c: 3 },
    { v: [1, 2] },
  ],
  [
    "negative and open indexes",
    one(pass({ Parameters: { "l.$": "$.l[-1]", "s.$": "$.l[1:]", "u.$": "$.l[0,2]", "o.$": "$.l[5:9]" } })),
    { l: [1, 2, 3] },
    { s: [2, 3], u: [1, 3], l: 3, o: [] },
  ],
  [
    "filters with all connectives",
    one(pass({ Parameters: { "v.$": "$.o[?((@.n != 1 && @.n <= 3) || !(@.s) && @.n >= 9)].n" } })),
    { o: [{ n: 1, s: 1 }, { n: 3 }, { n: 9 }, { n: 9, s: 1 }] },
    { v: [3, 9] },
  ],
  [
    "a filter by pattern",
    one(pass({ Parameters: { "v.$": "$.o[?(@.s =~ /^A.*/i)].n" } })),
    { o: [{ n: 1, s: "abc" }, { n: 2, s: "x" }, { n: 3 }] },
    { v: [1] },
  ],
  [
    "Format of lists and objects",
    one(pass({ Parameters: { "r.$": "States.Format('{}', $)" } })),
    [1, "a", { Arg1: 1, Arg2: [] }],
    { r: "[1, a, {Arg1=1, Arg2=[]}]" },
  ],
  [
    "the innermost item of nested Maps, in a branch too",
    one(
      map({
        ItemProcessor: only("P", {
          Type: "Parallel",
          Branches: [only("K", pass({ OutputPath: "$$.Map.Item" }))],
          End: true,
        }),
      }),
    ),
    ["x"],
    [[{ Index: 0, Value: "x" }]],
  ],
  [
    "an iteration's input from the Map's own",
    one(
      map({ ItemsPath: "$.l", ItemSelector: { "v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "x.$": "$.x" } }),
    ),
    { l: [5], x: 1 },
    [{ v: 5, x: 1, i: 0 }],
  ],
  [
    "a distributed Map with a legacy Iterator",
    one({
      Type: "Map",
      Iterator: { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...only("I", pass()) },
      End: true,
    }),
    [1],
    [1],
  ],
  ["items from the context object", one(map({ ItemsPath: "$$.Execution.Input.l" })), { l: [1] }, [1]],
  [
    "a task's variables are made from its result",
    twoStates(task({ Assign: { "r.$": "$.Payload" } }), pass({ Parameters: { "r.$": "$r" } })),
    {},
    { r: 9 },
    { task: () => ({ output: { Payload: 9 } }) },
  ],
  [
    "a Pass state's from its effective input",
    twoStates(pass({ InputPath: "$.a", Assign: { "r.$": "$" } }), pass({ InputPath: "$r" })),
    data,
    { n: 1 },
  ],
  [
    "a Wait state's too",
    twoStates(
      { Type: "Wait", Seconds: 0, InputPath: "$.a", Assign: { "r.$": "$.n" }, End: true },
      pass({ InputPath: "$r" }),
    ),
    data,
    1,
  ],
  [
    "all variables of an Assign change together",
    one(
      { Type: "Pass", Assign: { x: 1, y: 2 }, Next: "B" },
      {
        B: { Type: "Pass", Assign: { "x.$": "$y", "y.$": "$x" }, Next: "C" },
        C: pass({ Parameters: { "x.$": "$x", "y.$": "$y" } }),
      },
    ),
    {},
    { x: 2, y: 1 },
  ],
  [
    "a failed state assigns nothing, but its catcher may",
    one(
      { Type: "Pass", Assign: { x: 1, y: 1 }, Next: "T" },
      {
        T: task({ Assign: { x: 5 }, Catch: [{ ...caught, Assign: { "y.$": "$.Error" } }] }),
        B: pass({ Parameters: { "x.$": "$x", "y.$": "$y" } }),
      },
    ),
    {},
    { x: 1, y: "E" },
    fails,
  ],
  [
    "a name of an outer scope in a branch",
    twoStates(pass({ Assign: { x: 1 } }), {
      Type: "Parallel",
      Branches: [
        { StartAt: "X", States: { X: { Type: "Pass", Assign: { x: 2 }, Next: "Y" }, Y: pass({ OutputPath: "$x" }) } },
      ],
      ResultSelector: { "inner.$": "$[0]", "outer.$": "$x" },
      End: true,
    }),
    {},
    { outer: 1, inner: 2 },
  ],
  [
    "what a JSONata catcher can refer to",
    one(
      task({
        Catch: [
          {
            ...caught,
            Assign: { e: "{% $states.errorOutput.Error %}" },
            Output: {
              e: "{% $states.errorOutput %}",
              i: "{% $states.input.q %}",
              s: "{% $states.context.State.Name %}",
            },
          },
        ],
      }),
      { B: pass({ Output: ["{% $states.input %}", "{% $e %}"] }) },
      jsonata,
    ),
    { q: 1 },
    [{ e: error, i: 1, s: "A" }, "E"],
    fails,
  ],
  ["an Output of any type", one(pass({ Output: ["{% 1 %}", null, "x"] }), {}, jsonata), {}, [1, null, "x"]],
  ["literal items of a JSONata Map", one(map({ Items: [1, "{% $states.input %}"] }), {}, jsonata), 7, [1, 7]],
];

describe("data flow", () => {
  it.each(outputs)("%s", (_what, definition, input, output, options) => {
    const result = run(definition, input, options);
    expect(result.cause).toBeUndefined();
    expect(result.outputText).toBe(JSON.stringify(output));
  });
});

describe("time", () => {
  const after = (definition: JsonObject, input: Json = {}, options: RunnerOptions = {}): number =>
    run(definition, input, options).nowMs - start;
  const pending: RunnerOptions = { task: () => "pending" };

  it("does not pass for a timestamp in the past, and passes to the last second of the longest wait", () => {
    expect(after(one({ Type: "Wait", Timestamp: "2020-01-01T00:00:00Z", End: true }))).toBe(0);
    expect(after(one({ Type: "Wait", Seconds: 99_999_999, End: true }))).toBe(99_999_999_000);
    const query = one({ Type: "Wait", Timestamp: "{% $states.input.t %}", End: true }, {}, jsonata);
    expect(after(query, { t: "2024-01-01T00:00:05.5+00:00" })).toBe(5500);
  });

  it("starts again for each attempt of a task", () => {
    const retry = { Retry: [{ ErrorEquals: ["States.Timeout"], MaxAttempts: 1 }] };
    expect(after(one(task({ TimeoutSeconds: 3, ...retry })), {}, pending)).toBe(7000);
    const query = one(task({ TimeoutSeconds: "{% $states.input %}" }), {}, jsonata);
    expect(after(query, 4, pending)).toBe(4000);
  });
});
