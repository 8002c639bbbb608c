/** Work with a time limit on the clock. */
import { Abort, type Abortable } from "../calls/abort.ts";
import type { Clock } from "../engine/clock.ts";
import type { Store } from "../engine/store.ts";

interface Deps {
  readonly clock: Clock;
  readonly store: Store;
}

/** The result of work that took too long. */
export const timedOut = Symbol("timed out");

/**
 * The result of work done outside, or `timedOut` after `limitMs` on the clock, when the work's signal is aborted. It
 * may do anything, so it begins once whatever led to it is on disk. The virtual clock waits for it as for all outside
 * work: at most two seconds of real time.
 */
export function inTime<T>(
  { clock, store }: Deps,
  limitMs: number,
  work: (limit: Abortable) => Promise<T>,
): Promise<T | typeof timedOut> {
  const limit = new Abort();
  return clock.trackOutside(
    new Promise((resolve, reject) => {
      let isOver = false;
      const timer = clock.at(clock.now() + limitMs, () => {
        isOver = true;
        resolve(timedOut);
        limit.abort();
      });
      const begin = (): void => {
        if (isOver) return;
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
      };
      const durable = store.untilDurable();
      if (durable === undefined) begin();
      else void durable.then(begin);
    }),
  );
}
