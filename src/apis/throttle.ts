/** Token buckets on the clock: so many requests a second, with bursts of so many. */

interface Bucket {
  tokens: number;
  atMs: number;
}

export interface Rate {
  /** Requests a second. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
}

/** Buckets that are full again say nothing and are dropped when there are this many. */
const maxBuckets = 10_000;

export class Throttle {
  readonly #buckets = new Map<string, Bucket>();

  /** Whether one more request is let through now, and if so counts it. @param key of what the rate is for. */
  admits(key: string, { rate, burst }: Rate, nowMs: number): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= maxBuckets) this.#buckets.clear();
      bucket = { tokens: burst, atMs: nowMs };
      this.#buckets.set(key, bucket);
    }
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (passedMs / 1000) * rate);
    bucket.atMs = nowMs;
    if (rate <= 0 || bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  clear(): void {
    this.#buckets.clear();
  }
}
