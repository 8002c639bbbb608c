/** Work with a time limit on the clock. */
import { Abort, type Abortable } from "../calls/abort.ts";
import type { Clock } from "../engine/clock.ts";

/** The result of work that took too long. */
export const timedOut = Symbol("timed out");

/**
 * The result of work done outside, or `timedOut` after `limitMs` on the clock, when the work's signal is aborted. The
 * virtual clock waits for it as for all outside work: at most two seconds of real time.
 */
export function inTime<T>(
  clock: Clock,
  limitMs: number,
  work: (limit: Abortable) => Promise<T>,
): Promise<T | typeof timedOut> {
  const limit = new Abort();
  return clock.trackOutside(
    new Promise((resolve, reject) => {
      const timer = clock.at(clock.now() + limitMs, () => {
        resolve(timedOut);
        limit.abort();
      });
      work(limit).then(
        (result) => {
          timer.cancel();
          resolve(result);
        },
        (error) => {
          timer.cancel();
          reject(error);
        },
      );
    }),
  );
}
