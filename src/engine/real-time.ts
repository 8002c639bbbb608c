/**
 * The machine's own time and event loop, captured when this module is loaded: fake timers (Jest, Vitest, Sinon) would
 * stop the emulator in the middle of a call. All code takes them from here.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, queueMicrotask } =
  globalThis;
export const { nextTick } = process;
/** Epoch ms of the machine. */
export const dateNow = Date.now;
/** Nanoseconds from an arbitrary start; they never go back. */
export const monotonicNs = process.hrtime.bigint;
export const performance = { now: globalThis.performance.now.bind(globalThis.performance) };

/** Milliseconds of processor time this process has used: unlike real time, they do not pass while it waits for a busy machine. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Waits `ms` real milliseconds, whatever the emulator's clock says: for closing sockets and the like. */
export function realDelay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
