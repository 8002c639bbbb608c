/**
 * Turns of the event loop for work that causes work: deliveries, readers, runners. All of it together has some
 * milliseconds a turn; then whoever waits at a socket comes first, and signals are heard.
 */
import { nextTick, performance, queueMicrotask, setImmediate } from "./real-time.ts";

/**
 * Real milliseconds of work after which the event loop goes round. Short enough that nobody notices, long enough that
 * going round costs little.
 */
export const turnMs = 8;

/** What turns need of the clock: time does not move while something waits for its turn. */
interface TurnClock {
  begin(): () => void;
  report(error: unknown): void;
}

interface Waiting {
  readonly action: () => void;
  /** What the action sets going runs in microtasks, which have to end before it is known how long they took. */
  readonly resumes: boolean;
}

export class Turns {
  readonly #clock: TurnClock;
  readonly #untimed: boolean;
  #queue: Waiting[] = [];
  /** The first of the queue that has not run; what is before it has. */
  #head = 0;
  #resting = 0;
  #endWork: (() => void) | undefined;
  #isOpen = false;
  #endsAt = 0;
  #stopped = false;

  /** @param untimed a turn has all the time it wants: for runs that must be the same each time. */
  constructor(clock: TurnClock, untimed = false) {
    this.#clock = clock;
    this.#untimed = untimed;
  }

  /** Whether the time of this turn is over. The first to ask begins the turn. */
  get spent(): boolean {
    if (this.#untimed) return false;
    if (!this.#isOpen) this.#open();
    return performance.now() >= this.#endsAt;
  }

  /** Until when work that begins now may go on before others get a turn, in milliseconds of `performance.now()`. */
  endOfWork(): number {
    return this.#untimed ? Number.POSITIVE_INFINITY : performance.now() + turnMs;
  }

  /** Runs the action in a later turn, after what others have asked for before. What it throws goes to the clock. */
  soon(action: () => void): void {
    this.#add({ action, resumes: false });
  }

  /**
   * For work that is a chain of promises, to be awaited before each of its steps: undefined while this turn has time left,
   * else resolves in a later turn. Whoever asks first goes on first. Never settles once the turns have been stopped.
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

  /** Nothing more happens: what is left goes on with the next run. */
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

  /** Each turn runs one at least, so that nobody waits for ever for others who use their time up. */
  readonly #run = (): void => {
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
        // After a tick that was asked for in a microtask all microtasks are done, those they brought about too.
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

  /** Comes back in the next turn when there is something left. */
  #leave(): void {
    if (this.#head < this.#queue.length) {
      this.#dropDone();
      setImmediate(this.#run);
    } else this.#clear();
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
