import { Frame } from "./run.ts";
import { collapse, sequence, type Value } from "./values.ts";

/** The name of a tuple's value; no variable can have it. */
export const valueKey = "@";

/** A value in a path, with the names that steps have bound for it. */
export type Tuple = Map<string, Value>;

/** The intermediate result of a path whose steps bind names. Expressions never see one. */
export class TupleStream {
  readonly tuples: Tuple[];

  constructor(tuples: Tuple[]) {
    this.tuples = tuples;
  }

  values(): Value {
    return collapse(sequence(this.tuples.map((tuple) => tuple.get(valueKey))), false);
  }
}

/** A frame with a tuple's names. */
export function tupleFrame(frame: Frame, tuple: Tuple): Frame {
  return new Frame(frame.run, frame, new Map(tuple));
}
