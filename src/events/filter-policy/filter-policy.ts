import { type Branch, compilePattern, type Pattern, PatternError, snsDialect } from "../pattern/index.ts";

/** What a policy looks at: the attributes of a message or its body. */
export type FilterPolicyScope = "MessageAttributes" | "MessageBody";

/** A compiled filter policy. */
export interface FilterPolicy {
  readonly scope: FilterPolicyScope;
  readonly pattern: Pattern;
}

/**
 * A policy SNS refuses. `message` is the text after `Invalid parameter: Attributes Reason: ` (Subscribe) or
 * `Invalid parameter: ` (SetSubscriptionAttributes) and begins with `FilterPolicy: `.
 */
export class InvalidFilterPolicy extends Error {}

/** Largest policy, in UTF-8 bytes. */
export const maxFilterPolicyBytes = 256 * 1024;
const maxCombinations = 150;
const maxKeys = 5;

/**
 * Compiles a subscription's filter policy (SNS developer guide, "Amazon SNS message filtering"). Throws
 * {@link InvalidFilterPolicy}.
 */
export function parseFilterPolicy(text: string, scope: FilterPolicyScope): FilterPolicy {
  if (Buffer.byteLength(text) > maxFilterPolicyBytes) refuse("Filter policy is too large");
  let pattern: Pattern;
  try {
    pattern = compilePattern(text, snsDialect);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return refuse(isJson(text) ? error.message : `failed to parse JSON. ${error.message}`);
  }
  if (scope === "MessageAttributes" && conditionsOf(pattern).some((wanted) => wanted.names.length > 1)) {
    refuse("Filter policy scope MessageAttributes does not support nested filter policy");
  }
  if (pattern.branches.some((branch) => branch.conditions.length > maxKeys)) {
    refuse(`Filter policy can not have more than ${maxKeys} keys`);
  }
  if (combinations(pattern) > maxCombinations) refuse("Filter policy is too complex");
  return { scope, pattern };
}

function refuse(reason: string): never {
  throw new InvalidFilterPolicy(`FilterPolicy: ${reason}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function conditionsOf(pattern: Pattern) {
  return pattern.branches.flatMap((branch: Branch) => branch.conditions);
}

/** SNS's measure of a policy: for each way of choosing `$or` branches, values times depth of each key, multiplied. */
function combinations(pattern: Pattern): number {
  let sum = 0;
  for (const { conditions } of pattern.branches) {
    sum += conditions.reduce((product, wanted) => product * wanted.matchers.length * wanted.names.length, 1);
  }
  return sum;
}
