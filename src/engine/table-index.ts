import { type GroupEntries, indexFaults } from "./self-check.ts";
import * as sorted from "./sorted.ts";
import type { Bounds, Index, IndexDefinition, Key, Order } from "./table.ts";
import { TextMap } from "./text-map.ts";

/**
 * Greater than every text that is a key: those have at most 1,900 bytes, and this is longer and of the highest code
 * unit.
 */
const ABOVE_ALL_TEXTS = "\uffff".repeat(640);

/** Less than every text that is a key: those are not empty. */
const BELOW_ALL_TEXTS = "";

/**
 * One secondary index. It holds keys and orders, never rows, so a row replaced in place costs it nothing.
 * A group of one row is just that row's key, since hundreds of thousands of such groups are common.
 */
export class TableIndex<Row> implements Index<Row> {
  readonly #name: string;
  readonly #definition: IndexDefinition<Row>;
  readonly #rows: ReadonlyMap<Key, Row>;
  readonly #groups = new TextMap<Key | sorted.Sorted>();
  /** Whether the table's keys are serials. */
  #hasSerials = false;
  #orderType: "number" | "string" | undefined;
  #nextGroup: string | undefined;
  #nextOrder: Order = 0;
  /** Counts changes, so that a walk notices when its position is no longer valid. */
  #version = 0;

  /** `name` is for messages. `rows` is the table's own map, from which the index reads the current rows. */
  constructor(name: string, definition: IndexDefinition<Row>, rows: ReadonlyMap<Key, Row>) {
    this.#name = name;
    this.#definition = definition;
    this.#rows = rows;
  }

