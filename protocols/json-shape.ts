/** Reads and writes the values of JSON bodies by their shapes; shared by AWS JSON and REST-JSON. */
import { Blob64 } from "./blob.ts";
import { LongString } from "./json-text.ts";
import { isSparse, kindOf, membersOf, type Shape, type TimestampFormat, timestampFormat } from "./schema.ts";
import {
  base64Of,
  blobFromBase64,
  dateOf,
  emptyMap,
  formatTimestamp,
  isFractional,
  MAX_DEPTH,
  numberWord,
  parseTimestamp,
  serializationError,
  wrongAggregate,
  wrongType,
} from "./serialization.ts";
import type { Constraints, MemberFacts } from "./validate.ts";

/** Reads a value that is neither null nor undefined. */
export type JsonDecoder = (value: unknown) => unknown;
/** Writes a value that is neither null nor undefined as JSON text. */
export type JsonEncoder = (value: unknown) => string;

export interface JsonOptions {
  readonly constraints: Constraints;
  /** REST-JSON renames members by the `jsonName` trait; AWS JSON does not. */
  readonly jsonName?: boolean;
  /** Members of the outermost structure that travel elsewhere (labels, headers, event streams). */
  readonly without?: ReadonlySet<string>;
  /**
   * JSON that a user wrote to describe an SDK call (universal targets): names begin with a capital whatever the API's
   * own do, blobs are plain text, timestamps may be ISO 8601.
   */
  readonly written?: boolean;
}

interface Compilation {
  readonly options: JsonOptions;
  /** Structures being compiled, for shapes that contain themselves. */
  readonly open: Map<string, { run: unknown }>;
}

/**
 * Compiles a reader for `shape`. Unknown members are ignored, nulls are absent.
 * The reader throws SerializationException for values of another type.
 */
export function jsonDecoder(shape: Shape, options: JsonOptions): JsonDecoder {
  return decoder(shape, undefined, { options, open: new Map() }, options.without);
}

/** Compiles a writer for `shape`; it goes straight to text. */
export function jsonEncoder(shape: Shape, options: JsonOptions): JsonEncoder {
  return encoder(shape, { options, open: new Map() }, options.without);
}

function wireName(name: string, shape: Shape, { options }: Compilation): string {
  return (options.jsonName && shape.getMergedTraits().jsonName) || name;
}

function decoder(
  shape: Shape,
  facts: MemberFacts | undefined,
  compilation: Compilation,
  without?: ReadonlySet<string>,
): JsonDecoder {
  switch (kindOf(shape)) {
    case "unit":
      return decodeUnit;
    case "struct":
      return recursive(shape, compilation, () => structDecoder(shape, compilation, without));
    case "list":
      return listDecoder(decoder(shape.getValueSchema(), facts?.item, compilation), isSparse(shape));
    case "map":
      return mapDecoder(decoder(shape.getValueSchema(), facts?.item, compilation), isSparse(shape));
    case "blob":
      return compilation.options.written ? decodeTextBlob : decodeBlob;
    case "timestamp":
      return compilation.options.written
        ? decodeWrittenTimestamp
        : timestampDecoder(timestampFormat(shape, "epoch-seconds"));
    case "boolean":
      return decodeBoolean;
    case "number":
      return isFractional(facts) ? fractionDecoder(numberWord(facts)) : integerDecoder(numberWord(facts));
    case "document":
      return decodeDocument;
    case "string":
      return decodeString;
  }
}

function structDecoder(shape: Shape, compilation: Compilation, without?: ReadonlySet<string>): JsonDecoder {
  const members = membersOf(shape, compilation.options.constraints)
    .filter(({ name }) => !without?.has(name))
    .map(({ name, shape: member, facts }) => ({
      name,
      wire: wireName(name, member, compilation),
      decode: decoder(member, facts, compilation),
      other: compilation.options.written ? name.charAt(0).toUpperCase() + name.slice(1) : undefined,
    }));
  return (value) => {
    if (!isObject(value)) throw wrongAggregate(value, "structure");
    const fields = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      let field = fields[member.wire];
      if (field === undefined && member.other !== undefined) field = fields[member.other];
      if (field !== undefined && field !== null) result[member.name] = member.decode(field);
    }
    return result;
  };
}

function listDecoder(decode: JsonDecoder, sparse: boolean): JsonDecoder {
  return (value) => {
    if (!Array.isArray(value)) throw wrongAggregate(value, "list");
    const result = new Array<unknown>(value.length);
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (item !== null) result[i] = decode(item);
      else if (sparse) result[i] = null;
      else throw serializationError("Unexpected null in a list");
    }
    return result;
  };
}

function mapDecoder(decode: JsonDecoder, sparse: boolean): JsonDecoder {
  return (value) => {
    if (!isObject(value)) throw wrongAggregate(value, "map");
    const result = emptyMap<unknown>();
    const entries = value as Record<string, unknown>;
    for (const key of Object.keys(entries)) {
      const item = entries[key];
      if (item !== null) result[key] = decode(item);
      else if (sparse) result[key] = null;
    }
    return result;
  };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && !Array.isArray(value) && !(value instanceof LongString);
}

function decodeUnit(value: unknown): unknown {
  if (!isObject(value)) throw wrongAggregate(value, "structure");
  return {};
}

function decodeString(value: unknown): unknown {
  if (typeof value === "string") return value;
  // Under the name of a blob in a map, whose keys are anybody's.
  if (value instanceof LongString) return value.toString();
  throw wrongType(value, "a String");
}

