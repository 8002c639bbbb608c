/** Reads and writes CBOR values by their shapes. */
import { Blob64 } from "./blob.ts";
import { CborTime, CborWriter } from "./cbor-bytes.ts";
import { isSparse, kindOf, membersOf, type Shape } from "./schema.ts";
import {
  bytesOf,
  dateOf,
  emptyMap,
  isFractional,
  numberWord,
  serializationError,
  wrongAggregate,
  wrongType,
} from "./serialization.ts";
import type { Constraints, MemberFacts } from "./validate.ts";

/** Timestamps are seconds in Smithy RPC v2 and milliseconds in AWS's own CBOR. */
export type TimeUnit = "seconds" | "milliseconds";

/** Reads a value that is not null. */
export type CborDecoder = (value: unknown) => unknown;
/** Writes a value that is neither null nor undefined. */
export type CborEncoder = (value: unknown, writer: CborWriter) => void;

type Open<Run> = Map<string, { run: Run | undefined }>;

export function cborDecoder(shape: Shape, constraints: Constraints, unit: TimeUnit): CborDecoder {
  return decoder(shape, undefined, constraints, unit, new Map());
}

function decoder(
  shape: Shape,
  facts: MemberFacts | undefined,
  constraints: Constraints,
  unit: TimeUnit,
  open: Open<CborDecoder>,
): CborDecoder {
  switch (kindOf(shape)) {
    case "unit":
      return () => ({});
    case "struct":
      return structDecoder(shape, constraints, unit, open);
    case "list": {
      const decode = decoder(shape.getValueSchema(), facts?.item, constraints, unit, open);
      const sparse = isSparse(shape);
      return (value) => {
        if (!Array.isArray(value)) throw wrongAggregate(plain(value), "list");
        return value.map((item) => {
          if (item !== null) return decode(item);
          if (!sparse) throw serializationError("Unexpected null in a list");
          return null;
        });
      };
    }
    case "map": {
      const decode = decoder(shape.getValueSchema(), facts?.item, constraints, unit, open);
      const sparse = isSparse(shape);
      return (value) => {
        if (!(value instanceof Map)) throw wrongAggregate(plain(value), "map");
        const result = emptyMap<unknown>();
        for (const [key, item] of value as Map<string, unknown>) {
          if (item !== null) result[key] = decode(item);
          else if (sparse) result[key] = null;
        }
        return result;
      };
    }
    case "blob":
      return (value) => {
        if (!(value instanceof Uint8Array)) throw wrongType(plain(value), "a Blob");
        // A copy, so that a small blob does not keep the whole request in memory.
        return Blob64.fromBytes(Buffer.from(value));
      };
    case "timestamp":
      return (value) => {
        const time = value instanceof CborTime ? value.value : value;
        if (typeof time !== "number") throw wrongType(plain(value), "milliseconds since epoch");
        return dateOf(unit === "seconds" ? time * 1000 : time);
      };
    case "boolean":
      return (value) => {
        if (typeof value !== "boolean") throw wrongType(plain(value), "a Boolean");
        return value;
      };
    case "number": {
      const [fractional, word] = [isFractional(facts), numberWord(facts)];
      return (value) => {
        if (typeof value !== "number" || !(fractional || Number.isFinite(value))) throw wrongType(plain(value), word);
        return fractional ? value : Math.trunc(value);
      };
    }
    case "document":
      return plain;
    case "string":
      return (value) => {
        if (typeof value !== "string") throw wrongType(plain(value), "a String");
        return value;
      };
  }
}

function structDecoder(shape: Shape, constraints: Constraints, unit: TimeUnit, open: Open<CborDecoder>): CborDecoder {
  const shapeName = shape.getName(true) ?? "";
  const outer = open.get(shapeName);
  if (outer) return (value) => outer.run!(value);
  const entry: { run: CborDecoder | undefined } = { run: undefined };
  open.set(shapeName, entry);
  const members = membersOf(shape, constraints).map(({ name, shape: member, facts }) => ({
    name,
    decode: decoder(member, facts, constraints, unit, open),
  }));
  open.delete(shapeName);
  entry.run = (value) => {
    if (!(value instanceof Map)) throw wrongAggregate(plain(value), "structure");
    const result: Record<string, unknown> = {};
    for (const { name, decode } of members) {
      const field: unknown = value.get(name);
      if (field !== undefined && field !== null) result[name] = decode(field);
    }
    return result;
  };
  return entry.run;
}

/** CBOR's own types as what JSON would have held. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    const result = emptyMap<unknown>();
    for (const [key, item] of value as Map<string, unknown>) result[key] = plain(item);
    return result;
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof CborTime) return value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return value;
}

export function cborEncoder(shape: Shape, unit: TimeUnit, without?: ReadonlySet<string>): CborEncoder {
  return encoder(shape, unit, new Map(), without);
}

function encoder(shape: Shape, unit: TimeUnit, open: Open<CborEncoder>, without?: ReadonlySet<string>): CborEncoder {
  switch (kindOf(shape)) {
    case "unit":
      return (_value, writer) => writer.map(0);
    case "struct":
      return structEncoder(shape, unit, open, without);
    case "list": {
      const encode = encoder(shape.getValueSchema(), unit, open);
      return (value, writer) => {
        const items = [...(value as Iterable<unknown>)];
        writer.array(items.length);
        for (const item of items) {
          if (item === null || item === undefined) writer.null();
          else encode(item, writer);
        }
      };
    }
    case "map": {
      const encode = encoder(shape.getValueSchema(), unit, open);
      const sparse = isSparse(shape);
      return (value, writer) => {
        const entries = Object.entries(value as object).filter(
          ([, item]) => sparse || (item !== null && item !== undefined),
        );
        writer.map(entries.length);
        for (const [key, item] of entries) {
          writer.text(key);
          if (item === null || item === undefined) writer.null();
          else encode(item, writer);
        }
      };
    }
    case "blob":
      return (value, writer) => writer.bytes(bytesOf(value));
    case "timestamp":
      return (value, writer) => {
        const ms = (value as Date).getTime();
        writer.tag(1);
        writer.number(unit === "seconds" ? ms / 1000 : ms);
      };
    case "boolean":
      return (value, writer) => writer.boolean(value as boolean);
    case "number":
      return (value, writer) => writer.number(Number(value));
    case "document":
      return (value, writer) => writer.text(JSON.stringify(value));
    case "string":
      return (value, writer) => writer.text(value as string);
  }
}

function structEncoder(
  shape: Shape,
  unit: TimeUnit,
  open: Open<CborEncoder>,
  without?: ReadonlySet<string>,
): CborEncoder {
  const shapeName = shape.getName(true) ?? "";
  const outer = open.get(shapeName);
  if (outer) return (value, writer) => outer.run!(value, writer);
  const entry: { run: CborEncoder | undefined } = { run: undefined };
  open.set(shapeName, entry);
  const members = membersOf(shape, {})
    .filter(({ name }) => !without?.has(name))
    .map(({ name, shape: member }) => {
      const key = new CborWriter();
      key.text(name);
      return { name, key: Uint8Array.from(key.finish()), encode: encoder(member, unit, open) };
    });
  open.delete(shapeName);
  entry.run = (value, writer) => {
    const fields = value as Record<string, unknown>;
    const present = members.filter(({ name }) => fields[name] !== undefined && fields[name] !== null);
    writer.map(present.length);
    for (const { name, key, encode } of present) {
      writer.raw(key);
      encode(fields[name], writer);
    }
  };
  return entry.run;
}
