/** Texts that hold items, read piece by piece, so that no more of them is in memory than one item. */
import { type Json, parseJson } from "../asl/json.ts";

/** What a reader found wrong; the run fails with States.ItemReaderFailed. */
export class ItemReaderError extends Error {}

export interface ParsedItem {
  readonly value: Json;
  /** The member's name, when an object is iterated. */
  readonly key?: string;
}

/** Makes items of a text that comes in pieces. Throws ItemReaderError or SyntaxError. */
export interface ItemParser {
  /** The items that end in this piece. */
  push(text: string): ParsedItem[];
  /** The items that end with the text. */
  end(): ParsedItem[];
}

/** Characters one item may have, far more than a child can be given. */
const longestItem = 16 * 1024 * 1024;

/** Watches over an item that has begun and does not end. */
export class OpenText {
  #length = 0;

  /** @throws ItemReaderError when an item goes on for too long. */
  note(length: number, someEnded: boolean): void {
    this.#length = someEnded ? length : this.#length + length;
    if (this.#length > longestItem) throw new ItemReaderError("An item of the object is too large.");
  }
}

/** A JSON text on each line. */
export class JsonLinesParser implements ItemParser {
  readonly #open = new OpenText();
  #line = "";

  push(text: string): ParsedItem[] {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() as string;
    this.#open.note(text.length, lines.length > 0);
    return lines.flatMap(lineItem);
  }

  end(): ParsedItem[] {
    return lineItem(this.#line);
  }
}

function lineItem(line: string): ParsedItem[] {
  return line.trim() === "" ? [] : [{ value: parseJson(line) }];
}
