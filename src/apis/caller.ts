/** Who signed an API call with SigV4. As everywhere in Busbar, signatures are read but not verified. */
import { credentialScope } from "../../protocols/credential-scope.ts";
import type { WireRequest } from "../../protocols/protocol.ts";
import type { DoorRequest } from "../calls/door.ts";
import type { Identities, Identity } from "../calls/identity.ts";

export interface Caller extends Identity {
  readonly accessKeyId: string;
}

/** Undefined for an unsigned request. */
export function callerOf({ method, path, query, headers }: DoorRequest, identities: Identities): Caller | undefined {
  const request: WireRequest = { method, path, query, headers, body: Buffer.alloc(0) };
  const scope = credentialScope(request);
  return scope === undefined ? undefined : { ...identities.of(request), accessKeyId: scope.accessKeyId };
}
