import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { performance } from "../../../src/engine/real-time.ts";
import type { TaskRequest } from "../../../src/services/stepfunctions/asl/execution.ts";
import { isObject, type Json, type JsonObject } from "../../../src/services/stepfunctions/asl/json.ts";
import type { Machine } from "../../../src/services/stepfunctions/asl/machine.ts";
import { parseDefinition } from "../../../src/services/stepfunctions/asl/validation/definition.ts";
import { json } from "../../support/asl-arbitraries.ts";
import { AslRunner, type RunnerOptions, type RunOutcome, type TaskOutcome } from "../../support/asl-runner.ts";

type Case = { name: string; definition: JsonObject; input: Json };

const cases = readFileSync(new URL("../../cases/asl-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

const task = { Type: "Task", Resource: "arn:aws:lambda:us-east-1:111122223333:function:f", TimeoutSeconds: 20 };

/** Machines with much going on, beside the recorded ones. */
const busy: Case[] = [
  {
    name: "busy parallel",
    input: [1, 2, 3],
    definition: {
      StartAt: "P",
      States: {
        P: {
          Type: "Parallel",
          Branches: [
            {
              StartAt: "T",
              States: { T: { ...task, Retry: [{ ErrorEquals: ["E"], JitterStrategy: "FULL" }], End: true } },
            },
            { StartAt: "W", States: { W: { Type: "Wait", Seconds: 3, Next: "U" }, U: { ...task, End: true } } },
            {
              StartAt: "M",
              States: {
                M: {
                  Type: "Map",
                  MaxConcurrency: 2,
                  ItemProcessor: { StartAt: "V", States: { V: { ...task, Assign: { "v.$": "$" }, End: true } } },
                  Retry: [{ ErrorEquals: ["States.ALL"], MaxAttempts: 1 }],
                  End: true,
                },
              },
            },
          ],
          Retry: [{ ErrorEquals: ["States.Timeout"], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.e", Next: "H" }],
          Next: "H",
        },
        H: { Type: "Pass", Parameters: { "id.$": "States.UUID()", "r.$": "States.MathRandom(0, 1000)" }, End: true },
      },
    },
  },
  {
    name: "busy JSONata map",
    input: { l: [1, 2, 3, 4] },
    definition: {
      QueryLanguage: "JSONata",
      StartAt: "M",
      States: {
        M: {
          Type: "Map",
          Items: "{% $states.input.l %}",
          ItemSelector: { v: "{% $states.context.Map.Item.Value %}", u: "{% $uuid() %}" },
          ItemProcessor: {
            StartAt: "T",
            States: {
              T: { ...task, Arguments: "{% $states.input %}", Output: "{% $states.input.v * 2 %}", Next: "C" },
              C: { Type: "Choice", Choices: [{ Condition: "{% $random() > 0.5 %}", Next: "D" }], Default: "W" },
              W: { Type: "Wait", Seconds: "{% $states.input %}", End: true },
              D: { Type: "Succeed" },
            },
          },
          Catch: [{ ErrorEquals: ["States.ALL"], Output: "{% $states.errorOutput %}", Next: "Z" }],
          End: true,
        },
        Z: { Type: "Fail", Error: "{% $states.input.Error %}" },
      },
    },
  },
];

const sources = [...cases, ...busy, ...busy, ...busy];

/** Task outcomes that depend on the seed and the call alone. */
function outcomes(seed: number): RunnerOptions["task"] {
  return (request: TaskRequest, call: number): TaskOutcome => {
    const kind = (Math.imul(seed + call * 7919, 2_654_435_761) >>> 8) % 8;
    const submitted = request.pattern === "requestResponse" ? {} : { submitted: { n: call } };
    if (kind === 0) return { error: "E", cause: `call ${call}`, ...submitted };
    if (kind === 1) return { error: "States.Timeout", ...submitted };
    if (kind === 2 && request.timeoutSeconds !== undefined) return "pending";
    if (kind < 5) return { output: request.parameters, afterSeconds: kind, ...submitted };
    return { output: kind === 5 ? { Payload: { n: call } } : request.parameters, ...submitted };
  };
}

function run(machine: Machine, input: Json, seed: number, serialise: boolean): RunOutcome {
  const runner = new AslRunner(machine, JSON.stringify(input), {
    seed,
    serialise,
    task: outcomes(seed),
    maxSignals: 40_000,
  });
  const result = runner.run();
  if (result.status !== "RUNNING") expect([...runner.timers.keys()]).toEqual([]);
  if (result.status === "SUCCEEDED") expect(Object.keys(runner.execution.frames)).toEqual(["0"]);
  return result;
}

/** Runs with a busy machine's time, in which a step may be over after any of its moves. */
function runInterrupted(machine: Machine, input: Json, seed: number): RunOutcome {
  let now = performance.now();
  let call = seed;
  const spy = vi.spyOn(performance, "now").mockImplementation(() => {
    if ((Math.imul(call++, 2_654_435_761) >>> 8) % 3 === 0) now += 20;
    return now;
  });
  try {
    return run(machine, input, seed, false);
  } finally {
    spy.mockRestore();
  }
}

/** What every history has in common. */
function checkHistory({ events, status }: RunOutcome): void {
  events.forEach((event, index) => {
    expect(event.id).toBe(index + 1);
    expect(event.previousEventId).toBeLessThan(event.id);
    if (index > 0) expect(event.timestampMs).toBeGreaterThanOrEqual(events[index - 1]!.timestampMs);
  });
  const terminal: Record<string, string> = {
    SUCCEEDED: "ExecutionSucceeded",
    FAILED: "ExecutionFailed",
    TIMED_OUT: "ExecutionTimedOut",
  };
  if (status !== "RUNNING") expect(events.at(-1)!.type).toBe(terminal[status]);
  const count = (suffix: string): number => events.filter((event) => event.type.endsWith(suffix)).length;
  expect(count("StateExited")).toBeLessThanOrEqual(count("StateEntered"));
}

describe("determinism", () => {
  it("the same machine, input and outcomes give the same history, wherever steps end, stored between them or not", () => {
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.nat({ max: 10_000 }), (source, seed) => {
        const { machine } = parseDefinition(JSON.stringify(source.definition));
        const first = run(machine!, source.input, seed, false);
        checkHistory(first);
        expect(run(machine!, source.input, seed, false)).toEqual(first);
        expect(runInterrupted(machine!, source.input, seed)).toEqual(first);
        expect(run(machine!, source.input, seed, true)).toEqual(first);
      }),
      { numRuns: 150 },
    );
  });
});

type Mutation = { at: number; kind: number; value: Json };

const replacement: fc.Arbitrary<Json> = fc.oneof(
  json,
  fc.constantFrom<Json>(
    ...[
      "$",
      "$.a",
      "$.l[*]",
      "$$",
      "$v",
      "States.UUID()",
      "States.Array($, $)",
      "{% $states.input %}",
      "{% $states.input.a %}",
    ],
    ...[
      "{% $v %}",
      "{% 1 + %}",
      "JSONata",
      "JSONPath",
      "A",
      "H",
      "R",
      "Pass",
      "Succeed",
      "Wait",
      "Map",
      "Task",
      "Parallel",
    ],
    ...["States.ALL", "States.Timeout", "arn:aws:states:::sqs:sendMessage.waitForTaskToken"],
  ),
  fc.constantFrom<Json>(
    { "x.$": "$" },
    [{ ErrorEquals: ["States.ALL"], Next: "H" }],
    [{ ErrorEquals: ["States.ALL"] }],
  ),
);
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat({ max: 10_000 }),
  kind: fc.nat({ max: 9 }),
  value: replacement,
});

