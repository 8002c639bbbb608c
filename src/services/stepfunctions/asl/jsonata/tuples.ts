import { Frame } from "./run.ts";
import { collapse, sequence, type Value } from "./values.ts";

/** The name under which a tuple holds its value: no variable can be called so. */
export const valueKey = "@";

/** A value in a path together with the names its steps have bound for it. */
export type Tuple = Map<string, Value>;

/** What a path gives whose steps bind names, until all of them are done. Expressions never see one. */
export class TupleStream {
  readonly tuples: Tuple[];

  constructor(tuples: Tuple[]) {
    this.tuples = tuples;
  }

  values(): Value {
    return collapse(sequence(this.tuples.map((tuple) => tuple.get(valueKey))), false);
  }
}

/** The frame in which a tuple's names are bound. */
export function tupleFrame(frame: Frame, tuple: Tuple): Frame {
  return new Frame(frame.run, frame, new Map(tuple));
}
