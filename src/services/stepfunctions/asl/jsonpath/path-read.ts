import { copyObject, getOwn, setOwn } from "../../../../../protocols/unknown-json.ts";
import { StateError } from "../errors.ts";
import { isObject, type Json, type JsonObject, jsonEquals, quotedJson } from "../json.ts";
import { compareNumbers, isNumber } from "../number-literal.ts";
import { type Filter, type FilterPath, isDefinite, type Operand, type Path, type Segment } from "./path.ts";

/** The roots of the three kinds of path, and the budget that evaluating them shares. */
export type Roots = {
  input: Json;
  context: () => JsonObject;
  variable: (name: string) => Json | undefined;
  visits: Visits;
};

/** Thrown for a path without a value. `index`: because of an index past the end of an array. */
export class PathMiss extends Error {
  override readonly name = "PathMiss";
  readonly kind: "missing" | "index";

  constructor(kind: "missing" | "index", message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Values that the paths and functions of one field may visit together. Without a limit a template could exhaust the
 * process, since wildcards and descents multiply.
 */
const maxVisits = 2_000_000;

/** The budget of {@link maxVisits}. */
export class Visits {
  #left = maxVisits;

  /** Throws {@link PathMiss} when the budget is used up. */
  take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new PathMiss("missing", "The path visits too many values");
  }

  /** Takes the cost of reading a whole value. */
  takeWhole(value: Json | undefined): void {
    this.take(typeof value === "string" ? 1 + (value.length >> 5) : 1);
    if (Array.isArray(value)) for (const item of value) this.takeWhole(item);
    else if (isObject(value)) for (const key of Object.keys(value)) this.takeWhole(value[key]);
  }
}

class Walk {
  readonly root: Json;
  readonly #visits: Visits;

  constructor(root: Json, visits: Visits) {
    this.root = root;
    this.#visits = visits;
  }

  private visit(): void {
    this.#visits.take(1);
  }

  /** All values that the segments select, without misses. */
  select(values: Json[], segments: readonly Segment[]): Json[] {
    let current = values;
    for (let at = 0; at < segments.length; at++) {
      const segment = segments[at]!;
      const next: Json[] = [];
      if (segment.kind === "descend") {
        const following = segments[++at]!;
        for (const value of current) this.descend(value, following, next);
      } else for (const value of current) this.step(value, segment, next);
      current = next;
    }
    return current;
  }

  private descend(start: Json, following: Segment, out: Json[]): void {
    const pending: Json[] = [start];
    while (pending.length > 0) {
      const value = pending.pop()!;
      this.visit();
      if (following.kind === "filter") {
        if (this.accepts(following.filter, value)) out.push(value);
      } else this.step(value, following, out);
      const children = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
      for (let at = children.length - 1; at >= 0; at--) pending.push(children[at]!);
    }
  }

  private step(value: Json, segment: Segment, out: Json[]): void {
    this.visit();
    const add = (found: Json | undefined): void => {
      if (found === undefined) return;
      this.visit();
      out.push(found);
    };
    switch (segment.kind) {
      case "name":
        if (isObject(value)) add(getOwn(value, segment.name));
        return;
      case "names":
        if (!isObject(value)) return;
        this.#visits.take(segment.names.length);
        for (const name of segment.names) add(getOwn(value, name));
        return;
      case "index":
        if (Array.isArray(value)) add(value.at(segment.index));
        return;
      case "indexes":
        if (!Array.isArray(value)) return;
        this.#visits.take(segment.indexes.length);
        for (const index of segment.indexes) add(value.at(index));
        return;
      case "slice":
        if (Array.isArray(value)) for (const item of value.slice(segment.from ?? 0, segment.to)) add(item);
        return;
      case "wildcard":
        if (Array.isArray(value)) for (const item of value) add(item);
        else if (isObject(value)) for (const item of Object.values(value)) add(item);
        return;
      case "filter":
        if (Array.isArray(value)) {
          for (const item of value) if (this.accepts(segment.filter, item)) add(item);
        } else if (isObject(value) && this.accepts(segment.filter, value)) add(value);
        return;
      case "length":
        add(lengthOf(value));
        return;
      case "descend":
        return;
    }
  }

