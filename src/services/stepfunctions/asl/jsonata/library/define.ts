import { memoryError } from "../budget.ts";
import type { Run } from "../run.ts";
import { applySignature, parseSignature } from "../signature.ts";
import { Fn, type Value } from "../values.ts";

/** The implementation of a library function. Its arguments fit its signature, but each may be nothing. */
export type Work<A extends Value[]> = (args: A, run: Run) => Value;

export type Definition = [name: string, fn: Fn];

/** A library function. `arity`: how many arguments functions like `$map` pass it. */
export function define<A extends Value[]>(name: string, signature: string, arity: number, work: Work<A>): Definition {
  const parsed = parseSignature(signature);
  return [name, new Fn(arity, (args, input, run) => work(applySignature(parsed, args, input, run) as A, run))];
}

/** {@link define} for a function that returns nothing if its first argument is missing. */
export function defineOn<A extends Value[]>(name: string, signature: string, arity: number, work: Work<A>): Definition {
  return define<A>(name, signature, arity, (args, run) => (args[0] === undefined ? undefined : work(args, run)));
}

/** A string made of pieces, within the evaluation's limits. */
export class TextBuilder {
  readonly #run: Run;
  #text = "";

  constructor(run: Run) {
    this.#run = run;
  }

  add(piece: string): void {
    this.#run.budget.spend(1);
    if (this.#text.length + piece.length > this.#run.budget.limits.text) throw memoryError();
    this.#text += piece;
  }

  get text(): string {
    this.#run.budget.text(this.#text.length);
    return this.#text;
  }
}
