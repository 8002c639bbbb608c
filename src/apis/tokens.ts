/**
 * JSON web tokens of API callers, verified with the keys their issuers publish; the clock tells whether they have
 * expired.
 */

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { getOwn, jsonObject } from "../../protocols/unknown-json.ts";
import type { Clock } from "../engine/clock.ts";
import { HttpCallError, httpCall } from "../outside/http-client.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** A token's claims, or why it is not to be trusted. */
export type TokenResult =
  | { readonly claims: Claims }
  | { readonly refused: "expired" | "invalid" | "no keys"; readonly reason: string };

/** Why a token is rejected, in the words of API Gateway's `error_description`. */
export class TokenError extends Error {
  readonly refused: "expired" | "invalid" | "no keys";

  constructor(message: string, refused: TokenError["refused"] = "invalid") {
    super(message);
    this.refused = refused;
  }
}

/** Limits of HTTP APIs (API Gateway quotas). */
const fetchTimeoutMs = 1500;
const maxKeysBytes = 150_000;
/** How long keys are cached. */
const cachedMs = 2 * 3_600_000;
/** Issuers whose keys are cached; users' definitions name them, so there may be any number. */
const maxIssuers = 100;
/** When a token names an unknown key the issuer's keys are fetched again, but no more often than this. */
const unknownKeyMs = 5_000;
/** Characters; no header has room for more. */
const maxTokenLength = 20_000;

const digests: Readonly<Record<string, string>> = { RS256: "sha256", RS384: "sha384", RS512: "sha512" };

interface Keys {
  readonly byId: ReadonlyMap<string, KeyObject>;
  readonly fetchedMs: number;
}

export class Tokens {
  readonly #clock: Clock;
  readonly #addresses: Readonly<Record<string, string>>;
  readonly #keys = new Map<string, Keys>();
  readonly #fetches = new Map<string, Promise<Keys>>();

  /**
   * @param addresses URLs of key sets by issuer, for issuers whose discovery document is not to be read (`--jwks
   * issuer=url`).
   */
  constructor(clock: Clock, addresses: Readonly<Record<string, string>> = {}) {
    this.#clock = clock;
    this.#addresses = addresses;
  }

  /**
   * Verifies a token that one of the issuers must have signed. Checking its audience and scopes is up to the caller.
   */
  async verify(token: string, issuers: readonly string[]): Promise<TokenResult> {
    try {
      const claimed = token.length > maxTokenLength ? undefined : jsonOf(token.split(".")[1] ?? "")["iss"];
      const issuer = issuers.find((one) => one === claimed);
      if (issuer === undefined) return { refused: "invalid", reason: "The token is of another issuer" };
      return { claims: await this.claims(token, issuer) };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { refused: error.refused, reason: error.message };
    }
  }

  /**
   * The claims of a token that the issuer signed and that is valid now.
   * @throws TokenError
   */
  async claims(token: string, issuer: string): Promise<Claims> {
    if (token.length > maxTokenLength) throw new TokenError("token is too long");
    const parts = token.split(".");
    if (parts.length !== 3) throw new TokenError("token contains an invalid number of segments");
    const [head = "", payload = "", signature = ""] = parts;
    const { alg, kid } = jsonOf(head);
    const digest = typeof alg === "string" ? getOwn(digests, alg) : undefined;
    if (digest === undefined)
      throw new TokenError(`signing method ${typeof alg === "string" ? alg : "none"} is invalid`);
    const key = await this.#key(issuer, typeof kid === "string" ? kid : "");
    if (!verify(digest, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url"))) {
      throw new TokenError("crypto/rsa: verification error");
    }
    const claims = jsonOf(payload);
    const seconds = this.#clock.now() / 1000;
    if (typeof claims["exp"] !== "number" || claims["exp"] <= seconds)
      throw new TokenError("the token has expired", "expired");
    for (const name of ["nbf", "iat"]) {
      const from = claims[name];
      if (typeof from === "number" && from > seconds + 1) throw new TokenError("the token is not valid yet");
    }
    if (claims["iss"] !== issuer) throw new TokenError("the token does not have a valid issuer");
    return claims;
  }

  async #key(issuer: string, kid: string): Promise<KeyObject> {
    const known = this.#keys.get(issuer);
    const isFresh = known !== undefined && this.#clock.now() - known.fetchedMs < cachedMs;
    const key = isFresh ? known.byId.get(kid) : undefined;
    if (key !== undefined) return key;
    const unpublished = new TokenError("the token is signed by a key that the issuer does not publish");
    if (isFresh && this.#clock.now() - known.fetchedMs < unknownKeyMs) throw unpublished;
    const { byId } = await this.#fetch(issuer);
    const found = byId.get(kid);
    if (found === undefined) throw unpublished;
    return found;
  }

  /** Concurrent calls share one fetch. */
  #fetch(issuer: string): Promise<Keys> {
    let fetch = this.#fetches.get(issuer);
    if (fetch === undefined) {
      fetch = this.#clock.trackOutside(this.#fetchKeys(issuer)).finally(() => this.#fetches.delete(issuer));
      this.#fetches.set(issuer, fetch);
    }
    return fetch;
  }

  async #fetchKeys(issuer: string): Promise<Keys> {
    const bare = issuer.replace(/\/$/, "");
    const told = [issuer, bare, `${bare}/`].find((one) => Object.hasOwn(this.#addresses, one));
    const discovery = `${bare}/.well-known/openid-configuration`;
    const address = told === undefined ? (await fetched(discovery))["jwks_uri"] : this.#addresses[told];
    if (typeof address !== "string") throw new TokenError("OIDC discovery endpoint communication error", "no keys");
    const { keys } = await fetched(address);
    const byId = new Map<string, KeyObject>();
    for (const jwk of Array.isArray(keys) ? (keys as unknown[]) : []) {
      if (typeof jwk !== "object" || jwk === null) continue;
      const { kid, kty } = jwk as { kid?: unknown; kty?: unknown };
      if (kty === "RSA") byId.set(typeof kid === "string" ? kid : "", publicKey(jwk));
    }
    const result = { byId, fetchedMs: this.#clock.now() };
    if (this.#keys.size >= maxIssuers) this.#keys.clear();
    this.#keys.set(issuer, result);
    return result;
  }
}

function publicKey(jwk: object): KeyObject {
  try {
    return createPublicKey({ key: jwk as never, format: "jwk" });
  } catch {
    throw new TokenError('unable to decode "n" from RSA public key');
  }
}

async function fetched(address: string): Promise<Claims> {
  const failed = new TokenError("OIDC discovery endpoint communication error", "no keys");
  if (!URL.canParse(address)) throw failed;
  try {
    const answer = await httpCall(new URL(address), {
      method: "GET",
      headers: { accept: "application/json" },
      body: "",
      timeoutMs: fetchTimeoutMs,
      maxBodyBytes: maxKeysBytes,
    });
    if (answer.status !== 200) throw failed;
    return jsonObject(answer.body) ?? {};
  } catch (error) {
    throw error instanceof HttpCallError ? failed : error;
  }
}

/** @throws TokenError */
function jsonOf(part: string): Claims {
  const value = jsonObject(Buffer.from(part, "base64url").toString());
  if (value === undefined) throw new TokenError("token contains invalid JSON");
  return value;
}

/** Claims as events show them: texts, arrays as `[a b]`. */
export function claimTexts(claims: Claims): Record<string, string> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, claimText(value)]));
}

function claimText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(claimText).join(" ")}]`;
  return JSON.stringify(value);
}
