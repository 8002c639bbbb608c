/**
 * Tumbling windows: the function aggregates what arrives in each period and passes its state from batch to batch
 * (Lambda developer guide, "Stateful stream processing"). Parallel batches of a shard have separate windows, so that
 * one's state does not overwrite another's.
 */
import { jsonObject } from "../../../../protocols/unknown-json.ts";
import type { Outcome, SourceRecord } from "../../../sources/drain.ts";
import { laneOf, type StreamRecord } from "../../../sources/records.ts";
import type { Answered, Hand } from "./batches.ts";
import type { EventSources } from "./event-sources.ts";
import { type MappingRow, type WindowRow, windowKey } from "./tables.ts";

/** Lambda's limit for a window's state. */
const maxStateBytes = 1024 * 1024;

const none: ReadonlySet<number> = new Set();

export class TumblingWindows {
  readonly #sources: EventSources;
  readonly #row: MappingRow;
  readonly #sizeMs: number;
  readonly #hand: Hand;

  constructor(sources: EventSources, row: MappingRow, sizeMs: number, hand: Hand) {
    this.#sources = sources;
    this.#row = row;
    this.#sizeMs = sizeMs;
    this.#hand = hand;
    for (const open of [...sources.windows.by.mapping.range(row.uuid)]) this.#closeLater(open);
  }

  /** Passes on a batch of one shard, window by window. If a window fails, everything after it has failed too. */
  async execute(batch: readonly SourceRecord[]): Promise<Outcome> {
    const records = batch as readonly StreamRecord[];
    for (let from = 0; from < records.length; ) {
      const startMs = this.#windowOf(records[from] as StreamRecord);
      let to = from + 1;
      while (to < records.length && this.#windowOf(records[to] as StreamRecord) === startMs) to += 1;
      const outcome = await this.#part(records.slice(from, to), startMs);
      if (outcome.failed.size > 0) {
        const first = from + Math.min(...outcome.failed);
        const failed = new Set([...batch.keys()].filter((place) => place >= first));
        return { ...outcome, failed };
      }
      from = to;
    }
    return { failed: none, failure: undefined };
  }

  async #part(part: readonly StreamRecord[], startMs: number): Promise<Answered> {
    const [first] = part as [StreamRecord];
    const shard = shardOf(first);
    const lane = laneOf(first, this.#row.settings.ParallelizationFactor ?? 1);
    const key = windowKey(this.#row.uuid, shard, lane);
    await this.#sources.closings.get(key);
    let open = this.#sources.windows.get(key);
    if (open !== undefined && open.startMs < startMs) {
      const closed = await this.#close(open);
      if (closed.failed.size > 0) return { ...closed, failed: new Set(part.keys()) };
      open = undefined;
    }
    const answer = await this.#hand(this.#event(part, shard, startMs, open?.state ?? "{}", false), part);
    if (answer.failed.size > 0) return answer;
    const state = stateIn(answer.payload);
    if (Buffer.byteLength(state) > maxStateBytes) {
      const message = "The function's state exceeds 1 MB.";
      return { ...answer, failed: new Set(part.keys()), failure: { code: "StateTooLarge", message } };
    }
    this.#keep({ key, shard, startMs, state }, open === undefined);
    return answer;
  }

  #keep(kept: Pick<WindowRow, "key" | "shard" | "startMs" | "state">, isNew: boolean): void {
    const { uuid, account } = this.#row;
    const window: WindowRow = { ...kept, account, mapping: uuid };
    const { store } = this.#sources.deps;
    store.transaction(() => {
      if (this.#sources.mappings.has(uuid)) this.#sources.windows.put(window);
    });
    if (isNew) this.#closeLater(window);
  }

  /** A window also ends when nothing arrives any more. */
  #closeLater({ key, startMs }: WindowRow): void {
    const { clock } = this.#sources.deps;
    clock.at(startMs + this.#sizeMs, () => {
      const open = this.#sources.windows.get(key);
      const state = this.#sources.mappings.get(this.#row.uuid)?.state;
      if (open?.startMs !== startMs || state !== "Enabled") return;
      clock.trackOutside(this.#close(open)).catch((error: unknown) => clock.report(error));
    });
  }

  /**
   * Closes a window only once, although its end on the clock, a later batch or an earlier reader may all ask for it.
   */
  #close(open: WindowRow): Promise<Answered> {
    const { closings } = this.#sources;
    let closing = closings.get(open.key);
    if (closing === undefined) {
      closing = this.#callLast(open).finally(() => closings.delete(open.key));
      closings.set(open.key, closing);
    }
    return closing;
  }

  /** The last call of a window has no records. If it fails, it is repeated with the shard's next batch. */
  async #callLast(open: WindowRow): Promise<Answered> {
    const answer = await this.#hand(this.#event([], open.shard, open.startMs, open.state, true), []);
    if (answer.failure !== undefined) return { ...answer, failed: new Set([0]) };
    this.#sources.deps.store.transaction(() => {
      if (this.#sources.windows.get(open.key) === open) this.#sources.windows.delete(open.key);
    });
    return answer;
  }

  #event(part: readonly StreamRecord[], shard: string, startMs: number, state: string, isFinal: boolean): object {
    return {
      Records: part.map(({ event }) => event),
      window: { start: instant(startMs), end: instant(startMs + this.#sizeMs) },
      state: JSON.parse(state) as unknown,
      shardId: shard,
      eventSourceARN: this.#row.source,
      isFinalInvokeForWindow: isFinal,
      isWindowTerminatedEarly: false,
    };
  }

  #windowOf({ arrivedMs }: StreamRecord): number {
    return Math.floor(arrivedMs / this.#sizeMs) * this.#sizeMs;
  }
}

/** The shard is the first part of a record's event id. */
function shardOf({ ids: [, eventId = ""] }: StreamRecord): string {
  return eventId.slice(0, eventId.lastIndexOf(":"));
}

function instant(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** JSON text of the `state` in an answer; empty if there is none. */
function stateIn(payload: string | undefined): string {
  const state = jsonObject(payload ?? "")?.["state"];
  return typeof state === "object" && state !== null ? JSON.stringify(state) : "{}";
}
