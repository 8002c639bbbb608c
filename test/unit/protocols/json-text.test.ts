import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isExcessiveJson, LongString, parseJsonText } from "../../../protocols/json-text.ts";

const excessive = (text: string) => isExcessiveJson(Buffer.from(text));
const many = 400_000;

it("tells texts with too many values", () => {
  expect(excessive(`[${"{},".repeat(many)}{}]`)).toBe(true);
  expect(excessive(`[${"1,".repeat(many)}1]`)).toBe(true);
  expect(excessive(`[${'"\\"",'.repeat(many)}1]`)).toBe(true);
  expect(excessive("[".repeat(many))).toBe(true);
  expect(excessive(`${"[".repeat(1_001)}${" ".repeat(many)}`)).toBe(true);
});

it("takes what is long and simple, whatever its strings hold", () => {
  for (const inside of ["[{,".repeat(many), '\\"[,'.repeat(many), "\\\\".repeat(many), "é{".repeat(many)]) {
    expect(excessive(`{"a":"${inside}","b":["${inside}",1]}`)).toBe(false);
  }
  expect(excessive(`${"[".repeat(1_000)}${" ".repeat(many)}${"]".repeat(1_000)}`)).toBe(false);
  expect(excessive(`[${"[],".repeat(100_000)}[]]`)).toBe(false);
});

it("leaves broken texts to the parser", () => {
  expect(excessive(`"${" ".repeat(many)}`)).toBe(false);
  expect(excessive(`"${" ".repeat(many)}\\"`)).toBe(false);
  expect(excessive("]".repeat(many))).toBe(false);
});

describe("long strings of a large text", () => {
  const parse = (text: string, ...blobs: string[]) => parseJsonText(Buffer.from(text), () => new Set(blobs));
  const long = "x".repeat(5_000);
  /** Makes the text a large one. */
  const large = " ".repeat(300_000);

  it("are left where they are when they are blobs", () => {
    const blob = parse(`{"Data" : "${long}", "Name": "${long}"}${large}`, "Data") as { Data: unknown; Name: unknown };
    expect(blob.Data).toBeInstanceOf(LongString);
    expect(String(blob.Data)).toBe(long);
    expect(blob.Name).toBe(long);
    for (const text of [
      `{"Data":["${long}"]}`,
      `["Data","${long}"]`,
      `{"Data":{"a":"${long}"}}`,
      `{"D\\u0061ta":"${long}"}`,
      `{"Data":"${long}\\n"}`,
      `{"Data":"${long}é"}`,
    ]) {
      expect(parse(text + large, "Data")).toEqual(JSON.parse(text));
    }
  });

  it("do not change what else the text says", () => {
    const key = fc.constantFrom("Data", "long0", "long", "a", "__proto__", "");
    const text = fc.oneof(fc.constantFrom("long0", "long-0", "Data", long, `${long}"`), fc.string());
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4 }),
      ),
    }));
    const plain = (_key: string, found: unknown) => (found instanceof LongString ? found.toString() : found);
    fc.assert(
      fc.property(value, (given) => {
        const json = JSON.stringify(given);
        expect(JSON.stringify(parse(json + large, "Data"), plain)).toBe(JSON.stringify(JSON.parse(json)));
      }),
    );
  });

  it("in broken texts are errors of the parser", () => {
    for (const text of [`{"Data":"${long}"`, `{"Data":"${long}" "a"}`, `{"Data":"${long}",}`, `{"Data""${long}"}`]) {
      expect(() => parse(text + large, "Data")).toThrow(SyntaxError);
    }
  });
});
