/** Work that goes on soon, after whoever else is waiting has had a turn. Time does not move before it is done. */
import type { Clock } from "../../engine/clock.ts";

/** Actions in a row before the event loop goes round. */
const actionsPerTurn = 32;

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
    const actions = this.#queue.splice(0, actionsPerTurn);
    for (const action of actions) {
      if (this.#stopped) break;
      try {
        action();
      } catch (error) {
        this.#clock.report(error);
      }
    }
    if (this.#queue.length > 0) setImmediate(this.#turn);
    else {
      this.#end?.();
      this.#end = undefined;
    }
  };
}
