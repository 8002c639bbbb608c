import { type Condition, condition } from "./condition.ts";
import { ExactNumber, type LeafValue } from "./exact-number.ts";
import { parseGlob } from "./glob.ts";
import { cidrRange } from "./ip.ts";
import { JsonReadError, JsonReader, type Token } from "./json-reader.ts";
import { type Matcher, nextAbove, nextBelow } from "./matcher.ts";
import { costTooMuch, tooComplex } from "./wildcard-cost.ts";

/** What differs between the services that speak the pattern language. */
export interface Dialect {
  /** The `wildcard` operator exists. */
  wildcard: boolean;
  /** `anything-but` takes an operator (prefix, suffix, equals-ignore-case, and wildcard where there is one). */
  nestedAnythingBut: boolean;
  /** Largest magnitude of a number in the pattern. */
  maxNumber: number;
  /** How a refusal names `prefix` and `suffix` inside `anything-but`; by their own names when absent. */
  affixName?: string;
}

/** Rules, archives, TestEventPattern. */
export const busDialect: Dialect = {
  wildcard: true,
  nestedAnythingBut: true,
  maxNumber: Number.POSITIVE_INFINITY,
  affixName: "prefix/suffix",
};

/** Pipe filters: a subset of the bus's operators. */
export const pipesDialect: Dialect = { ...busDialect, wildcard: false, nestedAnythingBut: false };

/** SNS filter policies. */
export const snsDialect: Dialect = {
  wildcard: false,
  nestedAnythingBut: true,
  maxNumber: 1e9,
};

/** One way to fulfil a pattern: all of its conditions, at most one for a field. `$or` makes several. */
export interface Branch {
  readonly conditions: readonly Condition[];
}

/** A compiled pattern: it matches when one of its branches does. */
export interface Pattern {
  readonly text: string;
  readonly dialect: Dialect;
  readonly branches: readonly Branch[];
}

/** A pattern AWS refuses. `message` is the reason with the place in the text, without any service's preamble. */
export class PatternError extends Error {}

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

