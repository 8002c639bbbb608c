const maxEntries = 2_000;

/** Longer keys are rare and would make a full cache large; their values are computed each time. */
const maxKeyLength = 4_096;

/** Caches what was computed from recent texts, with a bound on entries and on their size. */
export class BoundedCache<T> {
  private readonly entries = new Map<string, T>();

  /** The value for a text, from the cache or from `make`; what `make` throws is not cached. */
  get(text: string, make: (text: string) => T): T {
    const known = this.entries.get(text);
    if (known !== undefined) return known;
    const value = make(text);
    if (text.length > maxKeyLength) return value;
    if (this.entries.size >= maxEntries) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(text, value);
    return value;
  }
}
