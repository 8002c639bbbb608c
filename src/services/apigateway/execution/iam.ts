/** AWS_IAM: the signature tells who the client is. As everywhere in Busbar it is read but not verified. */

import { createHash } from "node:crypto";
import type { WireRequest } from "../../../../protocols/protocol.ts";
import type { Identity } from "../../../calls/identity.ts";
import type { RestCall } from "./call.ts";
import { GatewayError, missingToken } from "./gateway-error.ts";

/** Identifies the caller of a request. */
export type IdentityOf = (request: WireRequest) => Identity;

const noBody = Buffer.alloc(0);

/** Fills in the call's identity. @throws GatewayError 403 without a signature, or with expired credentials. */
export function identify(call: RestCall, identityOf: IdentityOf): void {
  const { request } = call;
  const authorization = request.header("authorization");
  const isPresigned = request.query.includes("X-Amz-Credential=");
  if (authorization === undefined && !isPresigned) throw missingToken();
  if (authorization !== undefined && !authorization.startsWith("AWS4-")) throw incompleteSignature(authorization);
  const identity = identityOf({
    method: request.method,
    path: call.path,
    query: request.query,
    headers: request.headers,
    body: noBody,
  });
  if (identity.expired) {
    throw new GatewayError("EXPIRED_TOKEN", "The security token included in the request is expired");
  }
  const { account, principal } = identity;
  const accessKey = /Credential=([^/,%]+)(?:\/|%2F)/i.exec(authorization ?? request.query)?.[1] ?? null;
  call.identity = {
    accessKey,
    accountId: account,
    caller: principal.userId,
    user: principal.userId,
    userArn: principal.arn,
  };
}

/** The answer to an Authorization header of another kind, for an AWS_IAM method and where there is no method. */
export function incompleteSignature(authorization: string): GatewayError {
  const hash = createHash("sha256").update(authorization).digest("base64");
  const message =
    "Invalid key=value pair (missing equal-sign) in Authorization header " +
    `(hashed with SHA-256 and encoded with Base64): '${hash}'.`;
  return new GatewayError("INVALID_SIGNATURE", message, { errorType: "IncompleteSignatureException" });
}
