/** The events in archives: the position of each is a row, its text is outside the heap. */

import { dayMs } from "../../engine/duration.ts";
import { Leftovers } from "../../engine/leftovers.ts";
import type { TextRow } from "../../engine/packed-table.ts";
import { Sweep } from "../../engine/sweep.ts";
import {
  type ArchivedEventRow,
  type ArchiveRow,
  archivedEventTable,
  archivedTextTable,
  archivePosition,
  positionSerial,
} from "./archive-tables.ts";
import { archivedBytes, type BusEvent } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { nameKey } from "./tables.ts";

const eventKey = archivedEventTable.key;

export class ArchivedEvents {
  readonly #service: EventBridge;
  readonly #events;
  readonly #texts;
  /** Deletes, by archive, the events of deleted archives. */
  readonly leftovers: Leftovers;
  /** By archive: events past its retention. */
  readonly #expiry: Sweep<ArchivedEventRow>;

  constructor(service: EventBridge) {
    const { store, clock } = service.deps;
    this.#service = service;
    const events = store.table(archivedEventTable);
    this.#events = events;
    this.#texts = store.packedTable(archivedTextTable);
    this.leftovers = new Leftovers(service.deps, "events.archive", (archive) => this.#clear(archive));
    this.#expiry = new Sweep(store, clock, {
      first: (archive) => events.by.arrival.first(archive),
      endMs: (event) => this.#endMs(event),
      drop: (event) => this.#drop(event),
      keys: () => events.by.arrival.groups(),
    });
  }

  /** Stores an event. Inside a transaction. */
  add(archive: ArchiveRow, event: BusEvent): void {
    const { deps, archives, now } = this.#service;
    const { account } = archive;
    const serial = deps.store.nextSerial();
    const row: ArchivedEventRow = {
      archive: nameKey(archive, archive.name),
      account,
      position: archivePosition(event.timeMs, serial),
      arrivedMs: now,
      bytes: archivedBytes(event),
    };
    this.#events.put(row);
    this.#texts.put({ serial, account, text: event.text });
    archives.put({ ...archive, sizeBytes: archive.sizeBytes + row.bytes });
    this.#expiry.expect(row.archive, this.#endMs(row));
  }

  count(archive: ArchiveRow): number {
    return this.#events.by.time.size(nameKey(archive, archive.name));
  }

  /**
   * Ordered by the events' own time. Inside a transaction, since events past the archive's retention are deleted first.
   */
  range(archive: string, bounds: { gt?: string; gte?: string; lt: string }): IterableIterator<ArchivedEventRow> {
    this.#expiry.run(archive);
    return this.#events.by.time.range(archive, bounds);
  }

  textOf({ position }: ArchivedEventRow): string {
    return (this.#texts.get(positionSerial(position)) as TextRow).text;
  }

  /** The archive without events past its retention, which may have been changed. Inside a transaction. */
  settled(archive: ArchiveRow): ArchiveRow {
    const key = nameKey(archive, archive.name);
    this.#expiry.run(key);
    const first = this.#events.by.arrival.first(key);
    if (first !== undefined) this.#expiry.expect(key, this.#endMs(first));
    return this.#service.archives.get(key) ?? archive;
  }

  *#clear(archive: string): Generator<undefined> {
    for (const event of this.#events.by.time.range(archive)) {
      this.#delete(event);
      yield;
    }
  }

  /** An event of a deleted archive has already expired. */
  #endMs({ archive, arrivedMs }: ArchivedEventRow): number {
    const days = this.#service.archives.get(archive)?.retentionDays;
    if (days === undefined) return 0;
    return days === 0 ? Number.POSITIVE_INFINITY : arrivedMs + days * dayMs;
  }

  #drop(event: ArchivedEventRow): void {
    const { archives } = this.#service;
    this.#delete(event);
    const archive = archives.get(event.archive);
    if (archive !== undefined) archives.put({ ...archive, sizeBytes: archive.sizeBytes - event.bytes });
  }

  #delete(event: ArchivedEventRow): void {
    this.#events.delete(eventKey(event));
    this.#texts.delete(positionSerial(event.position));
  }
}
