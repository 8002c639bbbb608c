import type { Branch, Pattern } from "./compile.ts";
import { accepts, type Condition } from "./condition.ts";
import type { EventValue } from "./exact-number.ts";
import { type Fields, FieldTree, flatten, forEachRoute, readFields } from "./fields.ts";

/** Whether one condition holds by itself. */
function holds(wanted: Condition, fields: Fields): boolean {
  const values = fields.values.get(wanted.path);
  return values === undefined ? wanted.acceptsAbsence : accepts(wanted, values);
}

/**
 * Whether the event satisfies all of a branch's conditions. `fields` must have been read for at least these conditions.
 */
export function branchMatches(branch: Branch, fields: Fields): boolean {
  for (const wanted of branch.conditions) if (!holds(wanted, fields)) return false;
  return !fields.inArrays || holdTogether(branch.conditions, fields);
}

interface WantedNode {
  readonly children: Map<string, WantedNode>;
  wanted: Condition | undefined;
  /** Conditions at and below this name. */
  count: number;
}

/**
 * Whether the conditions on present fields can be satisfied by choosing one element of each array of objects: fields
 * inside the same array must come from the same element. Below one array each element decides as a whole, and different
 * arrays are independent, so one pass is enough.
 */
function holdTogether(conditions: readonly Condition[], fields: Fields): boolean {
  const root: WantedNode = { children: new Map(), wanted: undefined, count: 0 };
  for (const wanted of conditions) {
    if (!fields.values.has(wanted.path)) continue;
    let node = root;
    node.count++;
    for (const name of wanted.names) {
      let child = node.children.get(name);
      if (child === undefined) {
        child = { children: new Map(), wanted: undefined, count: 0 };
        node.children.set(name, child);
      }
      child.count++;
      node = child;
    }
    node.wanted = wanted;
  }
  return fulfilled(fields.event, root).size === root.count;
}

const none: ReadonlySet<Condition> = new Set();

/** The conditions at and below a name that the value satisfies with one choice of array elements. */
function fulfilled(value: EventValue, node: WantedNode): ReadonlySet<Condition> {
  const { leaves, objects } = flatten(value);
  let best = none;
  const below = node.count - (node.wanted === undefined ? 0 : 1);
  for (const object of objects) {
    const found = fulfilledByObject(object, node);
    if (found.size > best.size) best = found;
    if (best.size === below) break;
  }
  if (node.wanted !== undefined && leaves.length > 0 && accepts(node.wanted, leaves)) {
    return new Set(best).add(node.wanted);
  }
  return best;
}

function fulfilledByObject(object: { [name: string]: EventValue }, node: WantedNode) {
  let all = none;
  forEachRoute(object, node, (child, value) => {
    const found = fulfilled(value, child);
    if (found.size > 0) all = all.size === 0 ? found : new Set([...all, ...found]);
  });
  return all;
}

/** The trees of single patterns' fields; patterns are compiled once and matched often. */
const trees = new WeakMap<Pattern, FieldTree>();

function treeOf(pattern: Pattern): FieldTree {
  let tree = trees.get(pattern);
  if (tree === undefined) {
    tree = new FieldTree();
    for (const wanted of new Set(pattern.branches.flatMap((branch) => branch.conditions))) {
      tree.add(wanted.names, wanted.path);
    }
    trees.set(pattern, tree);
  }
  return tree;
}

/** Whether an event (see `parseEvent`) matches one pattern. For many patterns at once use `PatternIndex`. */
export function matchesPattern(pattern: Pattern, event: EventValue): boolean {
  const fields = readFields(treeOf(pattern), event);
  const known = new Map<Condition, boolean>();
  return pattern.branches.some((branch) => {
    for (const wanted of branch.conditions) {
      let held = known.get(wanted);
      if (held === undefined) known.set(wanted, (held = holds(wanted, fields)));
      if (!held) return false;
    }
    return !fields.inArrays || holdTogether(branch.conditions, fields);
  });
}

/** Why an event does not match a pattern. */
export interface Mismatch {
  /** The first field that does not match, with names joined by dots. */
  path: string;
  /**
   * `absent`: the field has no value; `value`: no entry of the pattern matches one; `element`: all fields match, but
   * not within one array element.
   */
  reason: "absent" | "value" | "element";
  /** The pattern's entries for the field, as JSON text of the pattern's array. */
  expected: string;
  /** The event's values of the field, in the order of the event; empty when there are none. */
  actual: EventValue[];
  /** How many of the fields of the pattern (with `$or`, of the closest branch) do not match: a measure of closeness. */
  failing: number;
  conditions: number;
}

/**
 * The first field of the pattern that keeps the event from matching, or undefined if it matches. With `$or` it belongs
 * to the closest branch.
 */
export function explain(pattern: Pattern, event: EventValue): Mismatch | undefined {
  if (matchesPattern(pattern, event)) return undefined;
  const fields = readFields(treeOf(pattern), event);
  let closest: { branch: Branch; failed: Condition[] } | undefined;
  for (const branch of pattern.branches) {
    const failed = branch.conditions.filter((wanted) => !holds(wanted, fields));
    if (closest === undefined || failed.length < closest.failed.length) closest = { branch, failed };
  }
  const { branch, failed } = closest as { branch: Branch; failed: Condition[] };
  const wanted = failed[0] ?? firstAstray(branch.conditions, fields);
  const actual = fields.values.get(wanted.path) ?? [];
  const reason = actual.length === 0 ? "absent" : failed.length > 0 ? "value" : "element";
  const failing = Math.max(1, failed.length);
  const conditions = branch.conditions.length;
  return { path: wanted.names.join("."), reason, expected: wanted.source, actual, failing, conditions };
}

/** The first condition that does not hold together with those before it. */
function firstAstray(conditions: readonly Condition[], fields: Fields): Condition {
  let fits = 0;
  let fails = conditions.length;
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (holdTogether(conditions.slice(0, middle), fields)) fits = middle;
    else fails = middle;
  }
  return conditions[fails - 1] as Condition;
}
