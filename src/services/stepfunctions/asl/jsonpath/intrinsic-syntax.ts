import { BoundedCache } from "../bounded-cache.ts";
import type { Json } from "../json.ts";
import { numberFromText } from "../number-literal.ts";
import type { Path } from "./path.ts";
import { constants, parsePath } from "./path-syntax.ts";

/** An argument of an intrinsic function, or a whole call. `raw` is a string with its escapes, for States.Format. */
export type Expression =
  | { kind: "call"; name: string; args: Expression[] }
  | { kind: "text"; value: string; raw: string }
  | { kind: "value"; value: Json }
  | { kind: "path"; path: Path };

export type Call = Extract<Expression, { kind: "call" }>;

/** Minimum and maximum number of arguments of each intrinsic function. */
const intrinsicArity: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["States.Format", [1, Infinity]],
  ["States.StringToJson", [1, 1]],
  ["States.JsonToString", [1, 1]],
  ["States.Array", [0, Infinity]],
  ["States.ArrayPartition", [2, 2]],
  ["States.ArrayContains", [2, 2]],
  ["States.ArrayRange", [3, 3]],
  ["States.ArrayGetItem", [2, 2]],
  ["States.ArrayLength", [1, 1]],
  ["States.ArrayUnique", [1, 1]],
  ["States.Base64Encode", [1, 1]],
  ["States.Base64Decode", [1, 1]],
  ["States.Hash", [2, 2]],
  ["States.JsonMerge", [3, 3]],
  ["States.MathRandom", [2, 3]],
  ["States.MathAdd", [2, 2]],
  ["States.StringSplit", [2, 2]],
  ["States.UUID", [0, 0]],
]);

/** AWS's limit on nested calls. */
const maxCallDepth = 10;

class CallReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(): never {
    throw new SyntaxError(`Invalid intrinsic function '${this.text}'`);
  }

  skipSpace(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at++;
  }

  call(depth: number): Call {
    if (depth > maxCallDepth) this.fail();
    const start = this.at;
    while (this.at < this.text.length && /[\w.]/.test(this.text[this.at]!)) this.at++;
    const name = this.text.slice(start, this.at);
    const arity = intrinsicArity.get(name);
    if (!arity) this.fail();
    this.skipSpace();
    if (this.text[this.at++] !== "(") this.fail();
    const args: Expression[] = [];
    this.skipSpace();
    if (this.text[this.at] === ")") this.at++;
    else {
      for (;;) {
        this.skipSpace();
        args.push(this.argument(depth));
        this.skipSpace();
        const separator = this.text[this.at++];
        if (separator === ")") break;
        if (separator !== ",") this.fail();
      }
    }
    if (args.length < arity[0] || args.length > arity[1]) this.fail();
    return { kind: "call", name, args };
  }

  private argument(depth: number): Expression {
    const character = this.text[this.at];
    if (character === "'") return this.quoted();
    if (character === "$") return { kind: "path", path: this.path() };
    const word = /^(?:(true|false|null)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,)])/.exec(
      this.text.slice(this.at, this.at + 64),
    );
    if (word) {
      this.at += word[0].length;
      if (word[1] !== undefined) return { kind: "value", value: constants.get(word[1])! };
      return { kind: "value", value: numberFromText(word[0].replace(/^(-?)0+(?=\d)/, "$1")) };
    }
    return this.call(depth + 1);
  }

  private quoted(): Expression {
    const start = ++this.at;
    let value = "";
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) this.fail();
      if (character === "'") break;
      if (character === "\\") {
        const escaped = this.text[++this.at];
        if (escaped === undefined || !"'{}\\".includes(escaped)) this.fail();
        value += escaped;
      } else value += character;
      this.at++;
    }
    return { kind: "text", value, raw: this.text.slice(start, this.at++) };
  }

  /** A path ends at the first comma, white space or parenthesis outside brackets and quotes; `()` may be in it. */
  private path(): Path {
    const start = this.at;
    let brackets = 0;
    let quote = "";
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at]!;
      if (quote) {
        if (character === "\\") this.at++;
        else if (character === quote) quote = "";
      } else if (brackets > 0 && (character === "'" || character === '"')) quote = character;
      else if (character === "[") brackets++;
      else if (character === "]") brackets--;
      else if (brackets === 0 && character === "(" && this.text[this.at + 1] === ")") this.at++;
      else if (brackets === 0 && /[\s,)(]/.test(character)) break;
    }
    return parsePath(this.text.slice(start, this.at));
  }
}

/** Parses `States.Name(…)`. Throws a SyntaxError for anything else, an unknown name or a wrong number of arguments. */
function parseIntrinsic(text: string): Call {
  const reader = new CallReader(text);
  const call = reader.call(1);
  reader.skipSpace();
  if (reader.at !== text.length) reader.fail();
  return call;
}

const cache = new BoundedCache<Call>();

/** {@link parseIntrinsic}, cached. */
export function intrinsicOf(text: string): Call {
  return cache.get(text, parseIntrinsic);
}

/** Whether the text is meant as a call. White space may follow a call, not precede it. */
export function isIntrinsic(text: string): boolean {
  return text.startsWith("States.");
}

/** Whether the text is a valid call. */
export function isValidIntrinsic(text: string): boolean {
  try {
    intrinsicOf(text);
    return true;
  } catch {
    return false;
  }
}

/** All paths in a call, in order. */
export function pathsOfCall(expression: Expression): Path[] {
  if (expression.kind === "path") return [expression.path];
  return expression.kind === "call" ? expression.args.flatMap(pathsOfCall) : [];
}
