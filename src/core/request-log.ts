/** One answered request as `/_busbar/requests` shows it. */
export interface RequestRecord {
  /** Epoch milliseconds on the emulator's clock. */
  readonly time: number;
  readonly service: string | undefined;
  readonly operation: string | undefined;
  readonly account: string;
  readonly region: string;
  readonly status: number;
  /** The error's code, absent for a success. */
  readonly error: string | undefined;
  readonly message: string | undefined;
  readonly durationMs: number;
  readonly requestId: string;
}

/** The last requests, in a ring so that remembering costs the same however long the emulator runs. */
export class RequestLog {
  readonly #ring: RequestRecord[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  add(record: RequestRecord): void {
    this.#ring[this.#next] = record;
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1;
  }

  /** Newest first, each a plain copy. */
  *newestFirst(): IterableIterator<RequestRecord> {
    const count = this.#ring.length;
    for (let back = 1; back <= count; back++) {
      const record = this.#ring[(this.#next - back + count) % count] as RequestRecord;
      const { time, service, operation, account, region, status, error, message, durationMs, requestId } = record;
      yield { time, service, operation, account, region, status, error, message, durationMs, requestId };
    }
  }

  clear(): void {
    this.#ring.length = 0;
    this.#next = 0;
  }
}
