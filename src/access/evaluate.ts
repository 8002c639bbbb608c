/** Whether a policy lets somebody do something (IAM user guide: policy evaluation logic). */
import { parseArn } from "../calls/arn.ts";
import type { Principal } from "../calls/identity.ts";
import { conditionHolds } from "./conditions.ts";
import type { Listed, Policy, Principals, Statement } from "./policy.ts";
import { type RequestKeys, wildcardMatches } from "./wildcard.ts";

export interface AccessRequest {
  readonly account: string;
  readonly principal: Pick<Principal, "arn" | "userId">;
  /** `{service}:{Action}`, compared without case. */
  readonly action: string;
  /** ARN of what the policy hangs on. */
  readonly resource: string;
  readonly keys: RequestKeys;
}

/** A Deny that fits outweighs every Allow; without either nobody has said that it may be. */
export type Decision = "allowed" | "denied" | "not allowed";

export function decide(policy: Policy, request: AccessRequest): Decision {
  let decision: Decision = "not allowed";
  for (const statement of policy.statements) {
    if (!fits(statement, request, policy.hasVariables)) continue;
    if (statement.effect === "Deny") return "denied";
    decision = "allowed";
  }
  return decision;
}

function fits(statement: Statement, request: AccessRequest, hasVariables: boolean): boolean {
  const { principals, actions, resources, conditions } = statement;
  const action = request.action.toLowerCase();
  const variables = hasVariables ? request.keys : undefined;
  return (
    namesPrincipal(principals, request) !== principals.not &&
    lists(actions, (pattern) => wildcardMatches(pattern.toLowerCase(), action, undefined)) &&
    (resources === undefined || lists(resources, (pattern) => wildcardMatches(pattern, request.resource, variables))) &&
    conditions.every((condition) => conditionHolds(condition, request.keys, hasVariables))
  );
}

function lists({ not, values }: Listed, matches: (value: string) => boolean): boolean {
  return values.some(matches) !== not;
}

function namesPrincipal({ everybody, names }: Principals, { account, principal }: AccessRequest): boolean {
  return everybody || names.some((name) => isNamed(name, account, principal));
}

/** An account's id or root stands for all of the account; a role for every session of it, whatever the role's path. */
function isNamed(name: string, account: string, principal: AccessRequest["principal"]): boolean {
  if (name === account || name === principal.arn) return true;
  const arn = parseArn(name);
  if (arn?.service !== "iam" || arn.account !== account) return false;
  if (arn.resource === "root") return true;
  const role = /^role\/(?:.*\/)?([^/]+)$/.exec(arn.resource)?.[1];
  return role !== undefined && role === roleOfSession(principal.arn);
}

/** The name of the role a session is of, or undefined for other principals. */
export function roleOfSession(principalArn: string): string | undefined {
  return /:assumed-role\/([^/]+)\//.exec(principalArn)?.[1];
}
