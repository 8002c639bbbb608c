/**
 * The Condition element (IAM user guide: condition operators). A key that the request does not have counts as absent,
 * as in AWS.
 */
import { isObject } from "../../protocols/unknown-json.ts";
import { addressKey, cidrRange } from "../events/pattern/ip.ts";
import { expandVariables, type RequestKeys, wildcardMatches } from "./wildcard.ts";

/** One key of one operator; a statement's conditions must all hold. */
export interface Condition {
  /** As written: `ForAnyValue:StringLike`, `aws:SourceArn`. */
  readonly name: string;
  readonly keyName: string;
  /** In lower case: key names are compared without case. */
  readonly key: string;
  readonly values: readonly string[];
  readonly operator: Operator;
  readonly ifExists: boolean;
  readonly set: "ForAllValues" | "ForAnyValue" | undefined;
}

/** Whether a request's value matches one of the policy's. */
type Compare = (actual: string, wanted: string, variables: RequestKeys | undefined) => boolean;

type Operator =
  | { readonly kind: "null" }
  | {
      readonly kind: "compare";
      readonly matches: Compare;
      /** A negated operator: none of the policy's values may match. */
      readonly negated: boolean;
    };

const equals: Compare = (actual, wanted, variables) => actual === expandVariables(wanted, variables);
const equalsIgnoringCase: Compare = (actual, wanted, variables) =>
  actual.toLowerCase() === expandVariables(wanted, variables)?.toLowerCase();
const like: Compare = (actual, wanted, variables) => wildcardMatches(wanted, actual, variables);
const sameFlag: Compare = (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase();

/** Compared part by part, so that a wildcard does not match across a colon; the last part is the resource. */
const arnLike: Compare = (actual, wanted, variables) => {
  const actualParts = partsOfArn(actual);
  const wantedParts = partsOfArn(wanted);
  return (
    actualParts.length === wantedParts.length &&
    wantedParts.every((part, index) => wildcardMatches(part, actualParts[index] as string, variables))
  );
};

const inNetwork: Compare = (actual, wanted) => {
  const address = addressKey(actual);
  const range = networkOf(wanted);
  return address !== undefined && range !== undefined && address >= range.low && address <= range.high;
};

type Order = (actual: number, wanted: number) => boolean;
const orders: Readonly<Record<string, Order>> = {
  Equals: (actual, wanted) => actual === wanted,
  LessThan: (actual, wanted) => actual < wanted,
  LessThanEquals: (actual, wanted) => actual <= wanted,
  GreaterThan: (actual, wanted) => actual > wanted,
  GreaterThanEquals: (actual, wanted) => actual >= wanted,
};

function ordered(read: (text: string) => number, order: Order): Compare {
  return (actual, wanted) => order(read(actual), read(wanted));
}

const operators = new Map<string, Operator>([["Null", { kind: "null" }]]);

function define(name: string, matches: Compare, negatedName?: string): void {
  operators.set(name, { kind: "compare", matches, negated: false });
  if (negatedName !== undefined) operators.set(negatedName, { kind: "compare", matches, negated: true });
}

define("StringEquals", equals, "StringNotEquals");
define("StringEqualsIgnoreCase", equalsIgnoringCase, "StringNotEqualsIgnoreCase");
define("StringLike", like, "StringNotLike");
define("ArnEquals", arnLike, "ArnNotEquals");
define("ArnLike", arnLike, "ArnNotLike");
define("IpAddress", inNetwork, "NotIpAddress");
define("Bool", sameFlag);
define("BinaryEquals", equals);
for (const [name, order] of Object.entries(orders)) {
  define(`Numeric${name}`, ordered(Number, order), name === "Equals" ? "NumericNotEquals" : undefined);
  define(`Date${name}`, ordered(timeOf, order), name === "Equals" ? "DateNotEquals" : undefined);
}

/** Parses a Condition element; undefined when IAM would reject it, for example for an unknown operator. */
export function parseConditions(element: unknown): readonly Condition[] | undefined {
  if (!isObject(element)) return undefined;
  const conditions: Condition[] = [];
  for (const [name, keys] of Object.entries(element)) {
    const [, set, operatorName = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
    const operator = operators.get(operatorName);
    if (!operator || !isObject(keys)) return undefined;
    for (const [key, wanted] of Object.entries(keys)) {
      const values: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
      if (!values.every((value) => ["string", "number", "boolean"].includes(typeof value))) return undefined;
      conditions.push({
        name,
        keyName: key,
        key: key.toLowerCase(),
        values: values.map(String),
        operator,
        ifExists: ifExists !== undefined,
        set: set as Condition["set"],
      });
    }
  }
  return conditions;
}

/** Whether a request meets a condition. Every key Busbar knows has one value. */
export function conditionHolds(condition: Condition, keys: RequestKeys, hasVariables: boolean): boolean {
  const { operator, values, set } = condition;
  const actual = keys.get(condition.key);
  if (operator.kind === "null") return values.some((value) => sameFlag(String(actual === undefined), value, undefined));
  if (actual === undefined) {
    if (condition.ifExists || set === "ForAllValues") return true;
    return set === undefined && operator.negated;
  }
  const variables = hasVariables ? keys : undefined;
  return values.some((wanted) => operator.matches(actual, wanted, variables)) !== operator.negated;
}

function partsOfArn(arn: string): string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/** A network in CIDR notation, or one address. */
function networkOf(text: string): { low: string; high: string } | undefined {
  const [address = "", bits] = text.split("/");
  const key = addressKey(address);
  if (key === undefined || bits === undefined || bits === (key.startsWith("4") ? "32" : "128")) {
    return key === undefined ? undefined : { low: key, high: key };
  }
  try {
    return cidrRange(text);
  } catch {
    return undefined;
  }
}

/** Epoch milliseconds of a date in ISO 8601 or epoch seconds; NaN, which matches nothing, for other texts. */
function timeOf(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}
