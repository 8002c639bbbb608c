/** What is to be said of a request or a delivery besides its outcome: what policies would have had against it. */
import { Ring } from "../engine/ring.ts";

interface Note {
  /** Of the request or the delivery. */
  readonly id: string;
  readonly text: string;
}

/** The last notes. To note something costs next to nothing; whoever looks pays. */
export class Notes {
  readonly #notes = new Ring<Note>(4000);
  #added = 0;

  add(id: string, text: string): void {
    this.#added += 1;
    this.#notes.add({ id, text });
  }

  /** How many there have been: more than before when what ran meanwhile has noted something. */
  get added(): number {
    return this.#added;
  }

  /** The notes by what they are of; several of one are one text. */
  byId(): ReadonlyMap<string, string> {
    const texts = new Map<string, Set<string>>();
    for (const { id, text } of this.#notes.newestFirst()) texts.set(id, (texts.get(id) ?? new Set()).add(text));
    return new Map([...texts].map(([id, several]) => [id, [...several].reverse().join("; ")]));
  }
}
