/** Errors at run time, according to the Amazon States Language. */
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import { distributed, fails, jsonata, map, one, only, pass, run, task } from "../../support/asl-machines.ts";
import type { RunnerOptions } from "../../support/asl-runner.ts";

const caught = { ErrorEquals: ["E"], Next: "B" };

const failures: [
  what: string,
  definition: JsonObject,
  input: Json,
  error: string,
  cause: string,
  options?: RunnerOptions,
][] = [
  [
    "ResultPath into what is no object",
    one(pass({ Result: 1, ResultPath: "$.a" })),
    [1],
    "States.ResultPathMatchFailure",
    "Unable to apply ReferencePath $.a to input [1]",
  ],
  [
    "an inner level that is missing",
    one(pass({ InputPath: "$.no.such" })),
    {},
    "States.Runtime",
    "Invalid path '$.no.such' : Missing property in path $['no']",
  ],
  [
    "the last level",
    one(pass({ OutputPath: "$.x" })),
    {},
    "States.Runtime",
    "Invalid path '$.x' : No results for path: $['x']",
  ],
  [
    "a template's path",
    one(pass({ Parameters: { o: { "m.$": "$.nope" } } })),
    { a: 1 },
    "States.Runtime",
    `The JSONPath '$.nope' specified for the field 'm.$' could not be found in the input '{"a":1}'`,
  ],
  [
    "an argument of an inner call",
    one(pass({ Parameters: { "m.$": "States.Array(States.Array($.nope))" } })),
    {},
    "States.Runtime",
    "The function 'States.Array(States.Array($.nope))' had the following error: The JsonPath argument for the field '$.nope' could not be found in the input '{}'",
  ],
  [
    "SecondsPath that leads nowhere",
    one({ Type: "Wait", SecondsPath: "$.p", End: true }),
    {},
    "States.Runtime",
    "The SecondsPath parameter does not reference an input value: $.p",
  ],
  ...[
    "2024-01-01 00:00:00Z",
    "2024-01-01T00:00:00",
    "2024-13-01T00:00:00Z",
    "2024-01-01T25:00:00Z",
    "01-01-2024T00:00:00Z",
  ].map((time): (typeof failures)[number] => [
    `the time ${time}`,
    one({ Type: "Wait", TimestampPath: "$.p", End: true }),
    { p: time },
    "States.Runtime",
    `The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.p == ${time}`,
  ]),
  [
    "a rule's variable",
    one({ Type: "Choice", Choices: [{ Variable: "$.v", StringEquals: "a", Next: "B" }] }, { B: pass() }),
    {},
    "States.Runtime",
    "Invalid path '$.v': The choice state's condition path references an invalid value.",
  ],
  [
    "a rule's operand",
    one({ Type: "Choice", Choices: [{ Variable: "$.a", StringEqualsPath: "$.v", Next: "B" }] }, { B: pass() }),
    { a: "" },
    "States.Runtime",
    "Invalid path '$.v': The choice state's condition path references an invalid value.",
  ],
  [
    "no rule and no default",
    one({ Type: "Choice", Choices: [{ Variable: "$", IsNull: true, Next: "B" }] }, { B: pass() }),
    {},
    "States.Runtime",
    "Failed to transition out of the state. The state does not point to a next state.",
  ],
  [
    "a tolerated count that is not an integer",
    one(distributed({ ToleratedFailureCountPath: "$.p", ItemsPath: "$.l" })),
    { l: [], p: {} },
    "States.Runtime",
    'The ToleratedFailureCountPath field refers to value "{}" which is not a valid integer: $.p',
  ],
  [
    "a negative one",
    one(distributed({ ToleratedFailureCountPath: "$.p", ItemsPath: "$.l" })),
    { l: [], p: -1 },
    "States.Runtime",
    "ToleratedFailureCount cannot be negative.",
  ],
  [
    "a tolerated percentage that is not a number",
    one(distributed({ ToleratedFailurePercentagePath: "$.p", ItemsPath: "$.l" })),
    { l: [], p: "NoNumber" },
    "States.Runtime",
    'The ToleratedFailurePercentagePath field refers to value "NoNumber" which is not a valid float: $.p',
  ],
  ...[100.1, -1].map((share): (typeof failures)[number] => [
    `a share of ${share}`,
    one(distributed({ ToleratedFailurePercentagePath: "$.p", ItemsPath: "$.l" })),
    { l: [], p: share },
    "States.Runtime",
    "ToleratedFailurePercentage must be between 0 and 100.",
  ]),
  [
    "MaxItems that is no integer",
    one(
      distributed({
        ItemReader: {
          Resource: "arn:aws:states:::s3:getObject",
          Parameters: { Bucket: "b", Key: "k" },
          ReaderConfig: { InputType: "JSON", MaxItemsPath: "$.p" },
        },
      }),
    ),
    { p: "1.5" },
    "States.Runtime",
    'The MaxItemsPath field refers to value "1.5" which is not a valid integer: $.p',
  ],
  [
    "an unassigned variable",
    one(pass({ InputPath: "$nope.a" })),
    {},
    "States.Runtime",
    "Invalid path '$nope.a' : No results for path: $nope",
  ],
  [
    "an unassigned variable in JSONata",
    one(pass({ Output: "{% $nope %}" }), {}, jsonata),
    {},
    "States.QueryEvaluationError",
    "The JSONata expression '$nope' specified for the field 'Output' returned nothing (undefined).",
  ],
  [
    "a variable larger than a payload",
    one(pass({ Assign: { "a.$": "States.Array($, $)" } })),
    "y".repeat(140_000),
    "States.DataLimitExceeded",
    "Variable size limit exceeded. Variable 'a' in state 'A' was assigned 280007 bytes.",
  ],
  [
    "variables that are too large together, without their names",
    one(pass({ Assign: { "x.$": "$", "y.$": "$" } })),
    "y".repeat(139_998),
    "States.DataLimitExceeded",
    "State total variable size limit exceeded. Variable 'y' in state 'A' was assigned 140000 bytes, which caused the size of variables assigned in the state to exceed its limit by 17856 bytes.",
  ],
  [
    "an inline JSONata Map over an object",
    one(map({ Items: "{% {'a': 1} %}" }), {}, jsonata),
    {},
    "States.QueryEvaluationError",
    `The JSONata expression '{'a': 1}' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {"a":1}`,
  ],
  [
    "a catcher's Output",
    one(
      task({
        Catch: [
          { ErrorEquals: ["X"], Next: "B" },
          { ...caught, Output: { v: "{% $states.input.x %}" } },
        ],
      }),
      { B: pass() },
      jsonata,
    ),
    {},
    "States.QueryEvaluationError",
    "The JSONata expression '$states.input.x' specified for the field 'Catch[1]/Output/v' returned nothing (undefined).",
    fails,
  ],
  [
    "a Fail state's Error that is not a string",
    one({ Type: "Fail", Error: "{% 1 %}" }, {}, jsonata),
    {},
    "States.QueryEvaluationError",
    "The JSONata expression '1' specified for the field 'Error' returned an unexpected result type. Expected 'string', but was 'number' for value: 1",
  ],
];

describe("the error and cause of", () => {
  it.each(failures)("%s", (_what, definition, input, name, cause, options) => {
    const result = run(definition, input, options);
    expect([result.status, result.error]).toEqual(["FAILED", name]);
    expect(result.cause).toMatch(
      /^An error occurred while executing the state '\w' \(entered at the event id #\d+\)\. /,
    );
    expect(result.cause?.replace(/^.*?#\d+\)\. /, "")).toBe(cause);
  });

  it.each([
    [
      "a branch",
      one({ Type: "Parallel", Branches: [only("X", pass({ InputPath: "$.x" }))], End: true }),
      {},
      "'X' (entered at the event id #4)",
    ],
    [
      "an iteration",
      one(map({ ItemProcessor: only("X", pass({ InputPath: "$.x" })) })),
      [1],
      "'X' (entered at the event id #5)",
    ],
    [
      "an express execution",
      one(pass({ InputPath: "$.x" })),
      {},
      "'A' (entered at the event id #2)",
      { type: "EXPRESS" },
    ],
  ] as [string, JsonObject, Json, string, RunnerOptions?][])(
    "a state in %s name its own Entered event",
    (_where, definition, input, sentence, options) => {
      expect(run(definition, input, options).cause).toContain(sentence);
    },
  );
});
