/** A machine's clock that is this far behind what passed since the last look was set back by somebody. */
import { dateNow, performance } from "./real-time.ts";

const SET_BACK_MS = 1000;

/**
 * The machine's time without its setbacks: where its clock is set back, time goes on at its pace, ahead of that clock, until
 * it is put forward again or the process ends. Where it is put forward, or wakes from a sleep in which nothing passed, time follows.
 */
export class RealClock {
  /** How far ahead of the machine's clock. */
  #aheadMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastMonotonicMs = 0;
  /** What the machine's clock said at the last look. */
  #lastSystemMs = Number.NaN;

  /** Epoch ms. */
  now(): number {
    // Asked several times a call: within one millisecond the answer stands, and one clock is enough to know it.
    if (dateNow() === this.#lastSystemMs) return this.#lastMs;
    // First this one: a pause between the two then looks like a step forward, not like a setback.
    const monotonicMs = performance.now();
    const systemMs = dateNow();
    const passedMs = Math.floor(this.#lastMs + monotonicMs - this.#lastMonotonicMs);
    let now = systemMs + this.#aheadMs;
    if (now < passedMs - SET_BACK_MS) now = passedMs;
    else if (this.#aheadMs > 0 && now > passedMs + SET_BACK_MS) now = Math.max(passedMs, systemMs);
    this.#aheadMs = now - systemMs;
    this.#lastMs = now;
    this.#lastMonotonicMs = monotonicMs;
    this.#lastSystemMs = systemMs;
    return now;
  }

  /** Goes on from there at least, which was told before. */
  notBefore(epochMs: number): void {
    const now = this.now();
    if (epochMs <= now) return;
    this.#aheadMs += epochMs - now;
    this.#lastMs = epochMs;
  }
}
