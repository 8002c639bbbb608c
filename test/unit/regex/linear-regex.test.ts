import { describe, expect, it } from "vitest";
import { LinearRegex } from "../../../src/regex/linear-regex.ts";
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

  it.each(["(", "a)", "[a", "*a", "a{2,1}", "\\1", "(?<=a)", "a{9999}{9999}"])("refuses %s", (pattern) => {
    expect(() => new LinearRegex(pattern, "")).toThrow(SyntaxError);
  });
});

describe("finding a match", () => {
  /** The places and groups of all matches of our own engine, and of JavaScript's. */
  const both = (pattern: string, flags: string, text: string) => {
    const regex = new LinearRegex(pattern, flags);
    const ours: unknown[] = [];
    for (let at = 0; at <= text.length; ) {
      const match = regex.find(text, at, () => {});
      if (!match) break;
      ours.push([match.start, match.end, match.groups]);
      at = match.end > at ? match.end : match.end + 1;
    }
    const theirs: unknown[] = [];
    const reference = new RegExp(pattern, `${flags}g`);
    for (let match = reference.exec(text); match; match = reference.exec(text)) {
      const end = match.index + match[0].length;
      theirs.push([match.index, end, match.slice(1)]);
      reference.lastIndex = Math.max(end, match[0] === "" ? end + 1 : end);
    }
    return [ours, theirs];
  };
  const inner = [
    ...["a+", "a+?", "(a|ab)(c|bcd)(d*)", "(a*)(a|b)*", "(?:(a)|(b))+", "^a", "b$", "\\bb", "\\Bb", "(?=b)b", "a(?!b)"],
    ...["([a-c]+?)(c?)", "(?<x>a)b", "\\u0061", "[\\s\\d]+", "x{0,2}a", "(a{2})+", "[^a]", "(|a)+", "\\x62"],
  ];

  it.each(inner)("%s gives the matches and groups JavaScript gives", (pattern) => {
    for (const flags of ["", "i", "m"]) {
      for (const text of ["", "a", "ab", "abcd", "aaa bbb", "xAab", "a\nb\nab", "b1 2b", "caabba", "abab"]) {
        const [ours, theirs] = both(pattern, flags, text);
        expect([flags, text, ours]).toEqual([flags, text, theirs]);
      }
    }
  });

  it("takes time in proportion to pattern and text", () => {
    for (const pattern of ["(a+)+$", "(a|a)*c", "(a?){30}b", "(.*)(.*)(.*)x", "((a*)*)*c"]) {
      const work = (length: number): number => {
        let instructions = 0;
        const add = (more: number): void => void (instructions += more);
        expect(new LinearRegex(pattern, "").find(`${"a".repeat(length)}!`, 0, add)).toBeUndefined();
        return instructions;
      };
      expect(work(4_000) / work(1_000)).toBeLessThan(5);
    }
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
