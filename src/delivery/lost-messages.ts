/**
 * The latest messages that went nowhere. Their records are built when somebody looks, since one message may have a
 * thousand.
 */
import type { DeliveryFilter, Gone, KeptDelivery, Lost } from "./types.ts";

/**
 * Bounds for messages, for the records they stand for, and for the characters they keep in memory: beyond any of them
 * the oldest are dropped.
 */
const maxEntries = 1000;
const maxRecords = 100_000;
const maxWeight = 8 * 1024 * 1024;
const shownIds = 10;

type Entry = { readonly timeMs: number; readonly serial: number } & (
  | { readonly lost: Lost; readonly gone?: undefined }
  | { readonly gone: Gone; readonly lost?: undefined }
);

export class LostMessages {
  /** Oldest first; in place of what is before `#first` there is nothing any more. */
  #entries: (Entry | undefined)[] = [];
  #first = 0;
  #records = 0;
  #weight = 0;
  #serial = 0;

  add(lost: Lost, timeMs: number): void {
    this.#records += lost.count;
    this.#weight += lost.weight;
    this.#push({ timeMs, serial: this.#serial, lost });
    this.#serial += lost.count;
  }

  /** Messages of one queue lost at the same time for the same reason share a record. */
  addGone(gone: Gone, timeMs: number): void {
    const last = this.#entries.at(-1);
    const { source, status, reason } = gone;
    if (
      last?.gone?.source === source &&
      last.timeMs === timeMs &&
      last.gone.status === status &&
      last.gone.reason === reason
    ) {
      const count = last.gone.count + gone.count;
      const messageIds = [...last.gone.messageIds, ...gone.messageIds].slice(0, shownIds);
      const { serial } = last;
      this.#entries[this.#entries.length - 1] = { timeMs, serial, gone: { ...gone, count, messageIds } };
      return;
    }
    this.#records += 1;
    this.#push({ timeMs, serial: this.#serial, gone });
    this.#serial += 1;
  }

  clear(keep: ((of: { account: string }) => boolean) | undefined): void {
    const entries = this.#entries.slice(this.#first) as Entry[];
    this.#entries = keep === undefined ? [] : entries.filter(({ lost, gone }) => keep(lost ?? gone));
    this.#first = 0;
    this.#records = 0;
    this.#weight = 0;
    for (const { lost } of this.#entries as Entry[]) {
      this.#records += lost?.count ?? 1;
      this.#weight += lost?.weight ?? 0;
    }
  }

  /** The records that match a filter. */
  *newestFirst({ account, source, target, status }: DeliveryFilter): IterableIterator<KeptDelivery> {
    for (let i = this.#entries.length - 1; i >= this.#first; i -= 1) {
      const { timeMs, serial, lost, gone } = this.#entries[i] as Entry;
      const of = lost ?? gone;
      if (status !== undefined && of.status !== status) continue;
      if (account !== undefined && of.account !== account) continue;
      if (gone !== undefined) {
        yield goneRecord(gone, timeMs, serial);
        continue;
      }
      for (let place = 0; place < lost.count; place += 1) {
        if (source !== undefined && lost.source(place) !== source) continue;
        if (target !== undefined && lost.target(place) !== target) continue;
        yield lostRecord(lost, place, timeMs, serial + place);
      }
    }
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    while (this.#isTooMuch(this.#entries.length - this.#first)) {
      const { lost } = this.#entries[this.#first] as Entry;
      this.#records -= lost?.count ?? 1;
      this.#weight -= lost?.weight ?? 0;
      this.#entries[this.#first] = undefined;
      this.#first += 1;
    }
    // Room is made for hundreds at once: to move all others for each would cost as much as the rest of a note.
    if (this.#first < maxEntries / 4) return;
    this.#entries.splice(0, this.#first);
    this.#first = 0;
  }

  #isTooMuch(entries: number): boolean {
    return entries > maxEntries || (entries > 1 && (this.#records > maxRecords || this.#weight > maxWeight));
  }
}

function lostRecord(lost: Lost, place: number, timeMs: number, serial: number): KeptDelivery {
  return {
    ...common(lost, timeMs, serial),
    source: lost.source(place),
    target: lost.target(place),
    reason: lost.reason(place),
  };
}

function goneRecord(gone: Gone, timeMs: number, serial: number): KeptDelivery {
  const { source, count, reason, messageIds } = gone;
  const more = count > messageIds.length ? ", …" : "";
  return {
    ...common(gone, timeMs, serial),
    source,
    target: source,
    reason: `${reason} (${messageIds.join(", ")}${more})`,
    count: count === 1 ? undefined : count,
  };
}

function common({ account, region, service, status }: Lost | Gone, timeMs: number, serial: number) {
  const kind = "none";
  return {
    id: `lost-${serial}`,
    account,
    region,
    service,
    kind,
    status,
    acceptedMs: timeMs,
    attemptCount: 0,
    attempts: [],
  };
}
