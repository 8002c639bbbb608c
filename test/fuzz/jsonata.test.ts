/**
 * No expression gets out of its data, none takes more than its budget, and each ends in a value or an error of the language.
 * `JSONATA_EXPRESSIONS=1000000` tries a million; `JSONATA_SEED` repeats a run.
 */
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/services/stepfunctions/asl/json.ts";
import { defaultLimits, type Limits } from "../../src/services/stepfunctions/asl/jsonata/budget.ts";
import { evaluate, expressionOf } from "../../src/services/stepfunctions/asl/jsonata/expression.ts";
import { costlyWays, damaged, drawing, hostNames, knownWays, randomExpression } from "../support/jsonata-attacks.ts";

function frozen<T extends Json>(value: T): T {
  if (typeof value === "object" && value !== null) for (const item of Object.values(value)) frozen(item as Json);
  return Object.freeze(value) as T;
}

/** Shared by all evaluations, as an execution's data is; changing it throws. */
const input = frozen({
  a: 1,
  s: "text",
  list: [1, "a", { k: "__proto__", v: [1, 2] }, [3]],
  o: { a: { b: { c: null } } },
  n: null,
});

const prototypes = [Object, Array, Function, String, Number, Boolean, RegExp, Map, Promise, Error].map(
  (type) => type.prototype as object,
);
const membersOf = () => prototypes.map((prototype) => Reflect.ownKeys(prototype).length);
const before = membersOf();
const globals = Reflect.ownKeys(globalThis).length;

/** Whether a value is only JSON, made of plain objects and arrays. */
function isPlain(value: unknown, depth = 0): boolean {
  if (value === null || ["string", "boolean"].includes(typeof value)) return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > 1_300) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    return (
      prototype === Array.prototype &&
      Reflect.ownKeys(value).length === value.length + 1 &&
      value.every((item) => isPlain(item, depth + 1))
    );
  }
  const keys = Reflect.ownKeys(value);
  return (
    prototype === Object.prototype &&
    keys.every((key) => typeof key === "string" && isPlain((value as Record<string, unknown>)[key], depth + 1))
  );
}

function outcomeOf(text: string, limits: Limits = defaultLimits) {
  const expression = expressionOf(text);
  if ("problem" in expression) return expression;
  return evaluate(expression, {
    states: { input: () => input, context: () => ({}) },
    variable: (name) => (name === "v" ? input.list : undefined),
    nowMs: 1_893_456_000_000,
    chance: { random: () => 0.5, uuid: () => "00000000-0000-4000-8000-000000000000" },
    limits,
  });
}

type Ending = "value" | "nothing" | "error" | "syntax";

/** How an expression ended, or what is wrong with its result. */
function endingOf(text: string, limits?: Limits): Ending | { fault: string } {
  try {
    const outcome = outcomeOf(text, limits);
    if ("problem" in outcome) {
      const { code, message } = outcome.problem;
      if (typeof message !== "string" || message === "") return { fault: "an error without a text" };
      return code?.startsWith("S") ? "syntax" : "error";
    }
    if (outcome.value === undefined) return "nothing";
    return isPlain(outcome.value) ? "value" : { fault: "a value that is not JSON" };
  } catch (error) {
    return { fault: String((error as Error).stack) };
  }
}

function faultOf(text: string, limits?: Limits): string | undefined {
  const ending = endingOf(text, limits);
  return typeof ending === "string" ? undefined : ending.fault;
}

function expectUntouched(): void {
  expect(membersOf()).toEqual(before);
  expect(Reflect.ownKeys(globalThis)).toHaveLength(globals);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
}

