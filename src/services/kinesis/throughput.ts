/**
 * Limits per shard and second: 1 MiB and 1,000 records in, 2 MiB and 5 calls of GetRecords out. Windows are whole
 * seconds of the clock and kept only in memory.
 */
const second = 1000;
const maxWrittenBytes = 1024 * 1024;
const maxWrittenRecords = 1000;
const maxReadBytes = 2 * 1024 * 1024;
const maxReads = 5;

interface Window {
  second: number;
  bytes: number;
  count: number;
}

export class Throughput {
  readonly #writes = new Map<string, Window>();
  readonly #reads = new Map<string, Window>();

  /** Whether the shard accepts a record of this size; if so, it is counted. */
  write(shard: string, bytes: number, nowMs: number): boolean {
    const window = windowOf(this.#writes, shard, nowMs, maxWrittenBytes);
    // A record larger than a second's share is accepted if it is the first, at the expense of the following seconds.
    const fits = window.bytes === 0 || window.bytes + bytes <= maxWrittenBytes;
    if (!fits || window.count >= maxWrittenRecords) return false;
    window.bytes += bytes;
    window.count += 1;
    return true;
  }

  /** Whether the shard may be read now; if so, the call is counted. */
  mayRead(shard: string, nowMs: number): boolean {
    const window = windowOf(this.#reads, shard, nowMs, maxReadBytes);
    if (window.count >= maxReads || window.bytes >= maxReadBytes) return false;
    window.count += 1;
    return true;
  }

  /** Counts what a read returned. Anything beyond a second's share is taken from the following seconds. */
  read(shard: string, bytes: number, nowMs: number): void {
    windowOf(this.#reads, shard, nowMs, maxReadBytes).bytes += bytes;
  }

  forget(shard: string): void {
    this.#writes.delete(shard);
    this.#reads.delete(shard);
  }

  clear(): void {
    this.#writes.clear();
    this.#reads.clear();
  }
}

function windowOf(windows: Map<string, Window>, shard: string, nowMs: number, bytesPerSecond: number): Window {
  const now = Math.floor(nowMs / second);
  let window = windows.get(shard);
  if (window === undefined || now < window.second) {
    window = { second: now, bytes: 0, count: 0 };
    windows.set(shard, window);
  } else if (now > window.second) {
    window.bytes = Math.max(0, window.bytes - (now - window.second) * bytesPerSecond);
    window.second = now;
    window.count = 0;
  }
  return window;
}

/** How long a fan-out consumer's 2 MiB per second take for this many bytes, in ms. */
export function fanOutMs(bytes: number): number {
  return (bytes / maxReadBytes) * second;
}
