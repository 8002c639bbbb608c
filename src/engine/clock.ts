import { RealClock } from "./real-clock.ts";
import { clearImmediate, clearTimeout, performance, setImmediate, setTimeout } from "./real-time.ts";
import { type HeapTimer, TimerHeap } from "./timer-heap.ts";
import { Turns, turnMs } from "./turns.ts";

/** real: time passes by itself. virtual: time stands still unless moved. */
export type ClockMode = "real" | "virtual";

/** A volatile timer: gone with the process. */
export interface Timer {
  cancel(): void;
}

/** What has to be kept for a clock to go on where it stood. */
export interface ClockState {
  mode: ClockMode;
  /** The time, epoch ms. */
  nowMs: number;
  /** Real mode: how far the clock was moved ahead of the system's. */
  offsetMs: number;
}

export interface ClockOptions {
  /** Default: real. */
  mode?: ClockMode;
  /** Epoch ms to begin with. Default: the system's time. */
  startMs?: number;
  /** Gets what timer handlers throw. Default: a process warning. */
  onError?: (error: unknown) => void;
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

/**
 * Longest sleep of the real clock. Node's timers end at 2^31 ms; waking each minute also notices within that time
 * that the system's clock was put forward.
 */
const LONGEST_SLEEP_MS = 60_000;

/** The only source of now and of timers. A timer is due when now() has reached its time; timers fire in (due, id) order. */
export class Clock {
  readonly #onError: (error: unknown) => void;
  readonly #patienceMs: number;
  readonly #untimed: boolean;
  readonly #endlessMs: number;
  /** The turns in which work that causes work goes on. */
  readonly turns: Turns;
  readonly #timers = new TimerHeap();
  readonly #real = new RealClock();
  readonly #listeners: (() => void)[] = [];
  #mode: ClockMode;
  #offsetMs = 0;
  /** The time that stands, in virtual mode and during a move; else the latest one told, so that now() never goes back. */
  #standingMs: number;
  #nextId = 1;
  #sleep: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #sleepUntilMs = Number.POSITIVE_INFINITY;
  #moving = false;
  #moves: Promise<void> = Promise.resolve();
  #inFlight = 0;
  #whenIdle: (() => void)[] = [];
  #closed = false;

