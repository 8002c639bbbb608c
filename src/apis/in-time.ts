/** Work that a caller waits for only so long on the clock. */
import { Abort, type Abortable } from "../calls/abort.ts";
import type { Clock } from "../engine/clock.ts";

/** What a piece of work that took too long came to. */
export const timedOut = Symbol("timed out");

/**
 * The result of work outside, or `timedOut` once the clock has gone on by `limitMs`: the limit's signal is aborted then.
 * Time waits for the work, as for all that others do, for two seconds of the machine's at most.
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