const extraKeys = [
  "InputPath",
  "OutputPath",
  "ResultPath",
  "Assign",
  "Retry",
  "Catch",
  "QueryLanguage",
  "Comment",
  "Next",
  "Output",
];

const paths = [
  "$",
  "$.a",
  "$.l",
  "$.l[0]",
  "$.v",
  "$$.Execution.Input",
  "$$.Map.Item.Index",
  "$v",
  "$..a",
  "$.l[?(@ > 1)]",
];
const calls = [
  "States.UUID()",
  "States.Array($, 1)",
  "States.ArrayLength($)",
  "States.Format('{}', $)",
  "States.MathAdd($, 1)",
];
const expressions = [
  "$states.input",
  "$states.input.a",
  "[$states.input]",
  "$v",
  "$random()",
  "1",
  "true",
  "'x'",
  "$sum($states.input)",
];

/** Changes an expression of the definition to another of its kind, which mostly leaves it valid. */
function respelled(copy: JsonObject, at: number): void {
  const places: [JsonObject | Json[], string, readonly string[]][] = [];
  for (const target of containers(copy)) {
    for (const [key, value] of Object.entries(target)) {
      if (typeof value !== "string") continue;
      if (value.startsWith("$")) places.push([target, key, key.endsWith(".$") ? [...paths, ...calls] : paths]);
      else if (value.startsWith("States.") && value.includes("(")) places.push([target, key, calls]);
      else if (value.startsWith("{%")) places.push([target, key, expressions.map((text) => `{% ${text} %}`)]);
    }
  }
  const place = places[at % Math.max(places.length, 1)];
  if (place) (place[0] as JsonObject)[place[1]] = place[2][Math.floor(at / places.length) % place[2].length]!;
}

