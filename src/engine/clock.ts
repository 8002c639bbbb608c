import { Alarm } from "./alarm.ts";
import { RealClock } from "./real-clock.ts";
import { performance } from "./real-time.ts";
import { type HeapTimer, TimerHeap } from "./timer-heap.ts";
import { Turns, turnMs } from "./turns.ts";
import { Work, type WorkOptions } from "./work.ts";

/** real: time passes by itself. virtual: time stands still unless moved. */
export type ClockMode = "real" | "virtual";

/** A volatile timer: it does not survive the process. */
export interface Timer {
  cancel(): void;
}

/** What has to be saved for a clock to continue where it stood. */
export interface ClockState {
  mode: ClockMode;
  /** The time, epoch ms. */
  nowMs: number;
  /** Real mode: how far the clock is ahead of the system's. */
  offsetMs: number;
}

export interface ClockOptions extends WorkOptions {
  /** Default: real. */
  mode?: ClockMode;
  /** Start time in epoch ms. Default: the system's time. */
  startMs?: number;
  /** Gets what timer handlers throw. Default: a process warning. */
  onError?: (error: unknown) => void;
}

/**
 * The only source of the current time and of timers. A timer is due when now() has reached its time; timers fire in
 * (due, id) order.
 */
export class Clock {
  readonly #onError: (error: unknown) => void;
  readonly #work: Work;
  readonly #alarm = new Alarm(() => this.#awake());
  /** Turns of the event loop for work that causes more work. */
  readonly turns: Turns;
  readonly #timers = new TimerHeap();
  readonly #real = new RealClock();
  readonly #listeners: (() => void)[] = [];
  #mode: ClockMode;
  #offsetMs = 0;
  /**
   * The time at which the clock stands, in virtual mode and during a move; otherwise the latest time returned, so that
   * now() never goes back.
   */
  #standingMs: number;
  #nextId = 1;
  #moving = false;
  #moves: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: ClockOptions = {}) {
    this.#mode = options.mode ?? "real";
    this.#work = new Work(options, () => this.now());
    this.turns = new Turns(this, options.untimed ?? false);
    this.#standingMs = options.startMs ?? this.#real.now();
    if (options.startMs !== undefined) this.#offsetMs = options.startMs - this.#real.now();
    this.#onError = options.onError ?? ((error) => process.emitWarning(error instanceof Error ? error : String(error)));
  }

  get mode(): ClockMode {
    return this.#mode;
  }

  /** Continues from now() in real mode, stops at it in virtual mode. */
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

  /** Marks work in flight, which quiet() and moves of time wait for, until the returned function is called. */
  begin(): () => void {
    return this.#work.begin();
  }

  /** Marks work in flight until the promise settles. */
  track<T>(work: Promise<T>): Promise<T> {
    return this.#work.track(work);
  }

  /**
   * As track(), for work that waits for somebody else, such as a user's function: time waits for it only for a limited
   * while.
   */
  trackOutside<T>(work: Promise<T>): Promise<T> {
    return this.#work.trackOutside(work);
  }

  /** The limit for a wait for quiet that begins now, in milliseconds of `performance.now()`. */
  endlessFrom(): number {
    return this.#work.endlessFrom();
  }

  /**
   * Resolves when no work is in flight and everything queued for a turn of the event loop has run.
   * @throws EndlessWork when that does not happen in time.
   */
  quiet(until?: number): Promise<void> {
    return this.#work.quiet(until);
  }

  /**
   * Moves time forward: fires every timer that falls due on the way, with now() at its due time, and waits for quiet
   * before, between and after them. Concurrent moves happen one after the other. Never await it inside tracked work:
   * each would wait for the other.
   * @throws RangeError when `ms` is negative or not a number; EndlessWork when quiet does not come, with time left
   * where it got to.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) {
      throw new RangeError(`Time can be advanced by 0 ms or more, got ${ms}. To go back, set the time.`);
    }
    await this.#enqueue(() => this.#moveTo(this.now() + ms));
  }

  /**
   * Sets now(): forward as advance() does; backward without firing anything.
   * @throws RangeError when it is not a number.
   */
  async set(epochMs: number): Promise<void> {
    if (!Number.isFinite(epochMs))
      throw new RangeError(`The time to set must be in epoch milliseconds, got ${epochMs}.`);
    await this.#enqueue(async () => {
      if (epochMs >= this.now()) return await this.#moveTo(epochMs);
      this.#standAt(epochMs);
      this.#wake();
    });
  }

  /** True while timers fire one by one, with a wait for quiet between them: in virtual mode and during a move. */
  get stepping(): boolean {
    return this.#mode === "virtual" || this.#moving;
  }

  /** Passes an error of a timer's handler to `onError`. */
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

  /** What to save so that restore() brings the clock back. */
  state(): ClockState {
    return { mode: this.#mode, nowMs: this.now(), offsetMs: this.#offsetMs };
  }

  /**
   * Continues where a clock with that state stood: virtual at its time; real at its offset from the system's time, but
   * not earlier than the saved time, in case the system's clock was set back.
   */
  restore(state: ClockState): void {
    this.#mode = state.mode;
    this.#offsetMs = state.offsetMs;
    if (state.mode === "real") this.#real.notBefore(state.nowMs - state.offsetMs);
    this.#standingMs = state.mode === "virtual" ? state.nowMs : this.#real.now() + state.offsetMs;
    this.#alarm.stop();
    this.#wake();
  }

  /** Drops all timers; a move under way ends where it is. */
  close(): void {
    this.#closed = true;
    this.#timers.clear();
    this.#wake();
    this.#work.close();
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
          throw this.#work.endless();
        }
        this.#fire(timer);
        await this.quiet(until);
      }
      if (!this.#closed && targetMs > this.#standingMs) this.#standAt(targetMs);
    } finally {
      this.#moving = false;
      // Real time that passes during the move does not count.
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

  /** Makes the event loop come back when the earliest timer is due. A move drives its own loop. */
  #wake(): void {
    const first = this.#timers.first();
    if (first === undefined || this.#moving) {
      this.#alarm.stop();
      return;
    }
    const waitMs = first.dueMs - this.now();
    if (waitMs <= 0) this.#alarm.setNow();
    else if (this.#mode === "virtual") this.#alarm.stop();
    else this.#alarm.setTo(first.dueMs, waitMs);
  }

  #awake(): void {
    if (this.#mode === "virtual") {
      // Timers due at the same time keep the order and the quiet of every other move.
      this.advance(0).catch((error: unknown) => this.report(error));
      return;
    }
    // Timers that handlers add wait for the next turn, so that one that always adds another cannot block the event
    // loop.
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
}