  private accepts(filter: Filter, item: Json): boolean {
    this.visit();
    switch (filter.kind) {
      case "or":
        return filter.parts.some((part) => this.accepts(part, item));
      case "and":
        return filter.parts.every((part) => this.accepts(part, item));
      case "not":
        return !this.accepts(filter.part, item);
      case "exists":
        return this.follow(filter.path, item) !== undefined;
      case "matches": {
        const value = this.operand(filter.left, item);
        return typeof value === "string" && filter.regex.matches(value, (work) => this.#visits.take(work / 8));
      }
      case "compare":
        return this.compares(filter.operator, this.operand(filter.left, item), this.operand(filter.right, item));
    }
  }

  private compares(operator: string, left: Json | undefined, right: Json | undefined): boolean {
    if (typeof left === "object" && typeof right === "object") this.#visits.takeWhole(left);
    return compares(operator, left, right);
  }

  private operand(operand: Operand, item: Json): Json | undefined {
    return operand.kind === "literal" ? operand.value : this.follow(operand.path, item);
  }

  private follow(path: FilterPath, item: Json): Json | undefined {
    const found = this.select([path.from === "item" ? item : this.root], path.segments);
    return isDefinite(path.segments) || found.length === 0 ? found[0] : found;
  }
}

function compares(operator: string, left: Json | undefined, right: Json | undefined): boolean {
  if (operator === "==" || operator === "!=") {
    const equal = left === undefined || right === undefined ? left === right : jsonEquals(left, right);
    return equal === (operator === "==");
  }
  let order: number;
  if (isNumber(left) && isNumber(right)) order = compareNumbers(left, right);
  else if (typeof left === "string" && typeof right === "string") order = left === right ? 0 : left < right ? -1 : 1;
  else return false;
  return operator === "<" ? order < 0 : operator === "<=" ? order <= 0 : operator === ">" ? order > 0 : order >= 0;
}

function lengthOf(value: Json): number | undefined {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : undefined;
}

function rootOf(path: Path, roots: Roots): Json {
  if (path.root.kind === "input") return roots.input;
  if (path.root.kind === "context") return roots.context();
  const value = roots.variable(path.root.name);
  if (value === undefined) throw new PathMiss("missing", `No results for path: $${path.root.name}`);
  return value;
}

/** What AWS's message quotes for a path without a value: the context object for `$$…`, the input for all others. */
export function quotedRoot(path: Path, roots: Roots): Json {
  return path.root.kind === "context" ? roots.context() : roots.input;
}

/**
 * The value that a path selects: an array (possibly empty) for indefinite paths, the value itself for definite ones.
 * Throws {@link PathMiss} when a definite path has no value.
 */
export function readPath(path: Path, roots: Roots): Json {
  const root = rootOf(path, roots);
  if (path.segments.length === 0) return root;
  if (!path.definite) return new Walk(root, roots.visits).select([root], path.segments);
  let value = root;
  let trail = "$";
  for (const [at, segment] of path.segments.entries()) {
    const last = at === path.segments.length - 1;
    if (segment.kind === "name") {
      trail += `['${segment.name}']`;
      const found = isObject(value) ? getOwn(value, segment.name) : undefined;
      if (found === undefined) {
        throw new PathMiss("missing", `${last ? "No results for path:" : "Missing property in path"} ${trail}`);
      }
      value = found;
    } else if (segment.kind === "index") {
      trail += `[${segment.index}]`;
      const found = Array.isArray(value) ? value.at(segment.index) : undefined;
      if (found === undefined) {
        throw new PathMiss(Array.isArray(value) ? "index" : "missing", `No results for path: ${trail}`);
      }
      value = found;
    } else {
      const length = lengthOf(value);
      if (length === undefined) throw new PathMiss("missing", `No results for path: ${trail}.length()`);
      value = length;
    }
  }
  return value;
}

/**
 * A copy of `target` with `value` at a Reference Path; missing objects on the way are created.
 * Throws States.ResultPathMatchFailure when the target cannot have such a path (Amazon States Language, ResultPath).
 */
export function writePath(path: Path, target: Json, value: Json): Json {
  if (path.segments.length === 0) return value;
  if (!isObject(target)) throw mismatch(path, target);
  const place = (current: Json | undefined, at: number): Json => {
    const segment = path.segments[at];
    if (segment === undefined) return value;
    if (segment.kind === "name") {
      const copy: JsonObject = isObject(current) ? copyObject(current) : {};
      setOwn(copy, segment.name, place(getOwn(copy, segment.name), at + 1));
      return copy;
    }
    if (segment.kind !== "index" || !Array.isArray(current) || segment.index >= current.length) {
      throw mismatch(path, target);
    }
    const copy = current.slice();
    copy[segment.index] = place(copy[segment.index], at + 1);
    return copy;
  };
  return place(target, 0);
}

function mismatch(path: Path, target: Json): StateError {
  return new StateError(
    "States.ResultPathMatchFailure",
    `Unable to apply ReferencePath ${path.text} to input ${quotedJson(target)}`,
    { inState: true },
  );
}
