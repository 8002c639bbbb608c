import { clearImmediate, clearTimeout, setImmediate, setTimeout } from "./real-time.ts";

/**
 * Longest sleep of the real clock. Node's timers end at 2^31 ms; waking each minute also notices within that time
 * that the system's clock was put forward.
 */
const LONGEST_SLEEP_MS = 60_000;

/** Wakes the event loop at a given time. */
export class Alarm {
  readonly #ring: () => void;
  #sleep: NodeJS.Timeout | NodeJS.Immediate | undefined;
  /** The time it is set to; -Infinity means the next turn. */
  #untilMs = Number.POSITIVE_INFINITY;

  /** @param ring called at or before each time that was set; the caller then checks what is due. */
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

  /** Rings by `dueMs`, which is `waitMs` from now. An alarm already set to an earlier time keeps that time. */
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
