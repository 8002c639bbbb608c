/** Work that goes on soon, after whoever else is waiting has had a turn. Time does not move before it is done. */
import type { Clock } from "../../../engine/clock.ts";

/** Real milliseconds after which the event loop goes round: a step may take long, most take next to nothing. */
const turnMs = 8;

export class Turns {
  readonly #clock: Clock;
  readonly #queue: (() => void)[] = [];
  #end: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  soon(action: () => void): void {
    if (this.#stopped) return;
    this.#queue.push(action);
    if (this.#end !== undefined) return;
    this.#end = this.#clock.begin();
    setImmediate(this.#turn);
  }

  /** Nothing more happens: what is left goes on with the next run. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  readonly #turn = (): void => {
    const queue = this.#queue;
    const endsAt = performance.now() + turnMs;
    // What the actions add waits for the next turn, like everything else that has been added in the meantime.
    const added = queue.length;
    let taken = 0;
    while (taken < added && !this.#stopped && performance.now() < endsAt) {
      try {
        queue[taken++]?.();
      } catch (error) {
        this.#clock.report(error);
      }
    }
    queue.splice(0, taken);
    if (queue.length > 0) setImmediate(this.#turn);
    else {
      this.#end?.();
      this.#end = undefined;
    }
  };
}
