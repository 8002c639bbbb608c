/** COGNITO_USER_POOLS: tokens signed by a user pool (developer guide, control access with Cognito). */
import { textOf } from "../../../../protocols/unknown-json.ts";
import type { Decision } from "../../../access/evaluate.ts";
import { logDate } from "../../../apis/execution-log.ts";
import { parseArn } from "../../../calls/arn.ts";
import type { AuthorizerDefinition, Texts } from "../definitions.ts";
import type { Authorizer } from "./authorizers.ts";
import type { ExecutionDeps } from "./backend.ts";
import type { RestCall } from "./call.ts";
import { GatewayError, unauthorized } from "./gateway-error.ts";
import { denied } from "./method-access.ts";
import { type Source, sourceOf } from "./sources.ts";

export class CognitoAuthorizer implements Authorizer {
  readonly #deps: ExecutionDeps;
  readonly #source: Source;
  readonly #issuers: readonly string[];

  constructor({ identitySource, providerARNs = [] }: AuthorizerDefinition, deps: ExecutionDeps) {
    this.#deps = deps;
    this.#source = sourceOf(identitySource || "method.request.header.Authorization");
    this.#issuers = providerARNs.flatMap((text) => {
      const arn = parseArn(text);
      const pool = /^userpool\/(.+)$/.exec(arn?.resource ?? "")?.[1];
      return arn === undefined || pool === undefined ? [] : [`https://cognito-idp.${arn.region}.amazonaws.com/${pool}`];
    });
  }

  async authorize(call: RestCall, scopes: readonly string[], byPolicy: Decision | undefined): Promise<void> {
    call.authorized = { claims: await this.claims(call, scopes) };
    // If the API has a policy, that must allow the call, whoever the user is.
    if (byPolicy === "not allowed") throw denied(call, "anonymous", byPolicy);
  }

  /**
   * Without scopes the token must be an ID token, with scopes an access token with one of them.
   * @throws GatewayError 401
   */
  async claims(call: RestCall, scopes: readonly string[]): Promise<Texts> {
    const value = this.#source(call, undefined);
    const text = typeof value === "string" ? value : value?.at(-1);
    const token = text?.replace(/^Bearer\s+/i, "").trim();
    if (token === undefined || token === "") throw unauthorized();
    const result = await this.#deps.apis.tokens.verify(token, this.#issuers);
    if ("refused" in result) {
      if (result.refused === "expired") throw new GatewayError("UNAUTHORIZED", "The incoming token has expired");
      throw new GatewayError("UNAUTHORIZED", "Unauthorized", { log: `Unauthorized request: ${result.reason}` });
    }
    const { claims } = result;
    const use = claims["token_use"];
    if (scopes.length === 0) {
      if (use === "access") throw unauthorized();
    } else {
      const held = textOf(claims["scope"] ?? "").split(" ");
      if (use === "id" || !scopes.some((scope) => held.includes(scope))) throw unauthorized();
    }
    return cognitoClaims(claims);
  }
}

/** Claims as events have them: as texts, with `exp` and `iat` as dates. */
function cognitoClaims(claims: Readonly<Record<string, unknown>>): Texts {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(claims)) {
    if (value === null || value === undefined) continue;
    const isDate = (name === "exp" || name === "iat") && typeof value === "number";
    texts[name] = isDate ? logDate(value * 1000) : Array.isArray(value) ? value.map(textOf).join(",") : textOf(value);
  }
  return texts;
}
