/** How often and when EventBridge tries again. */
import type { RetryPolicy } from "../../delivery/types.ts";

const hourMs = 3_600_000;
const mostRetries = 185;
const fastRetries = 10;
const firstRetryMs = 1000;
/** So that 185 retries take about 24 hours. */
const slowRetryMs = 480_000;
const jitter = 0.05;

/** By default 185 retries within 24 hours, with exponential back-off and jitter (EventBridge user guide, "Retry policy"). */
export function retryOf(
  policy: { MaximumRetryAttempts?: number | undefined; MaximumEventAgeInSeconds?: number | undefined } = {},
): RetryPolicy {
  const retries = policy.MaximumRetryAttempts ?? mostRetries;
  const fast = Math.min(retries, fastRetries);
  const slow = retries - fast;
  const phases: RetryPolicy["phases"] = [
    ...(fast > 0
      ? [{ count: fast, minMs: firstRetryMs, maxMs: firstRetryMs * 2 ** (fast - 1), curve: "geometric" as const }]
      : []),
    ...(slow > 0 ? [{ count: slow, minMs: slowRetryMs, maxMs: slowRetryMs, curve: "constant" as const }] : []),
  ];
  const maxAgeMs = policy.MaximumEventAgeInSeconds === undefined ? 24 * hourMs : policy.MaximumEventAgeInSeconds * 1000;
  return { phases, maxAgeMs, jitter };
}
