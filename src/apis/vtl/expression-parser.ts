/** Parses references and expressions, which a template has in parentheses and after a `$`. */
import {
  type BinaryOperator,
  type Block,
  type Expression,
  type Reference,
  type Step,
  TemplateError,
} from "./syntax.ts";

/** Operators by precedence, lowest first, with all their spellings. */
const levels: readonly (readonly [RegExp, Readonly<Record<string, BinaryOperator>>])[] = [
  [/\|\||or\b/y, { "||": "||", or: "||" }],
  [/&&|and\b/y, { "&&": "&&", and: "&&" }],
  [/==|!=|eq\b|ne\b/y, { "==": "==", "!=": "!=", eq: "==", ne: "!=" }],
  [
    /<=|>=|<|>|(?:lt|le|gt|ge)\b/y,
    { "<": "<", "<=": "<=", ">": ">", ">=": ">=", lt: "<", le: "<=", gt: ">", ge: ">=" },
  ],
  // A minus sign right before a digit is the number's own.
  [/\+|-(?!\d)/y, { "+": "+", "-": "-" }],
  [/[*/%]/y, { "*": "*", "/": "/", "%": "%" }],
];

const maxDepth = 200;

export abstract class ExpressionParser {
  readonly text: string;
  protected at = 0;
  #nesting = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Parses what a double-quoted string holds. */
  protected abstract interpolated(text: string): Block;

  /** Any expression: what #set assigns and #if tests. */
  expression(level = 0): Expression {
    if (level === levels.length) return this.#unary();
    const [pattern, operators] = levels[level]!;
    let left = this.expression(level + 1);
    for (let length = 0; ; length++) {
      if (length > 2_000) throw this.failure("An expression is too long");
      this.blanks();
      const word = this.take(pattern);
      if (word === undefined) return left;
      left = { kind: "binary", operator: operators[word]!, left, right: this.expression(level + 1) };
    }
  }

