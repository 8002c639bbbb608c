/** Parses the items of an array or object in JSON text piece by piece. */
import { parseJson, textOf } from "../asl/json.ts";
import { type ItemParser, ItemReaderError, type ParsedItem, UnfinishedItem } from "./item-parser.ts";

/** What may come next. "rest": more of a value that has begun. "end": nothing that matters. */
type Next = "value" | "firstValue" | "key" | "firstKey" | "colon" | "comma" | "rest" | "end";

/** What a value is for: it is on the path to the items, an item, a member's name, or skipped. */
type Use = "path" | "item" | "name" | "skip";

const code = (character: string) => character.charCodeAt(0);
const quote = code('"');
const backslash = code("\\");
const comma = code(",");
const openBrace = code("{");
const closeBrace = code("}");
const openBracket = code("[");
const closeBracket = code("]");

/** The names in a JSON pointer (RFC 6901), unescaped. */
export function pointerNames(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/**
 * Follows a JSON pointer to an array or object and returns its items, each as soon as it ends. Values that are not on
 * the path are skipped without being parsed; what follows the items is only read if there is no pointer.
 */
export class JsonParser implements ItemParser {
  readonly #path: readonly string[];
  readonly #unfinished = new UnfinishedItem();
  #next: Next = "value";
  #use: Use = "path";
  /** How many names of the path have been matched. */
  #matched = 0;
  /** Whether we are inside an array or object, and about that one: */
  #isNested = false;
  #isObject = false;
  #index = -1;
  #name = "";
  /** About a value that has begun: its text, unless it is skipped, and where in it we are. */
  #text = "";
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(pointer: string) {
    this.#path = pointerNames(pointer);
  }

  push(text: string): ParsedItem[] {
    const items: ParsedItem[] = [];
    for (let at = 0; at < text.length; ) {
      if (this.#next === "end" && this.#path.length > 0) return items;
      if (this.#next === "rest") at = this.#continueValue(text, at, items);
      else if (isSpace(text.charCodeAt(at))) at += 1;
      else at = this.#structure(text, at);
    }
    this.#unfinished.grow(text.length, items.length > 0 || this.#use === "skip");
    return items;
  }

  end(): ParsedItem[] {
    const items: ParsedItem[] = [];
    if (this.#next === "rest" && this.#depth === 0 && !this.#inString) this.#endValue(items);
    if (this.#next !== "end") throw new SyntaxError("Unexpected end of JSON input");
    return items;
  }

  /** Reads a character between values; returns the index to continue at. */
  #structure(text: string, at: number): number {
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

  /** Starts a value; returns the index to continue at. */
  #value(text: string, at: number, found: number): number {
    if (found === comma || found === closeBrace || found === closeBracket) throw unexpected(text, at);
    let use: Use = "path";
    if (this.#isNested) {
      if (!this.#isObject) this.#index += 1;
      if (this.#matched === this.#path.length) use = "item";
      else use = this.#isOnPath() ? "path" : "skip";
      if (use === "path") this.#matched += 1;
    }
    if (use !== "path" || (found !== openBrace && found !== openBracket)) {
      this.#begin(use);
      return at;
    }
    this.#isObject = found === openBrace;
    this.#index = this.#isObject ? 0 : -1;
    this.#next = this.#isObject ? "firstKey" : "firstValue";
    this.#use = "skip";
    this.#isNested = true;
    return at + 1;
  }

  /** Whether the value that begins is the next one on the path. */
  #isOnPath(): boolean {
    const part = this.#path[this.#matched] as string;
    return this.#isObject ? this.#name === part : /^\d+$/.test(part) && Number(part) === this.#index;
  }

  #begin(use: Use): void {
    this.#use = use;
    this.#next = "rest";
    this.#text = "";
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** The current array or object ends: either it had the items, or the path does not exist. */
  #close(at: number): number {
    if (this.#matched < this.#path.length) throw noSuchPath();
    this.#next = "end";
    return at + 1;
  }

  /** Continues a value that has begun; returns the index where it, or the piece of text, ends. */
  #continueValue(text: string, from: number, items: ParsedItem[]): number {
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
    if (isOver) this.#endValue(items);
    return at;
  }

  #endValue(items: ParsedItem[]): void {
    this.#next = this.#isNested ? "comma" : "end";
    if (this.#use === "name") {
      this.#name = textOf(parseJson(this.#text));
      this.#next = "colon";
    } else if (this.#use === "item") {
      const value = parseJson(this.#text);
      items.push(this.#isObject ? { value, key: this.#name } : { value });
    } else if (this.#use === "path") {
      // A number or string instead of items, or of an array or object on the path.
      parseJson(this.#text);
      throw this.#matched < this.#path.length ? noSuchPath() : notIterable();
    }
    this.#text = "";
    this.#use = "skip";
  }
}

/** AWS's error for an ItemsPointer without a value. */
export function noSuchPath(): ItemReaderError {
  return new ItemReaderError(
    "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
  );
}

/** AWS's error for items that are neither an array nor an object. */
export function notIterable(): ItemReaderError {
  return new ItemReaderError("Attempting to map over non-iterable node.");
}

function isSpace(found: number): boolean {
  return found === 32 || found === 10 || found === 13 || found === 9;
}

function unexpected(text: string, at: number): SyntaxError {
  return new SyntaxError(`Unexpected token '${text[at]}' in JSON`);
}
