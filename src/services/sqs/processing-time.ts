/** The meaning of recent: the current period of the clock and the previous one. */
const periodMs = 5 * 60_000;

/**
 * The recent processing time of messages, in message-milliseconds: the number in flight, integrated over time. It is
 * notified of each change of that number, so a change costs O(1) and the whole only a few numbers.
 */
export class ProcessingTime {
  #beginMs: number;
  #sinceMs: number;
  #period: number;
  #previous = 0;
  #current = 0;

  constructor(now: number) {
    this.#beginMs = now;
    this.#sinceMs = now;
    this.#period = Math.floor(now / periodMs);
  }

  /** Adds the time since the last call, during which this many messages were in flight. */
  pass(inFlight: number, now: number): void {
    const period = Math.floor(now / periodMs);
    if (now < this.#sinceMs) {
      // The clock was set back: nothing is known about that time.
      this.#beginMs = now;
      this.#previous = 0;
      this.#current = 0;
    } else if (period > this.#period) {
      this.#previous = period === this.#period + 1 ? this.#current : 0;
      this.#current = 0;
    }
    this.#period = period;
    this.#add(inFlight, Math.min(this.#sinceMs, now), now);
    this.#sinceMs = now;
  }

  /** Subtracts the time counted for a message beyond the end of its flight. */
  endedEarlier(endMs: number): void {
    this.#add(-1, Math.max(endMs, this.#beginMs), this.#sinceMs);
  }

  get recentMs(): number {
    return this.#previous + this.#current;
  }

  #add(messages: number, fromMs: number, toMs: number): void {
    const startMs = this.#period * periodMs;
    this.#current += messages * Math.max(0, toMs - Math.max(fromMs, startMs));
    this.#previous += messages * Math.max(0, Math.min(toMs, startMs) - Math.max(fromMs, startMs - periodMs));
  }
}
