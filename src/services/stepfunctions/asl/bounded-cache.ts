const maxEntries = 2_000;

/** Longer texts are rare and would make a full cache large; they are worked out each time. */
const maxKeyLength = 4_096;

/** Remembers what was worked out from texts seen lately, within a bound on entries and on their size. */
export class BoundedCache<T> {
  private readonly entries = new Map<string, T>();

  /** The value for a text, from memory or from `make`; what `make` throws is not remembered. */
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
