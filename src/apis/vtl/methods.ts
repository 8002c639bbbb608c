/**
 * The Java methods templates may call. What is not listed does not exist: no method reaches a class, a loader or
 * anything else of the host's.
 */
import type { Budget } from "./budget.ts";
import { javaFormat } from "./java-format.ts";
import { replaceMatches, splitText, wholeMatch } from "./java-regex.ts";
import { TemplateError } from "./syntax.ts";
import { areSame, HostObject, isNumber, javaText, keyOf, type Value, VtlEntry, VtlList, VtlMap } from "./values.ts";

type Method<T> = (self: T, args: readonly Value[], budget: Budget) => Value;

/** The result of a method, null when the value has none of that name. @throws TemplateError as the Java method would throw */
export function callMethod(self: Value, name: string, args: readonly Value[], budget: Budget): Value {
  budget.step();
  if (self === null) return null;
  if (self instanceof HostObject) return self.methods.get(name)?.(args) ?? null;
  const common = any.get(name);
  if (typeof self === "string") return call(strings.get(name) ?? common, self, args, budget);
  if (self instanceof VtlList) return call(lists.get(name) ?? common, self, args, budget);
  if (self instanceof VtlMap) return call(maps.get(name) ?? common, self, args, budget);
  if (self instanceof VtlEntry) return call(entries.get(name) ?? common, self, args, budget);
  if (isNumber(self)) return call(numbers.get(name) ?? common, self, args, budget);
  return call(common, self, args, budget);
}

/** A property read as Java beans are: `$list.empty` is `isEmpty()`. */
export function readProperty(self: Value, name: string): Value {
  if (self instanceof VtlMap) return self.entries.get(name) ?? null;
  if (self instanceof HostObject) return self.property(name);
  if (self instanceof VtlEntry) return name === "key" ? self.key : name === "value" ? self.value : null;
  if (name === "empty" && self instanceof VtlList) return self.items.length === 0;
  if (name === "empty" && typeof self === "string") return self === "";
  return null;
}

function call<T>(method: Method<T> | undefined, self: T, args: readonly Value[], budget: Budget): Value {
  return method === undefined ? null : method(self, args, budget);
}

const any = new Map<string, Method<Value>>([
  ["toString", (self) => javaText(self)],
  ["equals", (self, [other = null]) => areSame(self, other)],
  ["booleanValue", (self) => (typeof self === "boolean" ? self : null)],
]);

const strings = new Map<string, Method<string>>([
  ["length", (self) => BigInt(self.length)],
  ["isEmpty", (self) => self === ""],
  ["substring", (self, args) => self.slice(...bounds(self.length, args))],
  ["subSequence", (self, args) => self.slice(...bounds(self.length, args))],
  ["charAt", (self, [at = null]) => self.charAt(position(at, self.length))],
  ["indexOf", (self, [part = null, from = 0n]) => BigInt(self.indexOf(text(part), Number(from)))],
  [
    "lastIndexOf",
    (self, [part = null, from]) =>
      BigInt(self.lastIndexOf(text(part), from === undefined ? self.length : Number(from))),
  ],
  ["contains", (self, [part = null]) => self.includes(text(part))],
  ["startsWith", (self, [part = null, from = 0n]) => self.startsWith(text(part), Number(from))],
  ["endsWith", (self, [part = null]) => self.endsWith(text(part))],
  [
    "equalsIgnoreCase",
    (self, [other = null]) => typeof other === "string" && self.toLowerCase() === other.toLowerCase(),
  ],
  ["compareTo", (self, [other = null]) => BigInt(compareTexts(self, text(other)))],
  [
    "compareToIgnoreCase",
    (self, [other = null]) => BigInt(compareTexts(self.toLowerCase(), text(other).toLowerCase())),
  ],
  ["toUpperCase", (self) => self.toUpperCase()],
  ["toLowerCase", (self) => self.toLowerCase()],
  ["trim", (self) => self.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, "")],
  [
    "concat",
    (self, [other = null], budget) => {
      budget.text(self.length + text(other).length);
      return self + text(other);
    },
  ],
  [
    "replace",
    (self, [from = null, to = null], budget) => {
      const pieces = self.split(text(from));
      budget.text(self.length + pieces.length * text(to).length);
      return pieces.join(text(to));
    },
  ],
  [
    "replaceAll",
    (self, [pattern = null, to = null], budget) => replaceMatches(self, text(pattern), text(to), true, budget),
  ],
  [
    "replaceFirst",
    (self, [pattern = null, to = null], budget) => replaceMatches(self, text(pattern), text(to), false, budget),
  ],
  ["matches", (self, [pattern = null], budget) => wholeMatch(text(pattern), self, false, budget)],
  [
    "split",
    (self, [pattern = null, limit = 0n], budget) => new VtlList(splitText(self, text(pattern), Number(limit), budget)),
  ],
  ["hashCode", (self) => hashOf(self)],
  ["intern", (self) => self],
  ["format", (_, [pattern = null, ...rest], budget) => javaFormat(text(pattern), rest, budget)],
  [
    "join",
    (_, [separator = null, ...rest], budget) => {
      const parts = (rest.length === 1 && rest[0] instanceof VtlList ? rest[0].items : rest).map(javaText);
      const length = parts.reduce((sum, part) => sum + part.length + text(separator).length, 0);
      budget.text(length);
      return parts.join(text(separator));
    },
  ],
  ["valueOf", (_, [value = null]) => javaText(value)],
]);

