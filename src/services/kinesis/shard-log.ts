/** The logs of all shards: append at the end, read from a position, delete what has expired. */
import type { Store } from "../../engine/store.ts";
import type { Table } from "../../engine/table.ts";
import { type NewRecord, pack, RecordCursor, type StoredRecord } from "./records.ts";
import { type SegmentRow, segmentTable } from "./tables.ts";

/** From this size on a segment is final: its overhead no longer matters. */
const wholeBytes = 32 * 1024;
/** This many loose segments at the end of a log are joined into one. */
const maxLoose = 32;

export interface ReadLimits {
  readonly records: number;
  /** Bytes of data and partition keys; one record is returned even if it is larger. */
  readonly bytes: number;
  /** Records that arrived at this time (epoch ms) or before have expired. */
  readonly expiredMs: number;
}

export interface Reading {
  readonly records: StoredRecord[];
  readonly bytes: number;
  /** Counter of the record to read next. */
  readonly next: number;
  /** Whether nothing follows `next`. */
  readonly atEnd: boolean;
}

export class ShardLog {
  readonly #segments: Table<SegmentRow, "position" | "loose">;

  constructor(store: Store) {
    this.#segments = store.table(segmentTable);
  }

  /** Appends records in order, in a transaction; returns the counter of the first. */
  append(shard: string, account: string, records: readonly NewRecord[], nowMs: number, encrypted: boolean): number {
    const segments = this.#segments;
    const bytes = pack(records, nowMs, encrypted);
    const first = this.end(shard);
    const loose = bytes.length < wholeBytes;
    // A log is a sequence of segments without gaps, so loose ones are joined before a final one follows them.
    if (!loose || segments.by.loose.size(shard) >= maxLoose - 1) this.#join(shard, loose);
    segments.put({ shard, account, first, count: records.length, lastMs: nowMs, loose, bytes });
    return first;
  }

  /** The counter of the next record; the first record has 1. */
  end(shard: string): number {
    const last = this.#segments.by.position.last(shard);
    return last === undefined ? 1 : last.first + last.count;
  }

  /** Reads from a counter on, in O(log n) plus what is read. */
  read(shard: string, from: number, limits: ReadLimits): Reading {
    const end = this.end(shard);
    const records: StoredRecord[] = [];
    let bytes = 0;
    let next = Math.min(from, end);
    let start = this.#segmentAt(shard, next);
    if (start !== undefined && start.lastMs <= limits.expiredMs) {
      next = Math.max(next, this.counterAt(shard, limits.expiredMs + 1));
      start = this.#segmentAt(shard, next);
    }
    for (const segment of this.#segments.by.position.range(shard, start ? { gte: start.first } : {})) {
      next = Math.max(next, segment.first);
      if (segment.lastMs > limits.expiredMs) {
        for (const cursor = new RecordCursor(segment.bytes, segment.first); !cursor.done; cursor.next()) {
          if (cursor.counter < next) continue;
          if (cursor.arrivalMs > limits.expiredMs) {
            const full = records.length >= limits.records || bytes + cursor.size > limits.bytes;
            if (full && records.length > 0) return { records, bytes, next, atEnd: false };
            bytes += cursor.size;
            records.push(cursor.read());
          }
          next = cursor.counter + 1;
        }
      }
      next = Math.max(next, segment.first + segment.count);
    }
    return { records, bytes, next, atEnd: true };
  }

  /** Arrival in epoch ms of the first record at or after this counter; undefined at the end. */
  arrivalAt(shard: string, counter: number): number | undefined {
    const limits = { records: 1, bytes: 0, expiredMs: Number.NEGATIVE_INFINITY };
    return this.read(shard, counter, limits).records[0]?.arrivalMs;
  }

  /** Counter of the first record that arrived at `ms` or later; the end when there is none. Arrival times must not decrease. */
  counterAt(shard: string, ms: number): number {
    let low = this.#segments.by.position.first(shard)?.first ?? 1;
    let high = this.end(shard);
    while (low < high) {
      const segment = this.#segmentAt(shard, Math.floor((low + high) / 2));
      if (segment === undefined) return high;
      if (segment.lastMs < ms) {
        low = segment.first + segment.count;
      } else if (segment.first > low) {
        high = Math.min(high, this.#firstSince(segment, ms));
        if (high > segment.first) return high;
      } else {
        return this.#firstSince(segment, ms);
      }
    }
    return low;
  }

  /** Deletes whole segments that arrived at `ms` or before, in a transaction; returns when the next one expires. */
  trim(shard: string, ms: number): number | undefined {
    const segments = this.#segments;
    for (;;) {
      const segment = segments.by.position.first(shard);
      if (segment === undefined || segment.count === 0) return undefined;
      if (segment.lastMs > ms) return segment.lastMs;
      const { first, count } = segment;
      segments.delete(segmentTable.key(segment));
      if (segments.by.position.size(shard) > 0) continue;
      segments.put({ ...segment, first: first + count, count: 0, loose: true, bytes: new Uint8Array(0) });
      return undefined;
    }
  }

  /** Deletes the whole log, a segment at a time, in a transaction. */
  *drop(shard: string): Generator<undefined> {
    for (const segment of this.#segments.by.position.range(shard)) {
      this.#segments.delete(segmentTable.key(segment));
      yield;
    }
  }

  /** Joins the loose segments into one; `loose` if it may be joined again while it is small. */
  #join(shard: string, loose: boolean): void {
    const segments = this.#segments;
    const parts = [...segments.by.loose.range(shard)];
    const [first, last] = [parts[0], parts.at(-1)];
    if (first === undefined || last === undefined) return;
    const length = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const bytes = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part.bytes, at);
      at += part.bytes.length;
      segments.delete(segmentTable.key(part));
    }
    const count = last.first + last.count - first.first;
    segments.put({ ...first, count, lastMs: last.lastMs, loose: loose && length < wholeBytes, bytes });
  }

  /** The segment that contains a counter: the last one that does not begin after it. */
  #segmentAt(shard: string, counter: number): SegmentRow | undefined {
    for (const segment of this.#segments.by.position.range(shard, { lte: counter, reverse: true })) return segment;
    return undefined;
  }

  #firstSince(segment: SegmentRow, ms: number): number {
    const cursor = new RecordCursor(segment.bytes, segment.first);
    while (!cursor.done && cursor.arrivalMs < ms) cursor.next();
    return cursor.counter;
  }
}
