/** Longest cause AWS keeps, in characters. */
export const maxCauseLength = 32_768;

/**
 * A failure with an ASL error name: raised by data flow, tasks and Fail states, matched by Retry and Catch.
 * `States.Runtime` is never matched and ends the execution.
 */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly error: string | undefined;
  readonly causeText: string | undefined;
  /** The cause still needs the sentence that names the state and the event of its entry. */
  readonly inState: boolean;
  /** Whether JSONata failed, which has an EvaluationFailed event. */
  readonly evaluation: boolean;
  /** The field whose JSONata expression failed. */
  readonly field: string | undefined;
  /** Whether the error output shows an absent error and cause as null. */
  readonly fromTask: boolean;
  /** How long whoever failed asks to be left alone before a retry. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    error: string | undefined,
    cause: string | undefined,
    where: {
      inState?: boolean;
      evaluation?: boolean;
      field?: string | undefined;
      fromTask?: boolean;
      retryAfterSeconds?: number | undefined;
    } = {},
  ) {
    super(`${error ?? ""}: ${cause ?? ""}`);
    this.error = error;
    this.causeText = cause === undefined ? undefined : cause.slice(0, maxCauseLength);
    this.inState = where.inState ?? false;
    this.evaluation = where.evaluation ?? where.field !== undefined;
    this.field = where.field;
    this.fromTask = where.fromTask ?? false;
    this.retryAfterSeconds = where.retryAfterSeconds;
  }
}

/** A States.Runtime failure of the current state; AWS's standard sentence is put before `text`. */
export function runtimeError(text: string): StateError {
  return new StateError("States.Runtime", text, { inState: true });
}

/**
 * What was thrown while a state ran, as the state's failure: data too deep for a recursive walk is States.Runtime.
 * Anything else is no failure of the state and is thrown on.
 */
export function asStateError(thrown: unknown): StateError {
  if (thrown instanceof StateError) return thrown;
  if (thrown instanceof RangeError) return runtimeError("The data is nested too deeply.");
  throw thrown;
}

/** A JSONata evaluation failure of `field`. */
export function queryError(field: string, text: string): StateError {
  return new StateError("States.QueryEvaluationError", text, { inState: true, field });
}
