/** Cancelling what is under way. */

/** Something that can be cancelled: by the call it is part of, a time limit or an AbortController. */
export interface Abortable {
  readonly signal: AbortSignal;
}

/**
 * An AbortController that is created when its signal is first read: most calls end before that, and creating one costs
 * as much as a small call.
 */
export class Abort implements Abortable {
  #controller: AbortController | undefined;
  #isAborted = false;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}
