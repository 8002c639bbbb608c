import { minify } from "../input-transform/index.ts";
import {
  compilePattern,
  JsonReadError,
  leadingJson,
  type Pattern,
  PatternError,
  snsDialect,
} from "../pattern/index.ts";

/** What a policy matches: the attributes of a message or its body. */
export type FilterPolicyScope = "MessageAttributes" | "MessageBody";

/** A compiled filter policy. */
export interface FilterPolicy {
  readonly scope: FilterPolicyScope;
  readonly pattern: Pattern;
}

/**
 * A policy that SNS rejects. `message` is the text after `Invalid parameter: Attributes Reason: ` (Subscribe) or
 * `Invalid parameter: ` (SetSubscriptionAttributes).
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
    // Error messages quote the policy as AWS rewrites it, and count columns in that text.
    pattern = compilePattern(minify(leadingJson(text)), snsDialect);
  } catch (error) {
    if (error instanceof JsonReadError) return refuse(`failed to parse JSON. ${error.message}`);
    if (error instanceof PatternError) return refuse(error.message);
    throw error;
  }
  const conditions = pattern.branches.flatMap((branch) => branch.conditions);
  if (scope === "MessageAttributes" && conditions.some((wanted) => wanted.depth > 1)) {
    throw new InvalidFilterPolicy("Filter policy scope MessageAttributes does not support nested filter policy");
  }
  // The branches of $or count together.
  if (new Set(conditions.map((wanted) => wanted.path)).size > maxKeys) {
    refuse(`Filter policy can not have more than ${maxKeys} keys`);
  }
  if (combinations(pattern) > maxCombinations) refuse("Filter policy is too complex");
  return { scope, pattern };
}

function refuse(reason: string): never {
  throw new InvalidFilterPolicy(`FilterPolicy: ${reason}`);
}

/**
 * SNS's measure of a policy: for each combination of `$or` branches, the product of values times depth over all keys.
 */
function combinations(pattern: Pattern): number {
  let sum = 0;
  for (const { conditions } of pattern.branches) {
    sum += conditions.reduce((product, wanted) => product * wanted.matchers.length * wanted.depth, 1);
  }
  return sum;
}
