/** However a text is cut into pieces, the same items come out of it. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { CsvParser } from "../../../src/services/stepfunctions/map-runs/csv-parser.ts";
import { type ItemParser, JsonLinesParser } from "../../../src/services/stepfunctions/map-runs/item-parser.ts";
import { JsonParser } from "../../../src/services/stepfunctions/map-runs/json-parser.ts";

const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 12 });

function parsed(parser: ItemParser, text: string, places: readonly number[]): unknown[] {
  const sorted = [0, ...places.map((place) => Math.min(place, text.length)), text.length].sort((a, b) => a - b);
  const pieces = sorted.slice(1).map((end, index) => text.slice(sorted[index], end));
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

const plainJson = fc
  .json({ maxDepth: 3 })
  // Odd numbers are kept as they are written, and integer names come in another order out of an object.
  .map((text) => JSON.parse(text, (_key, value) => (typeof value === "number" ? Math.trunc(value % 1e6) || 0 : value)));
const name = fc.string({ maxLength: 5 }).map((text) => `k${text}`);
const pointerOf = (parts: readonly string[]) =>
  parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

it("a JSON array or object, behind a pointer or not", () => {
  const container = fc.oneof(fc.array(plainJson, { maxLength: 6 }), fc.dictionary(name, plainJson, { maxKeys: 6 }));
  const way = fc.array(fc.oneof(name, fc.nat({ max: 3 })), { maxLength: 3 });
  const run = fc.property(container, way, plainJson, cuts, fc.boolean(), (items, parts, beside, places, wide) => {
    let whole: unknown = items;
    for (const part of [...parts].reverse()) {
      whole = typeof part === "number" ? [...Array(part).fill(beside), whole, beside] : { beside, [part]: whole, z: 1 };
    }
    const text = JSON.stringify(whole, null, wide ? 2 : undefined);
    const expected = Array.isArray(items)
      ? items.map((value) => ({ value }))
      : Object.entries(items).map(([key, value]) => ({ key, value }));
    expect(parsed(new JsonParser(pointerOf(parts.map(String))), text, places)).toEqual(expected);
  });
  fc.assert(run, { numRuns: 500 });
});

it("a damaged JSON array ends in an error, never in items that nobody wrote", () => {
  const run = fc.property(
    fc.array(plainJson, { maxLength: 4 }),
    fc.nat(),
    fc.string({ maxLength: 2 }),
    cuts,
    (items, at, put, places) => {
      const text = JSON.stringify(items);
      const place = at % (text.length + 1);
      const damaged = text.slice(0, place) + put + text.slice(place + 1);
      let whole: unknown;
      try {
        whole = JSON.parse(damaged);
      } catch {
        whole = undefined;
      }
      if (!Array.isArray(whole)) expect(() => parsed(new JsonParser(""), damaged, places)).toThrow();
      else
        expect(
          JSON.stringify(parsed(new JsonParser(""), damaged, places).map((item) => (item as { value: unknown }).value)),
        ).toBe(JSON.stringify(whole));
    },
  );
  // An object instead of the array would be iterated; two characters do not make one.
  fc.assert(run, { numRuns: 500 });
});

it("JSON lines and CSV", () => {
  const lines = fc.property(
    fc.array(plainJson, { maxLength: 6 }),
    cuts,
    fc.constantFrom("\n", "\r\n"),
    (items, places, end) => {
      const text = items.map((item) => JSON.stringify(item)).join(end);
      expect(parsed(new JsonLinesParser(), text, places)).toEqual(items.map((value) => ({ value })));
    },
  );
  fc.assert(lines, { numRuns: 300 });
  const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " "), maxLength: 5 });
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rows = fc.array(fc.tuple(field, field), { maxLength: 6 });
  const csv = fc.property(rows, cuts, fc.constantFrom("\n", "\r\n"), (all, places, end) => {
    const text = ["b,a", ...all.map((row) => row.map(quoted).join(","))].join(end);
    expect(parsed(new CsvParser({}), text, places)).toEqual(all.map(([b, a]) => ({ value: { a, b } })));
  });
  fc.assert(csv, { numRuns: 300 });
});
