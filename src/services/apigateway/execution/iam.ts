/** AWS_IAM: the signature says who the client is. As everywhere in Busbar it is read and not verified. */

import { createHash } from "node:crypto";
import type { WireRequest } from "../../../../protocols/protocol.ts";
import type { Identity } from "../../../calls/identity.ts";
import type { RestCall } from "./call.ts";
import { GatewayError, missingToken } from "./gateway-error.ts";

/** Tells whose a request is. */
export type IdentityOf = (request: WireRequest) => Identity;

const noBody = Buffer.alloc(0);

/** Fills in the call's identity. @throws GatewayError 403 without a signature, or with one past its end. */
export function identify(call: RestCall, identityOf: IdentityOf): void {
  const { sent } = call;
  const authorization = sent.header("authorization");
  const isPresigned = sent.query.includes("X-Amz-Credential=");
  if (authorization === undefined && !isPresigned) throw missingToken();
  if (authorization !== undefined && !authorization.startsWith("AWS4-")) throw incompleteSignature(authorization);
  const identity = identityOf({
    method: sent.method,
    path: call.path,
    query: sent.query,
    headers: sent.headers,
    body: noBody,
  });
  if (identity.expired) {
    throw new GatewayError("EXPIRED_TOKEN", "The security token included in the request is expired");
  }
  const { account, principal } = identity;
  const accessKey = /Credential=([^/,%]+)(?:\/|%2F)/i.exec(authorization ?? sent.query)?.[1] ?? null;
  call.identity = {
    accessKey,
    accountId: account,
    caller: principal.userId,
    user: principal.userId,
    userArn: principal.arn,
  };
}

/** What is said to an Authorization header of another kind, on a method of IAM's and where there is no method. */
export function incompleteSignature(authorization: string): GatewayError {
  const hash = createHash("sha256").update(authorization).digest("base64");
  const message =
    "Invalid key=value pair (missing equal-sign) in Authorization header " +
    `(hashed with SHA-256 and encoded with Base64): '${hash}'.`;
  return new GatewayError("INVALID_SIGNATURE", message, { errorType: "IncompleteSignatureException" });
}
