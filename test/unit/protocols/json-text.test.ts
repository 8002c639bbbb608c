import { expect, it } from "vitest";
import { isExcessiveJson } from "../../../protocols/json-text.ts";

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
