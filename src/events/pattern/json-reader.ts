import { type EventValue, type ExactNumber, numberFromText } from "./exact-number.ts";

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

/** A text that AWS's tokenizer refuses. The message ends with the place in the source. */
export class JsonReadError extends Error {}

const maxDepth = 1000;
const shownSourceChars = 500;
const redactedSource = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";
const expectedValue = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

interface Scope {
  object: boolean;
  members: number;
  start: string;
}

/**
 * Reads a JSON text token by token in the steps of AWS's own tokenizer, because the line and column in AWS's messages
 * tell how far that tokenizer had read: a name is read together with the colon and the first character of its value
 * (a number or keyword whole), a string value only up to its opening quote until its text is asked for.
 */
export class JsonReader {
  readonly source: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #token: Token = "end";
  /** The value after a name: its first characters have been read already, the token is not current yet. */
  #pending: Token | undefined;
  #pendingText = "";
  #text = "";
  #stringOpen = false;
  #scopes: Scope[] = [];
  readonly #redacted: boolean;

  /** With `redacted`, messages do not quote the source. */
  constructor(source: string, redacted = false) {
    this.source = source;
    this.#redacted = redacted;
  }

  /** Where reading has come to, in the form AWS appends to a message. */
  location(back = 0): string {
    if (this.#redacted) return `[Source: ${redactedSource}; line: ${this.#line}, column: ${this.#column(back)}]`;
    const shown =
      this.source.length > shownSourceChars
        ? `"${this.source.slice(0, shownSourceChars)}"[truncated ${this.source.length - shownSourceChars} chars]`
        : `"${this.source}"`;
    return `[Source: (String)${shown}; line: ${this.#line}, column: ${this.#column(back)}]`;
  }

  #column(back: number): number {
    return this.#at - back - this.#lineStart + 1;
  }

