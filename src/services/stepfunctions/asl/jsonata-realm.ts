import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Context, createContext, Script } from "node:vm";
import { type Json, writeJson } from "./json.ts";
import { realmSource } from "./jsonata-realm-source.ts";
import { digest } from "./jsonpath/intrinsics.ts";

/** What the outside must know of an expression. */
export type ExpressionFacts = {
  /** Cannot take long: no regular expression, recursion, range or function of unknown cost. */
  simple: boolean;
  /** Draws random numbers. */
  chance: boolean;
  /** A name read from the context item at the top level, where Step Functions has none. */
  topLevel: string | null;
  /** The steps, when the expression is nothing but `$variable.name.name`. */
  path: string[] | null;
  /** Free variables and functions, without their dollar sign. */
  variables: string[];
  /** Members of `$states` it reads; `*` for all of them. */
  states: string[];
};

/** An error as the library reports it; `code` is absent for messages of Step Functions' own. */
export type Problem = { code?: string; message: string };

/** One evaluation's result: null for nothing (undefined). */
export type Outcome = { value: Json } | { problem: Problem } | null;

export type EvaluationRequest = { expressions: string[]; bindings: Record<string, Json>; now: number; seed: number };

/** Longest time the expressions of one state may run, and the parsing of one. */
export const budgetMs = 500;

export const overBudget: Problem = { message: "The expression exceeded the evaluation time limit" };

/** The library's text. The version AWS has allows a range a tenth of what newer ones do. */
function libraryText(): string {
  return readFileSync(createRequire(import.meta.url).resolve("jsonata"), "utf8").replaceAll("1e7", "1e6");
}

let librarySource: Script | undefined;
const ownSource = new Script(realmSource);
const describeScript = new Script("describeExpression()");
const evaluateScript = new Script("evaluateExpressions()");
let realm: Context | undefined;

/**
 * The realm the JSONata library lives in, made on first use. Promises settle inside the timed run (`afterEvaluate`), so that
 * evaluation is synchronous and a timeout stops regular expressions and endless recursion alike.
 */
export function openRealm(): Context {
  if (realm) return realm;
  librarySource ??= new Script(`var window = globalThis;${libraryText()}`);
  realm = createContext({}, { microtaskMode: "afterEvaluate" });
  librarySource.runInContext(realm);
  realm["host"] = {
    digestOf: (data: string, algorithm: string): string | undefined => digest(data, algorithm),
    toBase64: (text: string): string => Buffer.from(text, "utf8").toString("base64"),
    fromBase64: (text: string): string => Buffer.from(text, "base64").toString("utf8"),
  };
  ownSource.runInContext(realm);
  return realm;
}

function run(script: Script, request: string, limitMs: number | undefined): string | undefined {
  const context = openRealm();
  context["request"] = request;
  context["response"] = "";
  try {
    script.runInContext(context, limitMs === undefined ? {} : { timeout: Math.ceil(limitMs) });
    return String(context["response"]) || undefined;
  } catch {
    // An interrupted realm may hold half-done work: the next call starts in a fresh one.
    realm = undefined;
    return undefined;
  }
}

/** Longest text that is parsed without watching the time; parsing runs no part of it. */
const untimedLength = 1_000;

/** Compiles an expression and tells its facts, or the parser's problem. */
export function describeExpression(text: string): { facts: ExpressionFacts } | { problem: Problem } {
  const response = run(describeScript, text, text.length > untimedLength ? budgetMs : undefined);
  if (response === undefined) return { problem: overBudget };
  return JSON.parse(response) as { facts: ExpressionFacts } | { problem: Problem };
}

/** Evaluates expressions in order, up to and including the first that fails. `limitMs` bounds the whole set, if given. */
export function evaluateExpressions(request: EvaluationRequest, limitMs: number | undefined): Outcome[] {
  const response = run(evaluateScript, writeJson(request), limitMs);
  if (response === undefined) return [{ problem: overBudget }];
  return (JSON.parse(response) as { results: Outcome[] }).results;
}