function decodeBoolean(value: unknown): unknown {
  if (typeof value !== "boolean") throw wrongType(value, "a Boolean");
  return value;
}

/** Fractions of integers are cut off, as AWS's JSON reader does. */
function integerDecoder(word: string): JsonDecoder {
  return (value) => {
    if (typeof value !== "number" || !Number.isFinite(value)) throw wrongType(value, word);
    return Math.trunc(value);
  };
}

function fractionDecoder(word: string): JsonDecoder {
  return (value) => {
    if (typeof value === "number") return value;
    if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
    throw wrongType(value, word);
  };
}

function decodeBlob(value: unknown): unknown {
  if (typeof value !== "string" && !(value instanceof LongString)) throw wrongType(value, "a Blob");
  return blobFromBase64(value);
}

function decodeTextBlob(value: unknown): unknown {
  if (typeof value !== "string") throw wrongType(value, "a Blob");
  return Blob64.fromBytes(Buffer.from(value));
}

function decodeWrittenTimestamp(value: unknown): unknown {
  const date = typeof value === "string" ? parseTimestamp(value, "date-time") : undefined;
  return date ?? timestampDecoder("epoch-seconds")(value);
}

function timestampDecoder(format: TimestampFormat): JsonDecoder {
  return (value) => {
    if (format === "epoch-seconds" && typeof value === "number") return dateOf(value * 1000);
    const date = format !== "epoch-seconds" && typeof value === "string" ? parseTimestamp(value, format) : undefined;
    if (date === undefined) throw wrongType(value, "milliseconds since epoch");
    return date;
  };
}

function decodeDocument(value: unknown): unknown {
  checkDepth(value, 0);
  return value;
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth === MAX_DEPTH) throw serializationError("Nesting is too deep");
  for (const item of Object.values(value)) checkDepth(item, depth + 1);
}

function encoder(shape: Shape, compilation: Compilation, without?: ReadonlySet<string>): JsonEncoder {
  switch (kindOf(shape)) {
    case "unit":
      return () => "{}";
    case "struct":
      return recursive(shape, compilation, () => structEncoder(shape, compilation, without));
    case "list":
      return listEncoder(encoder(shape.getValueSchema(), compilation));
    case "map":
      return mapEncoder(encoder(shape.getValueSchema(), compilation), isSparse(shape));
    case "blob":
      return (value) => `"${base64Of(value)}"`;
    case "timestamp":
      return timestampEncoder(timestampFormat(shape, "epoch-seconds"));
    case "number":
      return encodeNumber;
    case "string":
      return (value) => quote(value as string);
    case "boolean":
    case "document":
      return JSON.stringify;
  }
}

// Control characters, what JSON escapes, and surrogates, of which lone ones need escaping too.
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** Most strings are ids, hashes and names: looking is twice as fast as `JSON.stringify`. */
function quote(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function structEncoder(shape: Shape, compilation: Compilation, without?: ReadonlySet<string>): JsonEncoder {
  const members = membersOf(shape, compilation.options.constraints)
    .filter(({ name }) => !without?.has(name))
    .map(({ name, shape: member }) => {
      const key = `${JSON.stringify(wireName(name, member, compilation))}:`;
      return { name, first: `{${key}`, further: `,${key}`, encode: encoder(member, compilation) };
    });
  return (value) => {
    const fields = value as Record<string, unknown>;
    let text = "";
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      const field = fields[member.name];
      if (field === undefined || field === null) continue;
      text += (text === "" ? member.first : member.further) + member.encode(field);
    }
    return text === "" ? "{}" : `${text}}`;
  };
}

function listEncoder(encode: JsonEncoder): JsonEncoder {
  return (value) => {
    let text = "[";
    for (const item of value as Iterable<unknown>) {
      if (text.length > 1) text += ",";
      text += item === null || item === undefined ? "null" : encode(item);
    }
    return `${text}]`;
  };
}

function mapEncoder(encode: JsonEncoder, sparse: boolean): JsonEncoder {
  return (value) => {
    let text = "{";
    for (const [key, item] of Object.entries(value as object)) {
      const absent = item === null || item === undefined;
      if (absent && !sparse) continue;
      if (text.length > 1) text += ",";
      text += `${quote(key)}:${absent ? "null" : encode(item)}`;
    }
    return `${text}}`;
  };
}

function encodeNumber(value: unknown): string {
  return Number.isFinite(value) || typeof value === "bigint" ? String(value) : `"${String(value)}"`;
}

function timestampEncoder(format: TimestampFormat): JsonEncoder {
  return format === "epoch-seconds"
    ? (value) => formatTimestamp(value as Date, format)
    : (value) => `"${formatTimestamp(value as Date, format)}"`;
}

let depth = 0;

/** Compiles a structure once; where it contains itself, the inner use counts how deep it is. */
function recursive<Run extends (value: unknown) => unknown>(
  shape: Shape,
  { open }: Compilation,
  compile: () => Run,
): Run {
  const name = shape.getName(true) ?? "";
  const outer = open.get(name);
  if (outer) {
    return ((value: unknown) => {
      if (depth >= MAX_DEPTH) throw serializationError("Nesting is too deep");
      depth++;
      try {
        return (outer.run as Run)(value);
      } finally {
        depth--;
      }
    }) as Run;
  }
  const entry: { run: unknown } = { run: undefined };
  open.set(name, entry);
  const run = compile();
  entry.run = run;
  open.delete(name);
  return run;
}
