/** Parsers for files of items, which read piece by piece, so that only one item is in memory. */
import { type Json, parseJson } from "../asl/json.ts";

/** For unreadable items; the run fails with States.ItemReaderFailed. */
export class ItemReaderError extends Error {}

export interface ParsedItem {
  readonly value: Json;
  /** The member's name, if the items are an object's members. */
  readonly key?: string;
}

/** Parses items from pieces of text. Throws ItemReaderError or SyntaxError. */
export interface ItemParser {
  /** The items that end in this piece. */
  push(text: string): ParsedItem[];
  /** The items that end with the text. */
  end(): ParsedItem[];
}

/** Most characters of an item, far more than a child's input may have. */
const maxItemLength = 16 * 1024 * 1024;

/** Measures an item that has begun but not ended. */
export class UnfinishedItem {
  #length = 0;

  /** @throws ItemReaderError when an item gets too long */
  grow(length: number, someEnded: boolean): void {
    this.#length = someEnded ? length : this.#length + length;
    if (this.#length > maxItemLength) throw new ItemReaderError("An item of the object is too large.");
  }
}

/** Parses JSON Lines. */
export class JsonLinesParser implements ItemParser {
  readonly #unfinished = new UnfinishedItem();
  #line = "";

  push(text: string): ParsedItem[] {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() as string;
    this.#unfinished.grow(text.length, lines.length > 0);
    return lines.flatMap(lineItem);
  }

  end(): ParsedItem[] {
    return lineItem(this.#line);
  }
}

function lineItem(line: string): ParsedItem[] {
  return line.trim() === "" ? [] : [{ value: parseJson(line) }];
}
