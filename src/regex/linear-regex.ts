import { isWord, type RegexNode, RegexReader, type Test } from "./regex-syntax.ts";

/**
 * Regular expressions matched in time proportional to pattern times text: for JSONPath filters (`=~`) and for JSONata,
 * where the text comes from an execution's input and the pattern from its definition, and neither may stall the
 * process. All paths through the pattern are followed at once, in order of preference, so that the match and its groups
 * are those a backtracking engine finds.
 */

type Instruction =
  | { op: "test"; test: Test }
  | { op: "assert"; assertion: Extract<RegexNode, { kind: "assert" }>["assertion"] }
  | { op: "split"; a: number; b: number }
  | { op: "jump"; to: number }
  | { op: "save"; slot: number }
  | { op: "clear"; from: number; to: number }
  | { op: "ahead"; program: Instruction[]; negated: boolean }
  | { op: "match" };

/** A match: where it starts and ends, and the text of each group that took part. */
export type RegexMatch = { start: number; end: number; groups: (string | undefined)[] };

/** Called with the amount of work that matching does, in instructions; may throw to end it. */
export type Work = (instructions: number) => void;

/** Limit for the time per character of text. */
const defaultInstructions = 2_000;

const tooLarge = (): SyntaxError => new SyntaxError("Regular expression is too large");

function compile(node: RegexNode, program: Instruction[], most: number): void {
  if (program.length > most) throw tooLarge();
  switch (node.kind) {
    case "test":
      program.push({ op: "test", test: node.test });
      return;
    case "assert":
      program.push({ op: "assert", assertion: node.assertion });
      return;
    case "sequence":
      for (const item of node.items) compile(item, program, most);
      return;
    case "group":
      program.push({ op: "save", slot: node.index * 2 });
      compile(node.item, program, most);
      program.push({ op: "save", slot: node.index * 2 + 1 });
      return;
    case "ahead": {
      const inner: Instruction[] = [];
      compile(node.item, inner, most);
      inner.push({ op: "match" });
      program.push({ op: "ahead", program: inner, negated: node.negated });
      return;
    }
    case "either": {
      const jumps: { op: "jump"; to: number }[] = [];
      for (const [index, option] of node.options.entries()) {
        if (index === node.options.length - 1) {
          compile(option, program, most);
          break;
        }
        const split = { op: "split" as const, a: program.length + 1, b: 0 };
        program.push(split);
        compile(option, program, most);
        const jump = { op: "jump" as const, to: 0 };
        program.push(jump);
        jumps.push(jump);
        split.b = program.length;
      }
      for (const jump of jumps) jump.to = program.length;
      return;
    }
    case "repeat":
      compileRepeat(node, program, most);
  }
}

function compileRepeat(node: Extract<RegexNode, { kind: "repeat" }>, program: Instruction[], longest: number): void {
  const [first, end] = node.groups;
  const once = (): void => {
    // Groups of an earlier iteration do not count.
    if (end > first) program.push({ op: "clear", from: first + 1, to: end });
    compile(node.item, program, longest);
  };
  /** A choice between continuing and leaving, whose exit is filled in later. */
  const choice = (): ((to: number) => void) => {
    const split = { op: "split" as const, a: 0, b: 0 };
    program.push(split);
    const inside = program.length;
    return (to) => {
      split.a = node.lazy ? to : inside;
      split.b = node.lazy ? inside : to;
    };
  };
  // What consumes no character need not be repeated, however often it is asked for.
  const most = takesCharacters(node.item) ? Infinity : 1;
  const [min, max] = [Math.min(node.min, most), Math.min(node.max, most)];
  for (let count = 0; count < min; count++) once();
  if (max === Infinity) {
    const start = program.length;
    const leave = choice();
    once();
    program.push({ op: "jump", to: start });
    leave(program.length);
    return;
  }
  const leaving: ((to: number) => void)[] = [];
  for (let count = min; count < max; count++) {
    leaving.push(choice());
    once();
  }
  for (const leave of leaving) leave(program.length);
}

function takesCharacters(node: RegexNode): boolean {
  switch (node.kind) {
    case "test":
      return true;
    case "sequence":
      return node.items.some(takesCharacters);
    case "either":
      return node.options.some(takesCharacters);
    case "repeat":
      return node.max > 0 && takesCharacters(node.item);
    case "group":
      return takesCharacters(node.item);
    default:
      return false;
  }
}

type Thread = { at: number; saved: (number | undefined)[] };

/** A compiled pattern. */
export class LinearRegex {
  readonly source: string;
  readonly #program: Instruction[] = [];
  readonly #groups: number;
  /** A character that every match begins with, to search for first. */
  readonly #opening: string | undefined;

