/** How long turns of the event loop are, in processor time, which a busy machine does not change. */

/** Longest turn, in milliseconds of processor time, and the number of turns, until the work is done. */
export async function turnsDuring(work: Promise<unknown>): Promise<{ longestMs: number; count: number }> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  work.then(end, end);
  let longestMs = 0;
  let count = 0;
  while (!over) {
    const before = process.cpuUsage();
    await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    count += 1;
  }
  await work;
  return { longestMs, count };
}
