import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StateError } from "../../../src/services/stepfunctions/asl/errors.ts";
import { type Json, jsonEquals } from "../../../src/services/stepfunctions/asl/json.ts";
import { isValidIntrinsic } from "../../../src/services/stepfunctions/asl/jsonpath/intrinsic-syntax.ts";
import { evaluateIntrinsic } from "../../../src/services/stepfunctions/asl/jsonpath/intrinsics.ts";
import { Visits } from "../../../src/services/stepfunctions/asl/jsonpath/path-read.ts";
import { json } from "../../support/asl-arbitraries.ts";

const chance = { random: () => 0.5, uuid: () => "00000000-0000-4000-8000-000000000000" };

function call(expression: string, input: Json): Json {
  return evaluateIntrinsic(
    expression,
    { input, context: () => ({}), variable: () => undefined, visits: new Visits() },
    chance,
  );
}

function errorOf(expression: string, input: Json): string | undefined {
  try {
    call(expression, input);
    return undefined;
  } catch (error) {
    return (error as StateError).error;
  }
}

const list = fc.array(json, { maxLength: 8 });
const short = fc.string({ unit: fc.constantFrom("a", "b", ",", ".", "{", "}", "é"), maxLength: 12 });

describe("intrinsic functions against small models", () => {
  it("JsonToString and StringToJson are inverse", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(call("States.JsonToString($)", value)).toBe(JSON.stringify(value));
        expect(call("States.StringToJson(States.JsonToString($))", value)).toEqual(value);
      }),
    );
  });

  it("Base64Encode and Base64Decode are inverse", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(call("States.Base64Decode(States.Base64Encode($))", text)).toBe(text);
      }),
    );
  });

  it("ArrayPartition cuts without loss", () => {
    fc.assert(
      fc.property(fc.array(json, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 5 }), (items, size) => {
        const chunks = call(`States.ArrayPartition($, ${size})`, items) as Json[][];
        expect(chunks.flat(1)).toEqual(items);
        expect(chunks.slice(0, -1).every((chunk) => chunk.length === size)).toBe(true);
        expect(chunks.at(-1)!.length).toBeGreaterThan(0);
      }),
    );
  });

  it("ArrayContains, ArrayUnique, ArrayLength and ArrayGetItem look at whole values", () => {
    fc.assert(
      fc.property(list, json, (items, value) => {
        expect(call("States.ArrayContains($.l, $.v)", { l: items, v: value })).toBe(
          items.some((item) => jsonEquals(item, value)),
        );
        const unique = items.filter((item, at) => items.findIndex((other) => jsonEquals(other, item)) === at);
        expect(call("States.ArrayUnique($)", items)).toEqual(unique);
        expect(call("States.ArrayLength($)", items)).toBe(items.length);
        for (const [at, item] of items.entries()) expect(call(`States.ArrayGetItem($, ${at})`, items)).toEqual(item);
        expect(errorOf(`States.ArrayGetItem($, ${items.length})`, items)).toBe("States.IntrinsicFailure");
      }),
    );
  });

  it("ArrayRange counts up or down to its end", () => {
    const number = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(number, number, fc.integer({ min: -7, max: 7 }), (first, last, step) => {
        const expression = `States.ArrayRange(${first}, ${last}, ${step})`;
        if (step === 0) expect(errorOf(expression, {})).toBe("States.IntrinsicFailure");
        else {
          const expected: number[] = [];
          for (let at = first; step > 0 ? at <= last : at >= last; at += step) expected.push(at);
          expect(call(expression, {})).toEqual(expected);
        }
      }),
    );
  });

  it("Format puts its arguments between the pieces", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", "\\", "'", "{", "}", " "), maxLength: 4 }), {
          minLength: 1,
          maxLength: 4,
        }),
        short,
        (pieces, value) => {
          const escaped = pieces.map((piece) => piece.replace(/[\\'{}]/g, "\\$&")).join("{}");
          const args = pieces.slice(1).map(() => ", $");
          expect(call(`States.Format('${escaped}'${args.join("")})`, value)).toBe(pieces.join(value));
        },
      ),
    );
  });

  it("StringSplit leaves no delimiter and no empty piece", () => {
    fc.assert(
      fc.property(short, fc.constantFrom(",", ".", ",.", "ab"), (text, delimiters) => {
        const expected = text.split(new RegExp(`[${delimiters}]`)).filter((piece) => piece !== "");
        expect(call(`States.StringSplit($, '${delimiters}')`, text)).toEqual(expected);
      }),
    );
  });

  it("MathAdd rounds each argument half up", () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(call("States.MathAdd($.a, $.b)", { a, b })).toBe(Math.floor(a + 0.5) + Math.floor(b + 0.5));
      }),
    );
    expect(errorOf("States.MathAdd(2147483647, 1)", {})).toBe("States.IntrinsicFailure");
  });

  it("MathRandom stays in its range and repeats with a seed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer(),
        (start, width, seed) => {
          const expression = `States.MathRandom(${start}, ${start + width}, ${seed})`;
          const value = call(expression, {}) as number;
          expect(Number.isInteger(value) && value >= start && value < start + width).toBe(true);
          expect(call(expression, {})).toBe(value);
        },
      ),
    );
  });

  it("JsonMerge lets the second object win", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("a", "b", "c"), json),
        fc.dictionary(fc.constantFrom("b", "c", "d"), json),
        (a, b) => {
          expect(call("States.JsonMerge($.a, $.b, false)", { a, b })).toEqual({ ...a, ...b });
        },
      ),
    );
    expect(errorOf("States.JsonMerge($, $, true)", {})).toBe("States.IntrinsicFailure");
  });

  it("any call either is refused, gives a value or fails under one of two names", () => {
    const fragment = fc.constantFrom(
      ...["States.Format", "States.Array", "States.ArrayLength", "States.MathAdd", "States.Hash", "States.UUID", "("],
      ...[")", ",", "'a'", "'{}'", "1", "-2.5", "true", "null", "$", "$.a", "$$", "$x", "\\", " ", "$.l[?(@.a)]"],
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 10 }), json, (parts, input) => {
        const expression = parts.join("");
        const error = errorOf(expression, input);
        if (!isValidIntrinsic(expression)) expect(error).toBe("States.IntrinsicFailure");
        else expect([undefined, "States.IntrinsicFailure", "States.Runtime"]).toContain(error);
      }),
      { numRuns: 2_000 },
    );
  });
});
