/** Reads the part of a document at a path, as Jayway's JsonPath does. */

import type { Budget } from "./budget.ts";
import { wholeMatch } from "./java-regex.ts";
import { type Filter, type FilterPath, type Operand, parseJsonPath, type Segment } from "./json-path-syntax.ts";
import { areEqual, areSame, isNumber, javaText, type Value, VtlList, VtlMap } from "./values.ts";

/**
 * The value at a path: what a definite path names, a list for a path with wildcards, filters, slices or `..`; undefined
 * if there is nothing.
 * @throws TemplateError for a text that is not a path
 */
export function readPath(document: Value, path: string, budget: Budget): Value | undefined {
  return new PathRead(document, budget).read(document, parseJsonPath(path));
}

class PathRead {
  readonly #document: Value;
  readonly #budget: Budget;

  constructor(document: Value, budget: Budget) {
    this.#document = document;
    this.#budget = budget;
  }

  read(from: Value, segments: readonly Segment[]): Value | undefined {
    let current: Value[] = [from];
    let many = false;
    for (let at = 0; at < segments.length; at++) {
      const segment = segments[at]!;
      if (segment.kind === "function") {
        const value = applyFunction(segment.name, many ? new VtlList(current, true) : current[0]!);
        if (value === undefined) return undefined;
        current = [value];
        many = false;
        continue;
      }
      const next: Value[] = [];
      for (const value of current) this.#step(value, segment, next);
      // A definite path ends where something is missing; after a wildcard what is missing is left out.
      if (next.length === 0 && !many && (segment.kind === "names" || segment.kind === "indexes")) return undefined;
      current = next;
      many ||= !isDefinite(segment);
    }
    return many ? new VtlList(current, true) : current[0];
  }

  #step(value: Value, segment: Segment, out: Value[]): void {
    this.#budget.step();
    switch (segment.kind) {
      case "names":
        if (!(value instanceof VtlMap)) return;
        if (segment.names.length === 1) {
          const member = value.entries.get(segment.names[0]!);
          if (member !== undefined) out.push(member);
          return;
        }
        out.push(
          new VtlMap(
            new Map(
              segment.names.filter((name) => value.entries.has(name)).map((name) => [name, value.entries.get(name)!]),
            ),
          ),
        );
        return;
      case "indexes":
        if (!(value instanceof VtlList)) return;
        for (const index of segment.indexes) {
          const item = value.items[index < 0 ? value.items.length + index : index];
          if (item !== undefined) out.push(item);
        }
        return;
      case "slice": {
        if (!(value instanceof VtlList)) return;
        const items = value.items.slice(segment.from ?? 0, segment.to ?? value.items.length);
        this.#budget.step(items.length);
        for (const item of items) out.push(item);
        return;
      }
      case "all":
        for (const child of childrenOf(value)) {
          this.#budget.step();
          out.push(child);
        }
        return;
      case "filter":
        this.#filter(value, segment.filter, out);
        return;
      case "deep":
        this.#descend(value, out);
        return;
    }
  }

  /** A filter picks items of a list; it picks an object as a whole or not at all. */
  #filter(value: Value, filter: Filter, out: Value[]): void {
    if (value instanceof VtlList) {
      for (const item of value.items) if (this.#holds(filter, item)) out.push(item);
    } else if (value instanceof VtlMap && this.#holds(filter, value)) out.push(value);
  }

  #descend(value: Value, out: Value[]): void {
    const pending: Value[] = [value];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      this.#budget.step();
      out.push(next);
      const children = childrenOf(next);
      for (let at = children.length - 1; at >= 0; at--) pending.push(children[at]!);
    }
  }

  #holds(filter: Filter, item: Value): boolean {
    this.#budget.step();
    switch (filter.kind) {
      case "or":
        return filter.parts.some((part) => this.#holds(part, item));
      case "and":
        return filter.parts.every((part) => this.#holds(part, item));
      case "not":
        return !this.#holds(filter.part, item);
      case "exists":
        return this.#at(filter.path, item) !== undefined;
      case "compare":
        return this.#compare(filter.operator, filter.left, filter.right, item);
    }
  }

  #at(path: FilterPath, item: Value): Value | undefined {
    return this.read(path.root === "item" ? item : this.#document, path.segments);
  }

  #operand(operand: Operand, item: Value): Value | undefined {
    if (operand.kind === "path") return this.#at(operand.path, item);
    return operand.kind === "value" ? operand.value : operand.pattern;
  }

  #compare(operator: string, leftOperand: Operand, rightOperand: Operand, item: Value): boolean {
    const left = this.#operand(leftOperand, item);
    const right = this.#operand(rightOperand, item);
    switch (operator) {
      case "==":
        return left === undefined || right === undefined
          ? left === right
          : left === null
            ? right === null
            : areLike(left, right);
      case "===":
        return left !== undefined && right !== undefined && areSame(left, right);
      case "!=":
      case "<>":
        return !this.#compare("==", leftOperand, rightOperand, item);
      case "!==":
        return !this.#compare("===", leftOperand, rightOperand, item);
      case "=~": {
        const pattern = rightOperand.kind === "pattern" ? rightOperand : leftOperand;
        const text = rightOperand.kind === "pattern" ? left : right;
        if (pattern.kind !== "pattern" || (typeof text !== "string" && !isNumber(text ?? null))) return false;
        return wholeMatch(pattern.pattern, javaText(text!), pattern.ignoreCase, this.#budget);
      }
      case "<":
      case "<=":
      case ">":
      case ">=":
        return inOrder(operator, left, right);
      case "in":
        return right instanceof VtlList && left !== undefined && right.items.some((one) => areLike(one, left));
      case "nin":
        return !(right instanceof VtlList && left !== undefined && right.items.some((one) => areLike(one, left)));
      case "contains":
        if (typeof left === "string") return typeof right === "string" && left.includes(right);
        return left instanceof VtlList && right !== undefined && left.items.some((one) => areLike(one, right));
      case "size":
        return typeof right === "bigint" && sizeOf(left) === Number(right);
      case "empty":
        return (sizeOf(left) === 0) === right && sizeOf(left) !== undefined;
      case "subsetof":
        return both(left, right, (a, b) => a.every((one) => b.some((other) => areLike(one, other))));
      case "anyof":
        return both(left, right, (a, b) => a.some((one) => b.some((other) => areLike(one, other))));
      case "noneof":
        return both(left, right, (a, b) => !a.some((one) => b.some((other) => areLike(one, other))));
      default:
        return false;
    }
  }
}

