/** Makes answers that arrive after the emulator has stopped go unseen. */
export class Running {
  #stopped = false;

  stop(): void {
    this.#stopped = true;
  }

  /**
   * Wraps work that somebody waits for. An answer after the stop is never delivered, so that nobody continues with it
   * on a closed store: the batch is still in its source, and the next run processes it.
   */
  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      if (this.#stopped) await never;
    }
  }
}

const never = new Promise<never>(() => {});
