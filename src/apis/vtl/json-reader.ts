/** Reads JSON into the values of templates: whole numbers and doubles stay apart, and members keep their order. */
import { type Key, type Value, VtlList, VtlMap } from "./values.ts";

/** Where the text stops being JSON, in the words of the parser AWS uses. */
export class JsonSyntaxError extends Error {}

const maxDepth = 500;

/** @throws JsonSyntaxError */
export function readJson(text: string): Value {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Value {
    if (depth > maxDepth) throw new JsonSyntaxError(`Document nesting depth exceeds ${maxDepth}`);
    this.#blanks();
    const character = this.#text[this.#at];
    if (character === "{") return this.#object(depth);
    if (character === "[") return this.#array(depth);
    if (character === '"') return this.#string();
    if (character === undefined) throw new JsonSyntaxError("No content to map due to end-of-input");
    const number = this.#take(/-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?(?![\w.])/y);
    if (number !== undefined) return /[.eE]/.test(number) ? Number(number) : wholeNumber(number);
    const token = this.#take(/[A-Za-z_][\w]*/y);
    if (token === "true" || token === "false") return token === "true";
    if (token === "null") return null;
    if (token !== undefined) {
      throw new JsonSyntaxError(
        `Unrecognized token '${token.slice(0, 256)}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`,
      );
    }
    throw this.#unexpected(
      "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
  }

  end(): void {
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#unexpected("expected the end of the document");
  }

  #object(depth: number): VtlMap {
    const entries = new Map<Key, Value>();
    this.#at++;
    this.#blanks();
    if (this.#text[this.#at] === "}") {
      this.#at++;
      return new VtlMap(entries);
    }
    for (;;) {
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw this.#unexpected("was expecting double-quote to start field name");
      const key = this.#string();
      this.#blanks();
      if (this.#text[this.#at] !== ":") {
        throw this.#unexpected("was expecting a colon to separate field name and value");
      }
      this.#at++;
      entries.set(key, this.value(depth + 1));
      if (this.#closes("}", "Object")) return new VtlMap(entries);
    }
  }

  #array(depth: number): VtlList {
    const items: Value[] = [];
    this.#at++;
    this.#blanks();
    if (this.#text[this.#at] === "]") {
      this.#at++;
      return new VtlList(items, true);
    }
    for (;;) {
      items.push(this.value(depth + 1));
      if (this.#closes("]", "Array")) return new VtlList(items, true);
    }
  }

  #closes(close: string, what: string): boolean {
    this.#blanks();
    const character = this.#text[this.#at];
    if (character !== "," && character !== close) {
      throw this.#unexpected(`was expecting comma to separate ${what} entries`);
    }
    this.#at++;
    return character === close;
  }

  #string(): string {
    const start = this.#at++;
    for (; this.#text[this.#at] !== '"'; this.#at++) {
      if (this.#at >= this.#text.length) throw new JsonSyntaxError("Unexpected end-of-input in a string");
      if (this.#text.charCodeAt(this.#at) < 0x20) {
        throw new JsonSyntaxError(
          `Illegal unquoted character ((CTRL-CHAR, code ${this.#text.charCodeAt(this.#at)})): has to be escaped using backslash to be included in string value`,
        );
      }
      if (this.#text[this.#at] === "\\") this.#at++;
    }
    this.#at++;
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      throw new JsonSyntaxError("Unrecognized character escape in a string");
    }
  }

  #blanks(): void {
    this.#take(/[ \t\r\n]+/y);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #unexpected(reason: string): JsonSyntaxError {
    const character = this.#text[this.#at];
    return new JsonSyntaxError(
      character === undefined
        ? "Unexpected end-of-input"
        : `Unexpected character ('${character}' (code ${character.charCodeAt(0)})): ${reason}`,
    );
  }
}

/** A whole number; one of absurd length is a double, since bigints of a million digits cost minutes. */
function wholeNumber(text: string): bigint | number {
  return text.length > 400 ? Number(text) : BigInt(text);
}
