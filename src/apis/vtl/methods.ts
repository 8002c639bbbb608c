/**
 * The Java methods templates may call. There are no others: none reaches a class, a class loader or anything else of
 * the host.
 */
import type { Budget } from "./budget.ts";
import { entryMethods, listMethods, mapMethods } from "./collection-methods.ts";
import { javaFormat } from "./java-format.ts";
import { replaceMatches, splitText, wholeMatch } from "./java-regex.ts";
import { bounds, int, type Method, MethodMissing, position, text } from "./method-arguments.ts";
import { booleanMethods, methodOfDouble, methodOfWhole } from "./number-methods.ts";
import { areSame, HostObject, javaText, type Value, VtlEntry, VtlList, VtlMap } from "./values.ts";

/**
 * The result of a method, null if the value has no method of that name.
 * @throws TemplateError as the Java method would throw
 */
export function callMethod(self: Value, name: string, args: readonly Value[], budget: Budget): Value {
  budget.step();
  if (self === null) return null;
  if (self instanceof HostObject) return callHost(self, name, args);
  const method = methodOf(self, name) ?? any.get(name);
  try {
    return method?.(self, args, budget) ?? null;
  } catch (error) {
    if (error instanceof MethodMissing) return null;
    throw error;
  }
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

/** A method of a host object, or a getter of one of its properties, such as `$foreach.getIndex()`. */
function callHost(self: HostObject, name: string, args: readonly Value[]): Value {
  const method = self.method(name);
  if (method !== undefined) return method(args) ?? null;
  const property = args.length === 0 ? /^(?:get|is)([A-Z])(.*)$/s.exec(name) : null;
  return property === null ? null : self.property(property[1]!.toLowerCase() + property[2]!);
}

function methodOf(self: Exclude<Value, null | HostObject>, name: string): Method<Value> | undefined {
  // Each table has the methods of one class, and is asked for values of that class alone.
  return tableMethod(self, name) as Method<Value> | undefined;
}

function tableMethod(self: Exclude<Value, null | HostObject>, name: string): unknown {
  if (typeof self === "string") return strings.get(name);
  if (typeof self === "bigint") return methodOfWhole(self, name);
  if (typeof self === "number") return methodOfDouble(name);
  if (typeof self === "boolean") return booleanMethods.get(name);
  if (self instanceof VtlList) return listMethods.get(name);
  return self instanceof VtlMap ? mapMethods.get(name) : entryMethods.get(name);
}

const any = new Map<string, Method<Value>>([
  ["toString", (self) => javaText(self)],
  ["equals", (self, [other = null]) => areSame(self, other)],
]);

const strings = new Map<string, Method<string>>([
  ["length", (self) => BigInt(self.length)],
  ["isEmpty", (self) => self === ""],
  ["substring", (self, args) => self.slice(...bounds(self.length, args))],
  ["subSequence", (self, args) => self.slice(...bounds(self.length, args))],
  ["charAt", (self, [at = null]) => self.charAt(position(at, self.length))],
  ["indexOf", (self, [part = null, from = 0n]) => BigInt(self.indexOf(text(part), int(from)))],
  [
    "lastIndexOf",
    (self, [part = null, from]) => BigInt(self.lastIndexOf(text(part), from === undefined ? self.length : int(from))),
  ],
  ["contains", (self, [part = null]) => self.includes(text(part))],
  ["startsWith", (self, [part = null, from = 0n]) => self.startsWith(text(part), int(from))],
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
      // The empty text is found before and after each character.
      const pieces = text(from) === "" ? ["", ...self.split(""), ""] : self.split(text(from));
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
    (self, [pattern = null, limit = 0n], budget) => new VtlList(splitText(self, text(pattern), int(limit), budget)),
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
