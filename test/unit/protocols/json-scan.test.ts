import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOfJson, isBlankFrom, scanJson, scanValues } from "../../../protocols/json-scan.ts";
import { isJson } from "../../../protocols/unknown-json.ts";

function isJsonText(text: string): boolean {
  const end = endOfJson(text, 0);
  return end >= 0 && isBlankFrom(text, end);
}

const pieces = fc.constantFrom(
  ...['"', "\\", "\\u00e9", "\\u12", "\n", "{", "}", "[", "]", ":", ",", "-", "0", "01", "1.", ".5", "e", "E+9", "1e"],
  ...["true", "fals", "null", " ", "\t", "\u00a0", '"a":', "[]", "{}", "é", "\u2028", "\u0001", "\ufeff"],
);

describe("whether a text is JSON", () => {
  it("is as JSON.parse says, for texts made of JSON's pieces", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (texts) => {
        const text = texts.join("");
        expect(isJsonText(text)).toBe(isJson(text));
      }),
      { numRuns: 3000 },
    );
  });

  it("is as JSON.parse says, for values with a character changed", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), pieces, fc.boolean(), (json, place, piece, isKept) => {
        const at = place % (json.length + 1);
        const text = isKept ? json : json.slice(0, at) + piece + json.slice(at + 1);
        expect(isJsonText(text)).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["1 2", 0, 1],
    ["1 2", 1, 3],
    ['{"a": [1, {}]} x', 0, 14],
    ["", 0, -1],
    ["[1", 0, -1],
  ])("%j has a value from %i to %i", (text, from, end) => {
    expect(endOfJson(text, from)).toBe(end);
  });

  it.each([
    ["many values", 6, `[${"1,".repeat(100_000)}1]`],
    ["a long string", 9, JSON.stringify("é\\n".repeat(600_000))],
    ["a long name", 6, JSON.stringify({ [`${"x".repeat(600_000)}"`.repeat(3)]: 1 })],
  ])("stops on its way through %s", (_name, count, text) => {
    const scan = scanJson(text, 0);
    let stops = 0;
    let step = scan.next();
    for (; !step.done; step = scan.next()) stops += 1;
    expect([stops, step.value]).toEqual([count, text.length]);
  });

  it("goes on from value to value, and stops on its way", () => {
    const text = `${"1 ".repeat(50_000)}{]`;
    const scan = scanValues(text);
    let stops = 0;
    let step = scan.next();
    for (; !step.done; step = scan.next()) stops += 1;
    expect([stops, step.value]).toEqual([3, 99_999]);
  });

  it("needs no stack for what is nested deeply", () => {
    expect(isJsonText("[".repeat(1_000_000) + "]".repeat(1_000_000))).toBe(true);
    expect(isJsonText('{"a":'.repeat(100_000))).toBe(false);
  });
});
