/** The latest attempts by services that retry by themselves, as pipes do, by key. */
import { withAttempt } from "./records.ts";
import type { KeptDelivery, OwnAttempt } from "./types.ts";

const kept = 1000;

interface Entry {
  readonly attempt: OwnAttempt;
  readonly record: KeptDelivery;
}

export class OwnAttempts {
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** Keys of those still retried, by the message's queue and its id there. */
  readonly #pending = new Map<string, Map<string, Set<string>>>();

  /**
   * @param nextMs time of the next attempt; undefined when there is none.
   * @returns whether this was the last attempt.
   */
  failed(attempt: OwnAttempt, code: string, message: string, timeMs: number, nextMs: number | undefined): boolean {
    const { key, message: _, ...order } = attempt;
    const before = this.#entries.get(key)?.record;
    const tries = withAttempt(before ?? { attemptCount: 0, attempts: [] }, {
      timeMs,
      outcome: "failed",
      code,
      message,
    });
    this.#put(attempt, {
      ...order,
      ...tries,
      id: key,
      status: nextMs === undefined ? "failed" : "pending",
      acceptedMs: before?.acceptedMs ?? timeMs,
      nextAttemptMs: nextMs,
      reason: `${code}: ${message}`,
    });
    if (this.#entries.size > kept) this.#delete(this.#entries.keys().next().value as string);
    return nextMs === undefined;
  }

  /** An attempt succeeded after failures. @returns its record; undefined when nothing had failed before. */
  succeeded(key: string, timeMs: number): KeptDelivery | undefined {
    const before = this.#entries.get(key)?.record;
    if (before?.status !== "pending") return undefined;
    this.#delete(key);
    const tries = withAttempt(before, { timeMs, outcome: "delivered" });
    return { ...before, ...tries, status: "delivered", nextAttemptMs: undefined, reason: undefined };
  }

  /** Whether no attempt has failed, as far as is remembered. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Whether a message of this queue will be tried again. */
  awaits(queue: string): boolean {
    return this.#pending.has(queue);
  }

  /**
   * Messages have left their queue, so nobody will try them again.
   * @param ids undefined for all.
   * @returns how many that ends.
   */
  left(queue: string, ids: readonly string[] | undefined, reason: string): number {
    const waiting = this.#pending.get(queue);
    if (waiting === undefined) return 0;
    return this.#end(
      [...(ids ?? waiting.keys())].flatMap((id) => [...(waiting.get(id) ?? [])]),
      reason,
    );
  }

  /** The source is gone, or has stopped retrying. @returns how many attempts that ends. */
  givenUp(source: string, reason: string): number {
    const keys = [...this.#entries].filter(([, { record }]) => record.status === "pending" && record.source === source);
    return this.#end(
      keys.map(([key]) => key),
      reason,
    );
  }

  get pending(): number {
    let count = 0;
    for (const { record } of this.#entries.values()) if (record.status === "pending") count += 1;
    return count;
  }

  clear(keep: ((record: { account: string }) => boolean) | undefined): void {
    for (const [key, { record }] of this.#entries) if (keep?.(record) !== true) this.#delete(key);
  }

  newestFirst(): Iterator<KeptDelivery> {
    const records = [...this.#entries.values()].map(({ record }) => record);
    return records.sort((a, b) => b.acceptedMs - a.acceptedMs).values();
  }

  #end(keys: readonly string[], reason: string): number {
    for (const key of keys) {
      const { attempt, record } = this.#entries.get(key) as Entry;
      const why = record.reason === undefined ? reason : `${reason} The last attempt: ${record.reason}`;
      this.#put(attempt, { ...record, status: "failed", nextAttemptMs: undefined, reason: why });
    }
    return keys.length;
  }

  #put(attempt: OwnAttempt, record: KeptDelivery): void {
    this.#delete(attempt.key);
    this.#entries.set(attempt.key, { attempt, record });
    const { key, message } = attempt;
    if (message === undefined || record.status !== "pending") return;
    const waiting = this.#pending.get(message.queue) ?? new Map<string, Set<string>>();
    this.#pending.set(message.queue, waiting);
    waiting.set(message.id, (waiting.get(message.id) ?? new Set()).add(key));
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const { message } = entry.attempt;
    const waiting = message && this.#pending.get(message.queue);
    const keys = waiting?.get(message?.id as string);
    if (message === undefined || waiting === undefined || keys === undefined) return;
    keys.delete(key);
    if (keys.size === 0) waiting.delete(message.id);
    if (waiting.size === 0) this.#pending.delete(message.queue);
  }
}
