/** Token buckets on the clock: a rate of requests, with bursts. */

interface Bucket {
  tokens: number;
  atMs: number;
}

export interface Rate {
  /** Requests per second. */
  readonly rate: number;
  /** Requests at once, the size of the bucket. */
  readonly burst: number;
}

/** At this many all buckets are dropped; every caller then starts with a full one. */
const maxBuckets = 10_000;

export class Throttle {
  readonly #buckets = new Map<string, Bucket>();

  /** Whether one more request is admitted now; if so, counts it. @param key what the rate applies to. */
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
