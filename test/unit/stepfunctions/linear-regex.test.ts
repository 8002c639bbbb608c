import { describe, expect, it } from "vitest";
import { LinearRegex } from "../../../src/services/stepfunctions/asl/linear-regex.ts";
import { stringMatches } from "../../../src/services/stepfunctions/asl/states/string-match.ts";

const patterns = [
  ...["a", "a*", "a+b?", "(ab|cd)*", "[a-c]+", "[^a-c]+", "\\d{2,3}", "a{2}", "(a|b)*c", ".", "^ab$", "a.c", "[\\w-]+"],
  ...["(?:a+)+b", "a??b", "\\.", "[]a]", "a|b|", "\\w+@\\w+\\.com", "(a*)*"],
];
const texts = [
  "",
  "a",
  "b",
  "ab",
  "aab",
  "abab",
  "abcd",
  "12",
  "123",
  "1234",
  "aa",
  "c",
  "xyz",
  "a\nc",
  "x.y",
  "]",
  "u@h.com",
  "a-b",
];

describe("linear regular expressions", () => {
  it.each(patterns)("%s agrees with JavaScript", (pattern) => {
    const regex = new LinearRegex(pattern, "");
    const reference = pattern === "[]a]" ? /^(?:[\]a])$/ : new RegExp(`^(?:${pattern})$`);
    for (const text of texts) expect([text, regex.matches(text)]).toEqual([text, reference.test(text)]);
  });

  it("ignores case when told to", () => {
    expect(new LinearRegex("a[b-d]E", "i").matches("ACe")).toBe(true);
    expect(new LinearRegex("a[b-d]E", "").matches("ACe")).toBe(false);
  });

  it("takes long hostile texts and empty repeats", () => {
    expect(new LinearRegex("(){9999}{9999}{9999}a", "").matches("a")).toBe(true);
    expect(new LinearRegex("(a+)+b", "").matches("a".repeat(20_000))).toBe(false);
  });

  it.each(["(", "a)", "[a", "*a", "a{2,1}", "\\1", "(?=a)", "a{9999}{9999}"])("refuses %s", (pattern) => {
    expect(() => new LinearRegex(pattern, "")).toThrow(SyntaxError);
  });
});

describe("StringMatches", () => {
  it("agrees with a regular expression on small patterns", () => {
    const alphabet = ["a", "b", "*", "\\*"];
    for (let code = 0; code < 4 ** 5; code++) {
      const parts = Array.from({ length: 5 }, (_, at) => alphabet[Math.floor(code / 4 ** at) % 4]!);
      const reference = new RegExp(`^${parts.map((part) => (part === "*" ? ".*" : part)).join("")}$`);
      for (const text of ["", "aabab", "ab*ab", "babba", "a*bab", "abbbbbba", "*****"]) {
        expect([parts.join(""), text, stringMatches(parts.join(""), text)]).toEqual([
          ...[parts.join(""), text, reference.test(text)],
        ]);
      }
    }
  });

  it("takes long hostile patterns", () => {
    expect(stringMatches(`*${"a".repeat(1000)}b*`.repeat(50), "a".repeat(100_000))).toBe(false);
  });
});
