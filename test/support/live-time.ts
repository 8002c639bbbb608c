import type * as realTime from "../../src/engine/real-time.ts";

/** The engine's view of the machine's time, looked up at each call: fake timers hold for it. */
export function liveTime(): typeof realTime {
  return {
    setTimeout: ((...given: Parameters<typeof setTimeout>) => globalThis.setTimeout(...given)) as typeof setTimeout,
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    setInterval: ((...given: Parameters<typeof setInterval>) => globalThis.setInterval(...given)) as typeof setInterval,
    clearInterval: (timer) => globalThis.clearInterval(timer),
    setImmediate: ((...given: Parameters<typeof setImmediate>) =>
      globalThis.setImmediate(...given)) as typeof setImmediate,
    clearImmediate: (immediate) => globalThis.clearImmediate(immediate),
    queueMicrotask: (action) => globalThis.queueMicrotask(action),
    nextTick: process.nextTick,
    dateNow: () => Date.now(),
    monotonicNs: process.hrtime.bigint,
    performance: { now: () => globalThis.performance.now() },
    processorMs: () => process.cpuUsage().user / 1000,
    realDelay: (ms) => new Promise((resolve) => globalThis.setTimeout(resolve, ms)),
  };
}
