/**
 * The JSON form of SQS's Query answers (`Accept: application/json`): the XML tree, with a list under its member's
 * name in lower camel case and a map as a list of its entries.
 */
import { kindOf, membersOf, type Shape } from "./schema.ts";
import { base64Of } from "./serialization.ts";
import { entryNames } from "./xml.ts";

/**
 * The JSON form of other services' Query answers, which API Gateway's integrations get: members under their own names,
 * those without a value as null, maps as objects and times in epoch seconds.
 */
export function fullJsonEncoder(output: Shape): (value: unknown) => string {
  const encode = fullEncoder(output);
  return (value) => JSON.stringify(encode(value));
}

function fullEncoder(shape: Shape): Encoder {
  switch (kindOf(shape)) {
    case "struct": {
      const members = membersOf(shape, {}).map(({ name, shape: member }) => ({ name, encode: fullEncoder(member) }));
      return (value) => {
        const fields = value as Record<string, unknown>;
        return Object.fromEntries(
          members.map(({ name, encode }) => [name, isAbsent(fields[name]) ? null : encode(fields[name])]),
        );
      };
    }
    case "list": {
      const encode = fullEncoder(shape.getValueSchema());
      return (value) => (value as unknown[]).map(encode);
    }
    case "map": {
      const encode = fullEncoder(shape.getValueSchema());
      return (value) => Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, encode(item)]));
    }
    case "blob":
      return base64Of;
    case "timestamp":
      return (value) => (value as Date).getTime() / 1000;
    default:
      return (value) => value;
  }
}

type Encoder = (value: unknown) => unknown;

/** Compiles a writer for an output; it yields JSON text. */
export function queryJsonEncoder(output: Shape): (value: unknown) => string {
  const encode = encoder(output);
  return (value) => JSON.stringify(encode(value));
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function encoder(shape: Shape): Encoder {
  switch (kindOf(shape)) {
    case "struct": {
      const members = membersOf(shape, {}).map(({ name, shape: member }) => {
        const kind = kindOf(member);
        const key = kind === "list" || kind === "map" ? name.charAt(0).toLowerCase() + name.slice(1) : name;
        return { name, key, encode: encoder(member) };
      });
      return (value) => {
        const result: Record<string, unknown> = {};
        for (const { name, key, encode } of members) {
          const field = (value as Record<string, unknown>)[name];
          if (field !== undefined && field !== null) result[key] = encode(field);
        }
        return result;
      };
    }
    case "list": {
      const encode = encoder(shape.getValueSchema());
      return (value) => (value as unknown[]).map(encode);
    }
    case "map": {
      const names = entryNames(shape);
      const encode = encoder(shape.getValueSchema());
      return (value) =>
        Object.entries(value as object).map(([key, item]) => ({ [names.key]: key, [names.value]: encode(item) }));
    }
    case "blob":
      return base64Of;
    default:
      return (value) => value;
  }
}