const lists = new Map<string, Method<VtlList>>([
  ["size", (self) => BigInt(self.items.length)],
  ["get", (self, [at = null]) => self.items[position(at, self.items.length)]!],
  ["isEmpty", (self) => self.items.length === 0],
  ["contains", (self, [item = null], budget) => indexIn(self, item, budget) >= 0],
  ["indexOf", (self, [item = null], budget) => BigInt(indexIn(self, item, budget))],
  ["containsAll", (self, [others = null], budget) => itemsOf(others).every((item) => indexIn(self, item, budget) >= 0)],
  [
    "add",
    (self, args) => {
      if (args.length === 2) {
        const at = Number(args[0]);
        if (!(at >= 0 && at <= self.items.length)) throw outOfBounds(at, self.items.length);
        self.items.splice(at, 0, args[1]!);
        return null;
      }
      self.items.push(args[0] ?? null);
      return true;
    },
  ],
  [
    "addAll",
    (self, [others = null], budget) => {
      const added = [...itemsOf(others)];
      budget.step(added.length);
      for (const item of added) self.items.push(item);
      return added.length > 0;
    },
  ],
  [
    "set",
    (self, [at = null, value = null]) => {
      const index = position(at, self.items.length);
      const old = self.items[index]!;
      self.items[index] = value;
      return old;
    },
  ],
  [
    "remove",
    (self, [which = null], budget) => {
      if (isNumber(which)) return self.items.splice(position(which, self.items.length), 1)[0]!;
      const at = indexIn(self, which, budget);
      if (at >= 0) self.items.splice(at, 1);
      return at >= 0;
    },
  ],
  [
    "clear",
    (self) => {
      self.items.length = 0;
      return null;
    },
  ],
  [
    "subList",
    (self, args, budget) => {
      const items = self.items.slice(...bounds(self.items.length, args));
      budget.step(items.length);
      return new VtlList(items);
    },
  ],
  ["iterator", (self) => iteratorOf(self.items)],
]);

const maps = new Map<string, Method<VtlMap>>([
  ["get", (self, [key = null]) => self.entries.get(keyOf(key)) ?? null],
  ["getOrDefault", (self, [key = null, other = null]) => self.entries.get(keyOf(key)) ?? other],
  [
    "put",
    (self, [key = null, value = null]) => {
      const old = self.entries.get(keyOf(key)) ?? null;
      self.entries.set(keyOf(key), value);
      return old;
    },
  ],
  [
    "putAll",
    (self, [other = null], budget) => {
      if (!(other instanceof VtlMap)) return null;
      budget.step(other.entries.size);
      for (const [key, value] of [...other.entries]) self.entries.set(key, value);
      return null;
    },
  ],
  ["containsKey", (self, [key = null]) => self.entries.has(keyOf(key))],
  [
    "containsValue",
    (self, [value = null], budget) => {
      budget.step(self.entries.size);
      return [...self.entries.values()].some((one) => areSame(one, value));
    },
  ],
  ["keySet", (self, _, budget) => listOf([...self.entries.keys()], budget)],
  ["values", (self, _, budget) => listOf([...self.entries.values()], budget)],
  [
    "entrySet",
    (self, _, budget) =>
      listOf(
        [...self.entries].map(([key, value]) => new VtlEntry(key, value)),
        budget,
      ),
  ],
  ["size", (self) => BigInt(self.entries.size)],
  ["isEmpty", (self) => self.entries.size === 0],
  [
    "remove",
    (self, [key = null]) => {
      const old = self.entries.get(keyOf(key)) ?? null;
      self.entries.delete(keyOf(key));
      return old;
    },
  ],
  [
    "clear",
    (self) => {
      self.entries.clear();
      return null;
    },
  ],
]);

