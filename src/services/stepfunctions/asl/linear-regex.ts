/**
 * Regular expressions that match in time proportional to pattern times text, for JSONPath filters (`=~`): the text comes
 * from an execution's input, the pattern from its definition, and neither may stall the process. Supports literals,
 * `.`, classes, `\d \w \s` and their complements, groups (no captures are kept), alternation, `* + ? {m,n}` (lazy forms
 * match the same set), `^` and `$`, and the flag `i`. Back-references and look-around are refused.
 */

type Test = (code: number) => boolean;
type Node =
  | { kind: "test"; test: Test }
  | { kind: "start" }
  | { kind: "end" }
  | { kind: "sequence"; items: Node[] }
  | { kind: "either"; options: Node[] }
  | { kind: "repeat"; item: Node; min: number; max: number };

type Instruction =
  | { op: "test"; test: Test }
  | { op: "start" }
  | { op: "end" }
  | { op: "split"; a: number; b: number }
  | { op: "jump"; to: number }
  | { op: "match" };

const maxInstructions = 2_000;

class Reader {
  readonly text: string;
  readonly ignoreCase: boolean;
  at = 0;
  depth = 0;

  constructor(text: string, ignoreCase: boolean) {
    this.text = text;
    this.ignoreCase = ignoreCase;
  }

  either(): Node {
    if (++this.depth > 50) throw new SyntaxError("Regular expression is nested too deeply");
    const options = [this.sequence()];
    while (this.text[this.at] === "|") {
      this.at++;
      options.push(this.sequence());
    }
    this.depth--;
    return options.length === 1 ? options[0]! : { kind: "either", options };
  }

  private sequence(): Node {
    const items: Node[] = [];
    while (this.at < this.text.length && this.text[this.at] !== "|" && this.text[this.at] !== ")") {
      items.push(this.repeated());
    }
    return { kind: "sequence", items };
  }

  private repeated(): Node {
    let item = this.atom();
    for (;;) {
      const bounds = this.quantifier();
      if (!bounds) return item;
      item = { kind: "repeat", item, min: bounds[0], max: bounds[1] };
      if (this.text[this.at] === "?") this.at++;
    }
  }

  private quantifier(): [number, number] | undefined {
    const sign = this.text[this.at];
    if (sign === "*" || sign === "+" || sign === "?") {
      this.at++;
      return sign === "*" ? [0, Infinity] : sign === "+" ? [1, Infinity] : [0, 1];
    }
    const braces = sign === "{" ? /^\{(\d{1,4})(,(\d{1,4})?)?\}/.exec(this.text.slice(this.at, this.at + 12)) : null;
    if (!braces) return undefined;
    this.at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[2] === undefined ? min : braces[3] === undefined ? Infinity : Number(braces[3]);
    if (max < min) throw new SyntaxError("Numbers out of order in quantifier");
    return [min, max];
  }

  private atom(): Node {
    const character = this.text[this.at++]!;
    switch (character) {
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case ".":
        return { kind: "test", test: (code) => code !== 10 && code !== 13 };
      case "[":
        return { kind: "test", test: this.characterClass() };
      case "(": {
        if (this.text[this.at] === "?") {
          if (this.text[this.at + 1] !== ":") throw new SyntaxError("Unsupported group");
          this.at += 2;
        }
        const inner = this.either();
        if (this.text[this.at++] !== ")") throw new SyntaxError("Unterminated group");
        return inner;
      }
      case "*":
      case "+":
      case "?":
        throw new SyntaxError("Nothing to repeat");
      case "\\":
        return { kind: "test", test: this.escape() };
      default:
        return { kind: "test", test: this.literal(character) };
    }
  }

  private literal(character: string): Test {
    if (!this.ignoreCase) {
      const code = character.charCodeAt(0);
      return (tested) => tested === code;
    }
    const lower = character.toLowerCase();
    return (tested) => String.fromCharCode(tested).toLowerCase() === lower;
  }

  private escape(): Test {
    const character = this.text[this.at++];
    if (character === undefined) throw new SyntaxError("Pattern ends with a backslash");
    const kind = classEscape(character);
    if (kind) return kind;
    if (/[1-9bBkpP]/.test(character)) throw new SyntaxError(`Unsupported escape \\${character}`);
    return this.literal(plainEscape(character));
  }

  private characterClass(): Test {
    const negated = this.text[this.at] === "^";
    if (negated) this.at++;
    const tests: Test[] = [];
    for (let first = true; ; first = false) {
      const character = this.text[this.at];
      if (character === undefined) throw new SyntaxError("Unterminated character class");
      if (character === "]" && !first) break;
      const low = this.classMember(tests);
      if (low === undefined) continue;
      if (this.text[this.at] === "-" && this.text[this.at + 1] !== "]" && this.at + 1 < this.text.length) {
        this.at++;
        const high = this.classMember(tests);
        if (high === undefined || high < low) throw new SyntaxError("Range out of order in character class");
        tests.push(this.range(low.charCodeAt(0), high.charCodeAt(0)));
      } else tests.push(this.literal(low));
    }
    this.at++;
    const member: Test = (code) => tests.some((test) => test(code));
    return negated ? (code) => !member(code) : member;
  }

