/** What a request says of itself to policies (IAM user guide: global condition context keys). */
import type { OperationContext } from "../calls/operation.ts";
import { roleOfSession } from "./evaluate.ts";
import type { RequestKeys } from "./wildcard.ts";

/** The global condition keys of a client's request, by name in lower case; keys that only services set are absent. */
export function requestKeys(context: OperationContext, now: number, resourceAccount: string): RequestKeys {
  const { account, principal, region, request, origin } = context;
  const user = /:user\/(?:.*\/)?([^/]+)$/.exec(principal.arn)?.[1];
  const role = roleOfSession(principal.arn);
  const header = (name: string) => {
    const value = request?.headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const values: Readonly<Record<string, string | undefined>> = {
    "aws:currenttime": new Date(now).toISOString(),
    "aws:epochtime": String(Math.floor(now / 1000)),
    "aws:principalaccount": account,
    "aws:principalarn": role === undefined ? principal.arn : `arn:${context.partition}:iam::${account}:role/${role}`,
    "aws:principalisawsservice": "false",
    "aws:principaltype": user === undefined ? principalType(principal.arn) : "User",
    "aws:referer": header("referer"),
    "aws:requestedregion": region,
    "aws:resourceaccount": resourceAccount,
    "aws:securetransport": String(origin.startsWith("https:")),
    "aws:sourceip": request?.sourceIp,
    "aws:useragent": header("user-agent"),
    "aws:userid": principal.userId,
    "aws:username": user,
    "aws:viaawsservice": "false",
  };
  return new Map(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function principalType(arn: string): string {
  if (arn.endsWith(":root")) return "Account";
  return arn.includes(":federated-user/") ? "FederatedUser" : "AssumedRole";
}
