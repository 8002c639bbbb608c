import type { Key } from "./table.ts";
import { TextMap } from "./text-map.ts";

/** Serials that share an array. */
export const CHUNK = 16;
const NONE = -1;

/** Some rows of one chunk, still encoded as they were read at start. */
export interface UnreadRows<Row> {
  /** One bit for each place in the chunk that has a row here. */
  readonly places: number;
  /** Decodes them into their places. */
  readInto(rows: (Row | undefined)[]): void;
}

/** A run of neighbouring serials, `live` of which have a row. */
interface Chunk<Row> {
  /** Undefined while they are still encoded. */
  rows: (Row | undefined)[] | undefined;
  /** In the order they were written: later ones replace earlier ones. */
  unread: UnreadRows<Row>[] | undefined;
  live: number;
}

type ReadChunk<Row> = Chunk<Row> & { readonly rows: (Row | undefined)[] };

/**
 * Rows by key, like a Map. Neighbouring serials share a small array: with millions of rows a Map grows slowly and takes
 * more memory than some rows do.
 */
export class Rows<Row> implements ReadonlyMap<Key, Row> {
  readonly #texts = new TextMap<Row>();
  readonly #chunks = new Map<number, Chunk<Row>>();
  #serials = 0;
  /** The chunk used last; the next access is usually in the same one. */
  #latestId = NONE;
  #latest: ReadChunk<Row> | undefined;

  get size(): number {
    return this.#texts.size + this.#serials;
  }

  get(key: Key): Row | undefined {
    if (typeof key === "string") return this.#texts.get(key);
    return this.#chunkOf(Math.floor(key / CHUNK))?.rows[key % CHUNK];
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  set(key: Key, row: Row): void {
    if (typeof key === "string") {
      this.#texts.set(key, row);
      return;
    }
    const id = Math.floor(key / CHUNK);
    let chunk = this.#chunkOf(id);
    if (chunk === undefined) {
      chunk = { rows: noRows<Row>(), unread: undefined, live: 0 };
      this.#chunks.set(id, chunk);
      this.#latest = chunk;
    }
    const at = key % CHUNK;
    if (chunk.rows[at] === undefined) {
      chunk.live += 1;
      this.#serials += 1;
    }
    chunk.rows[at] = row;
  }

  /** Adds rows of the chunk with serials from `id * CHUNK` on, which are decoded when one of them is needed. */
  addUnread(id: number, unread: UnreadRows<Row>): void {
    let chunk = this.#chunks.get(id);
    if (chunk === undefined) {
      chunk = { rows: undefined, unread: [], live: 0 };
      this.#chunks.set(id, chunk);
      if (id === this.#latestId) this.#latestId = NONE;
    }
    if (chunk.rows === undefined) chunk.unread?.push(unread);
    else unread.readInto(chunk.rows);
    const live = countOf(chunk);
    this.#serials += live - chunk.live;
    chunk.live = live;
  }

  delete(key: Key): void {
    if (typeof key === "string") {
      this.#texts.delete(key);
      return;
    }
    const id = Math.floor(key / CHUNK);
    const chunk = this.#chunkOf(id);
    if (chunk === undefined || chunk.rows[key % CHUNK] === undefined) return;
    chunk.rows[key % CHUNK] = undefined;
    chunk.live -= 1;
    this.#serials -= 1;
    if (chunk.live > 0) return;
    this.#chunks.delete(id);
    this.#latest = undefined;
  }

  clear(): void {
    this.#texts.clear();
    this.#chunks.clear();
    this.#serials = 0;
    this.#latestId = NONE;
    this.#latest = undefined;
  }

  *entries(): MapIterator<[Key, Row]> {
    yield* this.#texts;
    for (const [id, chunk] of this.#chunks) {
      const rows = rowsOf(chunk);
      for (let at = 0; at < CHUNK; at += 1) {
        // The caller may have changed others since the previous one.
        const row = (chunk.rows ?? rows)[at];
        if (row !== undefined) yield [id * CHUNK + at, row];
      }
    }
  }

  *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Row> {
    for (const [, row] of this.entries()) yield row;
  }

  [Symbol.iterator](): MapIterator<[Key, Row]> {
    return this.entries();
  }

  /** The fastest way to visit many rows. */
  forEach(action: (row: Row, key: Key, rows: ReadonlyMap<Key, Row>) => void): void {
    for (const [key, row] of this.#texts) action(row, key, this);
    for (const [id, chunk] of this.#chunks) {
      const rows = rowsOf(chunk);
      for (let at = 0; at < CHUNK; at += 1) {
        const row = (chunk.rows ?? rows)[at];
        if (row !== undefined) action(row, id * CHUNK + at, this);
      }
    }
  }

  #chunkOf(id: number): ReadChunk<Row> | undefined {
    if (id === this.#latestId) return this.#latest;
    this.#latestId = id;
    const chunk = this.#chunks.get(id);
    if (chunk !== undefined && chunk.rows === undefined) {
      chunk.rows = rowsOf(chunk);
      chunk.unread = undefined;
    }
    this.#latest = chunk as ReadChunk<Row> | undefined;
    return this.#latest;
  }
}

function noRows<Row>(): (Row | undefined)[] {
  return new Array<Row | undefined>(CHUNK).fill(undefined);
}

/** The rows of a chunk; if they are still encoded, decoded just for this call. */
function rowsOf<Row>(chunk: Chunk<Row>): (Row | undefined)[] {
  if (chunk.rows !== undefined) return chunk.rows;
  const rows = noRows<Row>();
  for (const unread of chunk.unread ?? []) unread.readInto(rows);
  return rows;
}

function countOf<Row>({ rows, unread = [] }: Chunk<Row>): number {
  let places = 0;
  for (const each of unread) places |= each.places;
  let count = 0;
  for (let at = 0; at < CHUNK; at += 1) {
    if (rows === undefined ? (places & (1 << at)) !== 0 : rows[at] !== undefined) count += 1;
  }
  return count;
}
