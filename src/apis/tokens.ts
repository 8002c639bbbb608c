/** JSON Web Tokens of API callers, verified with the keys their issuers publish. */
import type { JSONWebKeySet, JWTPayload } from "jose";
import type { Clock } from "../engine/clock.ts";
import { HttpCallError, httpCall } from "../outside/http-client.ts";

/** What became of a token: its claims, or why it is none to be trusted. */
export type TokenResult =
  | { readonly claims: Readonly<Record<string, unknown>> }
  | { readonly refused: "expired" | "invalid" | "no keys"; readonly reason: string };

interface Keys {
  readonly set: JSONWebKeySet | undefined;
  /** Why there are none. */
  readonly reason: string;
  /** Real enough for a test that moves time: on the clock. */
  readonly readMs: number;
}

/** Keys are read again after this, and for a key id they do not have no more often than every few seconds. */
const keysLiveMs = 5 * 60_000;
const unknownKeyMs = 5_000;
const mostIssuers = 100;
const maxKeysBytes = 1024 * 1024;
const keysTimeoutMs = 5_000;
/** A token of more characters than headers have is none. */
const longestToken = 20_000;

const algorithms = ["RS256", "RS384", "RS512"];

export class Tokens {
  readonly #clock: Clock;
  readonly #urls: Readonly<Record<string, string>>;
  readonly #keys = new Map<string, Keys>();

  /** @param urls where the keys of an issuer are, for issuers that are not where they say. */
  constructor(clock: Clock, urls: Readonly<Record<string, string>> = {}) {
    this.#clock = clock;
    this.#urls = urls;
  }

  /**
   * Verifies a token's signature and its times, by the clock.
   * @param issuers of which the token must be one's. Audience and scopes are for the caller to look at.
   */
  async verify(token: string, issuers: readonly string[]): Promise<TokenResult> {
    if (token.length > longestToken) return { refused: "invalid", reason: "The token is too long" };
    const jose = await import("jose");
    let issuer: string;
    let keyId: string | undefined;
    try {
      const claimed = jose.decodeJwt(token).iss;
      const found = issuers.find((one) => one === claimed);
      if (found === undefined) return { refused: "invalid", reason: "The token is of another issuer" };
      issuer = found;
      keyId = jose.decodeProtectedHeader(token).kid;
    } catch (error) {
      return { refused: "invalid", reason: (error as Error).message };
    }
    const keys = await this.#keysOf(issuer, keyId);
    if (keys.set === undefined) return { refused: "no keys", reason: keys.reason };
    try {
      const currentDate = new Date(this.#clock.now());
      const verified = await jose.jwtVerify(token, jose.createLocalJWKSet(keys.set), {
        currentDate,
        issuer,
        algorithms,
      });
      return { claims: claimsOf(verified.payload) };
    } catch (error) {
      const isExpired = error instanceof jose.errors.JWTExpired;
      return { refused: isExpired ? "expired" : "invalid", reason: (error as Error).message };
    }
  }

  async #keysOf(issuer: string, keyId: string | undefined): Promise<Keys> {
    const now = this.#clock.now();
    const known = this.#keys.get(issuer);
    if (known !== undefined) {
      const has = known.set?.keys.some(({ kid }) => keyId === undefined || kid === keyId) ?? false;
      if (Math.abs(now - known.readMs) < (has ? keysLiveMs : unknownKeyMs) && known.set !== undefined) return known;
    }
    const read = await this.#read(issuer);
    if (this.#keys.size >= mostIssuers) this.#keys.clear();
    this.#keys.set(issuer, read);
    return read;
  }

  async #read(issuer: string): Promise<Keys> {
    const readMs = this.#clock.now();
    const none = (reason: string): Keys => ({ set: undefined, reason, readMs });
    const configured = this.#urls[issuer] ?? this.#urls[`${issuer}/`] ?? this.#urls[issuer.replace(/\/$/, "")];
    try {
      const url = new URL(configured ?? `${issuer.replace(/\/$/, "")}/.well-known/jwks.json`);
      const { status, body } = await this.#clock.trackOutside(
        httpCall(url, {
          method: "GET",
          headers: { Accept: "application/json" },
          body: "",
          timeoutMs: keysTimeoutMs,
          maxBodyBytes: maxKeysBytes,
        }),
      );
      const set: unknown = status === 200 ? JSON.parse(body) : undefined;
      if (!isKeySet(set)) return none(`${url.href} has no key set`);
      return { set, reason: "", readMs };
    } catch (error) {
      if (error instanceof HttpCallError || error instanceof SyntaxError || error instanceof TypeError) {
        return none(`The keys of ${issuer} cannot be read: ${error.message}`);
      }
      throw error;
    }
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== "object" || value === null) return false;
  const { keys } = value as { keys?: unknown };
  return Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null);
}

function claimsOf(payload: JWTPayload): Readonly<Record<string, unknown>> {
  return payload;
}
