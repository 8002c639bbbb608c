/**
 * News of messages and records: a source tells that it has something to read, and whoever drains it wakes up instead
 * of asking again and again. News is a hint and is lost with the process; a reader looks once for itself when it begins.
 */
export class Arrivals {
  readonly #readers = new Map<string, Set<() => void>>();
  readonly #sources: ((source: string) => void)[] = [];

  /** For a service whose sources become readable by time alone: it is notified of each source that gets its first reader. */
  onFirstReader(listener: (source: string) => void): void {
    this.#sources.push(listener);
  }

  /** Calls `wake` whenever the source (an ARN) may have something to read; the function returned ends that. */
  on(source: string, wake: () => void): () => void {
    let readers = this.#readers.get(source);
    const first = readers === undefined;
    if (readers === undefined) this.#readers.set(source, (readers = new Set()));
    readers.add(wake);
    if (first) for (const listener of this.#sources) listener(source);
    return () => {
      const left = this.#readers.get(source);
      if (left?.delete(wake) && left.size === 0) this.#readers.delete(source);
    };
  }

  /** Whether anybody reads the source, so that news costs nothing where nobody does. */
  hasReader(source: string): boolean {
    return this.#readers.size > 0 && this.#readers.has(source);
  }

  /** To be called once what made the source readable is durable. */
  notify(source: string): void {
    for (const wake of [...(this.#readers.get(source) ?? [])]) wake();
  }
}
