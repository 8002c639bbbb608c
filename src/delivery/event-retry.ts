/** The retry policy of EventBridge and Scheduler. */
import type { RetryPolicy } from "./types.ts";

export const defaultRetries = 185;
export const defaultMaxAgeSeconds = 86_400;

const fastRetries = 10;
const firstRetryMs = 1000;
/** Makes 185 retries take about 24 hours. */
const slowRetryMs = 480_000;
const jitter = 0.05;

/**
 * By default 185 retries within 24 hours, with exponential back-off and jitter (EventBridge user guide, "Retry policy";
 * Scheduler user guide, "Configuring a retry policy").
 */
export function eventRetry({
  MaximumRetryAttempts: retries = defaultRetries,
  MaximumEventAgeInSeconds: maxAgeSeconds = defaultMaxAgeSeconds,
}: {
  readonly MaximumRetryAttempts?: number | undefined;
  readonly MaximumEventAgeInSeconds?: number | undefined;
} = {}): RetryPolicy {
  const fast = Math.min(retries, fastRetries);
  const slow = retries - fast;
  const phases: RetryPolicy["phases"][number][] = [];
  if (fast > 0) {
    const maxMs = firstRetryMs * 2 ** (fast - 1);
    phases.push({ count: fast, minMs: firstRetryMs, maxMs, curve: "geometric" });
  }
  if (slow > 0) phases.push({ count: slow, minMs: slowRetryMs, maxMs: slowRetryMs, curve: "constant" });
  return { phases, maxAgeMs: maxAgeSeconds * 1000, jitter };
}
