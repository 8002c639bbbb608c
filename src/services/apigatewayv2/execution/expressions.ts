/**
 * Selection expressions: `$request.header.x`, `$request.body.a.b[0]`, `${request.path.id}/x`, `$context.requestId`,
 * `$stageVariables.v`, `\$default`, and plain text. Compiled once, then evaluated for each call.
 */

/** Where values come from; each returns undefined if there is none. */
export interface Sources {
  /** `header.x`, `querystring.x`, `path.x`, `path`, `body`. */
  request?(place: string, name: string): string | undefined;
  /** The request's body as JSON, for paths into it; undefined if it is not JSON. */
  requestJson?(): unknown;
  response?(place: string, name: string): string | undefined;
  responseJson?(): unknown;
  context(name: string): string | undefined;
  stageVariables(name: string): string | undefined;
}

/** The value: a text, or whatever a path into a body leads to; undefined if there is none. */
export type Expression = (sources: Sources) => unknown;

const whole = /^\$\{?((?:request|response|integration\.response|context|stageVariables)\.[^{}]+)\}?$/;
const part = /\$\{((?:request|response|integration\.response|context|stageVariables)\.[^{}]+)\}/g;

const compiled = new Map<string, Expression>();
/** Compiled texts that are kept; users' definitions may have any number. */
const maxCompiled = 5000;

export function expression(text: string): Expression {
  let found = compiled.get(text);
  if (found === undefined) {
    found = compile(text);
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(text, found);
  }
  return found;
}

function compile(text: string): Expression {
  const one = whole.exec(text)?.[1];
  if (one !== undefined && (!text.startsWith("${") || text.endsWith("}"))) {
    // `$request.method $request.path` is not one variable.
    if (!one.includes(" $")) return variable(one);
  }
  if (text.includes("${")) {
    const literals: string[] = [];
    const variables: Expression[] = [];
    let end = 0;
    for (const match of text.matchAll(part)) {
      literals.push(unescaped(text.slice(end, match.index)));
      variables.push(variable(match[1] as string));
      end = match.index + match[0].length;
    }
    const last = unescaped(text.slice(end));
    if (variables.length > 0) {
      return (sources) =>
        literals.map((literal, index) => literal + expressionText((variables[index] as Expression)(sources))).join("") +
        last;
    }
  }
  const literal = unescaped(text);
  return () => literal;
}

function unescaped(text: string): string {
  return text.replaceAll("\\$", "$");
}

function variable(path: string): Expression {
  const [root = "", ...rest] = path.split(".");
  const name = rest.join(".");
  if (root === "context") return (sources) => sources.context(name);
  if (root === "stageVariables") return (sources) => sources.stageVariables(name);
  if (root === "integration") return (sources) => sources.response?.(rest.slice(1).join("."), "");
  const place = rest[0] ?? "";
  const inner = rest.slice(1).join(".");
  const isRequest = root === "request";
  if (place === "body" && inner !== "") {
    const steps = stepsOf(inner);
    return (sources) => follow(isRequest ? sources.requestJson?.() : sources.responseJson?.(), steps);
  }
  return (sources) => (isRequest ? sources.request : sources.response)?.call(sources, place, inner);
}

/** `a.b[0]["c d"]` as its steps. */
function stepsOf(path: string): readonly string[] {
  return [...path.matchAll(/\[\s*["']([^"']*)["']\s*\]|\[\s*(\d+)\s*\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) => quoted ?? index ?? (name as string),
  );
}

function follow(value: unknown, steps: readonly string[]): unknown {
  let current = value;
  for (const step of steps) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<string, unknown>)[step];
  }
  return current;
}

/** The text of a value: JSON if it is not a text, empty if there is none. */
export function expressionText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