/** Every object and array of a definition. */
function containers(value: Json): (JsonObject | Json[])[] {
  if (!Array.isArray(value) && !isObject(value)) return [];
  return [value, ...Object.values(value).flatMap(containers)];
}

function mutated(definition: JsonObject, mutations: readonly Mutation[]): JsonObject {
  const copy = structuredClone(definition);
  for (const { at, kind, value } of mutations) {
    if (kind > 4) {
      respelled(copy, at);
      continue;
    }
    const all = containers(copy);
    const target = all[at % all.length]!;
    const keys = Object.keys(target);
    const key = keys[Math.floor(at / all.length) % Math.max(keys.length, 1)];
    if (Array.isArray(target)) {
      if (kind === 0) target.pop();
      else if (key === undefined || kind === 1) target.push(structuredClone(value));
      else target[Number(key)] = structuredClone(value);
    } else if (kind === 4) target[extraKeys[at % extraKeys.length]!] = structuredClone(value);
    else if (key === undefined) target["Extra"] = value;
    else if (kind === 0) delete target[key];
    else if (kind === 1) target[`${key}x`] = structuredClone(target[key]!);
    else target[key] = structuredClone(value);
  }
  return copy;
}

describe("fuzzed definitions", () => {
  it("are refused with diagnostics or run to an end", () => {
    let ran = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...sources),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.option(json, { nil: undefined }),
        fc.nat({ max: 1000 }),
        (source, mutations, input, seed) => {
          const definition = mutated(source.definition, mutations);
          const { diagnostics, machine } = parseDefinition(JSON.stringify(definition));
          if (!machine) {
            refused++;
            expect(diagnostics.some(({ severity }) => severity === "ERROR")).toBe(true);
            return;
          }
          ran++;
          const result = run(machine, input === undefined ? source.input : input, seed, false);
          checkHistory(result);
          expect(["SUCCEEDED", "FAILED", "TIMED_OUT", "RUNNING"]).toContain(result.status);
          // Only a task without a time-out that was left open may keep an execution going.
          if (result.status === "RUNNING") expect(result.tasks.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(ran).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it("of any JSON at all are refused", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parseDefinition(JSON.stringify(value)).machine).toBeUndefined();
      }),
    );
  });
});
