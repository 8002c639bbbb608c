/** Lets what waits for an answer be forgotten when the emulator stops. */
export class Running {
  #stopped = false;

  stop(): void {
    this.#stopped = true;
  }

  /**
   * What somebody waits for. An answer that comes after the stop is not seen any more, so that nobody goes on with it on a
   * store that is closed: the batch is still in its source, and the next run takes it from there.
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
