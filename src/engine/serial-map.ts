const CHUNK = 64;
const NONE = -1;

/** A run of neighbouring serials, `live` of which have a value. */
interface Chunk {
  readonly values: number[];
  live: number;
}

/** Numbers of 0 or more by serial. Serials are handed out in order, so neighbours share a small array. */
export class SerialMap {
  readonly #chunks = new Map<number, Chunk>();
  #size = 0;
  /** The chunk used last; the next access is usually in the same one. */
  #latestId = NONE;
  #latest: Chunk | undefined;

  get size(): number {
    return this.#size;
  }

  get(serial: number): number | undefined {
    const value = this.#chunkOf(Math.floor(serial / CHUNK))?.values[serial % CHUNK];
    return value === NONE ? undefined : value;
  }

  set(serial: number, value: number): void {
    const id = Math.floor(serial / CHUNK);
    let chunk = this.#chunkOf(id);
    if (chunk === undefined) {
      chunk = { values: new Array<number>(CHUNK).fill(NONE), live: 0 };
      this.#chunks.set(id, chunk);
      this.#latest = chunk;
    }
    if (chunk.values[serial % CHUNK] === NONE) {
      chunk.live += 1;
      this.#size += 1;
    }
    chunk.values[serial % CHUNK] = value;
  }

  delete(serial: number): void {
    const id = Math.floor(serial / CHUNK);
    const chunk = this.#chunkOf(id);
    if (chunk === undefined || chunk.values[serial % CHUNK] === NONE) return;
    chunk.values[serial % CHUNK] = NONE;
    chunk.live -= 1;
    this.#size -= 1;
    if (chunk.live > 0) return;
    this.#chunks.delete(id);
    this.#latest = undefined;
  }

  /** The serials that have a value, in no particular order; safe against changes inside the loop. */
  *keys(): IterableIterator<number> {
    for (const [id, { values }] of this.#chunks) {
      for (let at = 0; at < CHUNK; at += 1) if (values[at] !== NONE) yield id * CHUNK + at;
    }
  }

  /** As `keys`, with the values. */
  *entries(): IterableIterator<[serial: number, value: number]> {
    for (const [id, { values }] of this.#chunks) {
      for (let at = 0; at < CHUNK; at += 1) {
        const value = values[at] as number;
        if (value !== NONE) yield [id * CHUNK + at, value];
      }
    }
  }

  clear(): void {
    this.#chunks.clear();
    this.#size = 0;
    this.#latestId = NONE;
    this.#latest = undefined;
  }

  #chunkOf(id: number): Chunk | undefined {
    if (id === this.#latestId) return this.#latest;
    this.#latestId = id;
    this.#latest = this.#chunks.get(id);
    return this.#latest;
  }
}
