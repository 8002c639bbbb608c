/**
 * The grammar of regular expressions that can be matched in linear time: JavaScript's without back-references and
 * look-behind. Characters are UTF-16 code units.
 */

export type Test = (code: number) => boolean;
export type RegexNode =
  | { kind: "test"; test: Test; literal?: string }
  | { kind: "assert"; assertion: "start" | "end" | "line-start" | "line-end" | "word" | "no-word" }
  | { kind: "sequence"; items: RegexNode[] }
  | { kind: "either"; options: RegexNode[] }
  | { kind: "repeat"; item: RegexNode; min: number; max: number; lazy: boolean; groups: [first: number, end: number] }
  | { kind: "group"; index: number; item: RegexNode }
  | { kind: "ahead"; item: RegexNode; negated: boolean };

const maxNesting = 50;
const maxGroups = 200;

const lineEnd: Test = (code) => code === 10 || code === 13 || code === 0x2028 || code === 0x2029;
export const isWord: Test = (code) =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);

const controls = new Map(Object.entries({ n: "\n", r: "\r", t: "\t", f: "\f", v: "\v", "0": "\0" }));
const classes = new Map<string, Test>();
for (const [letter, test] of [
  ["d", (code: number) => code >= 48 && code <= 57],
  ["w", isWord],
  ["s", (code: number) => /\s/.test(String.fromCharCode(code))],
] as const) {
  classes.set(letter, test);
  classes.set(letter.toUpperCase(), (code) => !test(code));
}

/** Parses a pattern. Throws a SyntaxError for an invalid pattern or one outside the grammar. */
export class RegexReader {
  readonly #text: string;
  readonly #ignoreCase: boolean;
  readonly #lines: boolean;
  #at = 0;
  #depth = 0;
  groups = 0;

  constructor(text: string, flags: string) {
    this.#text = text;
    this.#ignoreCase = flags.includes("i");
    this.#lines = flags.includes("m");
  }

  whole(): RegexNode {
    const tree = this.#either();
    if (this.#at < this.#text.length) throw new SyntaxError("Unmatched ')'");
    return tree;
  }

  #either(): RegexNode {
    if (++this.#depth > maxNesting) throw new SyntaxError("Regular expression is nested too deeply");
    const options = [this.#sequence()];
    while (this.#text[this.#at] === "|") {
      this.#at++;
      options.push(this.#sequence());
    }
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: "either", options };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== "|" && this.#text[this.#at] !== ")") {
      items.push(this.#repeated());
    }
    return { kind: "sequence", items };
  }

  #repeated(): RegexNode {
    const first = this.groups;
    let item = this.#atom();
    for (let bounds = this.#quantifier(); bounds; bounds = this.#quantifier()) {
      if (item.kind === "assert") throw new SyntaxError("Nothing to repeat");
      const lazy = this.#text[this.#at] === "?";
      if (lazy) this.#at++;
      item = { kind: "repeat", item, min: bounds[0], max: bounds[1], lazy, groups: [first, this.groups] };
    }
    return item;
  }

  #quantifier(): [number, number] | undefined {
    const sign = this.#text[this.#at];
    if (sign === "*" || sign === "+" || sign === "?") {
      this.#at++;
      return sign === "*" ? [0, Infinity] : sign === "+" ? [1, Infinity] : [0, 1];
    }
    const braces = sign === "{" ? /^\{(\d{1,9})(,(\d{1,9})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 24)) : null;
    if (!braces) return undefined;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[2] === undefined ? min : braces[3] === undefined ? Infinity : Number(braces[3]);
    if (max < min) throw new SyntaxError("numbers out of order in {} quantifier");
    return [min, max];
  }

