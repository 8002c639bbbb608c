/** Remarks on a request or a delivery besides its outcome: what policies would have refused. */
import { Ring } from "../engine/ring.ts";

interface Note {
  /** The id of the request or the delivery. */
  id: string;
  text: string;
}

/** The latest remarks. Adding one costs next to nothing; reading pays for it. */
export class Notes {
  readonly #notes = new Ring<Note>(4000);
  #added = 0;

  add(id: string, text: string): void {
    this.#added += 1;
    // Filled again, since a fan-out may add one for each copy.
    const note = this.#notes.next ?? { id, text };
    note.id = id;
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
    for (const { id, text } of this.#notes.newestFirst()) texts.set(id, (texts.get(id) ?? new Set()).add(text));
    return new Map([...texts].map(([id, several]) => [id, [...several].reverse().join("; ")]));
  }
}
