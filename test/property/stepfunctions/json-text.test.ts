import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalJson,
  isObject,
  type Json,
  jsonEquals,
  payloadText,
  readJson,
  writeJson,
} from "../../../src/services/stepfunctions/asl/json.ts";
import {
  canonicalNumber,
  compareNumbers,
  NumberLiteral,
  numberFromText,
} from "../../../src/services/stepfunctions/asl/number-literal.ts";
import { json } from "../../support/asl-arbitraries.ts";
import { jsonTexts, numberText } from "../../support/json-texts.ts";

/** The value as JSON.parse would have given it. */
function plain(value: Json): unknown {
  if (value instanceof NumberLiteral) return value.double;
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const members = Object.keys(value).map((key) => [key, plain(value[key]!)] as const);
  // Object.fromEntries defines its members, `__proto__` among them.
  return Object.fromEntries(members);
}

function same(text: string): void {
  const read = readJson(text) as Json;
  const parsed: unknown = JSON.parse(text);
  expect(isDeepStrictEqual(plain(read), parsed)).toBe(true);
  expect(JSON.stringify(plain(read))).toBe(JSON.stringify(parsed));
}

/** A number as a fraction of integers, for texts with modest exponents. */
function fraction(text: string): [bigint, bigint] {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", decimals = ""] = mantissa.split(".");
  const power = Number(exponent) - decimals.length;
  const digits = BigInt(`${whole}${decimals}`.replace("-", ""));
  const signed = mantissa.startsWith("-") ? -digits : digits;
  return power < 0 ? [signed, 10n ** BigInt(-power)] : [signed * 10n ** BigInt(power), 1n];
}

const modest = numberText.filter((text) => !/\d{9}$/.test(text.toLowerCase().split("e")[1] ?? ""));

describe("JSON text", () => {
  it("comes out as it went in, but for white space", () => {
    fc.assert(
      fc.property(jsonTexts(true), ({ spaced, compact }) => {
        expect(writeJson(readJson(spaced))).toBe(compact);
        expect(payloadText(readJson(spaced) as Json)).toBe(compact);
      }),
      { numRuns: 500 },
    );
  });

  it("is read as JSON.parse reads it, members named twice included", () => {
    fc.assert(
      fc.property(jsonTexts(false), ({ spaced }) => same(spaced)),
      { numRuns: 500 },
    );
  });

  it("holds no literal where JavaScript writes the same", () => {
    const none = (value: Json): void => {
      expect(value).not.toBeInstanceOf(NumberLiteral);
      if (Array.isArray(value)) value.forEach(none);
      else if (isObject(value)) Object.values(value).forEach(none);
    };
    fc.assert(
      fc.property(fc.oneof(json, fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => {
        const read = readJson(JSON.stringify([value, "x:1.0,"])) as Json[];
        none(read);
        expect(read).toStrictEqual(JSON.parse(JSON.stringify([value, "x:1.0,"])));
      }),
      { numRuns: 500 },
    );
  });

  it("is refused exactly where JSON.parse refuses it", () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.constantFrom("", ",", "0", "-", ".", "e", '"', "}", "]", "{", "[", ":", " ", "\\", "\u00a0", "\u0000"),
    );
    const refused = (read: (text: string) => unknown, text: string): string | undefined => {
      try {
        read(text);
        return undefined;
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
        return (error as Error).message;
      }
    };
    fc.assert(
      fc.property(jsonTexts(false), fc.array(damage, { maxLength: 2 }), ({ spaced }, damages) => {
        let text = spaced;
        for (const [at, what] of damages) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + what + text.slice(place + (what === "" ? 1 : 0));
        }
        expect(refused(readJson, text)).toBe(refused(JSON.parse, text));
        if (refused(JSON.parse, text) === undefined) same(text);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("numbers", () => {
  it("are compared exactly", () => {
    fc.assert(
      fc.property(modest, modest, (a, b) => {
        const [first, over] = fraction(a);
        const [second, under] = fraction(b);
        const difference = first * under - second * over;
        const order = compareNumbers(numberFromText(a), numberFromText(b));
        expect(Math.sign(order)).toBe(difference === 0n ? 0 : difference < 0n ? -1 : 1);
      }),
      { numRuns: 1000 },
    );
  });

  it("have one canonical text for each value", () => {
    const sameValue = modest.chain((text) => {
      const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
      const shifted = mantissa.includes(".") ? `${mantissa}0` : `${mantissa}.0`;
      return fc.constantFrom(
        [text, `${shifted}e${exponent}`],
        [text, `${mantissa}0e${Number(exponent) - (mantissa.includes(".") ? 0 : 1)}`],
      );
    });
    fc.assert(
      fc.property(fc.oneof(sameValue, fc.tuple(modest, modest)), ([a = "", b = ""]) => {
        const [first, second] = [numberFromText(a), numberFromText(b)];
        const equal = compareNumbers(first, second) === 0;
        expect(canonicalNumber(first) === canonicalNumber(second)).toBe(equal);
        expect(jsonEquals([first], [second])).toBe(equal);
        expect(canonicalJson({ v: first }) === canonicalJson({ v: second })).toBe(equal);
      }),
      { numRuns: 1000 },
    );
  });
});
