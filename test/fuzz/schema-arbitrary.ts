/** Values of any shape for fast-check, and their comparison across protocols. */
import fc from "fast-check";
import { Blob64 } from "../../protocols/blob.ts";
import { kindOf, type Shape } from "../../protocols/schema.ts";

/** Text that XML can contain and the SDK reads back; the SDK takes white space with line breaks for indentation. */
const text = fc
  .oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom("&<>\"'", "a\r\nb", " x ", "ünïcødé ☃ 😀", "__proto__", "constructor", "a+b%20c=d&e", "]]>"),
  )
  .map((value) => value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "?"))
  .map((value) => (/^\s+$/.test(value) ? " " : value));

const label = fc.stringMatching(/^[A-Za-z0-9:/ %+._-]{1,20}$/).filter((value) => !/^\.{1,2}$/.test(value));

interface Traits {
  readonly httpLabel?: 1;
  readonly idempotencyToken?: 1;
  readonly httpHeader?: string;
}

/** @param without members that are left out, by name. */
export function arbitraryOf(shape: Shape, without: ReadonlySet<string> = new Set()): fc.Arbitrary<unknown> {
  switch (kindOf(shape)) {
    case "unit":
      return fc.constant({});
    case "struct": {
      const members = [...shape.structIterator()].filter(([name]) => !without.has(name));
      if (shape.isUnionSchema()) {
        if (members.length === 0) return fc.constant({});
        return fc.oneof(...members.map(([name, member]) => arbitraryOf(member).map((value) => ({ [name]: value }))));
      }
      const model: Record<string, fc.Arbitrary<unknown>> = {};
      const requiredKeys: string[] = [];
      for (const [name, member] of members) {
        const traits = member.getMergedTraits() as Traits;
        model[name] = traits.httpLabel ? label : arbitraryOf(member);
        if (traits.httpLabel || traits.idempotencyToken) requiredKeys.push(name);
      }
      return fc.record(model, { requiredKeys });
    }
    case "list":
      return fc.array(arbitraryOf(shape.getValueSchema()), { maxLength: 3 });
    case "map":
      return fc
        .array(fc.tuple(text, arbitraryOf(shape.getValueSchema())), { maxLength: 3 })
        .map((entries) => Object.fromEntries(entries.filter(([key]) => key !== "__proto__")));
    case "blob":
      return fc.uint8Array({ maxLength: 20 });
    case "timestamp":
      return fc.integer({ min: 0, max: 4e12 }).map((ms) => new Date(ms));
    case "boolean":
      return fc.boolean();
    case "number":
      return fc.oneof(fc.integer(), fc.constantFrom(0, 1, 65_536, 4_294_967_296, -4_294_967_297));
    default:
      return text;
  }
}

export interface Losses {
  /** Empty maps and structures without members are not sent. */
  readonly emptyAggregates?: boolean;
  /** Empty lists are not sent. */
  readonly emptyLists?: boolean;
}

/** A value with bytes and dates as text, without what the protocol cannot transport. */
export function comparable(value: unknown, losses: Losses = {}): unknown {
  if (value instanceof Blob64) return `blob ${value.base64}`;
  if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString("base64")}`;
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, losses)).filter((item) => item !== undefined);
    const empty = value.length === 0 ? losses.emptyLists : losses.emptyAggregates && items.length === 0;
    return empty ? undefined : items;
  }
  if (typeof value !== "object" || value === null) return value ?? undefined;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, comparable(item, losses)] as const)
    .filter(([, item]) => item !== undefined);
  return entries.length === 0 && losses.emptyAggregates ? undefined : Object.fromEntries(entries);
}
