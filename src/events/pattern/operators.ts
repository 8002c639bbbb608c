/**
 * The operators of patterns, each parsed from its object as AWS does (EventBridge user guide: comparison operators).
 */
import { ExactNumber } from "./exact-number.ts";
import { parseGlob } from "./glob.ts";
import { cidrRange } from "./ip.ts";
import type { Token } from "./json-reader.ts";
import { type Matcher, nextAbove, nextBelow } from "./matcher.ts";
import { PatternError, type PatternReader } from "./pattern-reader.ts";

/** Parses an object inside a field's array, one operator, into matchers of the field. */
export function readOperator(reader: PatternReader, matchers: Matcher[]): void {
  if (reader.next() !== "name") reader.refuse("Match expression name not found");
  const operator = reader.text();
  let extraKey = "Only one key allowed in match expression";
  switch (operator) {
    case "exactly":
      matchers.push({ kind: "equals", value: reader.string("exact") });
      break;
    case "prefix":
    case "suffix":
      matchers.push(affix(reader, operator));
      break;
    case "equals-ignore-case":
      matchers.push({ kind: "equals-ignore-case", text: reader.string(operator) });
      break;
    case "cidr":
      matchers.push(cidr(reader));
      break;
    case "numeric":
      matchers.push(numeric(reader));
      extraKey = "Too many elements in numeric expression";
      break;
    case "exists": {
      const token = reader.next();
      if (token !== "true" && token !== "false") reader.refuse("exists match pattern must be either true or false.");
      matchers.push({ kind: "exists", present: token === "true" });
      break;
    }
    case "anything-but":
      matchers.push({ kind: "anything-but", excluded: anythingBut(reader) });
      extraKey = "Too many elements in numeric expression";
      break;
    default:
      if (operator !== "wildcard" || !reader.dialect.wildcard) reader.refuse(`Unrecognized match type ${operator}`);
      matchers.push(wildcard(reader, reader.next()));
  }
  if (reader.next() !== "end-object") reader.refuse(extraKey);
}

function affix(reader: PatternReader, kind: "prefix" | "suffix"): Matcher {
  const token = reader.next();
  if (token === "string") return { kind, text: reader.text(), fold: false };
  if (token !== "start-object") reader.refuse(`${kind} match pattern must be a string`);
  if (reader.next() !== "name") {
    reader.refuse(`${kind === "prefix" ? "Prefix" : "Suffix"} expression name not found`);
  }
  const operator = reader.text();
  if (operator !== "equals-ignore-case") reader.refuse(`Unsupported ${kind} pattern: ${operator}`);
  const text = reader.string(operator);
  if (reader.next() !== "end-object") reader.refuse("Only one key allowed in match expression");
  return { kind, text, fold: true };
}

function cidr(reader: PatternReader): Matcher {
  const cidr = reader.string("prefix");
  try {
    return { kind: "cidr", ...cidrRange(cidr) };
  } catch (error) {
    throw new PatternError((error as RangeError).message);
  }
}

function wildcard(reader: PatternReader, token: Token): Matcher {
  if (token !== "string") reader.refuse("wildcard match pattern must be a string");
  const text = reader.text();
  try {
    return { kind: "wildcard", text, glob: parseGlob(text) };
  } catch (error) {
    return reader.refuse((error as RangeError).message);
  }
}