/** Compiles a pattern text. Throws {@link PatternError} with AWS's reason for everything it does not take. */
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
  readonly #reader: JsonReader;
  readonly #dialect: Dialect;
  readonly #names: string[] = [];
  #written = 0;

  constructor(text: string, dialect: Dialect) {
    this.#reader = new JsonReader(text);
    this.#dialect = dialect;
  }

  /** What follows the closing brace of the pattern is never read. */
  compile(): Draft[] {
    if (this.#reader.next() !== "start-object") this.#refuse("Filter is not an object");
    const drafts = this.#object([new Map()], false);
    this.#checkWildcards(drafts);
    return drafts;
  }

  #checkWildcards(drafts: readonly Draft[]): void {
    /** By field, the literal parts of each wildcard by its text: one that stands twice is one. */
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

  #refuse(reason: string, back = 0): never {
    throw new PatternError(`${reason}\n at ${this.#reader.location(back)}`);
  }

  /** In a list of operands AWS reports the refusal of a refusal: the place appears twice. */
  #inList<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (error instanceof PatternError || error instanceof JsonReadError) return this.#refuse(error.message);
      throw error;
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
        this.#refuse(`${name} is Ruler reserved fieldName which cannot be used inside $or.`);
      }
      this.#names.push(name);
      const token = this.#reader.next();
      if (token === "start-object") {
        drafts = this.#object(drafts, false);
      } else if (token === "start-array") {
        this.#field(drafts);
      } else {
        this.#refuse(`"${name}" must be an object or an array`);
      }
      this.#names.pop();
    }
    if (empty) this.#refuse("Empty objects are not allowed");
    return drafts;
  }

  #alternatives(outer: Draft[]): Draft[] {
    if (this.#reader.next() !== "start-array") this.#refuse("It must be an Array followed with $or.");
    const drafts: Draft[] = [];
    let count = 0;
    for (let token = this.#reader.next(); token !== "end-array"; token = this.#reader.next()) {
      if (token !== "start-object") this.#refuse("Only JSON object is allowed in array of $or relationship.");
      count++;
      this.#count(outer.reduce((sum, draft) => sum + draft.size, 0));
      drafts.push(
        ...this.#object(
          outer.map((draft) => new Map(draft)),
          true,
        ),
      );
      if (drafts.length > maxBranches) {
        this.#refuse(`Rule is too complex - more than ${maxBranches} combinations of $or`);
      }
    }
    if (count < 2) this.#refuse("There must have at least 2 Objects in $or relationship.");
    return drafts;
  }

  /** Holds the work and memory of one pattern down where branches multiply long fields. */
  #count(conditions: number): void {
    this.#written += conditions;
    if (this.#written > maxConditions) this.#refuse("Rule is too complex - too many combinations of $or");
  }

  #field(drafts: Draft[]): void {
    const names = [...this.#names];
    const matchers: Matcher[] = [];
    const start = this.#reader.offset - 1;
    for (let token = this.#reader.next(); token !== "end-array"; token = this.#reader.next()) {
      if (token === "start-object") this.#expression(matchers);
      else matchers.push({ kind: "equals", value: this.#literal(token) });
    }
    if (matchers.length === 0) this.#refuse("Empty arrays are not allowed");
    // A dot in a name separates names.
    const path = names.join(".");
    const source = this.#reader.source.slice(start, this.#reader.offset);
    const wanted = condition(path.split("."), path, matchers, source, names.length);
    this.#count(drafts.length);
    for (const draft of drafts) draft.set(path, wanted);
  }

  #literal(token: Token): LeafValue {
    switch (token) {
      case "string":
        return this.#reader.text();
      case "number": {
        const value = this.#reader.number();
        this.#inRange(value);
        return value;
      }
      case "true":
        return true;
      case "false":
        return false;
      case "null":
        return null;
      default:
        return this.#refuse("Match value must be String, number, true, false, or null");
    }
  }

  #inRange(value: number | ExactNumber): void {
    const limit = this.#dialect.maxNumber;
    if (limit === Number.POSITIVE_INFINITY) return;
    if (Math.abs(Number(value instanceof ExactNumber ? value.text : value)) > limit) {
      this.#refuse("Value must be between -1.0E9 and 1.0E9, inclusive");
    }
  }

  /** An object inside a field's array: one operator. */
  #expression(matchers: Matcher[]): void {
    if (this.#reader.next() !== "name") this.#refuse("Match expression name not found");
    const operator = this.#reader.text();
    let extraKey = "Only one key allowed in match expression";
    switch (operator) {
      case "exactly":
        matchers.push({ kind: "equals", value: this.#string("exact") });
        break;
      case "prefix":
      case "suffix":
        matchers.push(this.#affix(operator));
        break;
      case "equals-ignore-case":
        matchers.push({ kind: "equals-ignore-case", text: this.#string(operator) });
        break;
      case "cidr":
        matchers.push(this.#cidr());
        break;
      case "numeric":
        matchers.push(this.#numeric());
        extraKey = "Too many elements in numeric expression";
        break;
      case "exists": {
        const token = this.#reader.next();
        if (token !== "true" && token !== "false") this.#refuse("exists match pattern must be either true or false.");
        matchers.push({ kind: "exists", present: token === "true" });
        break;
      }
      case "anything-but":
        matchers.push({ kind: "anything-but", excluded: this.#anythingBut() });
        extraKey = "Too many elements in numeric expression";
        break;
      default:
        if (operator !== "wildcard" || !this.#dialect.wildcard) this.#refuse(`Unrecognized match type ${operator}`);
        matchers.push(this.#wildcard(this.#reader.next()));
    }
    if (this.#reader.next() !== "end-object") this.#refuse(extraKey);
  }

  #string(operator: string): string {
    if (this.#reader.next() !== "string") this.#refuse(`${operator} match pattern must be a string`);
    return this.#reader.text();
  }

  #affix(kind: "prefix" | "suffix"): Matcher {
    const token = this.#reader.next();
    if (token === "string") return { kind, text: this.#reader.text(), fold: false };
    if (token !== "start-object") this.#refuse(`${kind} match pattern must be a string`);
    if (this.#reader.next() !== "name") {
      this.#refuse(`${kind === "prefix" ? "Prefix" : "Suffix"} expression name not found`);
    }
    const operator = this.#reader.text();
    if (operator !== "equals-ignore-case") this.#refuse(`Unsupported ${kind} pattern: ${operator}`);
    const text = this.#string(operator);
    if (this.#reader.next() !== "end-object") this.#refuse("Only one key allowed in match expression");
    return { kind, text, fold: true };
  }

  #cidr(): Matcher {
    const cidr = this.#string("prefix");
    try {
      return { kind: "cidr", ...cidrRange(cidr) };
    } catch (error) {
      throw new PatternError((error as RangeError).message);
    }
  }

  #wildcard(token: Token): Matcher {
    if (token !== "string") this.#refuse("wildcard match pattern must be a string");
    const text = this.#reader.text();
    try {
      return { kind: "wildcard", text, glob: parseGlob(text) };
    } catch (error) {
      return this.#refuse((error as RangeError).message);
    }
  }

  #numeric(): Matcher {
    const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;
    if (this.#reader.next() !== "start-array") this.#refuse("Value of numeric must be an array.");
    if (this.#reader.next() !== "string") this.#refuse(`Invalid member in numeric match: ${this.#reader.text()}`);
    const operator = this.#reader.text();
    const token = this.#reader.next();
    if (!["=", "<", "<=", ">", ">="].includes(operator)) {
      this.#refuse(`Unrecognized numeric range operator: ${operator}`);
    }
    const value = this.#bound(token, operator === "=" ? "equals" : operator);
    if (!operator.startsWith(">")) {
      if (this.#reader.next() !== "end-array") this.#refuse("Too many elements in numeric expression");
      if (operator === "=") return { kind: "equals", value };
      return { kind: "range", low: NEGATIVE_INFINITY, high: operator === "<" ? nextBelow(value) : value };
    }
    const low = operator === ">" ? nextAbove(value) : value;
    const second = this.#reader.next();
    if (second === "end-array") return { kind: "range", low, high: POSITIVE_INFINITY };
    if (second !== "string") this.#refuse(`Bad value in numeric range: ${this.#reader.text()}`);
    const upper = this.#reader.text();
    if (upper !== "<" && upper !== "<=") this.#refuse(`Bad numeric range operator: ${upper}`);
    const top = this.#bound(this.#reader.next(), upper);
    if (this.#reader.next() !== "end-array") this.#refuse("Too many terms in numeric range expression");
    if (value >= top) this.#refuse("Bottom must be less than top");
    return { kind: "range", low, high: upper === "<" ? nextBelow(top) : top };
  }

  #bound(token: Token, operator: string): number {
    if (token !== "number") this.#refuse(`Value of ${operator} must be numeric`);
    const value = this.#reader.number();
    if (value instanceof ExactNumber) return this.#refuse(`Cannot compare number : ${value.text}`, -1);
    this.#inRange(value);
    return value === 0 ? 0 : value;
  }

  #anythingBut(): Matcher[] {
    const token = this.#reader.next();
    if (token === "start-object") return this.#anythingButOperator();
    this.#anythingButOperand(token);
    if (token !== "start-array") {
      const value = token === "string" ? this.#reader.text() : this.#literal(token);
      return [{ kind: "equals", value }];
    }
    const excluded: Matcher[] = [];
    const kinds = new Set<Token>();
    this.#inList(() => {
      for (let item = this.#reader.next(); item !== "end-array"; item = this.#reader.next()) {
        if (item !== "string" && item !== "number") {
          this.#refuse("Inside anything but list, start|null|boolean is not supported.");
        }
        kinds.add(item);
        excluded.push({ kind: "equals", value: this.#literal(item) });
      }
    });
    if (kinds.size !== 1) {
      this.#refuse("Inside anything but list, either all values are number or string, mixed type is not supported");
    }
    return excluded;
  }

  #anythingButOperand(token: Token): void {
    if (token !== "start-array" && token !== "string" && token !== "number") {
      this.#refuse("Value of anything-but must be an array or single string/number value.");
    }
  }

  #anythingButOperator(): Matcher[] {
    if (this.#reader.next() !== "name") this.#refuse("Anything-But expression name not found");
    const operator = this.#reader.text();
    const known =
      operator === "prefix" ||
      operator === "suffix" ||
      operator === "equals-ignore-case" ||
      (operator === "wildcard" && this.#dialect.wildcard);
    if (!known || !this.#dialect.nestedAnythingBut) this.#refuse(`Unsupported anything-but pattern: ${operator}`);
    const token = this.#reader.next();
    this.#anythingButOperand(token);
    const excluded: Matcher[] = [];
    if (token === "start-array") {
      this.#inList(() => {
        for (let item = this.#reader.next(); item !== "end-array"; item = this.#reader.next()) {
          excluded.push(this.#excluded(operator, item));
        }
      });
      if (excluded.length === 0) this.#refuse("Empty arrays are not allowed");
    } else {
      excluded.push(this.#excluded(operator, token));
    }
    if (this.#reader.next() !== "end-object") this.#refuse("Too many elements in numeric expression");
    return excluded;
  }

  #excluded(operator: string, token: Token): Matcher {
    if (operator === "wildcard") return this.#wildcard(token);
    if (operator === "equals-ignore-case") {
      if (token !== "string") {
        this.#refuse("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.");
      }
      return { kind: operator, text: this.#reader.text() };
    }
    if (token !== "string") this.#refuse(`${this.#dialect.affixName ?? operator} match pattern must be a string`);
    const text = this.#reader.text();
    if (text === "") this.#refuse("Null prefix/suffix not allowed");
    return { kind: operator === "prefix" ? "prefix" : "suffix", text, fold: false };
  }
}
