/** Whether a policy allows an action (IAM user guide: policy evaluation logic). */
import { parseArn } from "../calls/arn.ts";
import type { Principal } from "../calls/identity.ts";
import { type Condition, conditionHolds } from "./conditions.ts";
import type { Listed, Policy, Principals, Statement } from "./policy.ts";
import { type RequestKeys, wildcardMatches } from "./wildcard.ts";

export interface AccessRequest {
  readonly account: string;
  readonly principal: Pick<Principal, "arn" | "userId">;
  /** Set when a service asks in its own name, `sns.amazonaws.com`, instead of a principal of the account. */
  readonly service?: string | undefined;
  /** `{service}:{Action}`, compared without case. */
  readonly action: string;
  /** ARN of the resource that has the policy. */
  readonly resource: string;
  readonly keys: RequestKeys;
}

/** A matching Deny outweighs every Allow; without either, the policy does not decide. */
export type Decision = "allowed" | "denied" | "not allowed";

export function decide(policy: Policy, request: AccessRequest): Decision {
  let decision: Decision = "not allowed";
  for (const statement of policy.statements) {
    if (misfit(statement, request, policy.hasVariables) !== undefined) continue;
    if (statement.effect === "Deny") return "denied";
    decision = "allowed";
  }
  return decision;
}

/** The first part of a statement that does not match the request; undefined when all match. */
export function misfit(
  { principals, actions, resources, conditions }: Statement,
  request: AccessRequest,
  hasVariables: boolean,
): "principal" | "action" | "resource" | Condition | undefined {
  const { keys, resource } = request;
  const action = request.action.toLowerCase();
  const variables = hasVariables ? keys : undefined;
  if (namesPrincipal(principals, request) === principals.not) return "principal";
  if (!lists(actions, (pattern) => wildcardMatches(pattern.toLowerCase(), action, undefined))) return "action";
  if (resources !== undefined && !lists(resources, (pattern) => wildcardMatches(pattern, resource, variables))) {
    return "resource";
  }
  return conditions.find((condition) => !conditionHolds(condition, keys, hasVariables));
}

function lists({ not, values }: Listed, matches: (value: string) => boolean): boolean {
  return values.some(matches) !== not;
}

function namesPrincipal({ everybody, names, services }: Principals, request: AccessRequest): boolean {
  const { account, principal, service } = request;
  if (everybody) return true;
  if (service !== undefined) return services.some((name) => isService(name, service));
  return names.some((name) => isNamed(name, account, principal));
}

/** Policies may name a service with a Region: `sns.eu-south-1.amazonaws.com`, for opt-in Regions. */
function isService(name: string, service: string): boolean {
  const regional = /^([a-z0-9-]+)\.[a-z0-9-]+\.(amazonaws\.com)$/.exec(name);
  return name === service || (regional !== null && `${regional[1]}.${regional[2]}` === service);
}

/**
 * An account's id or root stands for everybody in the account; a role for all its sessions, whatever the role's path.
 */
function isNamed(name: string, account: string, principal: AccessRequest["principal"]): boolean {
  if (name === account || name === principal.arn) return true;
  const arn = parseArn(name);
  if (arn?.service !== "iam" || arn.account !== account) return false;
  if (arn.resource === "root") return true;
  const role = /^role\/(?:.*\/)?([^/]+)$/.exec(arn.resource)?.[1];
  return role !== undefined && role === roleOfSession(principal.arn);
}

/** The role of a session, or undefined for other principals. */
export function roleOfSession(principalArn: string): string | undefined {
  return /:assumed-role\/([^/]+)\//.exec(principalArn)?.[1];
}
