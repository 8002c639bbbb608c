/** Blobs of JSON requests: what is base64 and what is not, however long it is and wherever it lies. */
import { expect, it } from "vitest";
import { LongString } from "../../../protocols/json-text.ts";
import { blobFromBase64 } from "../../../protocols/serialization.ts";

const bytes = Buffer.from(Array.from({ length: 200_001 }, (_, at) => (at * 7919) % 251));

/** The outcome for a text by itself and for one that was left in its request. */
function outcomes(text: string): unknown[] {
  return [text, new LongString(Buffer.from(text))].map((given) => {
    try {
      const blob = blobFromBase64(given);
      const copy = Buffer.alloc(blob.length + 2);
      blob.copyTo(copy, 1);
      expect(copy.subarray(1, -1).equals(blob.bytes)).toBe(true);
      expect(blob.base64).toBe(text);
      return Buffer.from(blob.bytes);
    } catch (error) {
      return (error as Error).message;
    }
  });
}

it.each([0, 1, 2, 3, 49_151, 49_152, 49_153, 49_154, 98_304, 200_000, 200_001])(
  "%d bytes are read as they are",
  (length) => {
    const given = bytes.subarray(0, length);
    for (const outcome of outcomes(given.toString("base64"))) expect(given.equals(outcome as Buffer)).toBe(true);
  },
);

it.each([
  ["-", 5],
  ["_", 70_000],
  [" ", 65_535],
  ["\n", 65_536],
  ["=", 131_072],
  ["=", 3],
  ["!", 199_999],
])("%j at %d is none", (character, at) => {
  const text = bytes.toString("base64");
  const bad = `Can not be converted to a Blob: Invalid Base64 character: '${character}'`;
  expect(outcomes(text.slice(0, at) + character + text.slice(at + 1))).toEqual([bad, bad]);
});

it("the end must be canonical", () => {
  const text = bytes.subarray(0, 100_000).toString("base64");
  expect(text.endsWith("==")).toBe(true);
  expect(outcomes(text.replace(/.==$/, "B=="))[0]).toMatch(/Invalid last non-pad/);
  expect(outcomes(text.replace(/.==$/, "B=="))[1]).toMatch(/Invalid last non-pad/);
  expect(outcomes(text.slice(1))[1]).toMatch(/multiple of 4 bytes but found/);
});
