import { type Condition, condition } from "./condition.ts";
import type { Dialect } from "./dialect.ts";
import { JsonReadError } from "./json-scanner.ts";
import type { Matcher } from "./matcher.ts";
import { readOperator } from "./operators.ts";
import { PatternError, PatternReader } from "./pattern-reader.ts";
import { costTooMuch, tooComplex } from "./wildcard-cost.ts";

/** One way to match a pattern: all of its conditions, at most one per field. `$or` produces several. */
export interface Branch {
  readonly conditions: readonly Condition[];
}

/** A compiled pattern: it matches when one of its branches does. */
export interface Pattern {
  readonly text: string;
  readonly dialect: Dialect;
  readonly branches: readonly Branch[];
}

/** Most ways of combining `$or` branches in one pattern. */
const maxBranches = 1000;
const maxConditions = 100_000;

const reservedInOr = new Set(
  (
    "exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr = < <= > >= regex not-wildcard " +
    "not-equals-ignore-case date-after date-on-or-after date-before date-on-or-before in-date-range ip-address-in-range " +
    "ip-address-not-in-range"
  ).split(" "),
);

type Draft = Map<string, Condition>;

/** Compiles a pattern text. Throws {@link PatternError} with AWS's reason for everything it rejects. */
export function compilePattern(text: string, dialect: Dialect): Pattern {
  try {
    const drafts = new Compiler(text, dialect).compile();
    return { text, dialect, branches: drafts.map((draft) => ({ conditions: [...draft.values()] })) };
  } catch (error) {
    if (error instanceof JsonReadError) throw new PatternError(error.message);
    throw error;
  }
}

class Compiler {
  readonly #reader: PatternReader;
  readonly #names: string[] = [];
  #written = 0;

  constructor(text: string, dialect: Dialect) {
    this.#reader = new PatternReader(text, dialect);
  }

  /** Text after the closing brace of the pattern is never read. */
  compile(): Draft[] {
    if (this.#reader.next() !== "start-object") this.#reader.refuse("Filter is not an object");
    const drafts = this.#object([new Map()], false);
    this.#checkWildcards(drafts);
    return drafts;
  }

  #checkWildcards(drafts: readonly Draft[]): void {
    /** By field, the literal parts of each wildcard by its text: duplicates count once. */
    const wildcards = new Map<string, Map<string, readonly string[]>>();
    for (const { path, matchers } of new Set(drafts.flatMap((draft) => [...draft.values()]))) {
      for (const matcher of matchers.flatMap((one) => (one.kind === "anything-but" ? one.excluded : [one]))) {
        if (matcher.kind !== "wildcard") continue;
        let ofField = wildcards.get(path);
        if (ofField === undefined) wildcards.set(path, (ofField = new Map()));
        ofField.set(matcher.text, matcher.glob.literals);
      }
    }
    for (const ofField of wildcards.values()) {
      if (costTooMuch([...ofField.values()])) throw new PatternError(tooComplex);
    }
  }

  /** Reads an object's fields into every draft; `$or` multiplies the drafts. */
  #object(outer: Draft[], insideOr: boolean): Draft[] {
    let drafts = outer;
    let empty = true;
    while (this.#reader.next() === "name") {
      empty = false;
      const name = this.#reader.text();
      if (name === "$or") {
        drafts = this.#alternatives(drafts);
        continue;
      }
      if (insideOr && reservedInOr.has(name)) {
        this.#reader.refuse(`${name} is Ruler reserved fieldName which cannot be used inside $or.`);
      }
      this.#names.push(name);
      const token = this.#reader.next();
      if (token === "start-object") {
        drafts = this.#object(drafts, false);
      } else if (token === "start-array") {
        this.#field(drafts);
      } else {
        this.#reader.refuse(`"${name}" must be an object or an array`);
      }
      this.#names.pop();
    }
    if (empty) this.#reader.refuse("Empty objects are not allowed");
    return drafts;
  }

  #alternatives(outer: Draft[]): Draft[] {
    if (this.#reader.next() !== "start-array") this.#reader.refuse("It must be an Array followed with $or.");
    const drafts: Draft[] = [];
    let count = 0;
    for (let token = this.#reader.next(); token !== "end-array"; token = this.#reader.next()) {
      if (token !== "start-object") this.#reader.refuse("Only JSON object is allowed in array of $or relationship.");
      count++;
      this.#count(outer.reduce((sum, draft) => sum + draft.size, 0));
      drafts.push(
        ...this.#object(
          outer.map((draft) => new Map(draft)),
          true,
        ),
      );
      if (drafts.length > maxBranches) {
        this.#reader.refuse(`Rule is too complex - more than ${maxBranches} combinations of $or`);
      }
    }
    if (count < 2) this.#reader.refuse("There must have at least 2 Objects in $or relationship.");
    return drafts;
  }

  /** Bounds the work and memory of one pattern where branches multiply long fields. */
  #count(conditions: number): void {
    this.#written += conditions;
    if (this.#written > maxConditions) this.#reader.refuse("Rule is too complex - too many combinations of $or");
  }

  #field(drafts: Draft[]): void {
    const names = [...this.#names];
    const matchers: Matcher[] = [];
    const start = this.#reader.offset - 1;
    for (let token = this.#reader.next(); token !== "end-array"; token = this.#reader.next()) {
      if (token === "start-object") readOperator(this.#reader, matchers);
      else matchers.push({ kind: "equals", value: this.#reader.literal(token) });
    }
    if (matchers.length === 0) this.#reader.refuse("Empty arrays are not allowed");
    // A dot in a name separates names.
    const path = names.join(".");
    const source = this.#reader.since(start);
    const wanted = condition(path.split("."), path, matchers, source, names.length);
    this.#count(drafts.length);
    for (const draft of drafts) draft.set(path, wanted);
  }
}
