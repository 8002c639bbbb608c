/**
 * News of messages and records: a source announces that it has something to read, which wakes its readers, so that
 * nobody polls. News is only a hint and is lost with the process; a reader checks its source when it starts.
 */
export class Arrivals {
  readonly #readers = new Map<string, Set<() => void>>();
  readonly #sources: ((source: string) => void)[] = [];

  /**
   * For a service whose sources also become readable as time passes: called for each source that gets its first reader.
   */
  onFirstReader(listener: (source: string) => void): void {
    this.#sources.push(listener);
  }

  /** Calls `wake` whenever the source (an ARN) may have something to read, until the returned function is called. */
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

  /** Whether the source has readers, so that news costs nothing without them. */
  hasReader(source: string): boolean {
    return this.#readers.size > 0 && this.#readers.has(source);
  }

  /** To be called once what made the source readable is durable. */
  notify(source: string): void {
    for (const wake of [...(this.#readers.get(source) ?? [])]) wake();
  }
}
