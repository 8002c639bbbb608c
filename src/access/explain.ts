/** Explains in words why a policy does not allow a request. */
import { type AccessRequest, misfit } from "./evaluate.ts";
import type { Policy, Statement } from "./policy.ts";

/** How many statements are explained when none of them allows the request. */
const maxTold = 5;

/**
 * Why a policy does not allow a request: the statement that denies it, or what is missing in each statement that allows
 * something.
 */
export function explain(policy: Policy | undefined, request: AccessRequest): string {
  if (policy === undefined) return "no policy is set";
  const named = policy.statements.map((statement, at) => ({ statement, name: nameOf(statement, at) }));
  for (const { statement, name } of named) {
    if (statement.effect === "Deny" && misfit(statement, request, policy.hasVariables) === undefined) {
      return `${name} of its policy denies it`;
    }
  }
  const allowing = named.filter(({ statement }) => statement.effect === "Allow");
  if (allowing.length === 0) return "its policy allows nothing";
  const reasons = allowing
    .slice(0, maxTold)
    .map(({ statement, name }) => `${name} ${lackOf(statement, request, policy)}`);
  if (allowing.length > maxTold) reasons.push(`${allowing.length - maxTold} more do not fit either`);
  return `its policy does not allow it: ${reasons.join("; ")}`;
}

function nameOf({ sid }: Statement, at: number): string {
  return sid === "" ? `statement ${at + 1}` : `statement "${sid}"`;
}

function lackOf(statement: Statement, request: AccessRequest, { hasVariables }: Policy): string {
  const lacking = misfit(statement, request, hasVariables);
  if (lacking === undefined) return "is only for what others may be given";
  if (typeof lacking === "string") return `is for another ${lacking}`;
  const value = request.keys.get(lacking.key);
  const is = value === undefined ? "which the request does not have" : `which is ${value}`;
  return `wants ${lacking.name} ${lacking.keyName} ${lacking.values.join(" or ")}, ${is}`;
}