  /**
   * `flags` may contain `i` and `m`. Throws a SyntaxError for patterns outside the supported grammar, or of more than
   * `most` instructions.
   */
  constructor(pattern: string, flags: string, most = defaultInstructions) {
    if (/[^im]/.test(flags)) throw new SyntaxError(`Unsupported flags '${flags}'`);
    this.source = pattern;
    const reader = new RegexReader(pattern, flags);
    const tree = reader.whole();
    compile(tree, this.#program, most);
    this.#program.push({ op: "match" });
    if (this.#program.length > most) throw tooLarge();
    this.#groups = reader.groups;
    const first = tree.kind === "sequence" ? tree.items[0] : undefined;
    if (first?.kind === "test") this.#opening = first.literal;
  }

  /** Whether the whole text matches: Jayway, and so Step Functions, anchors filter patterns at both ends. */
  matches(text: string, work: Work = () => {}): boolean {
    return run(this.#program, text, 0, { anchored: true, whole: true, groups: 0 }, work) !== undefined;
  }

  /** The first match at or after `from`. */
  find(text: string, from: number, work: Work): RegexMatch | undefined {
    let start = from;
    if (this.#opening !== undefined) {
      start = text.indexOf(this.#opening, from);
      work((start < 0 ? text.length - from : start - from) >> 4);
      if (start < 0) return undefined;
    }
    const saved = run(this.#program, text, start, { anchored: false, whole: false, groups: this.#groups }, work);
    if (!saved) return undefined;
    const groups: (string | undefined)[] = [];
    for (let index = 1; index <= this.#groups; index++) {
      const [low, high] = [saved[index * 2], saved[index * 2 + 1]];
      groups.push(low === undefined || high === undefined ? undefined : text.slice(low, high));
    }
    return { start: saved[0]!, end: saved[1]!, groups };
  }
}

type Mode = { anchored: boolean; whole: boolean; groups: number };

/**
 * Runs a program over a text; returns the positions saved by the preferred match, the first two being its start and
 * end.
 */
function run(program: Instruction[], text: string, from: number, mode: Mode, work: Work): Thread["saved"] | undefined {
  let current: Thread[] = [];
  let found: Thread["saved"] | undefined;
  const seen = new Int32Array(program.length).fill(-1);
  for (let at = from; at <= text.length; at++) {
    if (!found && (at === from || !mode.anchored)) {
      const ways = reached(program, text, at, { at: 0, saved: [at] }, seen, work);
      current = current.length === 0 ? ways : current.concat(ways);
    }
    if (current.length === 0) {
      if (found || mode.anchored) break;
      continue;
    }
    work(current.length + 1);
    const code = text.charCodeAt(at);
    const next: Thread[] = [];
    for (const thread of current) {
      const instruction = program[thread.at]!;
      if (instruction.op === "match") {
        if (mode.whole && at < text.length) continue;
        found = thread.saved;
        found[1] = at;
        break;
      }
      if (instruction.op !== "test" || at === text.length || !instruction.test(code)) continue;
      for (const way of reached(program, text, at + 1, { at: thread.at + 1, saved: thread.saved }, seen, work))
        next.push(way);
    }
    current = next;
  }
  return found;
}

/** The tests and matches reachable from a thread without consuming a character, in order of preference. */
function reached(
  program: Instruction[],
  text: string,
  at: number,
  start: Thread,
  seen: Int32Array,
  work: Work,
): Thread[] {
  const pending = [start];
  const result: Thread[] = [];
  for (let thread = pending.pop(); thread; thread = pending.pop()) {
    if (seen[thread.at] === at) continue;
    seen[thread.at] = at;
    const instruction = program[thread.at]!;
    const { saved } = thread;
    const next = thread.at + 1;
    switch (instruction.op) {
      case "jump":
        pending.push({ at: instruction.to, saved });
        break;
      case "split":
        pending.push({ at: instruction.b, saved }, { at: instruction.a, saved });
        break;
      case "assert":
        if (holds(instruction.assertion, text, at)) pending.push({ at: next, saved });
        break;
      case "ahead": {
        const mode = { anchored: true, whole: false, groups: 0 };
        if ((run(instruction.program, text, at, mode, work) === undefined) === instruction.negated)
          pending.push({ at: next, saved });
        break;
      }
      case "save": {
        const copy = saved.slice();
        copy[instruction.slot] = at;
        pending.push({ at: next, saved: copy });
        break;
      }
      case "clear": {
        const copy = saved.slice();
        for (let slot = instruction.from * 2; slot <= instruction.to * 2 + 1; slot++) copy[slot] = undefined;
        pending.push({ at: next, saved: copy });
        break;
      }
      default:
        result.push(thread);
    }
  }
  work(result.length + 1);
  return result;
}

function holds(assertion: Extract<Instruction, { op: "assert" }>["assertion"], text: string, at: number): boolean {
  switch (assertion) {
    case "start":
      return at === 0;
    case "end":
      return at === text.length;
    case "line-start":
      return at === 0 || "\n\r\u2028\u2029".includes(text[at - 1]!);
    case "line-end":
      return at === text.length || "\n\r\u2028\u2029".includes(text[at]!);
    default: {
      const before = at > 0 && isWord(text.charCodeAt(at - 1));
      const after = at < text.length && isWord(text.charCodeAt(at));
      return (before !== after) === (assertion === "word");
    }
  }
}
