import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  busDialect,
  compilePattern,
  type EventValue,
  explain,
  matchesPattern,
  PatternIndex,
  snsDialect,
} from "../../src/events/pattern/index.ts";

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Leaf = string | number | boolean | null;

// A matcher straight from the documented meaning: all ways of choosing array elements, regular expressions, no index.

function isLeaf(value: Json): value is Leaf {
  return typeof value !== "object" || value === null;
}

function naiveWildcard(glob: string): RegExp {
  return new RegExp(
    `^${glob
      .split("*")
      .map((part) => part.replace(/[.?+^$[\](){}|\\]/g, "\\$&"))
      .join("[^]*")}$`,
  );
}

function ipv4(text: string): number | undefined {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(text)) return undefined;
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function naiveOperator(operator: string, operand: Json, value: Leaf): boolean {
  const list = (Array.isArray(operand) ? operand : [operand]) as Json[];
  const nested = isLeaf(operand) || Array.isArray(operand) ? undefined : Object.entries(operand)[0];
  const text = typeof value === "string" ? value : undefined;
  const compare: Record<string, (a: number, b: number) => boolean> = {
    "=": (a, b) => a === b,
    "<": (a, b) => a < b,
    "<=": (a, b) => a <= b,
    ">": (a, b) => a > b,
    ">=": (a, b) => a >= b,
  };
  switch (operator) {
    case "prefix":
    case "suffix": {
      if (text === undefined) return false;
      const folded = nested !== undefined;
      const affix = folded ? String(nested[1]).toLowerCase() : String(operand);
      const subject = folded ? text.toLowerCase() : text;
      return operator === "prefix" ? subject.startsWith(affix) : subject.endsWith(affix);
    }
    case "equals-ignore-case":
      return text?.toLowerCase() === String(operand).toLowerCase();
    case "wildcard":
      return text !== undefined && naiveWildcard(String(operand)).test(text);
    case "numeric":
      if (typeof value !== "number") return false;
      for (let i = 0; i < list.length; i += 2) {
        if (!compare[String(list[i])]?.(value, Number(list[i + 1]))) return false;
      }
      return true;
    case "cidr": {
      const [base = "", bits = ""] = String(operand).split("/");
      const size = 2 ** (32 - Number(bits));
      const address = text === undefined ? undefined : ipv4(text);
      return address !== undefined && Math.floor(address / size) === Math.floor(Number(ipv4(base)) / size);
    }
    case "exists":
      return operand === true;
    case "anything-but":
      if (nested !== undefined) {
        const [inner, operands] = nested;
        const each = (Array.isArray(operands) ? operands : [operands]) as Json[];
        return !each.some((one) => naiveOperator(inner, one, value));
      }
      return !list.includes(value);
    default:
      throw new Error(operator);
  }
}

function naiveEntry(entry: Json, values: Leaf[]): boolean {
  if (isLeaf(entry)) return values.includes(entry);
  const [operator = "", operand = null] = Object.entries(entry)[0] ?? [];
  return values.some((value) => naiveOperator(operator, operand, value));
}

function branches(
  pattern: { [name: string]: Json },
  path: string[],
  outer: Map<string, Json[]>[],
): Map<string, Json[]>[] {
  let all = outer;
  for (const [name, value] of Object.entries(pattern)) {
    if (name === "$or") {
      all = (value as { [name: string]: Json }[]).flatMap((one) =>
        branches(
          one,
          path,
          all.map((map) => new Map(map)),
        ),
      );
    } else if (Array.isArray(value)) {
      for (const map of all) map.set([...path, name].join("."), value);
    } else {
      all = branches(value as { [name: string]: Json }, [...path, name], all);
    }
  }
  return all;
}

type Choice = Map<string, Leaf[]>;

function product(left: Choice[], right: Choice[]): Choice[] {
  return left.flatMap((a) =>
    right.map((b) => {
      const both = new Map(a);
      for (const [path, values] of b) both.set(path, [...(both.get(path) ?? []), ...values]);
      return both;
    }),
  );
}

