/** Who signed a call of an API with SigV4. Signatures are not verified, as everywhere in Busbar. */
import { credentialScope } from "../../protocols/credential-scope.ts";
import type { WireRequest } from "../../protocols/protocol.ts";
import type { DoorRequest } from "../calls/door.ts";
import type { Identities, Identity } from "../calls/identity.ts";

export interface Caller extends Identity {
  readonly accessKeyId: string;
}

/** Undefined for a request without a signature. */
export function callerOf({ method, path, query, headers }: DoorRequest, identities: Identities): Caller | undefined {
  const request: WireRequest = { method, path, query, headers, body: Buffer.alloc(0) };
  const scope = credentialScope(request);
  return scope === undefined ? undefined : { ...identities.of(request), accessKeyId: scope.accessKeyId };
}
