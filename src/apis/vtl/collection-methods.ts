/** The methods of Java's lists, maps and map entries. */
import type { Budget } from "./budget.ts";
import { bounds, int, type Method, outOfBounds, position } from "./method-arguments.ts";
import { TemplateError } from "./syntax.ts";
import { areSame, HostObject, isNumber, keyOf, type Value, VtlEntry, VtlList, VtlMap } from "./values.ts";

export const listMethods: ReadonlyMap<string, Method<VtlList>> = new Map<string, Method<VtlList>>([
  ["size", (self) => BigInt(self.items.length)],
  ["get", (self, [at = null]) => self.items[position(at, self.items.length)]!],
  ["isEmpty", (self) => self.items.length === 0],
  ["contains", (self, [item = null], budget) => indexIn(self, item, budget) >= 0],
  ["indexOf", (self, [item = null], budget) => BigInt(indexIn(self, item, budget))],
  [
    "lastIndexOf",
    (self, [item = null], budget) => {
      budget.step(self.items.length);
      return BigInt(self.items.findLastIndex((one) => areSame(one, item)));
    },
  ],
  ["containsAll", (self, [others = null], budget) => itemsOf(others).every((item) => indexIn(self, item, budget) >= 0)],
  [
    "add",
    (self, args) => {
      if (args.length === 2) {
        const at = int(args[0]!);
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
  ["removeAll", (self, [others = null], budget) => keepWhere(self, others, false, budget)],
  ["retainAll", (self, [others = null], budget) => keepWhere(self, others, true, budget)],
  ["toArray", (self, _, budget) => listOf([...self.items], budget)],
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

export const mapMethods: ReadonlyMap<string, Method<VtlMap>> = new Map<string, Method<VtlMap>>([
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
    "putIfAbsent",
    (self, [key = null, value = null]) => {
      const old = self.entries.get(keyOf(key)) ?? null;
      if (old === null) self.entries.set(keyOf(key), value);
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

export const entryMethods: ReadonlyMap<string, Method<VtlEntry>> = new Map<string, Method<VtlEntry>>([
  ["getKey", (self) => self.key],
  ["getValue", (self) => self.value],
]);

function itemsOf(value: Value): readonly Value[] {
  if (value instanceof VtlList) return value.items;
  throw new TemplateError("A list is needed");
}

function indexIn(list: VtlList, item: Value, budget: Budget): number {
  budget.step(list.items.length);
  return list.items.findIndex((one) => areSame(one, item));
}

/** Keeps the items that are among the others, or those that are not. Returns whether any was removed. */
function keepWhere(list: VtlList, others: Value, isKept: boolean, budget: Budget): boolean {
  const named = itemsOf(others);
  budget.step(list.items.length * (named.length + 1));
  const kept = list.items.filter((item) => named.some((one) => areSame(one, item)) === isKept);
  return list.items.splice(0, list.items.length, ...kept).length > kept.length;
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