/** Every way of reading the event with one object chosen from each array. */
function choices(value: Json, path: string): Choice[] {
  if (isLeaf(value)) return [new Map([[path, [value]]])];
  if (Array.isArray(value)) {
    const items = (value as Json[]).flat(8) as Json[];
    const leaves = items.filter(isLeaf);
    const own: Choice = leaves.length > 0 ? new Map([[path, leaves]]) : new Map();
    const objects = items.filter((item) => !isLeaf(item)).flatMap((item) => choices(item, path));
    return product([own], objects.length > 0 ? objects : [new Map()]);
  }
  let all: Choice[] = [new Map()];
  for (const [name, item] of Object.entries(value))
    all = product(all, choices(item, path === "" ? name : `${path}.${name}`));
  return all;
}

function naive(pattern: { [name: string]: Json }, event: Json): boolean {
  const ways = choices(event, "");
  const present = new Set(ways.flatMap((way) => [...way.keys()]));
  const absentFits = (entry: Json) => !isLeaf(entry) && (entry as { exists?: Json }).exists === false;
  return branches(pattern, [], [new Map()]).some((branch) =>
    ways.some((way) =>
      [...branch].every(([path, entries]) => {
        if (!present.has(path)) return entries.some(absentFits);
        return entries.some((entry) => !absentFits(entry) && naiveEntry(entry, way.get(path) ?? []));
      }),
    ),
  );
}

const word = fc.constantFrom(
  "",
  "a",
  "ab",
  "abc",
  "ba",
  "cab",
  "A",
  "aB",
  "É",
  "é",
  "10.0.0.1",
  "10.1.2.3",
  "*",
  "a*b",
);
const shortNumber = fc.constantFrom(-1, 0, 1, 1.5, 2, 300, 1e6);
const leaf = fc.oneof(word, word, shortNumber, fc.boolean(), fc.constant(null));
const affix = fc.constantFrom("a", "ab", "b", "c", "10.", "A");
const glob = fc.constantFrom("*", "a*", "*b", "a*c", "*a*", "*b*c", "ab", "*ba*", "a*b*c");
const range = fc
  .tuple(fc.constantFrom(">", ">="), shortNumber, fc.constantFrom("<", "<="), shortNumber)
  .filter(([, low, , high]) => low < high);

function entryArbitrary(wildcard: boolean): fc.Arbitrary<Json> {
  const nested: fc.Arbitrary<Json>[] = [
    fc.record({ prefix: affix }),
    fc.record({ suffix: fc.array(affix, { minLength: 1, maxLength: 2 }) }),
    fc.record({ "equals-ignore-case": word }),
  ];
  if (wildcard) nested.push(fc.record({ wildcard: glob }));
  const all: fc.Arbitrary<Json>[] = [
    leaf,
    leaf,
    fc.record({ prefix: affix }),
    fc.record({ prefix: fc.record({ "equals-ignore-case": affix }) }),
    fc.record({ suffix: affix }),
    fc.record({ suffix: fc.record({ "equals-ignore-case": affix }) }),
    fc.record({ "equals-ignore-case": word }),
    fc.record({ numeric: fc.oneof(range, fc.tuple(fc.constantFrom("=", "<", "<=", ">", ">="), shortNumber)) }),
    fc.record({ cidr: fc.constantFrom("10.0.0.0/24", "10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/31") }),
    fc.record({ exists: fc.boolean() }),
    fc.record({
      "anything-but": fc.oneof(
        word,
        shortNumber,
        fc.array(word, { minLength: 1, maxLength: 3 }),
        fc.array(shortNumber, { minLength: 1, maxLength: 3 }),
        ...nested,
      ),
    }),
  ];
  if (wildcard) all.push(fc.record({ wildcard: glob }));
  return fc.oneof(...all);
}

/** The bus refuses patterns with too many wildcards. */
function isTooComplex(source: Json, dialect: typeof busDialect): boolean {
  try {
    compilePattern(JSON.stringify(source), dialect);
    return false;
  } catch (error) {
    return (error as Error).message.startsWith("Rule is too complex");
  }
}

const names = fc.constantFrom("a", "b", "c");

