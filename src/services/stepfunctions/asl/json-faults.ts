/** The error messages of AWS's JSON parser (Jackson) for text that is not JSON. */

/** `at` is the index that the parser reports: how far it has read. */
type Fault = { sentence: string; at: number };

const expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
/** How many characters of the text a message quotes. */
const quotedLength = 500;

/** Thrown to end the scan. */
class Found extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.sentence);
    this.fault = fault;
  }
}

class Scanner {
  readonly #text: string;
  #at = 0;
  /** Open objects and arrays, outermost first, with their start. */
  readonly #open: { kind: "Object" | "Array"; at: number }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Scans the text up to its first fault, which it throws as {@link Found}. */
  scan(): void {
    this.#value();
    while (this.#open.length > 0) {
      const { kind } = this.#open.at(-1)!;
      const character = this.#next();
      const ends = character === (kind === "Object" ? "}" : "]");
      if (ends) {
        this.#at++;
        this.#open.pop();
      } else if (character === ",") {
        this.#at++;
        if (kind === "Object") this.#member();
        else this.#value();
      } else this.#unexpected(`was expecting comma to separate ${kind} entries`);
    }
    if (this.#next() !== "") this.#value();
  }

  #skip(): void {
    while (this.#at < this.#text.length && " \t\r\n".includes(this.#text[this.#at]!)) this.#at++;
  }

  /** The next character that is not white space; empty at the end. */
  #next(): string {
    this.#skip();
    if (this.#at < this.#text.length) return this.#text[this.#at]!;
    const open = this.#open.at(-1);
    if (open === undefined) return "";
    const { line, column } = positionOf(this.#text, open.at);
    const start = `start marker at [Source: (String)${quoted(this.#text)}; line: ${line}, column: ${column}]`;
    throw new Found({
      sentence: `Unexpected end-of-input: expected close marker for ${open.kind} (${start})`,
      at: this.#text.length,
    });
  }

  #unexpected(what: string): never {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    const shown = `'${character}' (code ${character.codePointAt(0)})`;
    throw new Found({ sentence: `Unexpected character (${shown}): ${what}`, at: this.#at + 1 });
  }

  #member(): void {
    if (this.#next() !== '"') this.#unexpected("was expecting double-quote to start field name");
    this.#string(" in field name");
    if (this.#next() !== ":") this.#unexpected("was expecting a colon to separate field name and value");
    this.#at++;
    this.#value();
  }

  /** Reads a value, or the first part of an object or array, whose rest {@link scan} reads. */
  #value(): void {
    const character = this.#next();
    if (character === "{" || character === "[") {
      const kind = character === "{" ? "Object" : "Array";
      this.#open.push({ kind, at: this.#at++ });
      const first = this.#next();
      if (first === (kind === "Object" ? "}" : "]")) return;
      if (kind === "Object") this.#member();
      else this.#value();
    } else if (character === '"') this.#string(": was expecting closing quote for a string value");
    else if (/[-\d]/.test(character)) this.#number();
    else this.#word();
  }

  #word(): void {
    const word = /^[\p{ID_Continue}$]*/u.exec(this.#text.slice(this.#at, this.#at + 256))![0];
    if (word === "") this.#unexpected(`expected a valid value ${expected}`);
    this.#at += word.length;
    if (["true", "false", "null"].includes(word)) return;
    throw new Found({ sentence: `Unrecognized token '${word}': was expecting ${expected}`, at: this.#at });
  }

  #number(): void {
    const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?/.exec(this.#text.slice(this.#at))?.[0];
    if (number === undefined) {
      this.#at++;
      this.#unexpected("expected digit (0-9) to follow minus sign, for valid numeric value");
    }
    if (/^-?0\d/.test(number)) {
      throw new Found({ sentence: "Invalid numeric value: Leading zeroes not allowed", at: this.#at + 1 });
    }
    this.#at += number.length;
    const after = this.#text[this.#at] ?? " ";
    if (after === ".") this.#unexpected("Decimal point not followed by a digit");
    if (this.#open.length === 0 && !/\s/.test(after)) this.#unexpected("Expected space separating root-level values");
  }

  #string(unended: string): void {
    for (this.#at++; this.#text[this.#at] !== '"'; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined) {
        throw new Found({ sentence: `Unexpected end-of-input${unended}`, at: this.#text.length });
      }
      if (character < " ") {
        const code = character.charCodeAt(0);
        const sentence = `Illegal unquoted character ((CTRL-CHAR, code ${code})): has to be escaped using backslash to be included in string value`;
        throw new Found({ sentence, at: this.#at + 1 });
      }
      if (character !== "\\") continue;
      const escaped = this.#text[++this.#at] ?? "";
      if (escaped === "u" && !/^[\da-fA-F]{4}$/.test(this.#text.slice(this.#at + 1, this.#at + 5))) {
        this.#at++;
        this.#unexpected("expected a hex-digit for character escape sequence");
      }
      if (escaped === "" || '"\\/bfnrtu'.includes(escaped)) continue;
      const sentence = `Unrecognized character escape '${escaped}' (code ${escaped.charCodeAt(0)})`;
      throw new Found({ sentence, at: this.#at + 1 });
    }
    this.#at++;
  }
}

function positionOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

function quoted(text: string): string {
  const more = text.length - quotedLength;
  return `"${text.slice(0, quotedLength)}"${more > 0 ? `[truncated ${more} chars]` : ""}`;
}

/** The first fault of a text that JSON.parse refuses: the parser's message, and the source location. */
export function jsonFault(text: string): { sentence: string; source: string } {
  let fault: Fault = { sentence: "Unexpected end-of-input", at: text.length };
  try {
    new Scanner(text).scan();
  } catch (error) {
    if (!(error instanceof Found)) throw error;
    fault = error.fault;
  }
  const { line, column } = positionOf(text, fault.at);
  return {
    sentence: fault.sentence,
    source: `[Source: (String)${quoted(text)}; line: ${line}, column: ${column}]`,
  };
}
