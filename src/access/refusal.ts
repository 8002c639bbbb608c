/** Refusals by a policy, in AWS's words and in words for people. */
import { type AccessRequest, type Decision, decide } from "./evaluate.ts";
import { explain } from "./explain.ts";
import type { Policy } from "./policy.ts";

/** What AWS would answer with an error. */
export interface Refusal {
  readonly decision: Exclude<Decision, "allowed">;
  /** ARN of the user or the role, or the service's name. */
  readonly principal: string;
  /** For people: which statement refuses, and why. */
  readonly note: string;
}

/** The end of AWS's error message, after the action and the resource. @param action as the service writes it. */
function refusalWords({ decision }: Refusal, action: string): string {
  return decision === "denied"
    ? "with an explicit deny in a resource-based policy"
    : `because no resource-based policy allows the ${action} action`;
}

/** IAM's error message. @param action as the service writes it. */
export function notAuthorized(refusal: Refusal, action: string, resource: string): string {
  return `User: ${refusal.principal} is not authorized to perform: ${action} on resource: ${resource} ${refusalWords(refusal, action)}`;
}

/**
 * Why a policy refuses a request; undefined when it may proceed.
 * @param isOwner the caller is the resource's account, which may do everything that is not denied.
 * @param ownersOnly a policy cannot grant the action to another account.
 */
export function refusalOf(
  policy: Policy | undefined,
  asked: AccessRequest,
  isOwner: boolean,
  ownersOnly: boolean,
): Refusal | undefined {
  let decision: Decision = policy === undefined ? "not allowed" : decide(policy, asked);
  if (isOwner && decision === "not allowed") return undefined;
  const ownersAlone = ownersOnly && !isOwner && decision !== "denied";
  if (ownersAlone) decision = "not allowed";
  if (decision === "allowed") return undefined;
  const principal = asked.service ?? asked.principal.arn;
  const source = asked.service === undefined ? undefined : asked.keys.get("aws:sourcearn");
  const who = source === undefined ? principal : `${principal} for ${source}`;
  const why = ownersAlone ? "no policy gives it to another account" : explain(policy, asked);
  return { decision, principal, note: `${who} may not ${asked.action} ${asked.resource}: ${why}` };
}
