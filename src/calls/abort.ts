/** Giving up what is under way. */

/** What can be given up: the call that another one is part of, a limit of time, an AbortController. */
export interface Abortable {
  readonly signal: AbortSignal;
}

/** An AbortController that is made when somebody first looks at its signal: most calls end before, and one costs as much as a small call. */
export class Abort implements Abortable {
  #controller: AbortController | undefined;
  #aborted = false;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}
