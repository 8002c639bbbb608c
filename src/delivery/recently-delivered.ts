/** The latest successful deliveries. Those of a fan-out share an entry, whose records are built when somebody looks. */
import type { Uuids } from "../engine/random.ts";
import type { DeliveryFailure, KeptDelivery, Receiver } from "./types.ts";

/** What the records of a fan-out's immediate deliveries are built from. */
export interface TakenAll extends Pick<KeptDelivery, "region" | "service" | "kind" | "acceptedMs"> {
  readonly receivers: readonly Receiver[];
  /** Ids of the deliveries, in the order of the receivers. */
  readonly ids: Uuids;
  /** Failures by the index of their receiver. */
  readonly failures: ReadonlyMap<number, DeliveryFailure>;
}

/** The same for one delivery. */
export type Taken = Pick<
  KeptDelivery,
  "id" | "account" | "region" | "service" | "source" | "target" | "kind" | "acceptedMs"
>;

type Entry = KeptDelivery | Taken | TakenAll;

export class RecentlyDelivered {
  readonly #kept: number;
  /**
   * Oldest first; in place of what is before `#head` there is nothing any more, since fan-outs that died late would be
   * a fifth of what the garbage collector has to copy while many are published.
   */
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #records = 0;

  /** @param kept minimum number of records; the oldest entry may add as many as it has. */
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
      this.#entries[this.#head] = undefined;
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

  /** Forgets all records, or those for which the predicate is false. */
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
  return { id: ids.at(place), account, region, service, source, target, kind, acceptedMs };
}

function recordOfTaken(taken: Taken): KeptDelivery {
  const attempts = [{ timeMs: taken.acceptedMs, outcome: "delivered" as const }];
  return { ...taken, status: "delivered", attemptCount: 1, attempts };
}
