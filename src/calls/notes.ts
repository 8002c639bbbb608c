/** Remarks on a request or a delivery besides its outcome: what policies would have refused. */
import type { Uuids } from "../engine/random.ts";
import { Ring } from "../engine/ring.ts";

interface Note {
  /** The ids of deliveries, of which one is meant, or the id of a request or a delivery. */
  id: string | Uuids;
  place: number;
  text: string;
}

/** The latest remarks. Adding one costs next to nothing; reading pays for it. */
export class Notes {
  readonly #notes = new Ring<Note>(4000);
  #added = 0;

  add(id: string, text: string): void {
    this.#fill(id, 0, text);
  }

  /** Adds a remark on the delivery whose id is at `place`. */
  addOfMany(ids: Uuids, place: number, text: string): void {
    this.#fill(ids, place, text);
  }

  #fill(id: string | Uuids, place: number, text: string): void {
    this.#added += 1;
    // Filled again, since a fan-out may add one for each copy.
    const note = this.#notes.next ?? { id, place, text };
    note.id = id;
    note.place = place;
    note.text = text;
    this.#notes.add(note);
  }

  /** How many were ever added; compare it to learn whether something was noted meanwhile. */
  get added(): number {
    return this.#added;
  }

  /** The remarks by id; several for one id are joined into one text. */
  byId(): ReadonlyMap<string, string> {
    const texts = new Map<string, Set<string>>();
    for (const { id: one, place, text } of this.#notes.newestFirst()) {
      const id = typeof one === "string" ? one : one.at(place);
      texts.set(id, (texts.get(id) ?? new Set()).add(text));
    }
    return new Map([...texts].map(([id, several]) => [id, [...several].reverse().join("; ")]));
  }
}
