/** What an index sorts by. Within one index all orders are numbers, or all are strings (compared by UTF-16 code units). */
export type Order = number | string;

/**
 * The type of a primary key: a text, or a serial of the store, which costs less. All keys of a table have the same
 * type.
 */
export type Key = number | string;

/** A secondary index, maintained by the table. Both functions must be pure: they are called again on stored rows. */
export interface IndexDefinition<Row> {
  /** The group the row belongs to; undefined when the row is not in this index. */
  group(row: Row): string | undefined;
  /**
   * The row's position in its group. Rows of equal order are sorted by primary key (texts by code units), also after a
   * restart.
   */
  order(row: Row): Order;
}

export interface TableDefinition<Row, Indexes extends Record<string, IndexDefinition<Row>>, K extends Key = Key> {
  /** Unique in the store and permanent: it is the name on disk. */
  name: string;
  /** The primary key: a serial, or well-formed Unicode, not empty, at most 1,900 bytes of UTF-8. */
  key(row: Row): K;
  /** The account the row belongs to, for `Store.reset(account)`. */
  account(row: Row): string;
  indexes: Indexes;
  /** For the store's own housekeeping (the clock): `Store.reset` leaves these rows alone. */
  outlivesReset?: boolean;
}

/**
 * Declares a table. Curried, so that the row type is given and the index names are inferred:
 * `defineTable<MessageRow>()({ name: "messages", key: …, account: …, indexes: { visibleAt: { group: …, order: … } } })`.
 */
export function defineTable<Row extends object>(): <
  const I extends Record<string, IndexDefinition<Row>>,
  K extends Key,
>(
  definition: TableDefinition<Row, I, K>,
) => TableDefinition<Row, I, K> {
  return (definition) => definition;
}

/** Limits of a range, in the index's order. */
export interface Bounds {
  gt?: Order;
  gte?: Order;
  lt?: Order;
  lte?: Order;
  /** Walk from the highest order to the lowest. */
  reverse?: boolean;
}

/** Reads of one secondary index: O(log n) in the size of the group, counts O(1). */
export interface Index<Row> {
  size(group: string): number;
  first(group: string): Row | undefined;
  last(group: string): Row | undefined;
  /**
   * The group's rows in order. Any write inside the loop is safe: the walk goes on behind the place of the row
   * yielded last, so a row replaced by one further ahead and still within the bounds comes again.
   */
  range(group: string, bounds?: Bounds): IterableIterator<Row>;
  /** The groups that have rows, in no particular order. */
  groups(): IterableIterator<string>;
}

/** Rows under their primary keys. Rows are values: replace them with `put`, never change one that is stored. */
export interface Table<Row, Names extends string, K extends Key = string> {
  get(key: K): Row | undefined;
  has(key: K): boolean;
  readonly size: number;
  /** Inserts the row or replaces the one of the same key. Only inside `Store.transaction`. */
  put(row: Row): void;
  /** Returns whether there was such a row. Only inside `Store.transaction`. */
  delete(key: K): boolean;
  /** All rows, in no particular order; safe against writes inside the loop. */
  values(): IterableIterator<Row>;
  readonly by: { readonly [N in Names]: Index<Row> };
}
