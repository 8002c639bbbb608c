import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidFilterPolicy, parseFilterPolicy } from "../../src/events/filter-policy/index.ts";
import { InvalidEventPattern, parseEvent, parsePattern } from "../../src/events/pattern/index.ts";

/** The result must be a compiled pattern or AWS's error. */
function verdict(text: string): string {
  try {
    parsePattern(text);
    return "accepted";
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidEventPattern);
    return (error as Error).message;
  }
}

function policyVerdict(text: string): string {
  try {
    parseFilterPolicy(text, "MessageBody");
    return "accepted";
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidFilterPolicy);
    return (error as Error).message;
  }
}

const vocabulary = [
  '"a"',
  '"$or"',
  '"prefix"',
  '"suffix"',
  '"equals-ignore-case"',
  '"wildcard"',
  '"anything-but"',
  '"numeric"',
  '"cidr"',
  '"exists"',
  '"exactly"',
  '"="',
  '">"',
  '"<="',
  '"a*b"',
  '"\\\\"',
  '"10.0.0.0/8"',
  '""',
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "1",
  "-0.5e3",
  "1e999",
  "9007199254740993",
  "true",
  "false",
  "null",
  "nul",
  " ",
  "\n",
  "\\",
  '"',
  "\u0000",
  "é",
];

describe("hostile patterns", () => {
  it("of any characters are refused with a message or accepted", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
        verdict(text);
        policyVerdict(text);
      }),
      { numRuns: 1000 },
    );
  });

  it("made of the language's keywords are refused with a message or accepted", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...vocabulary), { maxLength: 24 }), fc.boolean(), (words, inside) => {
        const text = inside ? `{"a":[{${words.join("")}}]}` : words.join("");
        verdict(text);
        policyVerdict(text);
      }),
      { numRuns: 5000 },
    );
  });

  it("truncated or changed anywhere are refused with a message or accepted", () => {
    const good =
      '{"a":[{"anything-but":{"prefix":["x","y"]}},{"numeric":[">",1,"<=",2.5e1]}],"$or":[{"b":[{"cidr":"::/9"}]},{"c":[null]}]}';
    expect(verdict(good)).toBe("accepted");
    for (let i = 0; i < good.length; i++) {
      verdict(good.slice(0, i));
      for (const other of ['"', "}", "]", "{", "[", ",", "0", "\\"])
        verdict(good.slice(0, i) + other + good.slice(i + 1));
    }
  });

  it("of great depth and size are refused", () => {
    expect(verdict("[".repeat(100_000))).toContain("Filter is not an object");
    expect(verdict('{"a":'.repeat(100_000))).toContain("nesting depth (1001)");
    expect(verdict(`{"a":[${'{"anything-but":'.repeat(50_000)}`)).toContain("anything-but");
    expect(verdict(`{"a":["${"x".repeat(500_000)}`)).toContain("Unexpected end-of-input");
    expect(verdict(`{"a":["${"x".repeat(600)}",5,{}]}`)).toContain('xxx"[truncated 115 chars]; line: 1, column: 614]');
  });

  it("with too many combinations are refused early", () => {
    const pair = (name: string) => `{"${name}":[1]},{"${name}":[2]}`;
    let nested = '{"z":[1]},{"z":[2]}';
    for (let i = 0; i < 60; i++) nested = `{"k${i}":[1],"$or":[${nested}]},{"l${i}":[1],"$or":[${nested.slice(0, 500)}`;
    verdict(`{"$or":[${nested}]}`);
    const groups = Array.from({ length: 40 }, (_, i) => `"g${i}":{"$or":[${pair("a")}]}`).join();
    expect(verdict(`{${groups}}`)).toContain("Rule is too complex");
    const many = Array.from({ length: 1001 }, (_, i) => `{"a":[${i}]}`).join();
    expect(verdict(`{"$or":[${many}]}`)).toContain("Rule is too complex");
    const wide = Array.from({ length: 2000 }, (_, i) => `"f${i}":[1]`).join();
    const half = Array.from({ length: 900 }, (_, i) => `{"a":[${i}]}`).join();
    expect(verdict(`{${wide},"$or":[${half}]}`)).toContain("Rule is too complex");
    expect(policyVerdict(`{${wide},"$or":[${half}]}`)).toContain("Rule is too complex");
  });

  it("with costly wildcards are refused", () => {
    expect(verdict(JSON.stringify({ a: [{ wildcard: `*${"a".repeat(60)}` }] }))).toContain("fewer wildcard characters");
    expect(verdict(JSON.stringify({ a: [{ wildcard: "*x".repeat(60) }] }))).toContain("fewer wildcard characters");
    expect(verdict(JSON.stringify({ a: [{ wildcard: "*x".repeat(5) }] }))).toBe("accepted");
    const many = Array.from({ length: 60 }, (_, i) => ({ wildcard: `*${"abcdefg".slice(i % 7)}${i}*x${i}*` }));
    expect(verdict(JSON.stringify({ a: many }))).toContain("fewer wildcard characters");
  });
});

describe("the event reader", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        // The marker sends every text through the exact reader.
        const wrapped = `[${text},1e001]`;
        expect(parseEvent(wrapped)).toEqual(JSON.parse(wrapped));
      }),
      { numRuns: 1000 },
    );
  });
});
