import { describe, expect, it } from "vitest";
import { foldCase } from "../../../src/events/pattern/case-folding.ts";
import {
  type EventValue,
  ExactNumber,
  explain,
  InvalidEventPattern,
  matchesPattern,
  numberFromText,
  PatternIndex,
  parseEvent,
  parsePattern,
} from "../../../src/events/pattern/index.ts";
import { addressKey } from "../../../src/events/pattern/ip.ts";
import { nextAbove, nextBelow } from "../../../src/events/pattern/matcher.ts";

function matches(pattern: unknown, event: string | EventValue): boolean {
  const parsed = parsePattern(typeof pattern === "string" ? pattern : JSON.stringify(pattern));
  const value = typeof event === "string" ? parseEvent(event) : event;
  const found = matchesPattern(parsed, value);
  const index = new PatternIndex<number>();
  index.add(1, parsed);
  expect(index.match(value)).toEqual(found ? [1] : []);
  return found;
}

function refusal(pattern: string, pipe = false): string {
  try {
    parsePattern(pattern, { pipe });
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidEventPattern);
    return (error as Error).message;
  }
  return "accepted";
}

describe("numbers", () => {
  it("are doubles where doubles say the same", () => {
    expect(numberFromText("300.0")).toBe(300);
    expect(numberFromText("3.0e2")).toBe(300);
    expect(numberFromText("-0")).toBe(-0);
    expect(numberFromText("0e999")).toBe(0);
    expect(numberFromText("0.1000000000000000000")).toBe(0.1);
    expect(numberFromText("9007199254740992")).toBe(9007199254740992);
    for (const text of ["9007199254740993", "0.12345678901234567890123", "1e999", "-1e-999"]) {
      expect(numberFromText(text)).toEqual(new ExactNumber(text));
    }
  });

  it("beyond a double match by their text only", () => {
    expect(matches('{"n":[9007199254740993]}', '{"n":9007199254740993}')).toBe(true);
    expect(matches('{"n":[9007199254740993]}', '{"n":9007199254740992}')).toBe(false);
    expect(matches('{"n":[9007199254740993]}', '{"n":9007199254740993.0}')).toBe(false);
    expect(matches('{"n":[{"numeric":[">",1]}]}', '{"n":9007199254740993}')).toBe(false);
    expect(matches('{"n":[{"anything-but":9007199254740993}]}', '{"n":9007199254740993}')).toBe(false);
    expect(refusal('{"n":[{"numeric":["=",1e999]}]}')).toContain("Reason: Cannot compare number : 1e999\n at ");
  });

  it("treat both zeros as one", () => {
    expect(matches('{"n":[0]}', '{"n":-0.0}')).toBe(true);
    expect(matches('{"n":[{"numeric":["<",0]}]}', '{"n":-0.0}')).toBe(false);
    expect(matches('{"n":[{"numeric":["=",-0.0]}]}', '{"n":0}')).toBe(true);
  });

  it("have neighbours", () => {
    for (const value of [0, 1, -1, 5e-324, -5e-324, 0.1, 1e300]) {
      expect(nextAbove(value)).toBeGreaterThan(value);
      expect(nextBelow(nextAbove(value))).toBe(value === 0 ? 0 : value);
    }
    expect(nextAbove(1)).toBe(1 + Number.EPSILON);
  });
});

describe("addresses", () => {
  it("have one key for all spellings", () => {
    expect(addressKey("::1")).toBe(addressKey("0:0:0:0:0:0:0:1"));
    expect(addressKey("2001:DB8::a")).toBe(addressKey("2001:db8:0:0:0:0:0:000a"));
    expect(addressKey("::ffff:10.0.0.1")).toBe(addressKey("10.0.0.1"));
    expect(addressKey("::")).toBe(`6${"0".repeat(32)}`);
    for (const text of [
      "",
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "::g",
      "10.0.0",
      "10.0.0.256",
      "1.2.3.4.5",
      "::1%eth0",
    ]) {
      expect(addressKey(text)).toBeUndefined();
    }
  });

  it("are compared as addresses where the pattern names one", () => {
    expect(matches({ ip: ["2001:db8::1"] }, { ip: "2001:DB8:0::1" })).toBe(true);
    expect(matches({ ip: ["2001:db8::1"] }, { ip: "2001:db8::2" })).toBe(false);
    for (const [literal, value] of [
      ["1.2.3.4", "::ffff:1.2.3.4"],
      ["::ffff:1.2.3.4", "1.2.3.4"],
      ["::1", "0::1"],
      ["a:b", "A:b"],
    ] as const) {
      const same = matches({ ip: [literal] }, { ip: value });
      expect(matches({ ip: [{ "anything-but": literal }] }, { ip: value })).toBe(!same);
    }
    expect(matches({ ip: [{ cidr: "2001:db8::/32" }] }, { ip: "2001:db8:ffff::1" })).toBe(true);
    expect(matches({ ip: [{ cidr: "2001:db8::/32" }] }, { ip: "2001:db9::1" })).toBe(false);
    expect(matches({ ip: [{ cidr: "10.0.0.77/24" }] }, { ip: "10.0.0.1" })).toBe(true);
  });
});

