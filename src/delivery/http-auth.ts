/** Answers a 401 with the credentials of the URL: Basic (RFC 7617) or Digest (RFC 7616, MD5 and SHA-256, qop auth). */
import { createHash } from "node:crypto";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * The Authorization header for a challenge, or undefined for an unknown scheme.
 * @param nonce random text chosen by the client.
 */
export function authorizationFor(
  challenge: string,
  { user, password }: Credentials,
  method: string,
  uri: string,
  nonce: string,
): string | undefined {
  if (/^basic\b/i.test(challenge)) return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  if (!/^digest\b/i.test(challenge)) return undefined;
  const given = parametersOf(challenge.slice(0, 4096));
  const algorithm = given.get("algorithm") ?? "MD5";
  const hash = /^sha-256/i.test(algorithm) ? "sha256" : "md5";
  const digest = (text: string) => createHash(hash).update(text).digest("hex");
  const realm = given.get("realm") ?? "";
  const serverNonce = given.get("nonce") ?? "";
  const base = digest(`${user}:${realm}:${password}`);
  const secret = /-sess$/i.test(algorithm) ? digest(`${base}:${serverNonce}:${nonce}`) : base;
  const request = digest(`${method}:${uri}`);
  const counted = given.has("qop");
  const response = counted
    ? digest(`${secret}:${serverNonce}:00000001:${nonce}:auth:${request}`)
    : digest(`${secret}:${serverNonce}:${request}`);
  const parts = [
    `username=${quoted(user)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(serverNonce)}`,
    `uri=${quoted(uri)}`,
    `algorithm=${algorithm}`,
    `response="${response}"`,
  ];
  if (counted) parts.push("qop=auth", "nc=00000001", `cnonce="${nonce}"`);
  const opaque = given.get("opaque");
  if (opaque !== undefined) parts.push(`opaque=${quoted(opaque)}`);
  return `Digest ${parts.join(", ")}`;
}

function parametersOf(challenge: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", text, token] of challenge.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
    found.set(name.toLowerCase(), text === undefined ? (token ?? "") : text.replace(/\\(.)/g, "$1"));
  }
  return found;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
