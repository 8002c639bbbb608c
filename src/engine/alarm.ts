import { clearImmediate, clearTimeout, setImmediate, setTimeout } from "./real-time.ts";

/**
 * Longest sleep of the real clock. Node's timers end at 2^31 ms; waking each minute also notices within that time
 * that the system's clock was put forward.
 */
const LONGEST_SLEEP_MS = 60_000;

/** Brings the event loop back when a time has come. */
export class Alarm {
  readonly #ring: () => void;
  #sleep: NodeJS.Timeout | NodeJS.Immediate | undefined;
  /** The time it is set to; -Infinity: the next turn. */
  #untilMs = Number.POSITIVE_INFINITY;

  /** @param ring called once for each time it was set to, or earlier: whoever set it looks again. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings in the next turn of the event loop. */
  setNow(): void {
    if (this.#untilMs === Number.NEGATIVE_INFINITY) return;
    this.stop();
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#sleep = setImmediate(() => this.#end());
  }

  /** Rings by `dueMs`, which is `waitMs` from now. An alarm that is set to an earlier time stays, and rings then. */
  setTo(dueMs: number, waitMs: number): void {
    if (dueMs >= this.#untilMs) return;
    this.stop();
    this.#untilMs = dueMs;
    this.#sleep = setTimeout(() => this.#end(), Math.min(waitMs, LONGEST_SLEEP_MS)).unref();
  }

  stop(): void {
    if (this.#untilMs === Number.NEGATIVE_INFINITY) clearImmediate(this.#sleep as NodeJS.Immediate | undefined);
    else clearTimeout(this.#sleep as NodeJS.Timeout | undefined);
    this.#sleep = undefined;
    this.#untilMs = Number.POSITIVE_INFINITY;
  }

  #end(): void {
    this.stop();
    this.#ring();
  }
}