  /** First half of a change: evaluates the definition for the new row, and may throw. Nothing is changed yet. */
  prepare(row: Row): void {
    const group = this.#definition.group(row);
    this.#nextGroup = group;
    if (group === undefined) return;
    const order = this.#definition.order(row);
    const type = typeof order;
    if (type !== this.#orderType) this.#checkOrderType(type);
    if (Number.isNaN(order)) throw new Error(`the index ${this.#name} got NaN as an order`);
    this.#nextOrder = order;
  }

  /** Second half of a change: removes the previous row and adds the prepared one (`replacing`), if any. */
  apply(key: Key, before: Row | undefined, replacing: boolean): void {
    const group = replacing ? this.#nextGroup : undefined;
    const groupBefore = before === undefined ? undefined : this.#definition.group(before);
    if (groupBefore === undefined) {
      if (group !== undefined) this.#add(group, this.#nextOrder, key);
      return;
    }
    const orderBefore = this.#definition.order(before!);
    if (groupBefore !== group) {
      this.#remove(groupBefore, orderBefore, key);
      if (group !== undefined) this.#add(group, this.#nextOrder, key);
      return;
    }
    if (orderBefore === this.#nextOrder) return;
    const held = this.#groups.get(group);
    if (typeof held !== "object") {
      this.#version += 1;
      return;
    }
    this.#remove(group, orderBefore, key);
    this.#add(group, this.#nextOrder, key);
  }

  /** Called by the table when all its rows are gone. */
  clear(): void {
    this.#groups.clear();
    this.#version += 1;
  }

  size(group: string): number {
    const held = this.#groups.get(group);
    if (held === undefined) return 0;
    return typeof held === "object" ? held.size : 1;
  }

  first(group: string): Row | undefined {
    const held = this.#groups.get(group);
    if (held === undefined) return undefined;
    return this.#rows.get(typeof held === "object" ? sorted.firstKey(held) : held);
  }

  last(group: string): Row | undefined {
    const held = this.#groups.get(group);
    if (held === undefined) return undefined;
    return this.#rows.get(typeof held === "object" ? sorted.lastKey(held) : held);
  }

  groups(): IterableIterator<string> {
    return this.#groups.keys();
  }

  range(group: string, bounds: Bounds = {}): IterableIterator<Row> {
    return bounds.reverse === true ? this.#descending(group, bounds) : this.#ascending(group, bounds);
  }

  /** For tests: where the index disagrees with the rows. */
  faults(): string[] {
    const wanted = new Map<string, [Order, Key][]>();
    for (const [key, row] of this.#rows) {
      const group = this.#definition.group(row);
      if (group === undefined) continue;
      const entries = wanted.get(group);
      if (entries === undefined) wanted.set(group, [[this.#definition.order(row), key]]);
      else entries.push([this.#definition.order(row), key]);
    }
    for (const entries of wanted.values()) {
      entries.sort(([orderA, keyA], [orderB, keyB]) => (sorted.isBefore(orderA, keyA, orderB, keyB) ? -1 : 1));
    }
    const held = new Map<string, GroupEntries>();
    for (const [group, tree] of this.#groups) {
      const entries = sorted.entries(typeof tree === "object" ? tree : this.#single(tree));
      held.set(group, { entries, size: this.size(group) });
    }
    return indexFaults(this.#name, wanted, held);
  }

  *#ascending(group: string, bounds: Bounds): Generator<Row, undefined, undefined> {
    let { order, key } = this.#lowEnd(bounds);
    const end = this.#highEnd(bounds);
    for (;;) {
      const place = this.#seek(group, order, key, true);
      if (place === undefined) return;
      const version = this.#version;
      const { leaf } = place;
      for (let at = place.at; at < leaf.keys.length; at += 1) {
        order = leaf.orders[at]!;
        key = leaf.keys[at]!;
        if (end.order !== undefined && !sorted.isBefore(order, key, end.order, end.key)) return;
        yield this.#rows.get(key)!;
        if (version !== this.#version) break;
      }
    }
  }

  *#descending(group: string, bounds: Bounds): Generator<Row, undefined, undefined> {
    let { order, key } = this.#highEnd(bounds);
    const end = this.#lowEnd(bounds);
    for (;;) {
      const place = this.#seek(group, order, key, false);
      if (place === undefined) return;
      const version = this.#version;
      const { leaf } = place;
      for (let at = place.at; at >= 0; at -= 1) {
        order = leaf.orders[at]!;
        key = leaf.keys[at]!;
        if (end.order !== undefined && !sorted.isBefore(end.order, end.key, order, key)) return;
        yield this.#rows.get(key)!;
        if (version !== this.#version) break;
      }
    }
  }

  /**
   * The first position strictly beyond (order, key) in the given direction; an undefined order comes before everything.
   */
  #seek(group: string, order: Order | undefined, key: Key, ascending: boolean): sorted.Place | undefined {
    const held = this.#groups.get(group);
    if (held === undefined) return undefined;
    const root = typeof held === "object" ? held : this.#single(held);
    if (ascending) {
      return order === undefined ? sorted.firstPlace(root) : sorted.placeAfter(root, order, key);
    }
    return order === undefined ? sorted.lastPlace(root) : sorted.placeBefore(root, order, key);
  }

  #single(key: Key): sorted.Sorted {
    return new sorted.Sorted([this.#orderOf(key)], [key], undefined, 1);
  }

  #orderOf(key: Key): Order {
    return this.#definition.order(this.#rows.get(key)!);
  }

  #add(group: string, order: Order, key: Key): void {
    this.#version += 1;
    const held = this.#groups.get(group);
    if (held === undefined) {
      this.#hasSerials = typeof key === "number";
      this.#groups.set(group, key);
    } else if (typeof held !== "object") {
      this.#groups.set(group, sorted.pairOf(this.#orderOf(held), held, order, key));
    } else {
      const root = sorted.insert(held, order, key);
      if (root !== held) this.#groups.set(group, root);
    }
  }

  #remove(group: string, order: Order, key: Key): void {
    this.#version += 1;
    const held = this.#groups.get(group);
    if (held === key) {
      this.#groups.delete(group);
      return;
    }
    const root = typeof held === "object" ? sorted.remove(held, order, key) : undefined;
    if (root === undefined) {
      throw new Error(`the row ${key} is not where the index ${this.#name} put it: a stored row was changed in place`);
    }
    if (root.size === 1) this.#groups.set(group, sorted.firstKey(root));
    else if (root !== held) this.#groups.set(group, root);
  }

  /** Everything within the bounds is strictly after this. */
  #lowEnd({ gt, gte }: Bounds): End {
    if (gt !== undefined && (gte === undefined || gt >= gte)) return { order: gt, key: this.#aboveAll };
    return { order: gte, key: this.#belowAll };
  }

  /** Everything within the bounds is strictly before this. */
  #highEnd({ lt, lte }: Bounds): End {
    if (lt !== undefined && (lte === undefined || lt <= lte)) return { order: lt, key: this.#belowAll };
    return { order: lte, key: this.#aboveAll };
  }

  get #aboveAll(): Key {
    return this.#hasSerials ? Number.POSITIVE_INFINITY : ABOVE_ALL_TEXTS;
  }

  get #belowAll(): Key {
    return this.#hasSerials ? Number.NEGATIVE_INFINITY : BELOW_ALL_TEXTS;
  }

  #checkOrderType(type: string): void {
    if (this.#orderType !== undefined || (type !== "number" && type !== "string")) {
      throw new Error(`the index ${this.#name} got a ${type} as an order, expected a ${this.#orderType ?? "number"}`);
    }
    this.#orderType = type;
  }
}

interface End {
  order: Order | undefined;
  key: Key;
}

interface End {
  order: Order | undefined;
  key: Key;
}
