import { createHash } from "node:crypto";
import { setOwn } from "../../../../../protocols/unknown-json.ts";
import type { Chance } from "../chance.ts";
import { runtimeError, StateError } from "../errors.ts";
import { JavaRandom, javaRound } from "../java-numbers.ts";
import { javaHashOrder, javaTableSize, javaText } from "../java-values.ts";
import {
  canonicalJson,
  isObject,
  type Json,
  type JsonObject,
  jsonEquals,
  maxPayloadBytes,
  parseJson,
  payloadText,
  quotedJson,
} from "../json.ts";
import { NumberLiteral, numberOf } from "../number-literal.ts";
import type { Call, Expression } from "./intrinsic-syntax.ts";
import { intrinsicOf } from "./intrinsic-syntax.ts";
import { PathMiss, quotedRoot, type Roots, readPath } from "./path-read.ts";

/** AWS's documented limits for intrinsic functions. */
const maxArrayItems = 1_000;
const maxTextLength = 10_000;
const intMin = -2_147_483_648;
const intMax = 2_147_483_647;

/** For an argument of a wrong type or value; becomes a States.IntrinsicFailure that quotes the whole expression. */
class Refusal extends Error {}

function refuse(text: string): never {
  throw new Refusal(text);
}

function text(value: Json, name: string): string {
  return typeof value === "string" ? value : refuse(`Invalid arguments in ${name}: expected a string`);
}

function array(value: Json, name: string): Json[] {
  return Array.isArray(value) ? value : refuse(`Invalid arguments in ${name}: expected an array`);
}

function integer(value: Json, name: string): number {
  const rounded = javaRound(numberOf(value) ?? refuse(`Invalid arguments in ${name}: expected a number`));
  if (rounded < intMin || rounded > intMax) refuse(`Invalid arguments in ${name}: number out of range`);
  return rounded;
}

function shortText(value: Json, name: string): string {
  const checked = text(value, name);
  if (checked.length > maxTextLength) refuse(`Invalid arguments in ${name}: more than ${maxTextLength} characters`);
  return checked;
}

function tooLarge(): never {
  return refuse("The result is larger than the maximum payload size");
}

function formatted(template: string, args: Json[]): string {
  let result = "";
  let used = 0;
  for (let at = 0; at < template.length; at++) {
    const character = template[at]!;
    if (character === "\\" && at + 1 < template.length) result += template[++at]!;
    else if (character === "{" && template[at + 1] === "}") {
      at++;
      const value = args[used++];
      if (value === undefined) refuse("The number of arguments does not match the occurrences of {}");
      result += insertedText(value);
      if (result.length > maxPayloadBytes) tooLarge();
    } else if (character === "{") refuse("Invalid template in States.Format: matching '}' not found for '{'.");
    else result += character;
  }
  if (used !== args.length) refuse("The number of arguments does not match the occurrences of {}");
  return result;
}

function insertedText(value: Json): string {
  if (typeof value === "object" && value !== null && payloadText(value) === undefined) tooLarge();
  return javaText(value);
}

function jsonOf(value: string): Json {
  if (value.trim() === "") return null;
  try {
    const parsed = parseJson(value);
    // Recorded: negative zero becomes 0.
    return parsed instanceof NumberLiteral && parsed.text === "-0" ? 0 : parsed;
  } catch {
    return refuse(`Unable to parse JSON from '${value.slice(0, 200)}'`);
  }
}

function partition(items: Json[], size: number): Json {
  if (items.length === 0) return [];
  if (size < 1) refuse("Invalid arguments in States.ArrayPartition: the chunk size must be positive");
  const chunks: Json[] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  if (chunks.length > maxArrayItems) refuse(`States.ArrayPartition may not return more than ${maxArrayItems} chunks`);
  return chunks;
}

function range(first: number, last: number, step: number): Json {
  if (step === 0) refuse("Invalid arguments in States.ArrayRange: the step must not be zero");
  if ((last - first) / step >= maxArrayItems)
    refuse(`States.ArrayRange may not return more than ${maxArrayItems} items`);
  const items: Json[] = [];
  for (let value = first; step > 0 ? value <= last : value >= last; value += step) items.push(value);
  return items;
}

