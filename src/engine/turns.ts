/**
 * Turns of the event loop for work that causes more work: deliveries, readers, runners. All of it together gets some
 * milliseconds per turn; then sockets and signals are served first.
 */
import { nextTick, performance, queueMicrotask, setImmediate } from "./real-time.ts";

/**
 * Real milliseconds of work before the event loop continues. Short enough to be unnoticeable, long enough that the
 * switch costs little.
 */
export const turnMs = 8;

/**
 * A turn that took longer than this, because one piece of work did, is followed by several rounds of the event loop: a
 * new client needs one to connect, one to be read and one to be answered, and would wait for such a piece in each.
 */
const longTurnMs = 3 * turnMs;
const roundsAfterLong = 4;

/** What turns need from the clock: time does not move while something waits for its turn. */
interface TurnClock {
  begin(): () => void;
  report(error: unknown): void;
}

interface Waiting {
  readonly action: () => void;
  /** What the action starts continues in microtasks, which must end before its duration is known. */
  readonly resumes: boolean;
}

let first: (() => void)[] = [];

/**
 * Runs the action before the work of this turn, or of the next when that work is under way: for answers, which would
 * wait for up to a turn's work otherwise.
 */
export function beforeWork(action: () => void): void {
  if (first.push(action) === 1) setImmediate(runFirst);
}

function runFirst(): void {
  if (first.length === 0) return;
  const actions = first;
  first = [];
  for (const action of actions) action();
}

export class Turns {
  readonly #clock: TurnClock;
  readonly #untimed: boolean;
  #queue: Waiting[] = [];
  /** The first of the queue that has not run yet. */
  #head = 0;
  #resting = 0;
  #endWork: (() => void) | undefined;
  #isOpen = false;
  #endsAt = 0;
  #stopped = false;

  /** @param untimed a turn has no time limit: for runs that must be repeatable. */
  constructor(clock: TurnClock, untimed = false) {
    this.#clock = clock;
    this.#untimed = untimed;
  }

  /** Whether the time of this turn is used up. The first call begins the turn. */
  get spent(): boolean {
    if (this.#untimed) return false;
    if (!this.#isOpen) this.#open();
    return performance.now() >= this.#endsAt;
  }

  /** How long work that begins now may go on before others get a turn, in milliseconds of `performance.now()`. */
  endOfWork(): number {
    return this.#untimed ? Number.POSITIVE_INFINITY : performance.now() + turnMs;
  }

  /** Runs the action in a later turn, after those queued before it. What it throws goes to the clock. */
  soon(action: () => void): void {
    this.#add({ action, resumes: false });
  }

  /**
   * For work that is a chain of promises; await it before each step. Undefined while this turn has time left, else
   * resolves in a later turn, first come first served. Never settles once the turns have been stopped.
   */
  rest(): Promise<void> | undefined {
    if (this.#resting === 0 && !this.spent) return undefined;
    return new Promise((resolve) => {
      this.#resting += 1;
      const action = (): void => {
        this.#resting -= 1;
        resolve();
      };
      this.#add({ action, resumes: true });
    });
  }

  /** Stops everything: what is left continues with the next run. */
  stop(): void {
    this.#stopped = true;
    this.#clear();
  }

  #add(waiting: Waiting): void {
    if (this.#stopped) return;
    this.#queue.push(waiting);
    if (this.#endWork !== undefined) return;
    this.#endWork = this.#clock.begin();
    setImmediate(this.#run);
  }

  /** Each turn runs at least one action, so that none waits forever for others that use up their time. */
  readonly #run = (): void => {
    runFirst();
    if (!this.#isOpen) this.#open();
    while (!this.#stopped && this.#head < this.#queue.length) {
      const { action, resumes } = this.#queue[this.#head]!;
      this.#head += 1;
      try {
        action();
      } catch (error) {
        this.#clock.report(error);
      }
      if (resumes) {
        // After a tick requested in a microtask all microtasks are done, including those they caused.
        queueMicrotask(() => nextTick(this.#goOn));
        return;
      }
      if (this.spent) break;
    }
    this.#leave();
  };

  readonly #goOn = (): void => {
    if (this.spent) this.#leave();
    else this.#run();
  };

  /** Ends this turn, since sockets come next, and comes back in the next one when something is left. */
  #leave(): void {
    this.#isOpen = false;
    if (this.#head < this.#queue.length) {
      this.#dropDone();
      const isLong = performance.now() - this.#endsAt > longTurnMs - turnMs;
      this.#runAfter(isLong && !this.#untimed ? roundsAfterLong : 1);
    } else this.#clear();
  }

  #runAfter(rounds: number): void {
    setImmediate(rounds === 1 ? this.#run : () => this.#runAfter(rounds - 1));
  }

  #dropDone(): void {
    if (this.#head * 2 < this.#queue.length) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }

  #clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#endWork?.();
    this.#endWork = undefined;
  }

  #open(): void {
    this.#isOpen = true;
    this.#endsAt = performance.now() + turnMs;
    setImmediate(this.#close);
  }

  readonly #close = (): void => {
    this.#isOpen = false;
  };
}
