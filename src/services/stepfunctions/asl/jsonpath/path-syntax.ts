import { LinearRegex } from "../../../../regex/linear-regex.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { Json } from "../json.ts";
import { numberFromText } from "../number-literal.ts";
import { type Filter, isDefinite, type Operand, type Path, type Segment } from "./path.ts";

const maxFilterDepth = 50;
/** JSON's words. */
export const constants: ReadonlyMap<string, Json> = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const variableName = /^[\p{ID_Start}_][\p{ID_Continue}]*/u;

class PathReader {
  readonly text: string;
  at: number;
  depth = 0;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  fail(): never {
    throw new SyntaxError(`Invalid path '${this.text}'`);
  }

  private peek(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  private take(text: string): boolean {
    if (!this.peek(text)) return false;
    this.at += text.length;
    return true;
  }

  private skipSpace(): void {
    while (this.at < this.text.length && " \t\r\n".includes(this.text[this.at]!)) this.at++;
  }

  /** The segments from here to the first character that cannot belong to a path. */
  segments(): Segment[] {
    const segments: Segment[] = [];
    for (;;) {
      if (this.take("..")) {
        segments.push({ kind: "descend" });
        segments.push(this.dotStep());
      } else if (this.take(".")) segments.push(this.dotStep());
      else if (this.take("[")) segments.push(this.bracket());
      else return segments;
    }
  }

  private dotStep(): Segment {
    // A dot before a bracket has no meaning (`$.a.['two words']`).
    if (this.take("[")) return this.bracket();
    if (this.take("*")) return { kind: "wildcard" };
    const start = this.at;
    while (this.at < this.text.length && !/[\s.[\]()*'"=<>!&|,]/.test(this.text[this.at]!)) this.at++;
    const name = this.text.slice(start, this.at);
    if (name === "length" && this.take("()")) return { kind: "length" };
    if (name === "") this.fail();
    return { kind: "name", name, quoted: false };
  }

  private bracket(): Segment {
    this.skipSpace();
    let segment: Segment;
    if (this.take("*")) segment = { kind: "wildcard" };
    else if (this.take("?")) segment = { kind: "filter", filter: this.filter() };
    else if (this.peek("'") || this.peek('"')) {
      const names = this.list(() => this.quoted());
      segment = names.length === 1 ? { kind: "name", name: names[0]!, quoted: true } : { kind: "names", names };
    } else segment = this.numbers();
    this.skipSpace();
    if (!this.take("]")) this.fail();
    return segment;
  }

  private numbers(): Segment {
    const from = this.integer();
    this.skipSpace();
    if (this.take(":")) {
      this.skipSpace();
      return { kind: "slice", from, to: this.integer() };
    }
    if (from === undefined) this.fail();
    const indexes = [from];
    while (this.take(",")) {
      this.skipSpace();
      indexes.push(this.integer() ?? this.fail());
      this.skipSpace();
    }
    return indexes.length === 1 ? { kind: "index", index: from } : { kind: "indexes", indexes };
  }

  private integer(): number | undefined {
    const match = /^-?\d{1,9}/.exec(this.text.slice(this.at, this.at + 10));
    if (!match) return undefined;
    this.at += match[0].length;
    return Number(match[0]);
  }

  private list<T>(item: () => T): T[] {
    const items: T[] = [];
    do {
      this.skipSpace();
      items.push(item());
      this.skipSpace();
    } while (this.take(","));
    return items;
  }

  private quoted(): string {
    const quote = this.text[this.at];
    if (quote !== "'" && quote !== '"') this.fail();
    this.at++;
    let value = "";
    while (this.text[this.at] !== quote) {
      if (this.at >= this.text.length) this.fail();
      const next = this.text[this.at + 1];
      // A backslash escapes only the quote and itself; otherwise it belongs to the name.
      if (this.text[this.at] === "\\" && (next === quote || next === "\\")) this.at++;
      value += this.text[this.at++] ?? "";
    }
    this.at++;
    return value;
  }

  private filter(): Filter {
    this.skipSpace();
    if (!this.take("(")) this.fail();
    const filter = this.alternatives();
    this.skipSpace();
    if (!this.take(")")) this.fail();
    return filter;
  }

  private alternatives(): Filter {
    if (++this.depth > maxFilterDepth) this.fail();
    const parts = [this.conjunction()];
    for (this.skipSpace(); this.take("||"); this.skipSpace()) parts.push(this.conjunction());
    this.depth--;
    return parts.length === 1 ? parts[0]! : { kind: "or", parts };
  }

  private conjunction(): Filter {
    const parts = [this.test()];
    for (this.skipSpace(); this.take("&&"); this.skipSpace()) parts.push(this.test());
    return parts.length === 1 ? parts[0]! : { kind: "and", parts };
  }

  private test(): Filter {
    this.skipSpace();
    if (this.peek("!") && !this.peek("!=")) {
      this.at++;
      if (++this.depth > maxFilterDepth) this.fail();
      const part = this.test();
      this.depth--;
      return { kind: "not", part };
    }
    if (this.take("(")) {
      const inner = this.alternatives();
      this.skipSpace();
      if (!this.take(")")) this.fail();
      return inner;
    }
    const left = this.operand();
    this.skipSpace();
    if (this.take("=~")) return { kind: "matches", left, regex: this.regex() };
    for (const operator of ["==", "!=", "<=", ">=", "<", ">"] as const) {
      if (this.take(operator)) return { kind: "compare", operator, left, right: this.operand() };
    }
    if (left.kind !== "path") this.fail();
    return { kind: "exists", path: left.path };
  }

  private operand(): Operand {
    this.skipSpace();
    const character = this.text[this.at];
    if (character === "@" || character === "$") {
      this.at++;
      if (++this.depth > maxFilterDepth) this.fail();
      const segments = this.segments();
      this.depth--;
      return { kind: "path", path: { from: character === "@" ? "item" : "root", segments } };
    }
    if (character === "'" || character === '"') return { kind: "literal", value: this.quoted() };
    return { kind: "literal", value: this.word() };
  }

  /** A constant, a number, or a bare word, which is a string. */
  private word(): Json {
    const start = this.at;
    while (this.at < this.text.length && !/[\s()[\]'"=<>!&|,@$]/.test(this.text[this.at]!)) this.at++;
    const word = this.text.slice(start, this.at);
    if (word === "") this.fail();
    if (constants.has(word)) return constants.get(word)!;
    return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(word) ? numberFromText(word) : word;
  }

  private regex(): LinearRegex {
    this.skipSpace();
    if (!this.take("/")) this.fail();
    let pattern = "";
    while (this.text[this.at] !== "/") {
      if (this.at >= this.text.length) this.fail();
      if (this.text[this.at] === "\\" && this.text[this.at + 1] !== "/") pattern += this.text[this.at++];
      else if (this.text[this.at] === "\\") this.at++;
      pattern += this.text[this.at++] ?? "";
    }
    this.at++;
    const flags = /^[a-z]*/.exec(this.text.slice(this.at, this.at + 8))![0];
    this.at += flags.length;
    return new LinearRegex(pattern, flags);
  }
}

/** Parses a path of ASL's JSONPath dialect (`$…`, `$$…`, `$variable…`). Throws a SyntaxError for anything else. */
export function parsePath(text: string): Path {
  if (text[0] !== "$") throw new SyntaxError(`Invalid path '${text}'`);
  let root: Path["root"] = { kind: "input" };
  let start = 1;
  if (text[1] === "$") {
    root = { kind: "context" };
    start = 2;
  } else {
    const name = variableName.exec(text.slice(1));
    if (name) {
      root = { kind: "variable", name: name[0] };
      start = 1 + name[0].length;
    }
  }
  const reader = new PathReader(text, start);
  const segments = reader.segments();
  // White space after a path is ignored.
  if (reader.at !== text.trimEnd().length || segments.at(-1)?.kind === "descend") reader.fail();
  return { text, root, segments, definite: isDefinite(segments) };
}

const cache = new BoundedCache<Path>();

/** {@link parsePath}, cached. */
export function pathOf(text: string): Path {
  return cache.get(text, parsePath);
}

/** Whether the text is a valid path. */
export function isValidPath(text: string): boolean {
  try {
    pathOf(text);
    return true;
  } catch {
    return false;
  }
}
