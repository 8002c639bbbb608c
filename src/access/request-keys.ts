/** What a request tells policies about itself (IAM user guide: global condition context keys). */
import { partitionOf } from "../calls/arn.ts";
import type { OperationContext } from "../calls/operation.ts";
import { roleOfSession } from "./evaluate.ts";
import type { RequestKeys } from "./wildcard.ts";

/**
 * The global condition keys of a call by a user or a role, by lower-case name; keys that only services set are absent.
 * @param more the service's own keys.
 */
export function requestKeys(
  context: Pick<OperationContext, "account" | "principal" | "region" | "request">,
  now: number,
  resourceAccount: string,
  more: Readonly<Record<string, string | undefined>> = {},
): RequestKeys {
  const { account, principal, region, request } = context;
  const user = /:user\/(?:.*\/)?([^/]+)$/.exec(principal.arn)?.[1];
  const role = roleOfSession(principal.arn);
  const header = (name: string) => {
    const value = request?.headers[name];
    return typeof value === "string" ? value : undefined;
  };
  return keysOf({
    ...commonKeys(region, now, resourceAccount),
    "aws:principalaccount": account,
    "aws:principalarn": role === undefined ? principal.arn : `arn:${partitionOf(region)}:iam::${account}:role/${role}`,
    "aws:principalisawsservice": "false",
    "aws:principaltype": user === undefined ? principalType(principal.arn) : "User",
    "aws:referer": header("referer"),
    "aws:sourceip": request?.sourceIp,
    "aws:useragent": header("user-agent"),
    "aws:userid": principal.userId,
    "aws:username": user,
    ...more,
  });
}

/** The keys of a call that a service makes in its own name for a resource. */
export function serviceKeys(
  service: string,
  source: { readonly arn: string; readonly account: string },
  region: string,
  now: number,
  resourceAccount: string,
): RequestKeys {
  return keysOf({
    ...commonKeys(region, now, resourceAccount),
    "aws:principalisawsservice": "true",
    "aws:principalservicename": service,
    "aws:principalservicenameslist": service,
    "aws:sourceaccount": source.account,
    "aws:sourcearn": source.arn,
  });
}

function commonKeys(region: string, now: number, resourceAccount: string): Record<string, string> {
  return {
    "aws:currenttime": new Date(now).toISOString(),
    "aws:epochtime": String(Math.floor(now / 1000)),
    "aws:requestedregion": region,
    "aws:resourceaccount": resourceAccount,
    // Plain HTTP here stands for AWS's endpoints, which clients reach by TLS.
    "aws:securetransport": "true",
    "aws:viaawsservice": "false",
  };
}

function keysOf(values: Readonly<Record<string, string | undefined>>): RequestKeys {
  return new Map(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function principalType(arn: string): string {
  if (arn.endsWith(":root")) return "Account";
  return arn.includes(":federated-user/") ? "FederatedUser" : "AssumedRole";
}
