/** Who may invoke a method: the API's resource policy, along with what an authorizer or IAM decided. */
import { type Decision, decide } from "../../../access/evaluate.ts";
import type { RequestKeys } from "../../../access/wildcard.ts";
import { methodArn } from "../../../apis/request-context.ts";
import type { RestCall } from "./call.ts";
import { GatewayError } from "./gateway-error.ts";

/** The request's values for conditions of policies, by condition key in lower case. */
export function conditionKeys(call: RestCall, nowMs: number): RequestKeys {
  const { request, place } = call;
  const { region, account } = place.api.snapshot;
  const values: Readonly<Record<string, string | undefined>> = {
    "aws:currenttime": new Date(nowMs).toISOString(),
    "aws:epochtime": String(Math.floor(nowMs / 1000)),
    "aws:principalarn": call.identity.userArn ?? undefined,
    "aws:referer": request.header("referer"),
    "aws:requestedregion": region,
    "aws:resourceaccount": account,
    "aws:securetransport": String(request.scheme === "https"),
    "aws:sourceip": request.sourceIp,
    "aws:useragent": request.header("user-agent"),
    "aws:userid": call.identity.user ?? undefined,
    // Headers that stand in for a VPC endpoint, to test the policy of a private API.
    "aws:sourcevpce": request.header("x-amzn-vpce-id"),
    "aws:sourcevpc": request.header("x-amzn-vpc-id"),
  };
  return new Map(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The resource policy's decision; undefined if the API has none. */
export function policyDecision(call: RestCall, keys: RequestKeys): Decision | undefined {
  const { policy } = call.place.api;
  if (policy === undefined) return undefined;
  const { accountId, userArn, user } = call.identity;
  return decide(policy, {
    // An unsigned caller belongs to no account, not to the API's own.
    account: accountId ?? "anonymous",
    principal: { arn: userArn ?? "anonymous", userId: user ?? "anonymous" },
    action: "execute-api:Invoke",
    resource: call.methodArn,
    keys,
  });
}

/** 403 with the ARN of the method, with all but the last four digits of its account masked. */
export function denied(call: RestCall, who: string, decision: Decision): GatewayError {
  const { account, region, apiId } = call.place.api.snapshot;
  const masked = { region, account: `********${account.slice(-4)}` };
  const arn = methodArn(masked, apiId, call.place.stageName, `${call.verb}${call.path}`);
  const how = decision === "denied" ? " with an explicit deny" : "";
  const message = `User: ${who} is not authorized to perform: execute-api:Invoke on resource: ${arn}${how}`;
  return new GatewayError("ACCESS_DENIED", message, { capitalMessage: true, log: message });
}

/** 403 because of an authorizer's policy. */
export function deniedByAuthorizer(decision: Decision): GatewayError {
  const how =
    decision === "denied"
      ? "with an explicit deny in an identity-based policy"
      : "because no identity-based policy allows the execute-api:Invoke action";
  return new GatewayError("ACCESS_DENIED", `User is not authorized to access this resource ${how}`, {
    capitalMessage: true,
    log: "The client is not authorized to perform this operation.",
  });
}