  /** How many characters have been read. */
  get offset(): number {
    return this.#at;
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
      this.#text = this.#readString("was expecting closing quote for a string value");
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
      throw this.#failure(`Document nesting depth (${maxDepth + 1}) exceeds the maximum allowed (${maxDepth})`);
    }
  }

  #read(): Token {
    this.#skipBlanks();
    const scope = this.#scopes.at(-1);
    if (this.#at >= this.source.length) {
      if (scope === undefined) return "end";
      const kind = scope.object ? "Object" : "Array";
      throw this.#failure(
        `Unexpected end-of-input: expected close marker for ${kind} (start marker at ${scope.start})`,
      );
    }
    let char = this.source[this.#at] as string;
    if (char === "]" || char === "}") return this.#close(char, scope);
    if (scope !== undefined && scope.members++ > 0) {
      if (char !== ",") {
        throw this.#unexpected(`was expecting comma to separate ${scope.object ? "Object" : "Array"} entries`);
      }
      this.#at++;
      this.#skipBlanks();
      if (this.#at >= this.source.length) {
        throw this.#failure(`Unexpected end-of-input within/between ${scope.object ? "Object" : "Array"} entries`);
      }
      char = this.source[this.#at] as string;
    }
    if (!scope?.object) return this.#readValue();
    if (char !== '"') throw this.#unexpected("was expecting double-quote to start field name");
    this.#at++;
    const name = this.#readString("in field name");
    this.#skipBlanks();
    if (this.source[this.#at] !== ":") {
      if (this.#at >= this.source.length) throw this.#failure("Unexpected end-of-input within/between Object entries");
      throw this.#unexpected("was expecting a colon to separate field name and value");
    }
    this.#at++;
    this.#skipBlanks();
    if (this.#at >= this.source.length) throw this.#failure("Unexpected end-of-input within/between Object entries");
    this.#pending = this.#readValue();
    this.#pendingText = this.#text;
    this.#text = name;
    return "name";
  }

  #close(char: string, scope: Scope | undefined): Token {
    const object = char === "}";
    if (scope === undefined || scope.object !== object) {
      if (scope === undefined) throw this.#unexpected(`expected a valid value (${expectedValue})`);
      const [kind, marker] = scope.object ? ["Object", "}"] : ["Array", "]"];
      throw this.#failure(
        `Unexpected close marker '${char}': expected '${marker}' (for ${kind} starting at ${scope.start})`,
      );
    }
    this.#at++;
    this.#scopes.pop();
    this.#text = char;
    return object ? "end-object" : "end-array";
  }

  #readValue(): Token {
    const char = this.source[this.#at] as string;
    this.#text = char;
    switch (char) {
      case '"':
        this.#at++;
        this.#stringOpen = true;
        return "string";
      case "{":
        this.#at++;
        return "start-object";
      case "[":
        this.#at++;
        return "start-array";
      default:
    }
    if (char === "-" || (char >= "0" && char <= "9")) return this.#readNumber();
    const word = /[A-Za-z_$\d]*/y;
    word.lastIndex = this.#at;
    const token = word.exec(this.source)?.[0] ?? "";
    if (token === "") throw this.#unexpected(`expected a valid value (${expectedValue})`);
    this.#at += token.length;
    if (token !== "true" && token !== "false" && token !== "null") {
      throw this.#failure(`Unrecognized token '${token.slice(0, 256)}': was expecting (${expectedValue})`);
    }
    this.#text = token;
    return token;
  }

  #readNumber(): Token {
    const start = this.#at;
    if (this.source[this.#at] === "-") {
      this.#at++;
      this.#expectDigit("No digit following minus sign");
    }
    if (this.source[this.#at] === "0" && isDigit(this.source.charCodeAt(this.#at + 1))) {
      this.#at++;
      throw this.#failure("Invalid numeric value: Leading zeroes not allowed");
    }
    this.#skipDigits();
    if (this.source[this.#at] === ".") {
      this.#at++;
      this.#expectDigit("Decimal point not followed by a digit");
      this.#skipDigits();
    }
    if (this.source[this.#at] === "e" || this.source[this.#at] === "E") {
      this.#at++;
      if (this.source[this.#at] === "+" || this.source[this.#at] === "-") this.#at++;
      this.#expectDigit("Exponent indicator not followed by a digit");
      this.#skipDigits();
    }
    this.#text = this.source.slice(start, this.#at);
    return "number";
  }

  #skipDigits(): void {
    while (isDigit(this.source.charCodeAt(this.#at))) this.#at++;
  }

  #expectDigit(problem: string): void {
    if (this.#at >= this.source.length) throw this.#failure("Unexpected end-of-input: unexpected end in number");
    if (!isDigit(this.source.charCodeAt(this.#at))) {
      throw this.#failure(`Unexpected character (${this.#charShown()}) in numeric value: ${problem}`);
    }
  }

  /** Reads a string's characters from just after the opening quote to just after the closing one. */
  #readString(unclosed: string): string {
    let out = "";
    let start = this.#at;
    for (;;) {
      if (this.#at >= this.source.length) {
        throw this.#failure(`Unexpected end-of-input${unclosed.startsWith("in ") ? " " : ": "}${unclosed}`);
      }
      const code = this.source.charCodeAt(this.#at);
      if (code === 34) {
        out += this.source.slice(start, this.#at);
        this.#at++;
        return out;
      }
      if (code < 32) {
        this.#at++;
        throw this.#failure(
          `Illegal unquoted character ((CTRL-CHAR, code ${code})): has to be escaped using backslash to be included in string value`,
        );
      }
      if (code !== 92) {
        this.#at++;
        continue;
      }
      out += this.source.slice(start, this.#at);
      this.#at++;
      out += this.#readEscape();
      start = this.#at;
    }
  }

  #readEscape(): string {
    const char = this.source[this.#at];
    if (char === undefined) throw this.#failure("Unexpected end-of-input in character escape sequence");
    if (char !== "u") {
      const plain = escapes[char];
      if (plain === undefined) throw this.#failure(`Unrecognized character escape ${this.#charShown()}`);
      this.#at++;
      return plain;
    }
    this.#at++;
    for (let i = 0; i < 4; i++) {
      const digit = this.source[this.#at];
      if (digit === undefined) throw this.#failure("Unexpected end-of-input in character escape sequence");
      if (!/[\da-fA-F]/.test(digit)) throw this.#unexpected("expected a hex-digit for character escape sequence");
      this.#at++;
    }
    return String.fromCharCode(Number.parseInt(this.source.slice(this.#at - 4, this.#at), 16));
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.source.charCodeAt(this.#at);
      if (code === 32 || code === 9) {
        this.#at++;
      } else if (code === 10 || code === 13) {
        this.#at++;
        if (code === 13 && this.source.charCodeAt(this.#at) === 10) this.#at++;
        this.#line++;
        this.#lineStart = this.#at;
      } else {
        return;
      }
    }
  }

  #charShown(): string {
    const code = this.source.charCodeAt(this.#at);
    return code < 32 ? `(CTRL-CHAR, code ${code})` : `'${this.source[this.#at]}' (code ${code})`;
  }

  #unexpected(expectation: string): JsonReadError {
    return this.#failure(`Unexpected character (${this.#charShown()}): ${expectation}`);
  }

  #failure(problem: string): JsonReadError {
    return new JsonReadError(`${problem}\n at ${this.location()}`);
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Texts in which some number may be beyond a double; a false alarm costs time, not truth. */
const mayHoldExactNumbers = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** Whether a JSON text nests deeper than a parser of AWS's takes. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * maxDepth) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      do {
        if (text.charCodeAt(i) === 92) i++;
        i++;
      } while (i < text.length && text.charCodeAt(i) !== 34);
    } else if (code === 91 || code === 123) {
      if (++depth > maxDepth) return true;
    } else if (code === 93 || code === 125) {
      depth--;
    }
  }
  return false;
}

/**
 * Parses an event (or any JSON text) for matching. Same result as `JSON.parse`, except that numbers a double cannot
 * hold become {@link ExactNumber}. Throws `SyntaxError` or {@link JsonReadError} for a text that is not JSON or nests
 * deeper than 1000.
 */
export function parseEvent(text: string): EventValue {
  if (isTooDeep(text)) throw new JsonReadError(`Document nesting depth (${maxDepth + 1}) exceeds the maximum allowed`);
  if (!mayHoldExactNumbers.test(text)) return JSON.parse(text) as EventValue;
  const reader = new JsonReader(text);
  const value = readValue(reader, reader.next());
  if (reader.next() !== "end") throw new JsonReadError(`Unexpected text after the value\n at ${reader.location()}`);
  return value;
}

/**
 * Checks that a text begins with one JSON value and answers that value's text; what follows it is not looked at, as in
 * AWS's own parser. Throws {@link JsonReadError}, which does not quote the text.
 */
export function leadingJson(text: string): string {
  const reader = new JsonReader(text, true);
  const token = reader.next();
  if (token === "end") throw new JsonReadError(`No content to map due to end-of-input\n at ${reader.location()}`);
  readValue(reader, token);
  return text.slice(0, reader.offset);
}

function readValue(reader: JsonReader, token: Token): EventValue {
  switch (token) {
    case "start-object": {
      const object: { [name: string]: EventValue } = {};
      while (reader.next() === "name") {
        const name = reader.text();
        const value = readValue(reader, reader.next());
        if (name === "__proto__") {
          Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
        } else {
          object[name] = value;
        }
      }
      return object;
    }
    case "start-array": {
      const list: EventValue[] = [];
      for (let item = reader.next(); item !== "end-array"; item = reader.next()) list.push(readValue(reader, item));
      return list;
    }
    case "string":
      return reader.text();
    case "number":
      return reader.number();
    case "true":
      return true;
    case "false":
      return false;
    case "null":
      return null;
    default:
      throw new JsonReadError(`Unexpected end-of-input\n at ${reader.location()}`);
  }
}
