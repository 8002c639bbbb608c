/** Entries that share the first map. Few tables have more. */
const firstEntries = 8192;
/** Maps that share the entries after those. A power of two. */
const partCount = 64;
/** Characters at the end of a key that choose its map; keys often begin alike. */
const hashedChars = 8;

/**
 * A Map with text keys that never stops for long: V8 rehashes all entries of a Map at once when it grows or shrinks,
 * which takes 100 ms with half a million entries. So entries are spread over several maps once there are many.
 *
 * Entries may be added and deleted during a walk, as in a Map, but a walk need not meet those that were added.
 */
export class TextMap<Value> {
  readonly #first = new Map<string, Value>();
  /** Entries that came while the first map was full. */
  #others: Map<string, Value>[] = [];

  get size(): number {
    let size = this.#first.size;
    for (const part of this.#others) size += part.size;
    return size;
  }

  get(key: string): Value | undefined {
    const value = this.#first.get(key);
    return value === undefined && this.#others.length > 0 ? this.#partOf(key).get(key) : value;
  }

  /** `value` is not undefined. */
  set(key: string, value: Value): void {
    if (this.#others.length === 0) {
      if (this.#first.size < firstEntries || this.#first.has(key)) {
        this.#first.set(key, value);
        return;
      }
      this.#others = Array.from({ length: partCount }, () => new Map<string, Value>());
    } else if (this.#first.has(key)) {
      this.#first.set(key, value);
      return;
    }
    this.#partOf(key).set(key, value);
  }

  delete(key: string): void {
    if (!this.#first.delete(key) && this.#others.length > 0) this.#partOf(key).delete(key);
  }

  clear(): void {
    this.#first.clear();
    this.#others = [];
  }

  *keys(): MapIterator<string> {
    yield* this.#first.keys();
    for (const part of this.#others) yield* part.keys();
  }

  *[Symbol.iterator](): MapIterator<[string, Value]> {
    yield* this.#first;
    for (const part of this.#others) yield* part;
  }

  #partOf(key: string): Map<string, Value> {
    let hash = 0;
    for (let at = Math.max(0, key.length - hashedChars); at < key.length; at += 1) {
      hash = Math.imul(hash, 31) + key.charCodeAt(at);
    }
    return this.#others[(hash ^ (hash >>> 12)) & (partCount - 1)] as Map<string, Value>;
  }
}
