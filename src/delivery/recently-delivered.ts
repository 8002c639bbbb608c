/** The last deliveries that their targets have taken. Those of a fan-out share an entry, whose records are made when somebody looks. */
import type { DeliveryFailure, KeptDelivery, Receiver } from "./types.ts";

/** What a record is made of for each delivery of a fan-out that was delivered at once. */
export interface TakenAll extends Pick<KeptDelivery, "region" | "service" | "kind" | "acceptedMs"> {
  readonly receivers: readonly Receiver[];
  /** Of the deliveries, in the order of the receivers. */
  readonly ids: readonly string[];
  /** The places of those that were not delivered. */
  readonly failures: ReadonlyMap<number, DeliveryFailure>;
}

/** The same of one delivery. */
export type Taken = Pick<
  KeptDelivery,
  "id" | "account" | "region" | "service" | "source" | "target" | "kind" | "acceptedMs"
>;

type Entry = KeptDelivery | Taken | TakenAll;

export class RecentlyDelivered {
  readonly #kept: number;
  /** Oldest first; what is before `#head` is forgotten. */
  #entries: Entry[] = [];
  #head = 0;
  #records = 0;

  /** @param kept records that are kept at least, and at most as many more as the oldest entry has. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#records += sizeOf(entry);
    for (;;) {
      const oldest = this.#entries[this.#head] as Entry;
      const left = this.#records - sizeOf(oldest);
      if (left < this.#kept) break;
      this.#records = left;
      this.#head += 1;
    }
    if (this.#head > this.#kept) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
  }

  *newestFirst(): IterableIterator<KeptDelivery> {
    for (let i = this.#entries.length - 1; i >= this.#head; i -= 1) {
      yield* recordsOf(this.#entries[i] as Entry);
    }
  }

  /** Forgets all, or those the predicate does not keep. */
  clear(keep?: (record: KeptDelivery) => boolean): void {
    const kept = keep === undefined ? [] : [...this.newestFirst()].filter(keep).reverse();
    this.#entries = kept;
    this.#head = 0;
    this.#records = kept.length;
  }
}

/** The records of an entry, newest first. */
export function* recordsOf(entry: Entry): Iterable<KeptDelivery> {
  if ("status" in entry) yield entry;
  else if (!("receivers" in entry)) yield recordOfTaken(entry);
  else {
    for (let place = entry.ids.length - 1; place >= 0; place -= 1) {
      if (!entry.failures.has(place)) yield recordOfTaken(takenAt(entry, place));
    }
  }
}

function sizeOf(entry: Entry): number {
  return "receivers" in entry ? entry.ids.length : 1;
}

function takenAt({ region, service, kind, acceptedMs, receivers, ids }: TakenAll, place: number): Taken {
  const { account, source, target } = receivers[place] as Receiver;
  return { id: ids[place] as string, account, region, service, source, target, kind, acceptedMs };
}

function recordOfTaken(taken: Taken): KeptDelivery {
  const attempts = [{ timeMs: taken.acceptedMs, outcome: "delivered" as const }];
  return { ...taken, status: "delivered", attemptCount: 1, attempts };
}
