import { type ExactNumber, numberFromText } from "./exact-number.ts";
import { JsonScanner } from "./json-scanner.ts";

/** The tokens of a JSON text; `end` is the end of the input. */
export type Token =
  | "start-object"
  | "end-object"
  | "start-array"
  | "end-array"
  | "name"
  | "string"
  | "number"
  | "true"
  | "false"
  | "null"
  | "end";

/** Deepest nesting that AWS's parsers accept. */
export const maxDepth = 1000;
const expectedValue = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";

interface Scope {
  object: boolean;
  members: number;
  start: string;
}

/**
 * Reads a JSON text token by token in the steps of AWS's own tokenizer, because the line and column in AWS's messages
 * show how far that tokenizer had read: a name is read together with the colon and the first character of its value (a
 * whole number or keyword), a string value only up to its opening quote until its text is needed.
 */
export class JsonReader {
  readonly #scanner: JsonScanner;
  #token: Token = "end";
  /** The value after a name: its first characters have been read, but it is not the current token yet. */
  #pending: Token | undefined;
  #pendingText = "";
  #text = "";
  #stringOpen = false;
  #scopes: Scope[] = [];

  /** With `redacted`, messages do not quote the source. */
  constructor(source: string, redacted = false) {
    this.#scanner = new JsonScanner(source, redacted);
  }

  /** How many characters have been read. */
  get offset(): number {
    return this.#scanner.at;
  }

  get source(): string {
    return this.#scanner.source;
  }

  /** The current position, in the form AWS appends to a message. @param back this many characters earlier. */
  location(back = 0): string {
    return this.#scanner.location(back);
  }

  /** Moves to the next token and names it. Throws {@link JsonReadError}. */
  next(): Token {
    if (this.#pending !== undefined) {
      this.#token = this.#pending;
      this.#text = this.#pendingText;
      this.#pending = undefined;
      this.#enter();
      return this.#token;
    }
    if (this.#stringOpen) this.text();
    this.#token = this.#read();
    if (this.#token !== "name") this.#enter();
    return this.#token;
  }

  /** The text of the current token: a name, a string's characters, a number as written, or the bracket or keyword itself. */
  text(): string {
    if (this.#stringOpen && this.#pending === undefined) {
      this.#stringOpen = false;
      this.#text = this.#scanner.readString("was expecting closing quote for a string value");
    }
    return this.#text;
  }

  /** The value of the current number token. */
  number(): number | ExactNumber {
    return numberFromText(this.#text);
  }

  #enter(): void {
    if (this.#token !== "start-object" && this.#token !== "start-array") return;
    const start = this.location(1);
    this.#scopes.push({ object: this.#token === "start-object", members: 0, start });
    if (this.#scopes.length > maxDepth) {
      throw this.#scanner.failure(`Document nesting depth (${maxDepth + 1}) exceeds the maximum allowed (${maxDepth})`);
    }
  }

  #read(): Token {
    this.#scanner.skipBlanks();
    const scope = this.#scopes.at(-1);
    if (this.#scanner.isAtEnd) {
      if (scope === undefined) return "end";
      const kind = scope.object ? "Object" : "Array";
      throw this.#scanner.failure(
        `Unexpected end-of-input: expected close marker for ${kind} (start marker at ${scope.start})`,
      );
    }
    let char = this.#scanner.source[this.#scanner.at] as string;
    if (char === "]" || char === "}") return this.#close(char, scope);
    if (scope !== undefined && scope.members++ > 0) {
      if (char !== ",") {
        throw this.#scanner.unexpected(`was expecting comma to separate ${scope.object ? "Object" : "Array"} entries`);
      }
      this.#scanner.at++;
      this.#scanner.skipBlanks();
      if (this.#scanner.isAtEnd) {
        throw this.#scanner.failure(
          `Unexpected end-of-input within/between ${scope.object ? "Object" : "Array"} entries`,
        );
      }
      char = this.#scanner.source[this.#scanner.at] as string;
    }
    if (!scope?.object) return this.#readValue();
    if (char !== '"') throw this.#scanner.unexpected("was expecting double-quote to start field name");
    this.#scanner.at++;
    const name = this.#scanner.readString("in field name");
    this.#scanner.skipBlanks();
    if (this.#scanner.source[this.#scanner.at] !== ":") {
      if (this.#scanner.isAtEnd) throw this.#scanner.failure("Unexpected end-of-input within/between Object entries");
      throw this.#scanner.unexpected("was expecting a colon to separate field name and value");
    }
    this.#scanner.at++;
    this.#scanner.skipBlanks();
    if (this.#scanner.isAtEnd) throw this.#scanner.failure("Unexpected end-of-input within/between Object entries");
    this.#pending = this.#readValue();
    this.#pendingText = this.#text;
    this.#text = name;
    return "name";
  }

  #close(char: string, scope: Scope | undefined): Token {
    const object = char === "}";
    if (scope === undefined || scope.object !== object) {
      if (scope === undefined) throw this.#scanner.unexpected(`expected a valid value (${expectedValue})`);
      const [kind, marker] = scope.object ? ["Object", "}"] : ["Array", "]"];
      throw this.#scanner.failure(
        `Unexpected close marker '${char}': expected '${marker}' (for ${kind} starting at ${scope.start})`,
      );
    }
    this.#scanner.at++;
    this.#scopes.pop();
    this.#text = char;
    return object ? "end-object" : "end-array";
  }

  #readValue(): Token {
    const char = this.#scanner.source[this.#scanner.at] as string;
    this.#text = char;
    switch (char) {
      case '"':
        this.#scanner.at++;
        this.#stringOpen = true;
        return "string";
      case "{":
        this.#scanner.at++;
        return "start-object";
      case "[":
        this.#scanner.at++;
        return "start-array";
      default:
    }
    if (char === "-" || (char >= "0" && char <= "9")) {
      this.#text = this.#scanner.readNumber();
      return "number";
    }
    const token = this.#scanner.readWord();
    if (token === "") throw this.#scanner.unexpected(`expected a valid value (${expectedValue})`);
    if (token !== "true" && token !== "false" && token !== "null") {
      throw this.#scanner.failure(`Unrecognized token '${token.slice(0, 256)}': was expecting (${expectedValue})`);
    }
    this.#text = token;
    return token;
  }
}
