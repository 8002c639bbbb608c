/** Checks permissions to invoke a function and to call its URL against its policy. */
import { AwsError } from "../../../protocols/error.ts";
import type { Caller as Asking } from "../../access/guard.ts";
import { notAuthorized } from "../../access/refusal.ts";
import type { Caller } from "../../apis/caller.ts";
import { sourceIpOf } from "../../apis/request-context.ts";
import type { DoorRequest } from "../../calls/door.ts";
import type { Asking as AskingService } from "../../functions/types.ts";
import { accessDenied } from "./errors.ts";
import type { Lambda } from "./lambda.ts";
import type { PolicyRow, UrlRow } from "./tables.ts";

/** The action that Invoke, InvokeAsync and InvokeWithResponseStream require. */
const action = "lambda:InvokeFunction";

const texts = new WeakMap<PolicyRow, string>();

/** A policy as AWS shows it. */
export function policyText(policy: PolicyRow): string {
  let text = texts.get(policy);
  if (text === undefined) {
    text = JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: policy.statements });
    texts.set(policy, text);
  }
  return text;
}

/** @param arn as requested: versions and aliases have policies of their own. @throws AwsError AccessDeniedException */
export function checkMayInvoke(lambda: Lambda, arn: string, owner: string, asking: Asking): void {
  const refusal = lambda.deps.guard.refusalOfCall({ arn, account: owner }, policyOf(lambda, arn), asking, { action });
  if (refusal === undefined) return;
  // A caller from another account must not learn whether the function exists.
  if (asking.account !== owner && asking.principal.kind !== "service") throw accessDenied();
  const message = notAuthorized(refusal, action, arn);
  throw AwsError.unmodeled({ name: "AccessDeniedException", status: 403, message });
}

/**
 * Checks what a service does, by itself or for a client. Clients' own calls are checked by the operations, which know
 * the request.
 * @throws AwsError AccessDeniedException
 */
export function checkService(lambda: Lambda, arn: string, owner: string, asking: AskingService): void {
  const { invocation, requestId, notedAs = requestId } = asking;
  const { account, region, principal } = invocation;
  if (principal.service === undefined) return;
  checkMayInvoke(lambda, arn, owner, { account, region, principal, request: undefined, requestId: notedAs });
}

const nobody = { account: "", principal: { kind: "user", arn: "anonymous", userId: "anonymous" } } as const;

/**
 * Whether a request to a function's URL may proceed. It needs two permissions since October 2025 (Lambda developer
 * guide, "Control access to Lambda function URLs").
 * @param caller who signed the request; undefined for an unsigned one.
 */
export function mayAskUrl(
  lambda: Lambda,
  row: UrlRow,
  request: DoorRequest,
  caller: Caller | undefined,
  requestId: string,
): boolean {
  const { arn, authType, region } = row;
  const asking = authType === "NONE" ? nobody : caller;
  if (asking === undefined) return false;
  const { account, principal } = asking;
  const keys = {
    "lambda:functionurlauthtype": authType,
    "lambda:invokedviafunctionurl": "true",
    "aws:sourceip": sourceIpOf(request),
  };
  return ["lambda:InvokeFunctionUrl", action].every((right) => {
    const context = { account, principal, region, request: undefined, requestId };
    const question = { action: right, keys };
    return lambda.deps.guard.refusalOfCall(row, policyOf(lambda, arn), context, question) === undefined;
  });
}

function policyOf({ policies }: Lambda, arn: string): string | undefined {
  const policy = policies.get(arn);
  return policy && policyText(policy);
}