  constructor(options: ClockOptions = {}) {
    this.#mode = options.mode ?? "real";
    this.#patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
    this.#untimed = options.untimed ?? false;
    this.turns = new Turns(this, this.#untimed);
    this.#endlessMs = options.endlessMs ?? DEFAULT_ENDLESS_MS;
    this.#standingMs = options.startMs ?? this.#real.now();
    if (options.startMs !== undefined) this.#offsetMs = options.startMs - this.#real.now();
    this.#onError = options.onError ?? ((error) => process.emitWarning(error instanceof Error ? error : String(error)));
  }

  get mode(): ClockMode {
    return this.#mode;
  }

  /** Time goes on from now(), or stands at it. */
  setMode(mode: ClockMode): void {
    if (mode === this.#mode) return;
    const now = this.now();
    this.#mode = mode;
    this.#standAt(now);
    this.#wake();
  }

  /** Epoch ms, never less than what it was before except after set(). */
  now(): number {
    if (this.#mode === "real" && !this.#moving) {
      const now = this.#real.now() + this.#offsetMs;
      if (now > this.#standingMs) this.#standingMs = now;
    }
    return this.#standingMs;
  }

  /** Runs the action when now() has reached `dueMs`, never before this call returns. */
  at(dueMs: number, action: () => void): Timer {
    if (Number.isNaN(dueMs)) throw new RangeError("A timer needs a time to be due at, got NaN.");
    const timer: HeapTimer = { dueMs, id: this.#nextId, action, slot: -1 };
    this.#nextId += 1;
    if (!this.#closed) {
      this.#timers.add(timer);
      if (timer.slot === 0) this.#wake();
    }
    return { cancel: () => this.#timers.remove(timer) };
  }

  /** Marks work in flight, which quiet() and moves of time wait for; the function returned ends it (once). */
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
    if (isOver || leftMs <= 0) throw new EndlessWork(this.#endlessMs / 1000, this.now());
  }

  /**
   * Moves time forward: every timer due on the way fires, now() standing at its due time; before, between and after
   * waits for quiet. Moves asked for at the same time happen one after the other. Never await it inside tracked work:
   * each would wait for the other. @throws RangeError when `ms` is negative or no number; EndlessWork, when quiet does not
   * come: time then stands where it got to.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) {
      throw new RangeError(`Time can be advanced by 0 ms or more, got ${ms}. To go back, set the time.`);
    }
    await this.#enqueue(() => this.#moveTo(this.now() + ms));
  }

  /** Sets now(): forward as advance() does; backward nothing fires. @throws RangeError when it is no number. */
  async set(epochMs: number): Promise<void> {
    if (!Number.isFinite(epochMs))
      throw new RangeError(`The time to set must be in epoch milliseconds, got ${epochMs}.`);
    await this.#enqueue(async () => {
      if (epochMs >= this.now()) return await this.#moveTo(epochMs);
      this.#standAt(epochMs);
      this.#wake();
    });
  }

  /** True when timers fire one by one, with a wait for quiet between two: in virtual mode and during a move. */
  get stepping(): boolean {
    return this.#mode === "virtual" || this.#moving;
  }

  /** Hands an error of a timer's handler to `onError`. */
  report(error: unknown): void {
    try {
      this.#onError(error);
    } catch (second) {
      process.emitWarning(second instanceof Error ? second : String(second));
    }
  }

  /** Calls the listener whenever the clock was moved or its mode changed, before any timer fires at the new time. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** What to keep so that restore() brings the clock back. */
  state(): ClockState {
    return { mode: this.#mode, nowMs: this.now(), offsetMs: this.#offsetMs };
  }

  /**
   * Goes on where a clock of that state stood: virtual at its time; real at its distance from the system's time, but not
   * before the time that was told then, should the system's clock have been set back.
   */
  restore(state: ClockState): void {
    this.#mode = state.mode;
    this.#offsetMs = state.offsetMs;
    if (state.mode === "real") this.#real.notBefore(state.nowMs - state.offsetMs);
    this.#standingMs = state.mode === "virtual" ? state.nowMs : this.#real.now() + state.offsetMs;
    this.#stopSleep();
    this.#wake();
  }

  /** Drops all timers; moves under way end where they are. */
  close(): void {
    this.#closed = true;
    this.#timers.clear();
    this.#wake();
    this.#tellIdle();
  }

  #enqueue(move: () => Promise<void>): Promise<void> {
    const done = this.#moves.then(move);
    this.#moves = done.catch(() => {});
    return done;
  }

  async #moveTo(targetMs: number): Promise<void> {
    // Fix the time first: from here on it stands.
    this.#standingMs = this.now();
    this.#moving = true;
    this.#wake();
    let until = this.endlessFrom();
    try {
      await this.quiet(until);
      for (;;) {
        const timer = this.#timers.first();
        if (this.#closed || timer === undefined || timer.dueMs > targetMs) break;
        if (timer.dueMs > this.#standingMs) {
          this.#standAt(timer.dueMs);
          until = this.endlessFrom();
        } else if (performance.now() > until) {
          throw new EndlessWork(this.#endlessMs / 1000, this.#standingMs);
        }
        this.#fire(timer);
        await this.quiet(until);
      }
      if (!this.#closed && targetMs > this.#standingMs) this.#standAt(targetMs);
    } finally {
      this.#moving = false;
      // Real time spent on the move does not count.
      if (this.#mode === "real") this.#standAt(this.#standingMs);
      this.#wake();
    }
  }

  #standAt(epochMs: number): void {
    this.#standingMs = epochMs;
    this.#offsetMs = epochMs - this.#real.now();
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.report(error);
      }
    }
  }

  #fire(timer: HeapTimer): void {
    this.#timers.remove(timer);
    try {
      timer.action();
    } catch (error) {
      this.report(error);
    }
  }

  /** Sees to it that the event loop comes back when the earliest timer is due. A move brings its own loop. */
  #wake(): void {
    const first = this.#timers.first();
    if (first === undefined || this.#moving) {
      this.#stopSleep();
      return;
    }
    const waitMs = first.dueMs - this.now();
    if (waitMs <= 0) {
      if (this.#sleepUntilMs === Number.NEGATIVE_INFINITY) return;
      this.#stopSleep();
      this.#sleepUntilMs = Number.NEGATIVE_INFINITY;
      this.#sleep = setImmediate(() => this.#awake());
    } else if (this.#mode === "virtual") {
      this.#stopSleep();
    } else if (first.dueMs < this.#sleepUntilMs) {
      // A sleep that ends before the first timer, because the one it was for was cancelled, sets the next when it ends.
      this.#stopSleep();
      this.#sleepUntilMs = first.dueMs;
      this.#sleep = setTimeout(() => this.#awake(), Math.min(waitMs, LONGEST_SLEEP_MS)).unref();
    }
  }

  #stopSleep(): void {
    if (this.#sleepUntilMs === Number.NEGATIVE_INFINITY) clearImmediate(this.#sleep as NodeJS.Immediate | undefined);
    else clearTimeout(this.#sleep as NodeJS.Timeout | undefined);
    this.#sleep = undefined;
    this.#sleepUntilMs = Number.POSITIVE_INFINITY;
  }

  #awake(): void {
    this.#stopSleep();
    if (this.#mode === "virtual") {
      // Timers due at once keep to the order and the quiet of every other move.
      this.advance(0).catch((error: unknown) => this.report(error));
      return;
    }
    // Timers the handlers add wait for the next turn, so that one that always adds another cannot hold the event loop.
    const now = this.now();
    const endId = this.#nextId;
    const endsAt = performance.now() + turnMs;
    for (;;) {
      const timer = this.#timers.first();
      if (timer === undefined || timer.dueMs > now || timer.id >= endId || this.stepping) break;
      this.#fire(timer);
      if (performance.now() >= endsAt) break;
    }
    this.#wake();
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
