/** A task that failed, with the error and cause that Retry and Catch see. */
export class TaskError extends Error {
  readonly error: string | undefined;
  readonly causeText: string | undefined;
  /** How long the endpoint asks to be left alone. */
  readonly retryAfterSeconds: number | undefined;

  constructor(error: string | undefined, cause: string | undefined, retryAfterSeconds?: number) {
    super(`${error}: ${cause}`);
    this.error = error;
    this.causeText = cause;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