  #atom(): RegexNode {
    const character = this.#text[this.#at++]!;
    switch (character) {
      case "^":
        return { kind: "assert", assertion: this.#lines ? "line-start" : "start" };
      case "$":
        return { kind: "assert", assertion: this.#lines ? "line-end" : "end" };
      case ".":
        return { kind: "test", test: (code) => !lineEnd(code) };
      case "[":
        return { kind: "test", test: this.#characterClass() };
      case "(":
        return this.#group();
      case "*":
      case "+":
      case "?":
        throw new SyntaxError("Nothing to repeat");
      case "\\":
        return this.#escape();
      default:
        return this.#literal(character);
    }
  }

  #group(): RegexNode {
    let kind: "group" | "plain" | "ahead" = "group";
    let negated = false;
    if (this.#text[this.#at] === "?") {
      const sign = this.#text[this.#at + 1];
      const name = /^\?<[A-Za-z_$][\w$]*>/.exec(this.#text.slice(this.#at, this.#at + 100));
      if (name) this.#at += name[0].length;
      else if (sign === ":" || sign === "=" || sign === "!") {
        this.#at += 2;
        kind = sign === ":" ? "plain" : "ahead";
        negated = sign === "!";
      } else throw new SyntaxError("Unsupported group");
    }
    const index = kind === "group" ? ++this.groups : 0;
    if (this.groups > maxGroups) throw new SyntaxError("Too many groups");
    const item = this.#either();
    if (this.#text[this.#at++] !== ")") throw new SyntaxError("Unterminated group");
    if (kind === "ahead") return { kind, item, negated };
    return kind === "group" ? { kind, index, item } : item;
  }

  #literal(character: string): RegexNode {
    if (!this.#ignoreCase) {
      const code = character.charCodeAt(0);
      return { kind: "test", test: (tested) => tested === code, literal: character };
    }
    return { kind: "test", test: this.#same(character) };
  }

  #same(character: string): Test {
    const code = character.charCodeAt(0);
    if (!this.#ignoreCase) return (tested) => tested === code;
    const upper = character.toUpperCase();
    return (tested) => tested === code || String.fromCharCode(tested).toUpperCase() === upper;
  }

  #escape(): RegexNode {
    const letter = this.#text[this.#at];
    if (letter === "b" || letter === "B") {
      this.#at++;
      return { kind: "assert", assertion: letter === "b" ? "word" : "no-word" };
    }
    const read = this.#escaped();
    return typeof read === "string" ? this.#literal(read) : { kind: "test", test: read };
  }

  /** The meaning of an escape, inside a class or outside; the backslash has been read. */
  #escaped(): string | Test {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw new SyntaxError("\\ at end of pattern");
    const kind = classes.get(letter);
    if (kind) return kind;
    if (/[1-9kpP]/.test(letter)) throw new SyntaxError(`Unsupported escape \\${letter}`);
    const digits = letter === "x" ? 2 : letter === "u" ? 4 : 0;
    if (digits > 0) {
      const hex = this.#text.slice(this.#at, this.#at + digits);
      if (hex.length === digits && /^[0-9a-fA-F]+$/.test(hex)) {
        this.#at += digits;
        return String.fromCharCode(Number.parseInt(hex, 16));
      }
    }
    return controls.get(letter) ?? letter;
  }

  #characterClass(): Test {
    const negated = this.#text[this.#at] === "^";
    if (negated) this.#at++;
    const tests: Test[] = [];
    // As in Java, a bracket that comes first is one of the characters.
    for (let first = true; first || this.#text[this.#at] !== "]"; first = false) {
      const low = this.#classMember(tests);
      if (low === undefined) continue;
      if (this.#text[this.#at] !== "-" || this.#text[this.#at + 1] === "]") {
        tests.push(this.#same(low));
        continue;
      }
      this.#at++;
      const high = this.#classMember(tests);
      if (high === undefined) tests.push(this.#same(low), this.#same("-"));
      else if (high < low) throw new SyntaxError("Range out of order in character class");
      else tests.push(this.#range(low.charCodeAt(0), high.charCodeAt(0)));
    }
    this.#at++;
    const member: Test = tests.length === 1 ? tests[0]! : (code) => tests.some((test) => test(code));
    return negated ? (code) => !member(code) : member;
  }

  #range(low: number, high: number): Test {
    const within: Test = (code) => code >= low && code <= high;
    if (!this.#ignoreCase) return within;
    return (code) => {
      if (within(code)) return true;
      const text = String.fromCharCode(code);
      return within(text.toLowerCase().charCodeAt(0)) || within(text.toUpperCase().charCodeAt(0));
    };
  }

  #classMember(tests: Test[]): string | undefined {
    const character = this.#text[this.#at++];
    if (character === undefined) throw new SyntaxError("Unterminated character class");
    if (character !== "\\") return character;
    if (this.#text[this.#at] === "b") {
      this.#at++;
      return "\b";
    }
    const read = this.#escaped();
    if (typeof read === "string") return read;
    tests.push(read);
    return undefined;
  }
}