  private range(low: number, high: number): Test {
    const within: Test = (code) => code >= low && code <= high;
    if (!this.ignoreCase) return within;
    return (code) => {
      const text = String.fromCharCode(code);
      return within(code) || within(text.toLowerCase().charCodeAt(0)) || within(text.toUpperCase().charCodeAt(0));
    };
  }

  private classMember(tests: Test[]): string | undefined {
    const character = this.text[this.at++]!;
    if (character !== "\\") return character;
    const escaped = this.text[this.at++];
    if (escaped === undefined) throw new SyntaxError("Unterminated character class");
    const kind = classEscape(escaped);
    if (!kind) return plainEscape(escaped);
    tests.push(kind);
    return undefined;
  }
}

function classEscape(character: string): Test | undefined {
  const expressions: Record<string, RegExp> = { d: /\d/, D: /\D/, w: /\w/, W: /\W/, s: /\s/, S: /\S/ };
  const expression = Object.hasOwn(expressions, character) ? expressions[character] : undefined;
  return expression && ((code) => expression.test(String.fromCharCode(code)));
}

function plainEscape(character: string): string {
  const controls: Record<string, string> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v", "0": "\0" };
  return Object.hasOwn(controls, character) ? controls[character]! : character;
}

function compile(node: Node, program: Instruction[]): void {
  if (program.length > maxInstructions) throw new SyntaxError("Regular expression is too large");
  switch (node.kind) {
    case "test":
      program.push({ op: "test", test: node.test });
      return;
    case "start":
    case "end":
      program.push({ op: node.kind });
      return;
    case "sequence":
      for (const item of node.items) compile(item, program);
      return;
    case "either": {
      const jumps: { op: "jump"; to: number }[] = [];
      for (const [index, option] of node.options.entries()) {
        if (index === node.options.length - 1) {
          compile(option, program);
          break;
        }
        const split = { op: "split" as const, a: program.length + 1, b: 0 };
        program.push(split);
        compile(option, program);
        const jump = { op: "jump" as const, to: 0 };
        program.push(jump);
        jumps.push(jump);
        split.b = program.length;
      }
      for (const jump of jumps) jump.to = program.length;
      return;
    }
    case "repeat": {
      for (let count = 0, size = -1; count < node.min && program.length > size; count++) {
        // An item that compiles to nothing is not worth repeating, however often it is asked for.
        size = program.length;
        compile(node.item, program);
      }
      if (node.max === Infinity) {
        const split = { op: "split" as const, a: program.length + 1, b: 0 };
        const start = program.length;
        program.push(split);
        compile(node.item, program);
        program.push({ op: "jump", to: start });
        split.b = program.length;
        return;
      }
      const splits: { op: "split"; a: number; b: number }[] = [];
      for (let count = node.min; count < node.max; count++) {
        const split = { op: "split" as const, a: program.length + 1, b: 0 };
        program.push(split);
        splits.push(split);
        compile(node.item, program);
      }
      for (const split of splits) split.b = program.length;
    }
  }
}

/** A compiled pattern whose `test` finds a match anywhere in a text, in linear time. */
export class LinearRegex {
  private readonly program: Instruction[] = [];

  /** Throws a SyntaxError for patterns outside the supported grammar. */
  constructor(pattern: string, flags: string) {
    if (/[^i]/.test(flags)) throw new SyntaxError(`Unsupported flags '${flags}'`);
    const reader = new Reader(pattern, flags.includes("i"));
    const tree = reader.either();
    if (reader.at < pattern.length) throw new SyntaxError("Unmatched ')'");
    compile(tree, this.program);
    this.program.push({ op: "match" });
    if (this.program.length > maxInstructions) throw new SyntaxError("Regular expression is too large");
  }

  /** Whether the whole text matches: Jayway, and so Step Functions, anchors filter patterns at both ends. */
  matches(text: string): boolean {
    let current = this.closure([0], 0, text.length);
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const next: number[] = [];
      for (const index of current) {
        const instruction = this.program[index]!;
        if (instruction.op === "test" && instruction.test(code)) next.push(index + 1);
      }
      if (next.length === 0) return false;
      current = this.closure(next, at + 1, text.length);
    }
    return current.some((index) => this.program[index]!.op === "match");
  }

  private closure(starts: number[], at: number, end: number): number[] {
    const seen = new Set<number>();
    const pending = starts.reverse();
    const result: number[] = [];
    while (pending.length > 0) {
      const index = pending.pop()!;
      if (seen.has(index)) continue;
      seen.add(index);
      const instruction = this.program[index]!;
      if (instruction.op === "jump") pending.push(instruction.to);
      else if (instruction.op === "split") pending.push(instruction.b, instruction.a);
      else if (instruction.op === "start") {
        if (at === 0) pending.push(index + 1);
      } else if (instruction.op === "end") {
        if (at === end) pending.push(index + 1);
      } else result.push(index);
    }
    return result;
  }
}
