/** The items of an array or an object somewhere in a JSON text that comes in pieces. */
import { parseJson, textOf } from "../asl/json.ts";
import { type ItemParser, ItemReaderError, OpenText, type ParsedItem } from "./item-parser.ts";

/** What may come next. "in": more of a value that has begun. "over": nothing that matters. */
type Next = "value" | "firstValue" | "key" | "firstKey" | "colon" | "comma" | "in" | "over";

/** What a value is to us: one on the way to the items, an item, a member's name, or nothing. */
type Use = "way" | "item" | "name" | "skip";

const code = (character: string) => character.charCodeAt(0);
const quote = code('"');
const backslash = code("\\");
const comma = code(",");
const openBrace = code("{");
const closeBrace = code("}");
const openBracket = code("[");
const closeBracket = code("]");

/**
 * Follows a JSON pointer (RFC 6901) to an array or object and gives its items, each as soon as it ends. What lies beside the
 * way is passed over without being looked at; what comes after the items of a pointer is not read.
 */
export class JsonParser implements ItemParser {
  readonly #way: readonly string[];
  readonly #open = new OpenText();
  #next: Next = "value";
  #use: Use = "way";
  /** How many parts of the way have been gone. */
  #gone = 0;
  /** Whether we are in an array or object, and of this one: */
  #isIn = false;
  #isObject = false;
  #index = -1;
  #name = "";
  /** Of a value that has begun: its text as far as it is wanted, and where in it we are. */
  #text = "";
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(pointer: string) {
    this.#way = pointer
      .split("/")
      .slice(1)
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  }

  push(text: string): ParsedItem[] {
    const items: ParsedItem[] = [];
    for (let at = 0; at < text.length; ) {
      if (this.#next === "over" && this.#way.length > 0) return items;
      if (this.#next === "in") at = this.#goOn(text, at, items);
      else if (isSpace(text.charCodeAt(at))) at += 1;
      else at = this.#take(text, at);
    }
    this.#open.note(text.length, items.length > 0 || this.#use === "skip");
    return items;
  }

  end(): ParsedItem[] {
    const items: ParsedItem[] = [];
    if (this.#next === "in" && this.#depth === 0 && !this.#inString) this.#ended(items);
    if (this.#next !== "over") throw new SyntaxError("Unexpected end of JSON input");
    return items;
  }

  /** Takes what stands between values; answers where to go on. */
  #take(text: string, at: number): number {
    const found = text.charCodeAt(at);
    switch (this.#next) {
      case "firstKey":
      case "firstValue":
        if (found === (this.#isObject ? closeBrace : closeBracket)) return this.#close(at);
        this.#next = this.#isObject ? "key" : "value";
        return at;
      case "key":
        if (found !== quote) throw unexpected(text, at);
        this.#begin("name");
        return at;
      case "colon":
        if (found !== code(":")) throw unexpected(text, at);
        this.#next = "value";
        return at + 1;
      case "comma":
        if (found === (this.#isObject ? closeBrace : closeBracket)) return this.#close(at);
        if (found !== comma) throw unexpected(text, at);
        this.#next = this.#isObject ? "key" : "value";
        return at + 1;
      case "value":
        return this.#value(text, at, found);
      default:
        throw unexpected(text, at);
    }
  }

  /** A value begins. */
  #value(text: string, at: number, found: number): number {
    if (found === comma || found === closeBrace || found === closeBracket) throw unexpected(text, at);
    let use: Use = "way";
    if (this.#isIn) {
      if (!this.#isObject) this.#index += 1;
      if (this.#gone === this.#way.length) use = "item";
      else use = this.#isNext() ? "way" : "skip";
      if (use === "way") this.#gone += 1;
    }
    if (use !== "way" || (found !== openBrace && found !== openBracket)) {
      this.#begin(use);
      return at;
    }
    this.#isObject = found === openBrace;
    this.#index = this.#isObject ? 0 : -1;
    this.#next = this.#isObject ? "firstKey" : "firstValue";
    this.#use = "skip";
    this.#isIn = true;
    return at + 1;
  }

  /** Whether the value that begins is the next part of the way. */
  #isNext(): boolean {
    const part = this.#way[this.#gone] as string;
    return this.#isObject ? this.#name === part : /^\d+$/.test(part) && Number(part) === this.#index;
  }

  #begin(use: Use): void {
    this.#use = use;
    this.#next = "in";
    this.#text = "";
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** The array or object we are in ends: the items were in it, or it lies on the way to where nothing is. */
  #close(at: number): number {
    if (this.#gone < this.#way.length) throw noSuchPlace();
    this.#next = "over";
    return at + 1;
  }

  /** Goes on with a value that has begun; answers where it ends, or the piece does. */
  #goOn(text: string, from: number, items: ParsedItem[]): number {
    let at = from;
    let isOver = false;
    for (; at < text.length && !isOver; at++) {
      const found = text.charCodeAt(at);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (found === backslash) this.#escaped = true;
        else if (found === quote) {
          this.#inString = false;
          isOver = this.#depth === 0;
        }
      } else if (found === quote) this.#inString = true;
      else if (found === openBrace || found === openBracket) this.#depth += 1;
      else if (found === closeBrace || found === closeBracket) {
        if (this.#depth === 0) {
          isOver = true;
          break;
        }
        this.#depth -= 1;
        isOver = this.#depth === 0;
      } else if (this.#depth === 0 && (found === comma || isSpace(found))) {
        isOver = true;
        break;
      }
    }
    if (this.#use !== "skip") this.#text += text.slice(from, at);
    if (isOver) this.#ended(items);
    return at;
  }

  #ended(items: ParsedItem[]): void {
    this.#next = this.#isIn ? "comma" : "over";
    if (this.#use === "name") {
      this.#name = textOf(parseJson(this.#text));
      this.#next = "colon";
    } else if (this.#use === "item") {
      const value = parseJson(this.#text);
      items.push(this.#isObject ? { value, key: this.#name } : { value });
    } else if (this.#use === "way") {
      // A number or a text, where there should be items or more of the way.
      parseJson(this.#text);
      throw this.#gone < this.#way.length ? noSuchPlace() : notIterable();
    }
    this.#text = "";
    this.#use = "skip";
  }
}

export function noSuchPlace(): ItemReaderError {
  return new ItemReaderError(
    "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
  );
}

export function notIterable(): ItemReaderError {
  return new ItemReaderError("Attempting to map over non-iterable node.");
}

function isSpace(found: number): boolean {
  return found === 32 || found === 10 || found === 13 || found === 9;
}

function unexpected(text: string, at: number): SyntaxError {
  return new SyntaxError(`Unexpected token '${text[at]}' in JSON`);
}
