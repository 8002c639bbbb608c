import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOfJson, isJsonText } from "../../../protocols/json-scan.ts";
import { isJson } from "../../../protocols/unknown-json.ts";

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

  it("needs no stack for what is nested deeply", () => {
    expect(isJsonText("[".repeat(1_000_000) + "]".repeat(1_000_000))).toBe(true);
    expect(isJsonText('{"a":'.repeat(100_000))).toBe(false);
  });
});
