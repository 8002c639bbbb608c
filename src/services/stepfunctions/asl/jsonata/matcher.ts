import { getOwn, setOwn } from "../../../../../protocols/unknown-json.ts";
import type { LinearRegex, RegexMatch } from "../../../../regex/linear-regex.ts";
import { fail } from "./failure.ts";
import type { Run } from "./run.ts";
import { call, Fn, isObject, type Value, type ValueObject } from "./values.ts";

/** A match, and how to find the next. */
export type Match = {
  match: string;
  start: number;
  end: number;
  groups: Value[];
  next: () => Match | undefined;
  /** The match as an object for expressions. */
  value: () => Value;
};

/** A regular expression as a function, which returns the first match in a string. */
class Matcher extends Fn {
  readonly regex: LinearRegex;

  constructor(regex: LinearRegex) {
    super(1, ([text], _input, run) => (typeof text === "string" ? this.from(text, 0, run)?.value() : undefined));
    this.regex = regex;
  }

  /** The first match at or after an index. */
  from(text: string, at: number, run: Run): Match | undefined {
    const found = this.regex.find(text, at, (instructions) => run.budget.spend(instructions));
    return found && this.#match(text, found, run);
  }

  #match(text: string, { start, end, groups }: RegexMatch, run: Run): Match {
    run.budget.grow(200 + 16 * groups.length);
    const match: Match = {
      match: text.slice(start, end),
      ...{ start, end, groups },
      next: () => {
        if (end >= text.length) return undefined;
        const next = this.from(text, end, run);
        if (next?.match === "") fail("D1004", { value: this.regex.source });
        return next;
      },
      value: () => {
        const object: ValueObject = {};
        for (const key of ["match", "start", "end", "groups"] as const) setOwn(object, key, match[key]);
        setOwn(object, "next", new Fn(0, () => match.next()?.value()));
        return object;
      },
    };
    return match;
  }
}

/** The function for a regular expression. */
export function matcherOf(regex: LinearRegex): Matcher {
  return new Matcher(regex);
}

/** The first match by a regular expression, or by a function that returns such matches. */
export function firstMatch(matcher: Fn, text: string, run: Run): Match | undefined {
  if (matcher instanceof Matcher) return matcher.from(text, 0, run);
  return asMatch(call(matcher, [text], undefined, run), run);
}

function asMatch(answer: Value, run: Run): Match | undefined {
  if (answer === undefined) return undefined;
  run.budget.spend(1);
  if (!isObject(answer)) return fail("T1010");
  const [match, start, end, groups, next] = ["match", "start", "end", "groups", "next"].map((key) =>
    getOwn(answer, key),
  );
  if (typeof match !== "string" || typeof start !== "number") return fail("T1010");
  return {
    ...{ match, start },
    end: typeof end === "number" ? end : start + match.length,
    groups: Array.isArray(groups) ? groups : [],
    next: () => (next instanceof Fn ? asMatch(call(next, [], undefined, run), run) : undefined),
    value: () => answer,
  };
}
