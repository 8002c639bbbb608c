/** Parses paths in the syntax of Jayway's JsonPath, which `$input.path` and `$input.json` take. */
import { readJson } from "./json-reader.ts";
import { TemplateError } from "./syntax.ts";
import type { Value } from "./values.ts";

export type Segment =
  | { readonly kind: "names"; readonly names: readonly string[] }
  | { readonly kind: "indexes"; readonly indexes: readonly number[] }
  | { readonly kind: "slice"; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: "all" }
  | { readonly kind: "filter"; readonly filter: Filter }
  | { readonly kind: "deep" }
  | { readonly kind: "function"; readonly name: string };

export type Filter =
  | { readonly kind: "or" | "and"; readonly parts: readonly Filter[] }
  | { readonly kind: "not"; readonly part: Filter }
  | { readonly kind: "exists"; readonly path: FilterPath }
  | { readonly kind: "compare"; readonly operator: string; readonly left: Operand; readonly right: Operand };

export interface FilterPath {
  readonly root: "item" | "document";
  readonly segments: readonly Segment[];
}

export type Operand =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "path"; readonly path: FilterPath }
  | { readonly kind: "pattern"; readonly pattern: string; readonly ignoreCase: boolean };

const functions = new Set(["length", "size", "min", "max", "avg", "sum", "keys", "first", "last"]);
const maxDepth = 50;

/** Reads a path; one without `$` or `@` is read as if it began with `$.`. @throws TemplateError */
export function parseJsonPath(text: string): readonly Segment[] {
  const path = text.trim();
  if (path === "") throw new TemplateError("A JSONPath is empty");
  const reader = new PathReader(/^[$@]/.test(path) ? path : path.startsWith("[") ? `$${path}` : `$.${path}`);
  return reader.whole();
}

class PathReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Segment[] {
    this.#at = 1;
    const segments = this.#segments();
    if (this.#at < this.#text.length) throw this.#failure();
    return segments;
  }

  #segments(): Segment[] {
    const segments: Segment[] = [];
    for (;;) {
      if (this.#take(/\.\./y) !== undefined) {
        segments.push({ kind: "deep" });
        if (this.#text[this.#at] !== "[") segments.push(this.#dotted());
      } else if (this.#text[this.#at] === ".") {
        this.#at++;
        // A dot before a bracket means nothing.
        if (this.#text[this.#at] !== "[") segments.push(this.#dotted());
      } else if (this.#text[this.#at] === "[") segments.push(this.#bracket());
      else return segments;
    }
  }

  #dotted(): Segment {
    if (this.#take(/\*/y) !== undefined) return { kind: "all" };
    const name = this.#take(/[^\s.[\]()?*,:'"<>=!&|~]+/y);
    if (name === undefined) throw this.#failure();
    if (functions.has(name) && this.#take(/\(\)/y) !== undefined) return { kind: "function", name };
    return { kind: "names", names: [name] };
  }

  #bracket(): Segment {
    this.#at++;
    this.#blanks();
    const segment = this.#inside();
    this.#blanks();
    if (this.#text[this.#at++] !== "]") throw this.#failure();
    return segment;
  }

  #inside(): Segment {
    const character = this.#text[this.#at];
    if (character === "*") {
      this.#at++;
      return { kind: "all" };
    }
    if (character === "?") {
      this.#at++;
      this.#blanks();
      if (this.#text[this.#at++] !== "(") throw this.#failure();
      const filter = this.#either();
      this.#blanks();
      if (this.#text[this.#at++] !== ")") throw this.#failure();
      return { kind: "filter", filter };
    }
    if (character === "'" || character === '"') {
      const names: string[] = [];
      do {
        this.#blanks();
        names.push(this.#quoted());
        this.#blanks();
      } while (this.#take(/,/y) !== undefined);
      return { kind: "names", names };
    }
    const slice = this.#match(/(-?\d{1,9})?\s*:\s*(-?\d{1,9})?/y);
    if (slice !== null) {
      this.#at += slice[0].length;
      const [, from, to] = slice;
      return { kind: "slice", from: from === undefined ? from : Number(from), to: to === undefined ? to : Number(to) };
    }
    const indexes = this.#take(/-?\d{1,9}(?:\s*,\s*-?\d{1,9})*/y);
    if (indexes === undefined) throw this.#failure();
    return { kind: "indexes", indexes: indexes.split(",").map(Number) };
  }

  #quoted(): string {
    const quoted = this.#take(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy);
    if (quoted === undefined) throw this.#failure();
    return quoted.slice(1, -1).replace(/\\(.)/gs, "$1");
  }

  #either(): Filter {
    if (++this.#depth > maxDepth) throw this.#failure();
    const parts = [this.#all()];
    while (this.#operator(/\|\|/y)) parts.push(this.#all());
    this.#depth--;
    return parts.length === 1 ? parts[0]! : { kind: "or", parts };
  }

  #all(): Filter {
    const parts = [this.#term()];
    while (this.#operator(/&&/y)) parts.push(this.#term());
    return parts.length === 1 ? parts[0]! : { kind: "and", parts };
  }

  #term(): Filter {
    this.#blanks();
    if (this.#take(/!(?!=)/y) !== undefined) {
      if (++this.#depth > maxDepth) throw this.#failure();
      const part = this.#term();
      this.#depth--;
      return { kind: "not", part };
    }
    if (this.#text[this.#at] === "(") {
      this.#at++;
      const inner = this.#either();
      this.#blanks();
      if (this.#text[this.#at++] !== ")") throw this.#failure();
      return inner;
    }
    const left = this.#operand();
    this.#blanks();
    const operator = this.#take(
      /===?|!==?|<>|<=|>=|<|>|=~|(?:in|nin|contains|size|empty|subsetof|anyof|noneof|type)\b/iy,
    );
    if (operator !== undefined) {
      return { kind: "compare", operator: operator.toLowerCase(), left, right: this.#operand() };
    }
    if (left.kind !== "path") throw this.#failure();
    return { kind: "exists", path: left.path };
  }

  #operand(): Operand {
    this.#blanks();
    const character = this.#text[this.#at];
    if (character === "@" || character === "$") {
      this.#at++;
      const root = character === "@" ? "item" : "document";
      if (++this.#depth > maxDepth) throw this.#failure();
      const path = { root, segments: this.#segments() } as const;
      this.#depth--;
      return { kind: "path", path };
    }
    if (character === "'" || character === '"') return { kind: "value", value: this.#quoted() };
    const pattern = this.#match(/\/((?:[^/\\]|\\.)*)\/(i?)/y);
    if (pattern !== null) {
      this.#at += pattern[0].length;
      return { kind: "pattern", pattern: pattern[1]!, ignoreCase: pattern[2] === "i" };
    }
    const json = this.#take(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true\b|false\b|null\b|\[[^\]]*\]/y);
    if (json === undefined) throw this.#failure();
    try {
      return { kind: "value", value: readJson(json.replaceAll("'", '"')) };
    } catch {
      throw this.#failure();
    }
  }

  #operator(pattern: RegExp): boolean {
    this.#blanks();
    return this.#take(pattern) !== undefined;
  }

  #blanks(): void {
    this.#take(/\s+/y);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }

  #take(pattern: RegExp): string | undefined {
    const match = this.#match(pattern);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #failure(): TemplateError {
    return new TemplateError(`'${this.#text.slice(0, 200)}' is not a JSONPath (at ${this.#at + 1})`);
  }
}