describe("text", () => {
  it("is folded character by character", () => {
    expect(foldCase("ÉCOLE")).toBe("école");
    expect(matches({ s: [{ "equals-ignore-case": "ÜBER" }] }, { s: "über" })).toBe(true);
    expect(matches({ s: [{ prefix: { "equals-ignore-case": "ÜB" } }] }, { s: "über" })).toBe(true);
  });

  it("of wildcards may overlap with nothing", () => {
    expect(matches({ s: [{ wildcard: "ab*ba" }] }, { s: "aba" })).toBe(false);
    expect(matches({ s: [{ wildcard: "ab*ba" }] }, { s: "abba" })).toBe(true);
    expect(matches({ s: [{ wildcard: "*aab*" }] }, { s: "aaab" })).toBe(true);
    expect(matches({ s: [{ wildcard: "*ab*ab*" }] }, { s: "xabyab" })).toBe(true);
    expect(matches({ s: [{ wildcard: "*ab*ab*" }] }, { s: "xaby" })).toBe(false);
    expect(matches({ s: [{ wildcard: "*a*" }] }, { s: "line\na\nline" })).toBe(true);
  });
});

describe("text without regard to case", () => {
  const takes = (pattern: string, value: string) => matches({ s: [{ "equals-ignore-case": pattern }] }, { s: value });

  it("takes each character in its lower and its upper form, in both directions", () => {
    expect(takes("straße", "STRASSE")).toBe(true);
    expect(takes("straße", "strasse")).toBe(false);
    expect(takes("straße", "STRAßE")).toBe(true);
    expect(takes("STRASSE", "straße")).toBe(false);
    expect(takes("kelvin", "\u212aelvin")).toBe(false);
    expect(takes("İ", "i\u0307")).toBe(true);
    expect(matches({ s: [{ prefix: { "equals-ignore-case": "ß" } }] }, { s: "SSx" })).toBe(true);
    expect(matches({ s: [{ suffix: { "equals-ignore-case": "ß" } }] }, { s: "xSS" })).toBe(true);
    expect(matches({ s: [{ suffix: { "equals-ignore-case": "ß" } }] }, { s: "xss" })).toBe(false);
    expect(matches({ s: [{ "anything-but": { "equals-ignore-case": "ß" } }] }, { s: "SS" })).toBe(false);
  });

  it("takes no character beyond U+FFFF, not even itself", () => {
    expect(takes("🚀", "🚀")).toBe(false);
    expect(matches({ s: [{ "anything-but": { "equals-ignore-case": "a🚀" } }] }, { s: "a🚀" })).toBe(true);
    expect(matches({ s: ["🚀"] }, { s: "🚀" })).toBe(true);
  });
});

describe("literals that no double holds", () => {
  it("match nothing when they have a fraction or are beyond the range, and themselves when they are whole", () => {
    expect(matches('{"n":[1.0000000000000001]}', '{"n":1.0000000000000001}')).toBe(false);
    expect(matches('{"n":[1e309]}', '{"n":1e309}')).toBe(false);
    expect(matches('{"n":[12345678901234567890]}', '{"n":12345678901234567890}')).toBe(true);
  });
});

describe("wildcards", () => {
  it.each([
    [["*a*a*a*a*a"], true],
    [["*a*a*a*a*a*"], false],
    [["*a*a*a*a*a*a*a*a*a*a"], false],
    [["aaaaaaaaaaaaaaaaaaaa*"], true],
    [["*abcdefghijklmnop*"], true],
    [["*abc*", "*abc*", "*abc*", "*abd*"], true],
    [["*a*b*c*d*e*f*g*h*"], true],
    [["*a*b*c", "*d*e*f", "*g*h*i", "*j*k*l"], false],
  ])("%j cost what their beginnings do that one value can be at once", (wildcards, accepted) => {
    const text = refusal(JSON.stringify({ s: wildcards.map((wildcard) => ({ wildcard })) }));
    expect(text).toBe(
      accepted
        ? "accepted"
        : "Event pattern is not valid. Reason: Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character",
    );
  });

  it("count over the branches of $or for one field, and for each field alone", () => {
    const six = [{ wildcard: "*a*b*c*d*e*f" }];
    expect(refusal(JSON.stringify({ $or: [{ s: six }, { s: [{ wildcard: "*g*h*i*j*k*l" }] }] }))).toContain(
      "too complex",
    );
    expect(refusal(JSON.stringify({ s: six, t: six }))).toBe("accepted");
  });
});

