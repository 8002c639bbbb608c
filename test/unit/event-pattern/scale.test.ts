import { describe, expect, it } from "vitest";
import { type EventValue, matchesPattern, PatternIndex, parsePattern } from "../../../src/events/pattern/index.ts";

const count = 10_000;

/** How many branches an event makes an index of many rules check, and what it matches. */
function look(pattern: (i: number) => unknown, event: EventValue): { checks: number; found: number[] } {
  const index = new PatternIndex<number>();
  for (let i = 0; i < count; i++) index.add(i, parsePattern(JSON.stringify(pattern(i))));
  const found = index.match(event);
  const { checks } = index;
  for (let i = 0; i < count; i++) index.remove(i);
  expect(index.size).toBe(0);
  expect(index.match(event)).toEqual([]);
  expect(index.checks).toBe(checks);
  return { checks, found };
}

describe("an index of 10,000 rules checks few of them", () => {
  it.each<[string, (i: number) => unknown, EventValue, number[]]>([
    ["one value each", (i) => ({ source: [`s${i}`] }), { source: "s42" }, [42]],
    ["one value shared", (i) => ({ source: ["s"], type: [`t${i}`] }), { source: "s", type: "t42" }, [42]],
    ["a grid of two", (i) => ({ a: [i % 100], b: [Math.floor(i / 100)] }), { a: 42, b: 7 }, [742]],
    ["prefixes", (i) => ({ a: [{ prefix: `p${i}/` }] }), { a: "p42/x" }, [42]],
    ["suffixes", (i) => ({ a: [{ suffix: `/${i}.png` }] }), { a: "x/42.png" }, [42]],
    ["folded", (i) => ({ a: [{ "equals-ignore-case": `Shop${i}` }] }), { a: "sHOP42" }, [42]],
    ["ranges", (i) => ({ n: [{ numeric: [">=", i, "<", i + 1] }] }), { n: 42.5 }, [42]],
    ["addresses", (i) => ({ ip: [{ cidr: `10.${i >> 8}.${i & 255}.0/24` }] }), { ip: "10.0.42.9" }, [42]],
    ["wildcards inside", (i) => ({ a: [{ wildcard: `*-${i}-*` }] }), { a: "x-42-y" }, [42]],
    ["wildcards that begin alike", (i) => ({ a: [{ wildcard: `*aaaa${i}-*` }] }), { a: "aaaaaaaa42-y" }, [42]],
    ["wildcards with a start", (i) => ({ a: [{ wildcard: `s${i}/*.txt` }] }), { a: "s42/a.txt" }, [42]],
    ["shared exclusions", (i) => ({ a: [{ "anything-but": ["x", `y${i}`] }] }), { a: "x" }, []],
    ["one exclusion", () => ({ a: [{ "anything-but": "x" }] }), { a: "x" }, []],
    ["an exclusion and a value", (i) => ({ a: [{ "anything-but": "x" }], b: [i] }), { a: "y", b: 42 }, [42]],
    ["absence refused", (i) => ({ a: [{ exists: false }], b: [{ "anything-but": i }] }), { a: 1, b: 1 }, []],
    ["absence and a value", (i) => ({ a: [{ exists: false }], b: [`v${i}`] }), { b: "v42" }, [42]],
    ["a field each", (i) => ({ detail: { [`f${i}`]: [1] } }), { detail: { f42: 1, g: 2 } }, [42]],
    ["or", (i) => ({ $or: [{ a: [i] }, { b: [i] }] }), { a: 42, b: 43 }, [42, 43]],
  ])("%s", (_, pattern, event, expected) => {
    const { checks, found } = look(pattern, event);
    expect(found).toEqual(expected);
    // Wildcards found by a piece of three characters share it with some others; everything else is found outright.
    expect(checks).toBeLessThanOrEqual(130);
  });
});

describe("large events", () => {
  const long = "a".repeat(250_000);

  it("cost linear time under repetitive wildcards", () => {
    const repetitive = "*aaaaaaaab*";
    const pattern = parsePattern(JSON.stringify({ s: [{ wildcard: repetitive }] }));
    expect(matchesPattern(pattern, { s: long })).toBe(false);
    expect(matchesPattern(pattern, { s: `${long}b` })).toBe(true);
  });

  it("cost linear time in the length of arrays and depth", () => {
    const items: EventValue[] = Array.from({ length: 20_000 }, (_, i) => ({ a: i, b: -i }));
    const pattern = parsePattern('{"items":{"a":[{"numeric":[">",10]}],"b":[{"numeric":[">",-11]}]}}');
    expect(matchesPattern(pattern, { items })).toBe(false);
    let deep: EventValue = 1;
    for (let i = 0; i < 5000; i++) deep = i % 2 === 0 ? { a: deep } : [deep];
    expect(matchesPattern(parsePattern('{"a":[1]}'), deep)).toBe(false);
  });

  it("do not multiply with the branches of $or", () => {
    const or = (name: string) => Array.from({ length: 10 }, (_, i) => ({ [name + i]: [`${name}${i}`] }));
    const pattern = parsePattern(JSON.stringify({ x: { $or: or("a"), y: { $or: or("b") }, z: { $or: or("c") } } }));
    expect(pattern.branches).toHaveLength(1000);
    const x = { a9: "a9", y: { b9: "b9" }, z: Array.from({ length: 20_000 }, () => "z") };
    expect(matchesPattern(pattern, { x })).toBe(false);
  });
});
