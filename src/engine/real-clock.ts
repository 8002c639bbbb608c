/** A machine's clock that is this far behind what passed since the last look was set back by somebody. */
import { dateNow, performance } from "./real-time.ts";

const SET_BACK_MS = 1000;

/**
 * The machine's time without setbacks: when its clock is set back, time continues at its pace, ahead of that clock,
 * until the clock catches up by being put forward or the process ends. When it is put forward, or wakes from sleep,
 * time follows.
 */
export class RealClock {
  /** How far ahead of the machine's clock. */
  #aheadMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastMonotonicMs = 0;
  /** What the machine's clock said at the last call. */
  #lastSystemMs = Number.NaN;

  /** Epoch ms. */
  now(): number {
    // Called several times per request: within one millisecond the answer is the same, and one clock is enough to know
    // it.
    if (dateNow() === this.#lastSystemMs) return this.#lastMs;
    // This one first: a pause between the two then looks like a step forward, not like a setback.
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

  /** Continues from at least this time, which was already handed out. */
  notBefore(epochMs: number): void {
    const now = this.now();
    if (epochMs <= now) return;
    this.#aheadMs += epochMs - now;
    this.#lastMs = epochMs;
  }
}
