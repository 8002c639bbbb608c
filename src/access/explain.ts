/** Says in words what a policy has against a request. */
import { type AccessRequest, misfit } from "./evaluate.ts";
import type { Policy, Statement } from "./policy.ts";

/** Statements told of when none of them allows it. */
const mostTold = 5;

/** Why a policy does not let a request through: the statement that denies it, or what each of those lacks that allow. */
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
    .slice(0, mostTold)
    .map(({ statement, name }) => `${name} ${lackOf(statement, request, policy)}`);
  if (allowing.length > mostTold) reasons.push(`${allowing.length - mostTold} more do not fit either`);
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