function isDefinite(segment: Segment): boolean {
  return (
    (segment.kind === "names" && segment.names.length >= 1) ||
    (segment.kind === "indexes" && segment.indexes.length === 1) ||
    segment.kind === "function"
  );
}

function childrenOf(value: Value): readonly Value[] {
  return value instanceof VtlList ? value.items : value instanceof VtlMap ? [...value.entries.values()] : [];
}

function areLike(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  if (isNumber(a) && typeof b === "string") return b.trim() !== "" && Number(b) === Number(a);
  if (typeof a === "string" && isNumber(b)) return areLike(b, a);
  return typeof a === typeof b || (isNumber(a) && isNumber(b)) ? areEqual(a, b) : false;
}

function inOrder(operator: string, left: Value | undefined, right: Value | undefined): boolean {
  const comparable =
    (typeof left === "string" && typeof right === "string") ||
    (left !== undefined && right !== undefined && isNumber(left) && isNumber(right));
  if (!comparable) return false;
  const [a, b] = [left as number, right as number];
  return operator === "<" ? a < b : operator === "<=" ? a <= b : operator === ">" ? a > b : a >= b;
}

function sizeOf(value: Value | undefined): number | undefined {
  if (typeof value === "string") return value.length;
  return value instanceof VtlList ? value.items.length : value instanceof VtlMap ? value.entries.size : undefined;
}

function both(
  left: Value | undefined,
  right: Value | undefined,
  test: (a: readonly Value[], b: readonly Value[]) => boolean,
): boolean {
  return left instanceof VtlList && right instanceof VtlList && test(left.items, right.items);
}

function applyFunction(name: string, value: Value): Value | undefined {
  if (name === "length" || name === "size") {
    const size = sizeOf(value);
    return size === undefined ? undefined : BigInt(size);
  }
  if (name === "keys") return value instanceof VtlMap ? new VtlList([...value.entries.keys()], true) : undefined;
  if (!(value instanceof VtlList) || value.items.length === 0) return undefined;
  if (name === "first") return value.items[0];
  if (name === "last") return value.items.at(-1);
  const numbers = value.items.filter(isNumber).map(Number);
  if (numbers.length === 0) return undefined;
  const sum = numbers.reduce((total, one) => total + one, 0);
  if (name === "sum") return sum;
  if (name === "avg") return sum / numbers.length;
  return numbers.reduce((best, one) => (name === "min" ? Math.min(best, one) : Math.max(best, one)));
}
