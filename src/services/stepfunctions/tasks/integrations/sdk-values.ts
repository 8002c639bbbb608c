/**
 * Converts between Step Functions' JSON, in which all names are PascalCase and a string may be any JSON value, and the
 * SDK-shaped values of a service's operations.
 */
import { Blob64 } from "../../../../../protocols/blob.ts";
import { kindOf, type Shape } from "../../../../../protocols/schema.ts";
import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { isObject, type Json, type JsonObject, textOf } from "../../asl/json.ts";
import { numberOf } from "../../asl/number-literal.ts";
import { pascalCase } from "./service-names.ts";

/** A member's name in the SDK for Java, in PascalCase: a leading acronym becomes a word (`Md5OfBody`). */
export function javaName(name: string): string {
  const [acronym = ""] = /^[A-Z]+(?![a-z])/.exec(name) ?? [];
  return acronym === ""
    ? pascalCase(name)
    : acronym.charAt(0) + acronym.slice(1).toLowerCase() + name.slice(acronym.length);
}

/** The members of a structure by their names in Step Functions. */
export function membersByName(shape: Shape, nameOf = javaName): Map<string, { name: string; shape: Shape }> {
  const members = new Map<string, { name: string; shape: Shape }>();
  for (const [name, member] of shape.structIterator()) members.set(nameOf(name), { name, shape: member });
  return members;
}

/** The names of an operation's parameters in Step Functions. */
export function parameterNames(shape: Shape): ReadonlySet<string> {
  return kindOf(shape) === "unit" ? new Set() : new Set(membersByName(shape).keys());
}

interface Reading {
  readonly problems: string[];
  readonly blobOf: (bytes: Buffer) => unknown;
}

/**
 * Converts parameters to an operation's input; messages about what does not fit are added to `problems`.
 * @param blobOf converts the bytes of a blob.
 */
export function toSdkInput(
  shape: Shape,
  parameters: JsonObject,
  problems: string[],
  blobOf: (bytes: Buffer) => unknown = Blob64.fromBytes,
): Record<string, unknown> {
  return structure(shape, parameters, { problems, blobOf });
}

function structure(shape: Shape, value: JsonObject, reading: Reading): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (kindOf(shape) === "unit") return result;
  const members = membersByName(shape);
  for (const key of Object.keys(value)) {
    const member = members.get(key);
    if (member === undefined) {
      reading.problems.push(`The field '${key}' is not supported by Step Functions`);
      continue;
    }
    const given = value[key] as Json;
    if (given !== null) result[member.name] = read(member.shape, given, key, reading);
  }
  return result;
}

function read(shape: Shape, value: Json, field: string, reading: Reading): unknown {
  const wrong = (): undefined => {
    reading.problems.push(`The value of the field '${field}' has an invalid format`);
    return undefined;
  };
  switch (kindOf(shape)) {
    case "struct":
      return isObject(value) ? structure(shape, value, reading) : wrong();
    case "list":
      if (!Array.isArray(value)) return wrong();
      return value.map((item) => (item === null ? wrong() : read(shape.getValueSchema(), item, field, reading)));
    case "map": {
      if (!isObject(value)) return wrong();
      const result = Object.create(null) as Record<string, unknown>;
      for (const key of Object.keys(value)) {
        const item = value[key] as Json;
        if (item !== null) result[key] = read(shape.getValueSchema(), item, key, reading);
      }
      return result;
    }
    case "string":
      return textOf(value);
    case "blob":
      return reading.blobOf(Buffer.from(textOf(value)));
    case "boolean":
      return typeof value === "boolean" ? value : value === "true" ? true : value === "false" ? false : wrong();
    case "number": {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : numberOf(value);
      return Number.isFinite(number) ? number : wrong();
    }
    case "timestamp": {
      const seconds = numberOf(value);
      const date = new Date(seconds === undefined ? (typeof value === "string" ? value : NaN) : seconds * 1000);
      return Number.isNaN(date.getTime()) ? wrong() : date;
    }
    case "document":
      return value;
    case "unit":
      return {};
  }
}

/**
 * The format of dates: epoch milliseconds in optimized integrations (with the API's names), ISO 8601 in `aws-sdk` (with
 * Java's).
 */
export type Dates = "epoch" | "iso";

/** Converts an operation's output to Step Functions' JSON: PascalCase, without absent members, blobs as text. */
export function fromSdkOutput(shape: Shape, value: unknown, dates: Dates): Json {
  switch (kindOf(shape)) {
    case "struct": {
      const result: JsonObject = {};
      const fields = value as Record<string, unknown>;
      for (const [name, member] of [...membersByName(shape, dates === "iso" ? javaName : pascalCase)].sort(
        ([a], [b]) => (a < b ? -1 : 1),
      )) {
        const field = fields[member.name];
        if (field !== undefined && field !== null) result[name] = fromSdkOutput(member.shape, field, dates);
      }
      return result;
    }
    case "list":
      return (value as unknown[]).map((item) => fromSdkOutput(shape.getValueSchema(), item, dates));
    case "map": {
      const result: JsonObject = {};
      for (const [key, item] of Object.entries(value as object)) {
        if (item !== undefined && item !== null)
          setOwn(result, key, fromSdkOutput(shape.getValueSchema(), item, dates));
      }
      return result;
    }
    case "blob":
      return Buffer.from(value instanceof Blob64 ? value.bytes : (value as Uint8Array)).toString("utf8");
    case "timestamp":
      return dates === "epoch" ? (value as Date).getTime() : (value as Date).toISOString();
    case "unit":
      return {};
    default:
      return value as Json;
  }
}