function unique(items: Json[]): Json {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = canonicalJson(item);
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function merged(a: Json, b: Json, deep: Json): Json {
  if (!isObject(a) || !isObject(b)) return refuse("Invalid arguments in States.JsonMerge: expected JSON objects");
  if (deep !== false) refuse("States.JsonMerge supports only shallow merging: the third argument must be false");
  const result: JsonObject = {};
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  // AWS copies the first object's hash table, whose size determines the order.
  for (const key of javaHashOrder(keys, javaTableSize(Object.keys(a).length || keys.length)))
    setOwn(result, key, Object.hasOwn(b, key) ? b[key]! : a[key]!);
  return result;
}

const algorithms: ReadonlyMap<string, string> = new Map([
  ["MD5", "md5"],
  ["SHA-1", "sha1"],
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
]);

/** Digest in lower-case hex, by an algorithm in AWS's spelling; undefined for an unknown algorithm. */
export function digest(data: string, algorithm: string): string | undefined {
  const name = algorithms.get(algorithm);
  return name && createHash(name).update(data, "utf8").digest("hex");
}

function hashed(data: Json, algorithm: string): string {
  const plain = typeof data === "string" ? data : quotedJson(data, maxTextLength + 1);
  if (plain.length > maxTextLength) refuse(`Invalid arguments in States.Hash: more than ${maxTextLength} characters`);
  return digest(plain, algorithm) ?? refuse(`Invalid arguments in States.Hash: unknown algorithm '${algorithm}'`);
}

function randomBetween(args: Json[], chance: Chance): number {
  const start = integer(args[0]!, "States.MathRandom");
  const end = integer(args[1]!, "States.MathRandom");
  if (end <= start) refuse("Invalid arguments in States.MathRandom: the end must be greater than the start");
  const seed = args[2] === undefined ? undefined : integer(args[2], "States.MathRandom");
  const offset =
    seed === undefined ? Math.floor(chance.random() * (end - start)) : new JavaRandom(seed).nextInt(end - start);
  return start + offset;
}

function split(value: string, delimiters: string): Json {
  const separators = new Set(delimiters);
  const pieces: Json[] = [];
  let piece = "";
  for (const character of value) {
    if (!separators.has(character)) piece += character;
    else if (piece !== "") {
      pieces.push(piece);
      piece = "";
    }
  }
  if (piece !== "") pieces.push(piece);
  return pieces;
}

function sum(a: number, b: number): number {
  const total = a + b;
  return total < intMin || total > intMax ? refuse("Invalid arguments in States.MathAdd: number out of range") : total;
}

function item(items: Json[], index: number): Json {
  return items[index] ?? (Object.hasOwn(items, index) ? null : refuse(`Index ${index} is out of range of the array`));
}

function apply(call: Call, args: Json[], chance: Chance): Json {
  const [a, b, c] = args as [Json, Json, Json];
  const name = call.name;
  switch (name) {
    case "States.Format": {
      const template = call.args[0]!;
      return formatted(template.kind === "text" ? template.raw : text(a, name), args.slice(1));
    }
    case "States.StringToJson":
      return jsonOf(text(a, name));
    case "States.JsonToString":
      return payloadText(a) ?? tooLarge();
    case "States.Array":
      return args;
    case "States.ArrayPartition":
      return partition(array(a, name), integer(b, name));
    case "States.ArrayContains":
      return array(a, name).some((candidate) => jsonEquals(candidate, b));
    case "States.ArrayRange":
      return range(integer(a, name), integer(b, name), integer(c, name));
    case "States.ArrayGetItem":
      return item(array(a, name), integer(b, name));
    case "States.ArrayLength":
      return array(a, name).length;
    case "States.ArrayUnique":
      return unique(array(a, name));
    case "States.Base64Encode":
      return Buffer.from(shortText(a, name), "utf8").toString("base64");
    case "States.Base64Decode":
      return Buffer.from(shortText(a, name), "base64").toString("utf8");
    case "States.Hash":
      return hashed(a, text(b, name));
    case "States.JsonMerge":
      return merged(a, b, c);
    case "States.MathRandom":
      return randomBetween(args, chance);
    case "States.MathAdd":
      return sum(integer(a, name), integer(b, name));
    case "States.StringSplit":
      return split(text(a, name), text(b, name));
    default:
      return chance.uuid();
  }
}

/** Functions that read or copy their whole arguments. */
const scanning = new Set([
  ...["States.Format", "States.StringToJson", "States.JsonToString", "States.ArrayPartition", "States.ArrayContains"],
  ...["States.ArrayUnique", "States.Base64Encode", "States.Base64Decode", "States.Hash", "States.JsonMerge"],
  "States.StringSplit",
]);

/**
 * The value of an intrinsic call (Amazon States Language, Intrinsic Functions). Throws States.IntrinsicFailure for an
 * invalid argument and States.Runtime for an argument path without a value.
 */
export function evaluateIntrinsic(expression: string, roots: Roots, chance: Chance): Json {
  const charged = (node: Call, args: Json[]): Json => {
    try {
      roots.visits.take(1);
      if (scanning.has(node.name)) for (const arg of args) roots.visits.takeWhole(arg);
    } catch (error) {
      if (error instanceof PathMiss) refuse("The arguments are too large to be read so often");
      throw error;
    }
    return apply(node, args, chance);
  };
  const evaluate = (node: Expression): Json => {
    switch (node.kind) {
      case "text":
      case "value":
        return node.value;
      case "call":
        return charged(node, node.args.map(evaluate));
      case "path":
        try {
          return readPath(node.path, roots);
        } catch (error) {
          if (!(error instanceof PathMiss)) throw error;
          throw runtimeError(
            `The function '${expression}' had the following error: The JsonPath argument for the field '${node.path.text}' could not be found in the input '${quotedJson(quotedRoot(node.path, roots))}'`,
          );
        }
    }
  };
  try {
    return evaluate(intrinsicOf(expression));
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof SyntaxError)) throw error;
    throw new StateError(
      "States.IntrinsicFailure",
      `The function '${expression}' had the following error: ${error.message}`,
      { inState: true },
    );
  }
}
