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
 * work: at most two seconds of real time. Work that is done when it returns has its result returned at once.
 */
export function inTime<T>(
  { clock, store }: Deps,
  limitMs: number,
  work: (limit: Abortable) => T | Promise<T>,
): T | Promise<T | typeof timedOut> {
  const limit = new Abort();
  let onTimeout = (): void => {};
  // Set before the work begins: of what is due at the same time, it comes first.
  const timer = clock.at(clock.now() + limitMs, () => {
    onTimeout();
    limit.abort();
  });
  let result: T | Promise<T | typeof timedOut>;
  try {
    const durable = store.untilDurable();
    result = durable === undefined ? work(limit) : durable.then(() => (limit.isAborted ? timedOut : work(limit)));
  } catch (error) {
    timer.cancel();
    throw error;
  }
  if (!(result instanceof Promise)) {
    timer.cancel();
    return result;
  }
  const pending = result;
  return clock.trackOutside(
    new Promise((resolve, reject) => {
      onTimeout = () => resolve(timedOut);
      pending.then(
        (value) => {
          timer.cancel();
          resolve(value);
        },
        (error) => {
          timer.cancel();
          reject(error);
        },
      );
    }),
  );
}