function numeric(reader: PatternReader): Matcher {
  const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;
  if (reader.next() !== "start-array") reader.refuse("Value of numeric must be an array.");
  if (reader.next() !== "string") reader.refuse(`Invalid member in numeric match: ${reader.text()}`);
  const operator = reader.text();
  const token = reader.next();
  if (!["=", "<", "<=", ">", ">="].includes(operator)) {
    reader.refuse(`Unrecognized numeric range operator: ${operator}`);
  }
  const value = bound(reader, token, operator === "=" ? "equals" : operator);
  if (!operator.startsWith(">")) {
    if (reader.next() !== "end-array") reader.refuse("Too many elements in numeric expression");
    if (operator === "=") return { kind: "equals", value };
    return { kind: "range", low: NEGATIVE_INFINITY, high: operator === "<" ? nextBelow(value) : value };
  }
  const low = operator === ">" ? nextAbove(value) : value;
  const second = reader.next();
  if (second === "end-array") return { kind: "range", low, high: POSITIVE_INFINITY };
  if (second !== "string") reader.refuse(`Bad value in numeric range: ${reader.text()}`);
  const upper = reader.text();
  if (upper !== "<" && upper !== "<=") reader.refuse(`Bad numeric range operator: ${upper}`);
  const top = bound(reader, reader.next(), upper);
  if (reader.next() !== "end-array") reader.refuse("Too many terms in numeric range expression");
  if (value >= top) reader.refuse("Bottom must be less than top");
  return { kind: "range", low, high: upper === "<" ? nextBelow(top) : top };
}

function bound(reader: PatternReader, token: Token, operator: string): number {
  if (token !== "number") reader.refuse(`Value of ${operator} must be numeric`);
  const value = reader.number();
  if (value instanceof ExactNumber) return reader.refuse(`Cannot compare number : ${value.text}`, -1);
  reader.inRange(value);
  return value === 0 ? 0 : value;
}

function anythingBut(reader: PatternReader): Matcher[] {
  const token = reader.next();
  if (token === "start-object") return anythingButOperator(reader);
  anythingButOperand(reader, token);
  if (token !== "start-array") {
    const value = token === "string" ? reader.text() : reader.literal(token);
    return [{ kind: "equals", value }];
  }
  const excluded: Matcher[] = [];
  const kinds = new Set<Token>();
  reader.inList(() => {
    for (let item = reader.next(); item !== "end-array"; item = reader.next()) {
      if (item !== "string" && item !== "number") {
        reader.refuse("Inside anything but list, start|null|boolean is not supported.");
      }
      kinds.add(item);
      excluded.push({ kind: "equals", value: reader.literal(item) });
    }
  });
  if (kinds.size !== 1) {
    reader.refuse("Inside anything but list, either all values are number or string, mixed type is not supported");
  }
  return excluded;
}

function anythingButOperand(reader: PatternReader, token: Token): void {
  if (token !== "start-array" && token !== "string" && token !== "number") {
    reader.refuse("Value of anything-but must be an array or single string/number value.");
  }
}

function anythingButOperator(reader: PatternReader): Matcher[] {
  if (reader.next() !== "name") reader.refuse("Anything-But expression name not found");
  const operator = reader.text();
  const known =
    operator === "prefix" ||
    operator === "suffix" ||
    operator === "equals-ignore-case" ||
    (operator === "wildcard" && reader.dialect.wildcard);
  if (!known || !reader.dialect.nestedAnythingBut) reader.refuse(`Unsupported anything-but pattern: ${operator}`);
  const token = reader.next();
  anythingButOperand(reader, token);
  const excluded: Matcher[] = [];
  if (token === "start-array") {
    reader.inList(() => {
      for (let item = reader.next(); item !== "end-array"; item = reader.next()) {
        excluded.push(excludedBy(reader, operator, item));
      }
    });
    if (excluded.length === 0) reader.refuse("Empty arrays are not allowed");
  } else {
    excluded.push(excludedBy(reader, operator, token));
  }
  if (reader.next() !== "end-object") reader.refuse("Too many elements in numeric expression");
  return excluded;
}

function excludedBy(reader: PatternReader, operator: string, token: Token): Matcher {
  if (operator === "wildcard") return wildcard(reader, token);
  if (operator === "equals-ignore-case") {
    if (token !== "string") {
      reader.refuse("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.");
    }
    return { kind: operator, text: reader.text() };
  }
  if (token !== "string") reader.refuse(`${reader.dialect.affixName ?? operator} match pattern must be a string`);
  const text = reader.text();
  if (text === "") reader.refuse("Null prefix/suffix not allowed");
  return { kind: operator === "prefix" ? "prefix" : "suffix", text, fold: false };
}
