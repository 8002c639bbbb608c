import type { Branch, Pattern } from "./compile.ts";
import type { Condition } from "./condition.ts";
import type { EventValue } from "./exact-number.ts";
import { type Fields, FieldTree, readFields } from "./fields.ts";
import { branchMatches } from "./match.ts";
import type { Matcher } from "./matcher.ts";
import { ValueIndex } from "./value-index.ts";

/** Buckets with more entries are divided further, if their entries have conditions left to divide by. */
const bucketSize = 8;

interface Rule<Id> {
  id: Id;
  /** Order in which patterns were added, which results follow. */
  order: number;
  pattern: Pattern;
  entries: Entry<Id>[];
  /** The last event this rule was found to match. */
  matched: number;
}

/** A branch of a rule, filed under one of its conditions. */
interface Entry<Id> {
  rule: Rule<Id>;
  branch: Branch;
  home: Bucket<Id> | Level<Id>;
}

/** The branches found by one condition. */
interface Bucket<Id> {
  level: Level<Id>;
  condition: Condition;
  /** All branches here and below. */
  size: number;
  entries: Set<Entry<Id>>;
  below: Level<Id> | undefined;
  /** The last event for which this bucket was looked into. */
  seen: number;
}

/** An index of branches by one condition each; crowded buckets have a further level for other conditions. */
interface Level<Id> {
  parent: Bucket<Id> | undefined;
  /** Fields whose conditions led here. */
  used: ReadonlySet<string>;
  buckets: Map<string, Bucket<Id>>;
  values: Map<string, { index: ValueIndex<Bucket<Id>>; size: number }>;
  absent: Map<string, Set<Bucket<Id>>>;
  /** Branches all of whose conditions have been used on the way here. */
  rest: Set<Entry<Id>>;
}

function level<Id>(parent: Bucket<Id> | undefined, used: ReadonlySet<string>): Level<Id> {
  return { parent, used, buckets: new Map(), values: new Map(), absent: new Map(), rest: new Set() };
}

/**
 * Many patterns, matched against an event together. Each branch of a pattern is filed under one of its conditions, the
 * one least likely to hold. An event finds the conditions that hold by hash and tree lookups of its own values, and
 * only the branches filed there are checked in full. So the time depends on the event and on what it finds, not on the
 * number of patterns.
 */
export class PatternIndex<Id> {
  readonly #rules = new Map<Id, Rule<Id>>();
  readonly #tree = new FieldTree();
  readonly #root: Level<Id> = level<Id>(undefined, new Set());
  #arrivals = 0;
  #events = 0;
  #checks = 0;

  get size(): number {
    return this.#rules.size;
  }

  /** How many branches were checked in full since the index was created: a measure of its work. */
  get checks(): number {
    return this.#checks;
  }

