import { LinearRegex } from "../../../../regex/linear-regex.ts";
import { fail, refuse } from "./failure.ts";

export type Token = { position: number } & (
  | { type: "operator" | "name" | "variable" | "string"; value: string }
  | { type: "number"; value: number }
  | { type: "value"; value: boolean | null }
  | { type: "regex"; value: LinearRegex }
  | { type: "end"; value: "(end)" }
);

const twoCharacters = new Set(["..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"]);
/** `!` and `~` are operators only as part of a longer one. */
const operators = new Set([...".[]{}(),@#;:?+-*/%|=<>^&!~"]);
const blanks = new Set([" ", "\t", "\n", "\r", "\v"]);
const escapes = new Map(
  Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }),
);
const words = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const numberText = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([Ee][-+]?[0-9]+)?/y;

/** Splits an expression into tokens. Throws a JsonataError (S codes) for text that is not a token. */
export class Tokenizer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token. `operand`: an operand may follow, so a slash starts a regular expression. */
  next(operand: boolean): Token {
    this.#skip();
    const position = this.#at;
    const character = this.#text[position];
    if (character === undefined) return { type: "end", value: "(end)", position };
    if (operand && character === "/") return { type: "regex", value: this.#regex(), position };
    const pair = this.#text.slice(position, position + 2);
    if (twoCharacters.has(pair)) {
      this.#at += 2;
      return { type: "operator", value: pair, position };
    }
    if (character === "!" || character === "~") fail("S0204", { token: character });
    if (operators.has(character)) {
      this.#at++;
      return { type: "operator", value: character, position };
    }
    if (character === '"' || character === "'") return { type: "string", value: this.#string(character), position };
    numberText.lastIndex = position;
    const number = numberText.exec(this.#text)?.[0];
    if (number !== undefined) {
      if (!Number.isFinite(Number(number))) fail("S0102", { token: number });
      this.#at += number.length;
      return { type: "number", value: Number(number), position };
    }
    if (character === "`") {
      const end = this.#text.indexOf("`", position + 1);
      if (end === -1) fail("S0105");
      this.#at = end + 1;
      return { type: "name", value: this.#text.slice(position + 1, end), position };
    }
    return this.#word(position);
  }

  #skip(): void {
    for (;;) {
      while (blanks.has(this.#text[this.#at] ?? "")) this.#at++;
      if (!this.#text.startsWith("/*", this.#at)) return;
      const end = this.#text.indexOf("*/", this.#at + 2);
      if (end === -1) fail("S0106");
      this.#at = end + 2;
    }
  }

  #word(position: number): Token {
    while (this.#at < this.#text.length && !this.#ends(this.#text[this.#at]!)) this.#at++;
    const name = this.#text.slice(position, this.#at);
    if (name.startsWith("$")) return { type: "variable", value: name.slice(1), position };
    if (name === "and" || name === "or" || name === "in") return { type: "operator", value: name, position };
    const value = words.get(name);
    return value === undefined ? { type: "name", value: name, position } : { type: "value", value, position };
  }

  #ends(character: string): boolean {
    return blanks.has(character) || operators.has(character);
  }

  #string(quote: string): string {
    let text = "";
    for (let from = ++this.#at; ; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined) fail("S0101");
      if (character !== quote && character !== "\\") continue;
      text += this.#text.slice(from, this.#at++);
      if (character === quote) return text;
      text += this.#escape();
      from = this.#at + 1;
    }
  }

  #escape(): string {
    const character = this.#text[this.#at] ?? "";
    const plain = escapes.get(character);
    if (plain !== undefined) return plain;
    if (character !== "u") fail("S0103", { token: character });
    const digits = this.#text.slice(this.#at + 1, this.#at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail("S0104");
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #regex(): LinearRegex {
    const start = ++this.#at;
    let depth = 0;
    for (let escaped = false; ; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined) fail("S0302");
      if (!escaped && character === "/" && depth === 0) break;
      if (!escaped && "([{".includes(character)) depth++;
      if (!escaped && ")]}".includes(character)) depth--;
      escaped = !escaped && character === "\\";
    }
    const pattern = this.#text.slice(start, this.#at++);
    if (pattern === "") fail("S0301");
    const from = this.#at;
    while (this.#text[this.#at] === "i" || this.#text[this.#at] === "m") this.#at++;
    const flags = this.#text.slice(from, this.#at);
    try {
      return new LinearRegex(pattern, flags);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return refuse(`Invalid regular expression: /${pattern.slice(0, 1_000)}/${flags}: ${error.message}`);
    }
  }
}
