/** Waits for what happens at some time of the machine's own. */

/** Resolves when the condition holds, or fails with what it throws, or that it does not hold, after some seconds. */
export async function until(condition: () => boolean, patienceMs = 20_000): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    let failure: unknown = new Error(`This does not come to hold: ${condition.toString()}`);
    try {
      if (condition()) return;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > end) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
