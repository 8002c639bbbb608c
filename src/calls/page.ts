/**
 * Opaque pagination tokens: padded base64 (clients of SNS decode it) of a JSON value that says where the next page
 * begins.
 */
import { tryParseJson } from "../../protocols/unknown-json.ts";
export function encodeToken(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64");
}

/** The position in a token, or undefined for text that is not one of our tokens. The caller checks its type. */
export function decodeToken(token: string): unknown {
  return tryParseJson(Buffer.from(token, "base64").toString());
}

/**
 * Rows ordered by name, as long as their names begin with the prefix; the sequence must begin with the first such row.
 */
export function* withPrefix<Row extends { readonly name: string }>(
  rows: Iterable<Row>,
  prefix: string,
): Generator<Row> {
  for (const row of rows) {
    if (!row.name.startsWith(prefix)) return;
    yield row;
  }
}

/** The items of a lazily read sequence that satisfy a predicate. */
export function* filtered<Item>(items: Iterable<Item>, isWanted: (item: Item) => boolean): Generator<Item> {
  for (const item of items) if (isWanted(item)) yield item;
}

/** How large a page may be, in whatever unit `sizeOf` returns. */
export interface PageSize<Item> {
  readonly maxSize: number;
  readonly sizeOf: (item: Item) => number;
}

export interface Page<Item> {
  readonly items: Item[];
  /** True when items remain after this page. */
  readonly more: boolean;
}

/**
 * Takes the first `limit` items of a lazily read sequence and says whether more follow. With `sizeOf`, a page also ends
 * before the item that would make it larger than `maxSize`, but always has at least one item.
 */
export function takePage<Item>(
  sequence: Iterable<Item>,
  limit: number,
  { maxSize, sizeOf }: PageSize<Item> = { maxSize: 0, sizeOf: () => 0 },
): Page<Item> {
  const items: Item[] = [];
  let size = 0;
  for (const item of sequence) {
    size += sizeOf(item);
    if (items.length === limit || (size > maxSize && items.length > 0)) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}
