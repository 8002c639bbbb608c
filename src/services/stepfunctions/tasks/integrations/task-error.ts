/** The failure of a task, with the error and cause for Retry and Catch. */
export class TaskError extends Error {
  readonly error: string | undefined;
  readonly causeText: string | undefined;
  /** How long to wait before a retry, as the endpoint demands. */
  readonly retryAfterSeconds: number | undefined;

  constructor(error: string | undefined, cause: string | undefined, retryAfterSeconds?: number) {
    super(`${error}: ${cause}`);
    this.error = error;
    this.causeText = cause;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
