/**
 * The machine's own time and turns, taken when this module is loaded: tests that put fakes in their place (fake timers of
 * Jest, Vitest and Sinon) would stop the emulator in the middle of a call. Everybody takes them from here.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, queueMicrotask } =
  globalThis;
export const { nextTick } = process;
/** Epoch ms of the machine. */
export const dateNow = Date.now;
/** Nanoseconds that never go back, from any beginning. */
export const monotonicNs = process.hrtime.bigint;
export const performance = { now: globalThis.performance.now.bind(globalThis.performance) };

/** Waits `ms` milliseconds of the machine's own time, whatever the clock says: for closing sockets and the like. */
export function realDelay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
