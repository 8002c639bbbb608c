/** Who signed a request and for what, as the signature's credential scope says; nothing is verified. */
import { isForm, parametersOf } from "./form.ts";
import type { WireRequest } from "./protocol.ts";

export interface CredentialScope {
  readonly accessKeyId: string;
  /** Absent with SigV4a for every region, and with SigV2. */
  readonly region: string | undefined;
  /** SigV4 signing name of the service; absent with SigV2. */
  readonly service: string | undefined;
}

/** The SigV4 credential read last: clients send the same one with call after call. */
let last: { readonly text: string; readonly scope: CredentialScope } | undefined;

const MARK = "Credential=";
const COMMA = 0x2c;
const REGION = /^[a-z0-9-]{1,64}$/;

/**
 * Reads the scope from the Authorization header, else from the parameters of a presigned URL or form.
 * Undefined for unsigned requests and for signatures of another kind.
 */
export function credentialScope(request: WireRequest): CredentialScope | undefined {
  const authorization = request.headers["authorization"];
  if (typeof authorization === "string") {
    const start = authorization.indexOf(MARK);
    if (start === -1) return undefined;
    const from = start + MARK.length;
    if (last !== undefined && authorization.startsWith(last.text, from)) {
      if (authorization.charCodeAt(from + last.text.length) === COMMA) return last.scope;
    }
    let end = authorization.indexOf(",", start);
    if (end === -1) end = authorization.length;
    return parseCredential(authorization.slice(from, end).trim(), request);
  }
  // The form is parsed only where its text can hold a credential at all.
  const parameters = carriesCredential(request) ? safeParameters(request) : undefined;
  const credential = parameters?.get("X-Amz-Credential");
  if (credential !== undefined) return parseCredential(credential, request);
  const accessKeyId = parameters?.get("AWSAccessKeyId");
  return accessKeyId === undefined ? undefined : { accessKeyId, region: undefined, service: undefined };
}

function carriesCredential({ query, body, headers, ...rest }: WireRequest): boolean {
  const named = (text: string | Buffer) => text.includes("X-Amz-Credential=") || text.includes("AWSAccessKeyId=");
  return named(query) || (body.length > 0 && isForm({ query, body, headers, ...rest }) && named(body));
}

function safeParameters(request: WireRequest): ReadonlyMap<string, string> | undefined {
  try {
    return parametersOf(request);
  } catch {
    return undefined;
  }
}

/** `{key}/{date}/{region}/{service}/aws4_request`; SigV4a leaves the region out. Keys may hold slashes. */
function parseCredential(credential: string, request: WireRequest): CredentialScope | undefined {
  const end = credential.lastIndexOf("/");
  if (end === -1 || credential.slice(end + 1) !== "aws4_request") return undefined;
  const beforeService = credential.lastIndexOf("/", end - 1);
  if (beforeService <= 0) return undefined;
  const service = credential.slice(beforeService + 1, end);
  const beforeThird = credential.lastIndexOf("/", beforeService - 1);
  if (beforeThird <= 0) return undefined;
  const third = credential.slice(beforeThird + 1, beforeService);
  const beforeDate = credential.lastIndexOf("/", beforeThird - 1);
  if (beforeDate === -1 || isDate(third)) {
    return { accessKeyId: credential.slice(0, beforeThird), region: regionSet(request), service };
  }
  const region = REGION.test(third) ? third : undefined;
  const scope = { accessKeyId: credential.slice(0, beforeDate), region, service };
  last = { text: credential, scope };
  return scope;
}

function isDate(text: string): boolean {
  return text.length === 8 && /^\d{8}$/.test(text);
}

/** The first region of a SigV4a signature; undefined when it is for all of them. */
function regionSet(request: WireRequest): string | undefined {
  const header = request.headers["x-amz-region-set"];
  const regions = typeof header === "string" ? header : safeParameters(request)?.get("X-Amz-Region-Set");
  const first = regions?.split(",", 1)[0]?.trim();
  return first !== undefined && REGION.test(first) ? first : undefined;
}