const entries = new Map<string, Method<VtlEntry>>([
  ["getKey", (self) => self.key],
  ["getValue", (self) => self.value],
]);

const numbers = new Map<string, Method<bigint | number>>([
  ["intValue", (self) => BigInt.asIntN(32, whole(self))],
  ["longValue", (self) => BigInt.asIntN(64, whole(self))],
  ["doubleValue", (self) => Number(self)],
  ["floatValue", (self) => Math.fround(Number(self))],
  ["compareTo", (self, [other = null]) => (isNumber(other) ? BigInt(Math.sign(Number(self) - Number(other))) : null)],
  ["parseInt", (_, [value = null, radix = 10n]) => parseWhole(text(value), Number(radix), 31n)],
  ["parseLong", (_, [value = null, radix = 10n]) => parseWhole(text(value), Number(radix), 63n)],
  ["parseDouble", (_, [value = null]) => parseDouble(text(value))],
  [
    "valueOf",
    (self, [value = null]) => {
      if (isNumber(value)) return value;
      return typeof self === "number" ? parseDouble(text(value)) : parseWhole(text(value), 10, 31n);
    },
  ],
  ["toString", (self, [other]) => javaText(other ?? self)],
  ["max", (_, [a = null, b = null]) => (isNumber(a) && isNumber(b) ? (a > b ? a : b) : null)],
  ["min", (_, [a = null, b = null]) => (isNumber(a) && isNumber(b) ? (a < b ? a : b) : null)],
]);

/** The text an argument is. Java would find no method for null or another class and the call would give nothing. */
function text(value: Value): string {
  if (value === null) throw new TemplateError("A method was given null");
  return javaText(value);
}

function position(at: Value, length: number): number {
  const index = isNumber(at) ? Number(at) : Number.NaN;
  if (!(Number.isInteger(index) && index >= 0 && index < length)) throw outOfBounds(index, length);
  return index;
}

function bounds(length: number, [from = 0n, to = BigInt(length)]: readonly Value[]): [number, number] {
  const [start, end] = [Number(from), Number(to)];
  if (!(start >= 0 && start <= end && end <= length))
    throw outOfBounds(start < 0 || start > length ? start : end, length);
  return [start, end];
}

function outOfBounds(index: number, length: number): TemplateError {
  return new TemplateError(`Index ${index} is out of bounds for length ${length}`);
}

function compareTexts(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const difference = a.charCodeAt(at) - b.charCodeAt(at);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function hashOf(value: string): bigint {
  let hash = 0;
  for (let at = 0; at < value.length; at++) hash = (Math.imul(hash, 31) + value.charCodeAt(at)) | 0;
  return BigInt(hash);
}

function itemsOf(value: Value): readonly Value[] {
  if (value instanceof VtlList) return value.items;
  throw new TemplateError("A list is needed");
}

function indexIn(list: VtlList, item: Value, budget: Budget): number {
  budget.step(list.items.length);
  return list.items.findIndex((one) => areSame(one, item));
}

function listOf(items: Value[], budget: Budget): VtlList {
  budget.step(items.length);
  return new VtlList(items);
}

function iteratorOf(items: readonly Value[]): HostObject {
  let at = 0;
  return new HostObject(() => null, {
    hasNext: () => at < items.length,
    next: () => {
      if (at >= items.length) throw new TemplateError("An iterator has no next item");
      return items[at++]!;
    },
  });
}

function whole(value: bigint | number): bigint {
  if (typeof value === "bigint") return value;
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

function parseWhole(value: string, radix: number, bits: bigint): bigint {
  const digits = /^[+-]?([0-9a-zA-Z]{1,70})$/.exec(value)?.[1]?.toLowerCase();
  if (digits === undefined || !(radix >= 2 && radix <= 36)) throw notANumber(value);
  let result = 0n;
  for (const digit of digits) {
    const number = Number.parseInt(digit, 36);
    if (!(number < radix)) throw notANumber(value);
    result = result * BigInt(radix) + BigInt(number);
  }
  if (value.startsWith("-")) result = -result;
  if (result < -(1n << bits) || result >= 1n << bits) throw notANumber(value);
  return result;
}

function parseDouble(value: string): number {
  const trimmed = value.trim();
  if (!/^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?)$/.test(trimmed)) throw notANumber(value);
  return Number(trimmed.replace(/[dDfF]$/, ""));
}

function notANumber(value: string): TemplateError {
  return new TemplateError(`For input string: "${value.slice(0, 100)}"`);
}
