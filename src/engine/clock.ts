import { Alarm } from "./alarm.ts";
import { RealClock } from "./real-clock.ts";
import { performance } from "./real-time.ts";
import { type HeapTimer, TimerHeap } from "./timer-heap.ts";
import { Turns, turnMs } from "./turns.ts";
import { Work, type WorkOptions } from "./work.ts";

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

export interface ClockOptions extends WorkOptions {
  /** Default: real. */
  mode?: ClockMode;
  /** Epoch ms to begin with. Default: the system's time. */
  startMs?: number;
  /** Gets what timer handlers throw. Default: a process warning. */
  onError?: (error: unknown) => void;
}

/** The only source of now and of timers. A timer is due when now() has reached its time; timers fire in (due, id) order. */
export class Clock {
  readonly #onError: (error: unknown) => void;
  readonly #work: Work;
  readonly #alarm = new Alarm(() => this.#awake());
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
    return this.#work.begin();
  }

  /** Work in flight until the promise settles. */
  track<T>(work: Promise<T>): Promise<T> {
    return this.#work.track(work);
  }

  /** As track(), for work that waits for somebody else, such as a function of the user's: time waits for it only so long. */
  trackOutside<T>(work: Promise<T>): Promise<T> {
    return this.#work.trackOutside(work);
  }

  /** Until when whoever begins to wait for quiet now waits, in milliseconds of `performance.now()`. */
  endlessFrom(): number {
    return this.#work.endlessFrom();
  }

  /**
   * Resolves when no work is in flight and what was waiting for a turn of the event loop has had it.
   * @throws EndlessWork when it has not come by then.
   */
  quiet(until?: number): Promise<void> {
    return this.#work.quiet(until);
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
    this.#alarm.stop();
    this.#wake();
  }

  /** Drops all timers; moves under way end where they are. */
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
}
