/** The longest cause that AWS stores, in characters. */
export const maxCauseLength = 32_768;

/**
 * A failure with an ASL error name: raised by data flow, tasks and Fail states, matched by Retry and Catch.
 * `States.Runtime` is never matched and ends the execution.
 */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly error: string | undefined;
  readonly causeText: string | undefined;
  /** Whether the cause still lacks its first sentence, which names the state and its Entered event. */
  readonly inState: boolean;
  /** Whether JSONata failed, which causes an EvaluationFailed event. */
  readonly evaluation: boolean;
  /** The field whose JSONata expression failed. */
  readonly field: string | undefined;
  /** Whether the error output shows an absent error and cause as null. */
  readonly fromTask: boolean;
  /** The earliest retry that the failed task accepts, as by `Retry-After`. */
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

/** A States.Runtime failure of the current state; `text` follows AWS's standard sentence. */
export function runtimeError(text: string): StateError {
  return new StateError("States.Runtime", text, { inState: true });
}

/**
 * Makes the state's failure of what was thrown while it ran; data too deep for a recursive walk is States.Runtime.
 * Anything else is not a failure of the state, and is rethrown.
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