describe("known escapes from an expression", () => {
  it.each(knownWays)("%s", (text) => {
    expect(faultOf(text)).toBeUndefined();
    const outcome = outcomeOf(text);
    // These names never exist: the result is an error, nothing, or from the data.
    const value = "value" in outcome ? outcome.value : undefined;
    expect(JSON.stringify(value ?? null)).not.toMatch(/function|native|polluted":|process|lookup/);
    expectUntouched();
  });

  it.each(hostNames)("%s is a member if the data has it, and otherwise nothing", (name) => {
    for (const path of [
      `$states.input.\`${name}\``,
      `$lookup($states.input, '${name}')`,
      `$v.\`${name}\``,
      `$sum.\`${name}\``,
    ]) {
      expect([path, outcomeOf(path)]).toEqual([path, { value: undefined }]);
    }
    const made = outcomeOf(`{'${name}': {'${name}': 1}}.\`${name}\`.\`${name}\``);
    expect(made).toEqual({ value: 1 });
    expect(outcomeOf(`$keys($merge([{'${name}': 1}]))`)).toEqual({ value: name });
    expect(outcomeOf(`$exists($${name})`)).toEqual({ value: ["length"].includes(name) });
    expectUntouched();
  });
});

describe("expressions that cost too much", () => {
  it.each(costlyWays)("%s", (text) => {
    expect(faultOf(text, { ...defaultLimits, ms: 10_000, steps: 2_000_000 })).toBeUndefined();
  });

  it.each([
    ["parentheses", (count: number) => `${"(".repeat(count)}1${")".repeat(count)}`],
    ["arrays", (count: number) => `${"[".repeat(count)}${"]".repeat(count)}`],
    ["open brackets", (count: number) => "[".repeat(count)],
    ["additions", (count: number) => `1${"+1".repeat(count)}`],
    ["conditions", (count: number) => `${"1?".repeat(count)}1`],
    ["steps", (count: number) => `$x${".a".repeat(count)}`],
    ["parents", (count: number) => `$x.a${".%".repeat(count)}`],
    ["adjacent parents", (count: number) => `$x.(${"%&".repeat(count)}1)`],
    ["filters", (count: number) => `$x${"[1]".repeat(count)}`],
    ["minus signs", (count: number) => `${"-".repeat(count)}1`],
    ["lambdas", (count: number) => `${"function(){".repeat(count)}1${"}".repeat(count)}`],
    ["chains", (count: number) => `$x${"~>$sum".repeat(count)}`],
    ["bindings", (count: number) => `(${"$x:=1;".repeat(count)}$x)`],
    ["defaults", (count: number) => `${"1??".repeat(count)}1`],
    ["comments", (count: number) => `${"/**/".repeat(count)}1`],
    ["signatures", (count: number) => `function($x)<${"s?".repeat(count)}:s>{1}`],
    ["choices", (count: number) => `function($x)<${"(".repeat(count)}:s>{1}`],
  ])("and long strings of %s", (_name, make) => {
    for (const count of [100, 1_000, 200_000]) expect(faultOf(make(count))).toBeUndefined();
  });
});

describe("random expressions", () => {
  const count = Number(process.env["JSONATA_EXPRESSIONS"] ?? 4_000);
  const seed = Number(process.env["JSONATA_SEED"] ?? Math.floor(performance.timeOrigin % 2 ** 31));
  const limits: Limits = { ...defaultLimits, ms: 20_000, steps: 100_000, bytes: 5_000_000 };

  it.each([
    ["a random seed", seed],
    ["a fixed seed", 20_300_101],
  ])(
    "from %s (%i) end in a value or an error",
    (_name, from) => {
      const draw = drawing(from);
      const ends = { value: 0, nothing: 0, error: 0, syntax: 0 };
      const faults: [string, string][] = [];
      for (let tried = 0; tried < count && faults.length < 10; tried++) {
        const whole = randomExpression(draw);
        const text = draw() < 0.2 ? damaged(whole, draw) : whole;
        const ending = endingOf(text, limits);
        if (typeof ending === "string") ends[ending]++;
        else faults.push([text, ending.fault]);
      }
      expect(faults).toEqual([]);
      expectUntouched();
      console.info(`${count} expressions from seed ${from}: ${JSON.stringify(ends)}`);
      // Enough expressions must succeed to test anything.
      expect(ends.value + ends.nothing).toBeGreaterThan(count / 10);
    },
    3_600_000,
  );
});
