/** A task that failed, with the error and cause that Retry and Catch see. */
export class TaskError extends Error {
  readonly error: string | undefined;
  readonly causeText: string | undefined;

  constructor(error: string | undefined, cause: string | undefined) {
    super(`${error}: ${cause}`);
    this.error = error;
    this.causeText = cause;
  }
}