  /** Adds a pattern, replacing the previous one with that id. */
  add(id: Id, pattern: Pattern): void {
    this.remove(id);
    const rule: Rule<Id> = { id, order: this.#arrivals++, pattern, entries: [], matched: 0 };
    this.#rules.set(id, rule);
    for (const branch of pattern.branches) {
      for (const wanted of branch.conditions) this.#tree.add(wanted.names, wanted.path);
      const entry: Entry<Id> = { rule, branch, home: this.#root };
      rule.entries.push(entry);
      file(this.#root, entry);
    }
  }

  /** Removes the id's pattern and returns whether there was one. */
  remove(id: Id): boolean {
    const rule = this.#rules.get(id);
    if (rule === undefined) return false;
    this.#rules.delete(id);
    for (const entry of rule.entries) {
      for (const wanted of entry.branch.conditions) this.#tree.remove(wanted.names);
      unfile(entry);
    }
    return true;
  }

  /** The ids of all patterns that the event (see `parseEvent`) matches, in the order they were added. */
  match(event: EventValue): Id[] {
    const found: Rule<Id>[] = [];
    const fields = readFields(this.#tree, event);
    this.#events++;
    this.#search(this.#root, fields, found);
    return found.sort((a, b) => a.order - b.order).map((rule) => rule.id);
  }

  #search(at: Level<Id>, fields: Fields, found: Rule<Id>[]): void {
    const look = (bucket: Bucket<Id>): void => {
      if (bucket.seen === this.#events) return;
      bucket.seen = this.#events;
      this.#check(bucket.entries, fields, found);
      if (bucket.below !== undefined) this.#search(bucket.below, fields, found);
    };
    this.#check(at.rest, fields, found);
    if (at.values.size < fields.values.size) {
      for (const [path, { index }] of at.values) {
        const values = fields.values.get(path);
        if (values !== undefined) for (const value of values) index.visit(value, look);
      }
    } else {
      for (const [path, values] of fields.values) {
        const index = at.values.get(path)?.index;
        if (index !== undefined) for (const value of values) index.visit(value, look);
      }
    }
    for (const [path, buckets] of at.absent) {
      if (!fields.values.has(path)) for (const bucket of buckets) look(bucket);
    }
  }

  #check(entries: Iterable<Entry<Id>>, fields: Fields, found: Rule<Id>[]): void {
    for (const { rule, branch } of entries) {
      if (rule.matched === this.#events) continue;
      this.#checks++;
      if (!branchMatches(branch, fields)) continue;
      rule.matched = this.#events;
      found.push(rule);
    }
  }
}

function file<Id>(at: Level<Id>, entry: Entry<Id>): void {
  const wanted = rarest(at, entry.branch.conditions);
  if (wanted === undefined) {
    entry.home = at;
    at.rest.add(entry);
    return;
  }
  const bucket = at.buckets.get(wanted.key) ?? openBucket(at, wanted);
  bucket.size++;
  if (bucket.below !== undefined) {
    file(bucket.below, entry);
    return;
  }
  entry.home = bucket;
  bucket.entries.add(entry);
  if (bucket.entries.size > bucketSize) divide(bucket);
}

function divide<Id>(bucket: Bucket<Id>): void {
  const entries = [...bucket.entries];
  bucket.below = level(bucket, new Set([...bucket.level.used, bucket.condition.path]));
  bucket.entries.clear();
  for (const entry of entries) file(bucket.below, entry);
}

function unfile<Id>(entry: Entry<Id>): void {
  const { home } = entry;
  let bucket: Bucket<Id> | undefined;
  if ("rest" in home) {
    home.rest.delete(entry);
    bucket = home.parent;
  } else {
    home.entries.delete(entry);
    bucket = home;
  }
  while (bucket !== undefined) {
    bucket.size--;
    const { level } = bucket;
    if (bucket.size === 0) closeBucket(bucket);
    bucket = level.parent;
  }
}

function openBucket<Id>(at: Level<Id>, wanted: Condition): Bucket<Id> {
  const bucket: Bucket<Id> = { level: at, condition: wanted, size: 0, entries: new Set(), below: undefined, seen: 0 };
  at.buckets.set(wanted.key, bucket);
  let values = at.values.get(wanted.path);
  if (values === undefined) at.values.set(wanted.path, (values = { index: new ValueIndex(), size: 0 }));
  values.size++;
  for (const matcher of wanted.matchers) values.index.add(matcher, bucket);
  if (wanted.acceptsAbsence) {
    const absent = at.absent.get(wanted.path);
    if (absent === undefined) at.absent.set(wanted.path, new Set([bucket]));
    else absent.add(bucket);
  }
  return bucket;
}

function closeBucket<Id>(bucket: Bucket<Id>): void {
  const { level: at, condition: wanted } = bucket;
  at.buckets.delete(wanted.key);
  const values = at.values.get(wanted.path);
  if (values !== undefined) {
    for (const matcher of wanted.matchers) values.index.remove(matcher, bucket);
    if (--values.size === 0) at.values.delete(wanted.path);
  }
  const absent = at.absent.get(wanted.path);
  absent?.delete(bucket);
  if (absent?.size === 0) at.absent.delete(wanted.path);
}

/** How often a kind of matcher holds: 0 for one value or a few, 3 for almost all. */
function breadth(matcher: Matcher): number {
  switch (matcher.kind) {
    case "anything-but":
      return 3;
    case "exists":
      return matcher.present ? 1 : 2;
    case "range":
      return Number.isFinite(matcher.low) && Number.isFinite(matcher.high) ? 0 : 1;
    case "prefix":
    case "suffix":
      return matcher.text === "" ? 1 : 0;
    case "wildcard":
      return matcher.glob.literals.every((literal) => literal === "") ? 1 : 0;
    default:
      return 0;
  }
}

/** The unused condition that is likely to lead the fewest events to this branch. */
function rarest<Id>(at: Level<Id>, conditions: readonly Condition[]): Condition | undefined {
  let best: Condition | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const wanted of conditions) {
    if (at.used.has(wanted.path)) continue;
    const index = at.values.get(wanted.path)?.index;
    let widest = 0;
    let crowd = at.buckets.get(wanted.key)?.size ?? 0;
    for (const matcher of wanted.matchers) {
      widest = Math.max(widest, breadth(matcher));
      if (index !== undefined) crowd = Math.max(crowd, index.crowd(matcher));
    }
    const cost = widest * 1e9 + crowd;
    if (cost < bestCost) {
      best = wanted;
      bestCost = cost;
    }
  }
  return best;
}
