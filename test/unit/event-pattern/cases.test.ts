import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { explain, matchesPattern, PatternIndex, parseEvent, parsePattern } from "../../../src/events/pattern/index.ts";

interface Case {
  name: string;
  event: unknown;
  pattern: unknown;
  expect: boolean | { error: string; message: string };
}

const cases = readFileSync(new URL("../../cases/event-patterns.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

/** Texts go out as they are, values in their compact form. */
function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function refusal(pattern: string): string {
  try {
    parsePattern(pattern);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
}

describe("event pattern cases", () => {
  it("are all there", () => {
    expect(cases).toHaveLength(287);
  });

  it.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
    const pattern = text(one.pattern);
    if (typeof one.expect === "object") {
      expect(refusal(pattern)).toBe(one.expect.message);
      return;
    }
    const event = parseEvent(text(one.event));
    const parsed = parsePattern(pattern);
    expect(matchesPattern(parsed, event)).toBe(one.expect);
    expect(explain(parsed, event) === undefined).toBe(one.expect);
    const index = new PatternIndex<string>();
    index.add("rule", parsed);
    expect(index.match(event)).toEqual(one.expect ? ["rule"] : []);
  });

  it("give the same answers from one index of all patterns", () => {
    const index = new PatternIndex<string>();
    const good = cases.filter((one) => typeof one.expect === "boolean");
    for (const one of good) index.add(one.name, parsePattern(text(one.pattern)));
    for (const one of good) {
      const event = parseEvent(text(one.event));
      const expected = good
        .filter((other) => matchesPattern(parsePattern(text(other.pattern)), event))
        .map((other) => other.name);
      expect(index.match(event)).toEqual(expected);
      expect(expected.includes(one.name)).toBe(one.expect);
    }
  });
});
