/** When a delivery is retried. */
import type { Random } from "../engine/random.ts";
import type { RetryPhase, RetryPolicy } from "./types.ts";

/**
 * The wait before a retry in milliseconds, or undefined when none is left.
 * @param retry 1 for the first retry.
 */
export function retryDelayMs(policy: RetryPolicy, retry: number, random: Random): number | undefined {
  let before = 0;
  for (const phase of policy.phases) {
    if (retry <= before + phase.count) {
      const delay = delayOf(phase, retry - before - 1);
      return Math.round(policy.jitter === undefined ? delay : delay * (1 + policy.jitter * random.float()));
    }
    before += phase.count;
  }
  return undefined;
}

/**
 * The delay of the retry with this index in its phase. All curves go from `minMs` to `maxMs`; linear, arithmetic,
 * geometric and exponential ones stay low for longer, in that order (SNS developer guide, "Message delivery retries",
 * backoff functions).
 */
function delayOf({ count, minMs, maxMs, curve }: RetryPhase, index: number): number {
  if (curve === "constant" || count === 1 || minMs === maxMs) return minMs;
  const share = index / (count - 1);
  switch (curve) {
    case "linear":
      return minMs + (maxMs - minMs) * share;
    case "arithmetic":
      return minMs + (maxMs - minMs) * share * share;
    case "geometric":
      return minMs === 0 ? maxMs * share : minMs * (maxMs / minMs) ** share;
    case "exponential":
      return minMs + ((maxMs - minMs) * (2 ** (10 * share) - 1)) / 1023;
  }
}
