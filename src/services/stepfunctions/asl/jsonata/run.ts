import type { Chance } from "../chance.ts";
import type { Budget } from "./budget.ts";
import type { Value } from "./values.ts";

/** One evaluation of an expression: what it can read from outside, and its budget. */
export type Run = {
  budget: Budget;
  /** The value of a variable from outside the expression. */
  variable: (name: string) => Value;
  /** A member of `$states`. */
  states: (member: string) => Value;
  nowMs: number;
  chance: Chance;
};

export const unbound = Symbol("unbound");

/** Names bound within an expression, by a block, a lambda's parameters or the steps of a path. */
export class Frame {
  readonly parent: Frame | undefined;
  readonly run: Run;
  #names: Map<string, Value> | undefined;

  constructor(run: Run, parent: Frame | undefined, names?: Map<string, Value>) {
    this.run = run;
    this.parent = parent;
    this.#names = names;
  }

  bind(name: string, value: Value): void {
    this.#names ??= new Map();
    this.#names.set(name, value);
  }

  /** The nearest binding of a name, which may be undefined; {@link unbound} if there is none. */
  find(name: string): Value | typeof unbound {
    for (let frame: Frame | undefined = this; frame; frame = frame.parent) {
      if (frame.#names?.has(name)) return frame.#names.get(name);
    }
    return unbound;
  }
}
