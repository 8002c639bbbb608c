import type { Key } from "./table.ts";

const CHUNK = 16;
const NONE = -1;

/** A run of neighbouring serials, `live` of which have a row. */
interface Chunk<Row> {
  readonly rows: (Row | undefined)[];
  live: number;
}

/**
 * Rows by key, like a Map. Neighbouring serials share a small array: with millions of rows a Map grows slowly and takes
 * more memory than some rows do.
 */
export class Rows<Row> implements ReadonlyMap<Key, Row> {
  readonly #texts = new Map<string, Row>();
  readonly #chunks = new Map<number, Chunk<Row>>();
  #serials = 0;
  /** The chunk used last; the next access is usually in the same one. */
  #latestId = NONE;
  #latest: Chunk<Row> | undefined;

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
      chunk = { rows: new Array<Row | undefined>(CHUNK).fill(undefined), live: 0 };
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
    for (const [id, { rows }] of this.#chunks) {
      for (let at = 0; at < CHUNK; at += 1) {
        const row = rows[at];
        if (row !== undefined) yield [id * CHUNK + at, row];
      }
    }
  }

  *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Row> {
    yield* this.#texts.values();
    for (const { rows } of this.#chunks.values()) {
      for (let at = 0; at < CHUNK; at += 1) {
        const row = rows[at];
        if (row !== undefined) yield row;
      }
    }
  }

  [Symbol.iterator](): MapIterator<[Key, Row]> {
    return this.entries();
  }

  /** The fastest way to visit many rows. */
  forEach(action: (row: Row, key: Key, rows: ReadonlyMap<Key, Row>) => void): void {
    for (const [key, row] of this.#texts) action(row, key, this);
    for (const [id, { rows }] of this.#chunks) {
      for (let at = 0; at < CHUNK; at += 1) {
        const row = rows[at];
        if (row !== undefined) action(row, id * CHUNK + at, this);
      }
    }
  }

  #chunkOf(id: number): Chunk<Row> | undefined {
    if (id === this.#latestId) return this.#latest;
    this.#latestId = id;
    this.#latest = this.#chunks.get(id);
    return this.#latest;
  }
}