  #unary(): Expression {
    this.blanks();
    if (this.take(/!(?!=)|not\b/y) !== undefined) {
      return this.#nested(() => ({ kind: "not", operand: this.#unary() }));
    }
    if (this.text[this.at] !== "(") return this.primary();
    return this.#nested(() => {
      this.at++;
      const inner = this.expression();
      this.blanks();
      this.expect(")");
      return inner;
    });
  }

  /** A value: what methods, indexes, lists and maps take. They take no arithmetic. */
  primary(): Expression {
    this.blanks();
    const character = this.text[this.at];
    if (character === "$") {
      const reference = this.reference(0);
      if (reference === undefined) throw this.failure("A variable has no name");
      return reference;
    }
    if (character === '"' || character === "'") return this.#string(character);
    if (character === "[") return this.#nested(() => this.#list());
    if (character === "{") return this.#nested(() => this.#map());
    const number = this.take(/-?\d+(?:\.(?!\.)\d*)?(?:[eE][+-]?\d+)?/y);
    if (number !== undefined) {
      return { kind: "literal", value: /^-?\d+$/.test(number) ? BigInt(number.slice(0, 400)) : Number(number) };
    }
    const word = this.take(/(?:true|false)\b/y);
    if (word !== undefined) return { kind: "literal", value: word === "true" };
    throw this.failure("A value is missing");
  }

  /** A reference at this position; undefined if the dollar sign is text. */
  protected reference(backslashes: number): Reference | undefined {
    const start = this.at;
    const head = this.take(/\$!?(\{?)[A-Za-z_][A-Za-z0-9_-]*/y);
    if (head === undefined) return undefined;
    const formal = head.includes("{");
    const name = head.replace(/^\$!?\{?/, "");
    const steps: Step[] = [];
    return this.#nested(() => {
      for (;;) {
        const dotted = this.match(/\.([A-Za-z_][A-Za-z0-9_-]*)/y);
        if (dotted !== null) {
          this.at += dotted[0].length;
          if (this.text[this.at] === "(") steps.push({ kind: "method", name: dotted[1]!, args: this.#args() });
          else steps.push({ kind: "property", name: dotted[1]! });
        } else if (this.text[this.at] === "[") {
          this.at++;
          const index = this.primary();
          this.blanks();
          this.expect("]");
          steps.push({ kind: "index", index });
        } else break;
      }
      if (formal) this.expect("}");
      return { kind: "reference", name, steps, source: this.text.slice(start, this.at), backslashes };
    });
  }

  #args(): Expression[] {
    this.at++;
    return this.#items(")");
  }

  #items(close: string): Expression[] {
    const items: Expression[] = [];
    this.blanks();
    if (this.text[this.at] === close) {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.primary());
      this.blanks();
      if (this.text[this.at] === ",") this.at++;
      else break;
    }
    this.expect(close);
    return items;
  }

  #list(): Expression {
    this.at++;
    this.blanks();
    if (this.text[this.at] === "]") {
      this.at++;
      return { kind: "list", items: [] };
    }
    const first = this.primary();
    this.blanks();
    if (this.take(/\.\./y) !== undefined) {
      const last = this.primary();
      if (!isBound(first) || !isBound(last)) throw this.failure("A range needs whole numbers");
      this.blanks();
      this.expect("]");
      return { kind: "range", first, last };
    }
    if (this.text[this.at] !== ",") {
      this.expect("]");
      return { kind: "list", items: [first] };
    }
    this.at++;
    return { kind: "list", items: [first, ...this.#items("]")] };
  }

  #map(): Expression {
    this.at++;
    const entries: [Expression, Expression][] = [];
    this.blanks();
    if (this.text[this.at] === "}") {
      this.at++;
      return { kind: "map", entries };
    }
    for (;;) {
      const key = this.primary();
      this.blanks();
      this.expect(":");
      entries.push([key, this.primary()]);
      this.blanks();
      if (this.text[this.at] !== ",") break;
      this.at++;
    }
    this.expect("}");
    return { kind: "map", entries };
  }

  /** A quote inside a string is doubled. Backslashes are characters like others. */
  #string(quote: '"' | "'"): Expression {
    let end = this.at + 1;
    for (; ; end++) {
      if (end >= this.text.length) throw this.failure("A string is not closed");
      if (this.text[end] !== quote) continue;
      if (this.text[end + 1] !== quote) break;
      end++;
    }
    const text = this.text.slice(this.at + 1, end).replaceAll(quote + quote, quote);
    this.at = end + 1;
    if (quote === "'" || !/[$#]/.test(text)) return { kind: "literal", value: text };
    return { kind: "interpolated", body: this.interpolated(text) };
  }

  #nested<T>(read: () => T): T {
    if (++this.#nesting > maxDepth) throw this.failure("An expression is nested too deeply");
    const result = read();
    this.#nesting--;
    return result;
  }

  protected blanks(): void {
    this.skip(/\s+/y);
  }

  protected expect(character: string): void {
    if (this.text[this.at] !== character) throw this.failure(`'${character}' is missing`);
    this.at++;
  }

  protected match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text);
  }

  /** Consumes what a sticky pattern matches here. */
  protected take(pattern: RegExp): string | undefined {
    const match = this.match(pattern);
    if (match === null) return undefined;
    this.at += match[0].length;
    return match[0];
  }

  protected skip(pattern: RegExp): void {
    this.take(pattern);
  }

  protected failure(reason: string): TemplateError {
    let line = 1;
    let lineStart = 0;
    for (let at = this.text.indexOf("\n"); at >= 0 && at < this.at; at = this.text.indexOf("\n", at + 1)) {
      line++;
      lineStart = at + 1;
    }
    return new TemplateError(`${reason} at line ${line}, column ${this.at - lineStart + 1} of the template`);
  }
}

/** What the ends of a range may be. */
function isBound(expression: Expression): boolean {
  return expression.kind === "reference" || (expression.kind === "literal" && typeof expression.value === "bigint");
}
