/** Stages' caches of answers (developer guide, enable API caching). */
import type { RestCall } from "./call.ts";
import type { DeployedMethod } from "./deployed-api.ts";
import type { Outcome } from "./outcome.ts";
import { type Source, sourceOf } from "./sources.ts";

interface Entry {
  readonly outcome: Outcome;
  readonly endMs: number;
  readonly bytes: number;
}

/** AWS's limit for an entry. */
const maxEntryBytes = 1024 * 1024;
/** For all caches together; AWS's smallest has half a gigabyte for one stage. */
const maxBytes = 64 * 1024 * 1024;

/** The parts of a call that its answer depends on, as one text. */
export type CacheKey = (call: RestCall) => string;

/** The cache key of a method: its namespace, verb, Accept header and the cache key parameters of its integration. */
export function cacheKeyOf({ resourceId, definition }: DeployedMethod): CacheKey {
  const { cacheKeyParameters = [], cacheNamespace = resourceId } = definition.integration ?? {};
  const sources: readonly Source[] = cacheKeyParameters.map(sourceOf);
  return (call) =>
    JSON.stringify([
      cacheNamespace,
      resourceId,
      call.verb,
      call.request.header("accept") ?? null,
      ...sources.map((source) => source(call, undefined) ?? null),
    ]);
}

export class ResponseCache {
  /** By stage, then by key; the oldest first. */
  readonly #stages = new Map<string, Map<string, Entry>>();
  #bytes = 0;

  get(stage: string, key: string, nowMs: number): Outcome | undefined {
    const entry = this.#stages.get(stage)?.get(key);
    return entry !== undefined && entry.endMs > nowMs ? entry.outcome : undefined;
  }

  put(stage: string, key: string, outcome: Outcome, nowMs: number, ttlMs: number): void {
    const bytes = outcome.body.length + key.length;
    if (ttlMs <= 0 || bytes > maxEntryBytes) return;
    this.delete(stage, key);
    if (this.#bytes + bytes > maxBytes) this.clear();
    let entries = this.#stages.get(stage);
    if (entries === undefined) this.#stages.set(stage, (entries = new Map()));
    entries.set(key, { outcome, endMs: nowMs + ttlMs, bytes });
    this.#bytes += bytes;
  }

  delete(stage: string, key: string): void {
    const entries = this.#stages.get(stage);
    const entry = entries?.get(key);
    if (entry === undefined) return;
    entries?.delete(key);
    this.#bytes -= entry.bytes;
  }

  flush(stage: string): void {
    for (const { bytes } of this.#stages.get(stage)?.values() ?? []) this.#bytes -= bytes;
    this.#stages.delete(stage);
  }

  clear(): void {
    this.#stages.clear();
    this.#bytes = 0;
  }
}
