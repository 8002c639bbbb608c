/** Watches how much memory the process has left, so that new work is refused before the process runs out. */

import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { clearInterval, performance, setInterval } from "./real-time.ts";

/** Shares of the limit: short from here on, enough again below this, and where no garbage collection is awaited. */
const shortFrom = 0.85;
const enoughBelow = 0.8;
const direFrom = 0.95;
/** Real milliseconds, and bytes of requests, between two measurements, which cost some microseconds each. */
const lookMs = 50;
const lookBytes = 4 * 1024 * 1024;
/** Real milliseconds between two measurements while somebody waits. */
const waitingLookMs = 200;
/**
 * Real milliseconds between two garbage collections that we request, and at least how many times the duration of the
 * last one.
 */
const collectMs = 200;
const collectShare = 10;
/** The share of memory that the machine needs for the system, other processes and the page cache. */
const reserveShare = 0.1;

const mebibyte = 1024 * 1024;
/**
 * The part of V8's limit reserved for young objects: three semi-spaces of their usual size. Old objects cannot use it.
 */
const youngBytes = 48 * mebibyte;

/** Use of whichever resource is scarcer: V8's heap or the memory of the process. In bytes. */
export interface MemoryUse {
  readonly kind: "heap" | "process";
  readonly used: number;
  readonly limit: number;
}

/** The memory of the container (cgroup v1 or v2) or else of the machine, minus a reserve, in bytes. */
export function defaultMaxMemory(): number {
  const constrained = process.constrainedMemory();
  const given = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor(given * (1 - reserveShare));
}

/** Memory the process uses that is not backed by files, in bytes; mapped files can be dropped under pressure. */
function anonymousBytes(): number {
  try {
    const match = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "latin1"));
    if (match) return Number(match[1]) * 1024;
  } catch {
    // Only on Linux.
  }
  return process.memoryUsage.rss();
}

/** Current use, out of at most `maxBytes`. */
export function memoryUse(maxBytes: number): MemoryUse {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  const heap: MemoryUse = { kind: "heap", used: used_heap_size, limit: heap_size_limit - youngBytes };
  const whole: MemoryUse = { kind: "process", used: anonymousBytes(), limit: maxBytes };
  return shareOf(heap) > shareOf(whole) ? heap : whole;
}

/** Collects garbage. Takes time in proportion to live objects: a second for a few gigabytes. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

export interface MemoryOptions {
  /** Called with a description when memory runs short, and when there is enough again. */
  readonly onChange: (isShort: boolean, text: string) => void;
  /** For tests: measures use, and collects garbage. */
  readonly use?: () => MemoryUse;
  readonly collect?: () => void;
}

export class Memory {
  readonly #use: () => MemoryUse;
  readonly #collect: () => void;
  readonly #onChange: MemoryOptions["onChange"];
  #short = false;
  #nextLookAt = 0;
  #nextCollectAt = 0;
  #admittedBytes = 0;
  #waiting: (() => void)[] = [];
  #looking: ReturnType<typeof setInterval> | undefined;

  /** @param maxBytes how much the process may use. */
  constructor(maxBytes: number, { onChange, use, collect }: MemoryOptions) {
    this.#use = use ?? (() => memoryUse(maxBytes));
    this.#collect = collect ?? collectGarbage;
    this.#onChange = onChange;
  }

  /** Whether new work must be refused. @param bytes size of the request. */
  isShort(bytes: number): boolean {
    this.#admittedBytes += bytes;
    const now = performance.now();
    if (now >= this.#nextLookAt || this.#admittedBytes >= lookBytes) this.#look(now);
    return this.#short;
  }

  /** Runs the action once memory is sufficient: for work that can wait and that nobody would request again. */
  whenEnough(action: () => void): void {
    this.#waiting.push(action);
    this.#looking ??= setInterval(() => this.isShort(0), waitingLookMs).unref();
  }

  /** Drops what still waits. */
  stop(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#waiting = [];
  }

  #look(now: number): void {
    this.#nextLookAt = now + lookMs;
    this.#admittedBytes = 0;
    let use = this.#use();
    let proven = false;
    // What counts as used may be garbage: only a collection can tell.
    if (shareOf(use) >= (this.#short ? enoughBelow : shortFrom) && now >= this.#nextCollectAt) {
      this.#collect();
      const after = performance.now();
      this.#nextCollectAt = after + Math.max(collectMs, (after - now) * collectShare);
      use = this.#use();
      proven = true;
    }
    const share = shareOf(use);
    const isShort = this.#short ? share >= enoughBelow : share >= direFrom || (proven && share >= shortFrom);
    if (isShort !== this.#short) {
      this.#short = isShort;
      this.#onChange(isShort, wordsFor(isShort, use));
    }
    if (isShort || this.#looking === undefined) return;
    const waiting = this.#waiting;
    this.stop();
    for (const action of waiting) action();
  }
}

function shareOf({ used, limit }: MemoryUse): number {
  return used / limit;
}

function wordsFor(isShort: boolean, { kind, used, limit }: MemoryUse): string {
  const [of, advice] =
    kind === "heap"
      ? ["Node's heap", "node's --max-old-space-size gives more"]
      : ["what the process may use", "--max-memory says how much that is"];
  const figures = `${Math.round(used / mebibyte)} of ${Math.round(limit / mebibyte)} MiB of ${of} are in use`;
  return isShort
    ? `memory is short: ${figures} (${advice}). New work is refused as throttled; reads, deletes and reset go on.`
    : `memory is enough again: ${figures}.`;
}
