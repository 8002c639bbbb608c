import { clearTimeout, performance, setImmediate, setTimeout } from "./real-time.ts";

export interface WorkOptions {
  /** How long quiet waits for work that others do, in milliseconds of the machine's own time. Default: 2,000. */
  patienceMs?: number;
  /**
   * The machine's own time decides nothing, so that a run is the same each time: quiet waits for nothing that others do,
   * and a turn of the event loop has all the time it wants.
   */
  untimed?: boolean;
  /** How long a move waits at one time for our own work to end, in milliseconds of the machine's own time. Default: 60,000. */
  endlessMs?: number;
}

const DEFAULT_PATIENCE_MS = 2_000;
/** More than the largest work we know takes; what takes longer may be a loop that never ends. */
const DEFAULT_ENDLESS_MS = 60_000;

/** Quiet does not come: what is done causes more of it. The work itself goes on, and quiet can be waited for again. */
export class EndlessWork extends Error {
  override readonly name = "EndlessWork";

  constructor(seconds: number, nowMs: number) {
    super(
      `Work has gone on for ${seconds} s at ${new Date(nowMs).toISOString()}, and time does not move before it is done. ` +
        "If it is a loop, such as a topic, a queue, a pipe and the same topic, break it; if it is much, ask again.",
    );
  }
}

/** Work in flight, and the quiet that comes when there is none. */
export class Work {
  readonly #now: () => number;
  readonly #patienceMs: number;
  readonly #untimed: boolean;
  readonly #endlessMs: number;
  #inFlight = 0;
  #whenIdle: (() => void)[] = [];
  #closed = false;

  /** @param now the clock's time, for what EndlessWork says. */
  constructor(options: WorkOptions, now: () => number) {
    this.#now = now;
    this.#patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
    this.#untimed = options.untimed ?? false;
    this.#endlessMs = options.endlessMs ?? DEFAULT_ENDLESS_MS;
  }

  /** Work in flight until the function returned is called, once or more. */
  begin(): () => void {
    this.#inFlight += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#tellIdle();
    };
  }

  /** Work in flight until the promise settles. */
  track<T>(work: Promise<T>): Promise<T> {
    const end = this.begin();
    work.then(end, end);
    return work;
  }

  /**
   * As track(), for work that waits for somebody else: a function of the user's, an endpoint. Nobody knows whether that
   * ends, so time waits for it only so long, and then goes on without it.
   */
  trackOutside<T>(work: Promise<T>): Promise<T> {
    if (this.#untimed) return work;
    const end = this.begin();
    const patience = setTimeout(end, this.#patienceMs);
    const done = (): void => {
      clearTimeout(patience);
      end();
    };
    work.then(done, done);
    return work;
  }

  /** Until when whoever begins to wait for quiet now waits, in milliseconds of `performance.now()`. */
  endlessFrom(): number {
    return performance.now() + this.#endlessMs;
  }

  /**
   * Resolves when no work is in flight and what was waiting for a turn of the event loop has had it.
   * @throws EndlessWork when it has not come by then.
   */
  async quiet(until: number = this.endlessFrom()): Promise<void> {
    // Work that ends often begins the next piece a turn later, so only two idle turns in a row count.
    for (let idleTurns = 0; idleTurns < 2 && !this.#closed; ) {
      await nextTurn();
      if (this.#inFlight === 0) {
        idleTurns += 1;
      } else if (!this.#closed) {
        idleTurns = 0;
        await this.#idle(until);
      }
    }
  }

  /** Resolves when no work is in flight for a moment. @throws EndlessWork */
  async #idle(until: number): Promise<void> {
    let limit: NodeJS.Timeout | undefined;
    const leftMs = until - performance.now();
    const isOver = await new Promise<boolean>((resolve) => {
      this.#whenIdle.push(() => resolve(false));
      limit = setTimeout(resolve, Math.max(leftMs, 0), true);
    });
    clearTimeout(limit);
    if (isOver || leftMs <= 0) throw this.endless();
  }

  /** The error for work that has not come to an end in time. */
  endless(): EndlessWork {
    return new EndlessWork(this.#endlessMs / 1000, this.#now());
  }

  /** Whoever waits for quiet waits no longer. */
  close(): void {
    this.#closed = true;
    this.#tellIdle();
  }

  #tellIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