describe("names with dots", () => {
  it("are one with nested names, inside arrays too", () => {
    expect(matches({ "a.b": { c: [1] } }, { a: { "b.c": 1 } })).toBe(true);
    expect(matches({ a: { b: [1], c: [2] } }, { "a.b": 1, a: { c: 2 } })).toBe(true);
    expect(matches({ l: { "a.b": [1], c: [2] } }, { l: [{ a: { b: 1 }, c: 2 }, {}] })).toBe(true);
    expect(matches({ l: { "a.b": [1], c: [2] } }, { l: [{ "a.b": 1 }, { c: 2 }] })).toBe(false);
    expect(matches({ "": [1] }, { "": 1 })).toBe(true);
    expect(matches({ __proto__x: [{ exists: false }], constructor: [{ exists: false }] }, {})).toBe(true);
    expect(matches('{"__proto__":["x"]}', '{"__proto__":"x"}')).toBe(true);
  });
});

describe("$or", () => {
  it("replaces an outer condition on the same field", () => {
    const pattern = { a: [1], $or: [{ a: [2] }, { b: [3] }] };
    expect(matches(pattern, { a: 2 })).toBe(true);
    expect(matches(pattern, { a: 1, b: 3 })).toBe(true);
    expect(matches(pattern, { a: 1 })).toBe(false);
  });
});

describe("patterns of pipes", () => {
  it("know fewer operators", () => {
    expect(refusal('{"a":[{"wildcard":"x*"}]}', true)).toContain("Unrecognized match type wildcard");
    expect(refusal('{"a":[{"anything-but":{"prefix":"x"}}]}', true)).toContain(
      "Unsupported anything-but pattern: prefix",
    );
    expect(
      refusal('{"a":[{"anything-but":["x"]},{"suffix":"y"},{"numeric":["<",1]}],"$or":[{"b":[1]},{"c":[2]}]}', true),
    ).toBe("accepted");
  });
});

describe("refusals beside the table of cases", () => {
  it.each([
    ['{"a":[{"anything-but":{"wildcard":["a**"]}}]}', "Consecutive wildcard characters at pos 2", 41, 2],
    [
      '{"a":[{"anything-but":{"equals-ignore-case":["x",1]}}]}',
      "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
      51,
      2,
    ],
    ['{"a":[{"anything-but":{"wildcard":"a**"}}]}', "Consecutive wildcard characters at pos 2", 40, 1],
    ['{"a":[{"numeric":["<",1e999]}]}', "Cannot compare number : 1e999", 29, 1],
    ['{"a":[{"anything-but":["x",null]}]}', "Inside anything but list, start|null|boolean is not supported.", 32, 2],
    ['{"a":[{"anything-but":{"prefix":["x",""]}}]}', "Null prefix/suffix not allowed", 40, 2],
    ['{"a":[{"anything-but":"x","y":1}]}', "Too many elements in numeric expression", 32, 1],
    ['{"a":[{"prefix":{}}]}', "Prefix expression name not found", 19, 1],
    ['{"a":[{"anything-but":{}}]}', "Anything-But expression name not found", 25, 1],
    ['{"a":[{"exactly":1}]}', "exact match pattern must be a string", 19, 1],
  ])("%s", (pattern, reason, column, times) => {
    const place = `\n at [Source: (String)"${pattern}"; line: 1, column: ${column}]`;
    expect(refusal(pattern)).toBe(`Event pattern is not valid. Reason: ${reason}${place.repeat(times)}`);
  });
});

describe("explain", () => {
  const why = (pattern: unknown, event: EventValue) => explain(parsePattern(JSON.stringify(pattern)), event);

  it("names the first field that does not fit", () => {
    const pattern = { source: ["a"], detail: { x: [{ prefix: "p" }, 5], y: [1] } };
    expect(why(pattern, { source: "a", detail: { x: "p1", y: 1 } })).toBeUndefined();
    expect(why(pattern, { source: "b", detail: {} })).toEqual({
      path: "source",
      reason: "value",
      expected: '["a"]',
      actual: ["b"],
      failing: 3,
      conditions: 3,
    });
    expect(why(pattern, { source: "a", detail: { x: ["q", 6], y: 2 } })).toEqual({
      path: "detail.x",
      reason: "value",
      expected: '[{"prefix":"p"},5]',
      actual: ["q", 6],
      failing: 2,
      conditions: 3,
    });
    expect(why(pattern, { source: "a", detail: { x: 5, y: {} } })).toEqual({
      path: "detail.y",
      reason: "absent",
      expected: "[1]",
      actual: [],
      failing: 1,
      conditions: 3,
    });
  });

  it("tells when fields fit in different elements only", () => {
    const pattern = { items: { sku: ["A"], n: [2] } };
    expect(
      why(pattern, {
        items: [
          { sku: "A", n: 1 },
          { sku: "B", n: 2 },
        ],
      }),
    ).toEqual({
      path: "items.n",
      reason: "element",
      expected: "[2]",
      actual: [1, 2],
      failing: 1,
      conditions: 2,
    });
  });

  it("takes the closest branch of $or", () => {
    const pattern = {
      $or: [
        { a: [1], b: [1] },
        { a: [2], c: [1] },
      ],
    };
    expect(why(pattern, { a: 2, c: 5 })?.path).toBe("c");
  });
});
