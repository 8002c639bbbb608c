import { clearTimeout, performance, setImmediate, setTimeout } from "./real-time.ts";

export interface WorkOptions {
  /** How long quiet waits for work done by others, in real milliseconds. Default: 2,000. */
  patienceMs?: number;
  /**
   * Nothing depends on real time, so that every run is the same: quiet does not wait for work done by others, and a
   * turn of the event loop has no time limit.
   */
  untimed?: boolean;
  /** How long a move of time waits for our own work to end, in real milliseconds. Default: 60,000. */
  endlessMs?: number;
}

const DEFAULT_PATIENCE_MS = 2_000;
/** Longer than the longest work we know of; anything longer may be an endless loop. */
const DEFAULT_ENDLESS_MS = 60_000;

/**
 * Quiet does not come because work keeps causing more work. The work itself continues, and one can wait for quiet
 * again.
 */
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
  /** Work of others that is waited for, and how long; what has begun first ends first. */
  readonly #outside = new Map<() => void, number>();
  /** For the first of it. One timer for all: to set one for each costs more than the rest of a small call's waiting. */
  #patience: NodeJS.Timeout | undefined;
  #inFlight = 0;
  #whenIdle: (() => void)[] = [];
  #closed = false;

  /** @param now the clock's time, for EndlessWork's message. */
  constructor(options: WorkOptions, now: () => number) {
    this.#now = now;
    this.#patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
    this.#untimed = options.untimed ?? false;
    this.#endlessMs = options.endlessMs ?? DEFAULT_ENDLESS_MS;
  }

  /** Marks work in flight until the returned function is called; further calls have no effect. */
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

  /** Marks work in flight until the promise settles. */
  track<T>(work: Promise<T>): Promise<T> {
    const end = this.begin();
    work.then(end, end);
    return work;
  }

  /**
   * As track(), for work that waits for somebody else: a user's function, an endpoint. It may never end, so time waits
   * for it only for a while and then goes on without it.
   */
  trackOutside<T>(work: Promise<T>): Promise<T> {
    if (this.#untimed) return work;
    const end = this.begin();
    this.#outside.set(end, performance.now() + this.#patienceMs);
    if (this.#patience === undefined) this.#patience = setTimeout(this.#losePatience, this.#patienceMs);
    else if (this.#outside.size === 1) this.#patience.ref();
    const done = (): void => {
      this.#outside.delete(end);
      // The timer stays for what comes next, without holding the process.
      if (this.#outside.size === 0) this.#patience?.unref();
      end();
    };
    work.then(done, done);
    return work;
  }

  /** No longer waits for what has been waited for long enough. */
  readonly #losePatience = (): void => {
    this.#patience = undefined;
    const now = performance.now();
    for (const [end, until] of this.#outside) {
      if (until > now) {
        this.#patience = setTimeout(this.#losePatience, until - now);
        return;
      }
      this.#outside.delete(end);
      end();
    }
  };

  /** The limit for a wait for quiet that begins now, in milliseconds of `performance.now()`. */
  endlessFrom(): number {
    return performance.now() + this.#endlessMs;
  }

  /**
   * Resolves when no work is in flight and everything queued for a turn of the event loop has run.
   * @throws EndlessWork when that does not happen by then.
   */
  async quiet(until: number = this.endlessFrom()): Promise<void> {
    // Work that ends often starts the next piece one turn later, so only two idle turns in a row count.
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

  /** The error for work that does not end in time. */
  endless(): EndlessWork {
    return new EndlessWork(this.#endlessMs / 1000, this.#now());
  }

  /** Releases everybody who waits for quiet. */
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