function patternArbitrary(wildcard: boolean): fc.Arbitrary<{ [name: string]: Json }> {
  const field = fc.array(entryArbitrary(wildcard), { minLength: 1, maxLength: 3 });
  const { object } = fc.letrec<{ object: { [name: string]: Json } }>((tie) => ({
    object: fc.oneof(
      { maxDepth: 3 },
      { weight: 3, arbitrary: fc.dictionary(names, field, { minKeys: 1, maxKeys: 3 }) },
      {
        weight: 2,
        arbitrary: fc.dictionary(names, fc.oneof(field, tie("object")), { minKeys: 1, maxKeys: 2 }),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            fc.dictionary(names, fc.oneof(field, tie("object")), { maxKeys: 2 }),
            fc.array(tie("object"), { minLength: 2, maxLength: 3 }),
          )
          .map(([siblings, or]) => ({ ...siblings, $or: or })),
      },
    ),
  })) as { object: fc.Arbitrary<{ [name: string]: Json }> };
  return object;
}

const { event: eventArbitrary } = fc.letrec<{ value: Json; event: { [name: string]: Json } }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: tie("event") },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
  ),
  event: fc.dictionary(names, tie("value"), { maxKeys: 3 }),
})) as { event: fc.Arbitrary<{ [name: string]: Json }> };

describe.each([
  ["bus", busDialect],
  ["SNS", snsDialect],
] as const)("event patterns of the %s dialect", (_, dialect) => {
  const pattern = patternArbitrary(dialect.wildcard).filter((source) => !isTooComplex(source, dialect));
  const patterns = fc.array(pattern, { minLength: 1, maxLength: 60 });

  it("agree with a naive matcher, one by one and by index, while rules come and go", () => {
    fc.assert(
      fc.property(
        patterns,
        fc.array(eventArbitrary, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        (sources, events, seed) => {
          const index = new PatternIndex<number>();
          const compiled = sources.map((source) => compilePattern(JSON.stringify(source), dialect));
          compiled.forEach((pattern, id) => {
            index.add(id, pattern);
          });
          const live = new Set(sources.keys());
          for (const event of events) {
            const expected = sources.map((source) => naive(source, event));
            compiled.forEach((pattern, id) => {
              expect(matchesPattern(pattern, event as EventValue)).toBe(expected[id]);
              expect(explain(pattern, event as EventValue) === undefined).toBe(expected[id]);
            });
            expect(index.match(event as EventValue)).toEqual([...live].filter((id) => expected[id]));
            for (const id of [...live]) {
              if ((id * 7 + seed) % 3 !== 0) continue;
              live.delete(id);
              expect(index.remove(id)).toBe(true);
            }
            expect(index.size).toBe(live.size);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("keep fields together that lie in one array element", () => {
    const bit = fc.array(fc.constantFrom<Json>(0, 1, { exists: false }, { "anything-but": 1 }), {
      minLength: 1,
      maxLength: 2,
    });
    const inner = fc.dictionary(names, bit, { minKeys: 1, maxKeys: 3 });
    const pattern = fc.record(
      { b: bit, c: fc.oneof(bit, inner), a: fc.oneof(inner, fc.record({ b: inner, c: bit })) },
      { requiredKeys: ["a"] },
    );
    const value = fc.constantFrom<Json>(0, 1, [0, 1], []);
    const element = fc.dictionary(names, value, { minKeys: 1, maxKeys: 3 });
    const list = fc.array(fc.oneof(element, element, fc.array(element, { maxLength: 2 }), value), { maxLength: 3 });
    const deep = fc.array(fc.record({ b: list, c: value }), { minLength: 1, maxLength: 3 });
    const event = fc.record({ a: fc.oneof(list, deep), b: value, c: fc.oneof(list, value) });
    fc.assert(
      fc.property(pattern, event, (source, happened) => {
        const compiled = compilePattern(JSON.stringify({ a: source }), dialect);
        const wrapped = { a: happened } as unknown as { [name: string]: EventValue };
        const expected = naive({ a: source as unknown as Json }, wrapped as Json);
        expect(matchesPattern(compiled, wrapped)).toBe(expected);
        expect(explain(compiled, wrapped) === undefined).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
