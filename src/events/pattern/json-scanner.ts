/** A text that AWS's tokenizer rejects. The message ends with the position in the source. */
export class JsonReadError extends Error {}

const shownSourceChars = 500;
const redactedSource = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";
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

/**
 * The characters of a JSON text: white space, strings, numbers and words, each read to its end, and the current
 * position.
 */
export class JsonScanner {
  readonly source: string;
  /** How many characters have been read. */
  at = 0;
  #line = 1;
  #lineStart = 0;
  readonly #redacted: boolean;

  /** @param redacted messages do not quote the source. */
  constructor(source: string, redacted: boolean) {
    this.source = source;
    this.#redacted = redacted;
  }

  get isAtEnd(): boolean {
    return this.at >= this.source.length;
  }

  /** The current position, in the form AWS appends to a message. */
  location(back = 0): string {
    if (this.#redacted) return `[Source: ${redactedSource}; line: ${this.#line}, column: ${this.#column(back)}]`;
    const shown =
      this.source.length > shownSourceChars
        ? `"${this.source.slice(0, shownSourceChars)}"[truncated ${this.source.length - shownSourceChars} chars]`
        : `"${this.source}"`;
    return `[Source: (String)${shown}; line: ${this.#line}, column: ${this.#column(back)}]`;
  }

  #column(back: number): number {
    return this.at - back - this.#lineStart + 1;
  }

  /** Reads a number and returns it as written. */
  readNumber(): string {
    const start = this.at;
    if (this.source[this.at] === "-") {
      this.at++;
      this.#expectDigit("No digit following minus sign");
    }
    if (this.source[this.at] === "0" && isDigit(this.source.charCodeAt(this.at + 1))) {
      this.at++;
      throw this.failure("Invalid numeric value: Leading zeroes not allowed");
    }
    this.#skipDigits();
    if (this.source[this.at] === ".") {
      this.at++;
      this.#expectDigit("Decimal point not followed by a digit");
      this.#skipDigits();
    }
    if (this.source[this.at] === "e" || this.source[this.at] === "E") {
      this.at++;
      if (this.source[this.at] === "+" || this.source[this.at] === "-") this.at++;
      this.#expectDigit("Exponent indicator not followed by a digit");
      this.#skipDigits();
    }
    return this.source.slice(start, this.at);
  }

  #skipDigits(): void {
    while (isDigit(this.source.charCodeAt(this.at))) this.at++;
  }

  #expectDigit(problem: string): void {
    if (this.isAtEnd) throw this.failure("Unexpected end-of-input: unexpected end in number");
    if (!isDigit(this.source.charCodeAt(this.at))) {
      throw this.failure(`Unexpected character (${this.#charShown()}) in numeric value: ${problem}`);
    }
  }

  /** Reads a string's characters from just after the opening quote to just after the closing one. */
  readString(unclosed: string): string {
    let out = "";
    let start = this.at;
    for (;;) {
      if (this.isAtEnd) {
        throw this.failure(`Unexpected end-of-input${unclosed.startsWith("in ") ? " " : ": "}${unclosed}`);
      }
      const code = this.source.charCodeAt(this.at);
      if (code === 34) {
        out += this.source.slice(start, this.at);
        this.at++;
        return out;
      }
      if (code < 32) {
        this.at++;
        throw this.failure(
          `Illegal unquoted character ((CTRL-CHAR, code ${code})): has to be escaped using backslash to be included in string value`,
        );
      }
      if (code !== 92) {
        this.at++;
        continue;
      }
      out += this.source.slice(start, this.at);
      this.at++;
      out += this.#readEscape();
      start = this.at;
    }
  }

  #readEscape(): string {
    const char = this.source[this.at];
    if (char === undefined) throw this.failure("Unexpected end-of-input in character escape sequence");
    if (char !== "u") {
      const plain = escapes[char];
      if (plain === undefined) throw this.failure(`Unrecognized character escape ${this.#charShown()}`);
      this.at++;
      return plain;
    }
    this.at++;
    for (let i = 0; i < 4; i++) {
      const digit = this.source[this.at];
      if (digit === undefined) throw this.failure("Unexpected end-of-input in character escape sequence");
      if (!/[\da-fA-F]/.test(digit)) throw this.unexpected("expected a hex-digit for character escape sequence");
      this.at++;
    }
    return String.fromCharCode(Number.parseInt(this.source.slice(this.at - 4, this.at), 16));
  }

  /** Letters, digits, `_` and `$` from here on. */
  readWord(): string {
    const word = /[A-Za-z_$\d]*/y;
    word.lastIndex = this.at;
    const text = word.exec(this.source)?.[0] ?? "";
    this.at += text.length;
    return text;
  }

  skipBlanks(): void {
    for (;;) {
      const code = this.source.charCodeAt(this.at);
      if (code === 32 || code === 9) {
        this.at++;
      } else if (code === 10 || code === 13) {
        this.at++;
        if (code === 13 && this.source.charCodeAt(this.at) === 10) this.at++;
        this.#line++;
        this.#lineStart = this.at;
      } else {
        return;
      }
    }
  }

  #charShown(): string {
    const code = this.source.charCodeAt(this.at);
    return code < 32 ? `(CTRL-CHAR, code ${code})` : `'${this.source[this.at]}' (code ${code})`;
  }

  /** The error for the next character. */
  unexpected(expectation: string): JsonReadError {
    return this.failure(`Unexpected character (${this.#charShown()}): ${expectation}`);
  }

  /** An error that ends with the current position. */
  failure(problem: string): JsonReadError {
    return new JsonReadError(`${problem}\n at ${this.location()}`);
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
