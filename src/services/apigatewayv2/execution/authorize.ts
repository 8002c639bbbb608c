/** Who may call a route of an HTTP API: JSON web tokens, Lambda authorizers, IAM. */

import { AwsError } from "../../../../protocols/error.ts";
import { tryParseJson } from "../../../../protocols/unknown-json.ts";
import type { Policy } from "../../../access/policy.ts";
import { AuthorizerCache, authorizerArn, authorizerPolicy, decideInvoke } from "../../../apis/authorizer-results.ts";
import { callerOf } from "../../../apis/caller.ts";
import { functionOf, withStageVariables } from "../../../apis/function-uri.ts";
import { inTime, timedOut } from "../../../apis/in-time.ts";
import { sourceIpOf } from "../../../apis/request-context.ts";
import { type Claims, claimTexts, TokenError } from "../../../apis/tokens.ts";
import type { ApiGatewayV2 } from "../apigatewayv2.ts";
import type { AuthorizerValue } from "../tables.ts";
import { expression, expressionText } from "./expressions.ts";
import { type HttpAnswer, type HttpCall, internalError, message } from "./http-call.ts";
import { authorizerEvent1, authorizerEvent2 } from "./http-events.ts";

/** The answer of an authorizer's function. */
interface Result {
  readonly context: Readonly<Record<string, unknown>>;
  readonly principalId: string | undefined;
  /** A simple answer holds for all routes; a policy is evaluated for each. */
  readonly allowed: boolean | Policy;
}

/** How long an authorizer's function may take, on the clock. */
const functionLimitMs = 10_000;

const forbidden = () => message(403, "Forbidden");
const unauthorized = (challenge?: string) =>
  message(401, "Unauthorized", challenge === undefined ? [] : ["www-authenticate", challenge]);

export class Authorizers {
  readonly #service: ApiGatewayV2;
  readonly #cache = new AuthorizerCache<Result>();

  constructor(service: ApiGatewayV2) {
    this.#service = service;
  }

  flush(apiId: string, stage: string): void {
    this.#cache.flush(`${apiId} ${stage}`);
  }

  clear(): void {
    this.#cache.clear();
  }

  /** The answer that refuses the call; undefined if it is authorized, which the call then remembers. */
  refusal(call: HttpCall): Promise<HttpAnswer | undefined> | HttpAnswer | undefined {
    const { value, authorizer } = call.route ?? {};
    switch (value?.AuthorizationType) {
      case "AWS_IAM":
        return this.#iam(call);
      case "JWT":
        return authorizer === undefined ? internalError() : this.#jwt(call, authorizer);
      case "CUSTOM":
        return authorizer === undefined ? internalError() : this.#function(call, authorizer);
      default:
        return undefined;
    }
  }

  #iam(call: HttpCall): HttpAnswer | undefined {
    const caller = callerOf(call.request, this.#service.deps.apis.identities);
    // HTTP APIs have no policy that could let another account in.
    if (caller === undefined || caller.expired || caller.account !== call.api.account) {
      call.notes.errorType = "ACCESS_DENIED";
      return forbidden();
    }
    const { principal, account, accessKeyId } = caller;
    const value = {
      accessKey: accessKeyId,
      accountId: account,
      callerId: principal.userId,
      cognitoIdentity: null,
      principalOrgId: "aws:PrincipalOrgID",
      userArn: principal.arn,
      userId: principal.userId,
    };
    call.authorization = { kind: "iam", value, context: {} };
    return undefined;
  }

  async #jwt(call: HttpCall, authorizer: AuthorizerValue): Promise<HttpAnswer | undefined> {
    const [source = ""] = authorizer.IdentitySource ?? [];
    const given = expressionText(expression(source)(call.sources)).trim();
    const token = given.replace(/^Bearer\s+/i, "");
    if (token === "") return unauthorized("Bearer");
    const { Issuer = "", Audience = [] } = authorizer.JwtConfiguration ?? {};
    let claims: Claims;
    try {
      claims = await this.#service.deps.apis.tokens.claims(token, Issuer);
      checkAudience(claims, Audience);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      call.notes.authorizerError = error.message;
      return unauthorized(
        `Bearer scope="" error="invalid_token" error_description="${error.message.replaceAll('"', "'")}"`,
      );
    }
    const wanted = call.route?.value.AuthorizationScopes ?? [];
    const has = scopesOf(claims);
    const matched = wanted.filter((scope) => has.includes(scope));
    if (wanted.length > 0 && matched.length === 0) {
      const text = `Bearer scope="${wanted.join(" ")}" error="insufficient_scope"`;
      return message(403, "Forbidden", [
        "www-authenticate",
        `${text} error_description="expected scopes within the token"`,
      ]);
    }
    const texts = claimTexts(claims);
    call.authorization = {
      kind: "jwt",
      value: { claims: texts, scopes: wanted.length === 0 ? null : matched },
      context: texts,
    };
    return undefined;
  }

  async #function(call: HttpCall, authorizer: AuthorizerValue): Promise<HttpAnswer | undefined> {
    const sources = authorizer.IdentitySource ?? [];
    const identity = sources.map((source) => expressionText(expression(source)(call.sources)));
    if (identity.some((value) => value === "")) return unauthorized();
    const ttlMs = (authorizer.AuthorizerResultTtlInSeconds ?? 0) * 1000;
    const group = `${call.api.id} ${call.stage.name}`;
    const key = JSON.stringify([authorizer.AuthorizerId, ...identity]);
    const isCached = ttlMs > 0 && sources.length > 0;
    let result = isCached ? this.#cache.get(group, key, call.nowMs) : undefined;
    if (result === undefined) {
      result = await this.#ask(call, authorizer, identity);
      if (result === undefined) {
        call.notes.errorType = "AUTHORIZER_FAILURE";
        return internalError();
      }
      if (isCached) this.#cache.put(group, key, result, this.#service.now, ttlMs);
    }
    const { allowed, context, principalId } = result;
    const isAllowed = typeof allowed === "boolean" ? allowed : isAllowedBy(allowed, call);
    if (!isAllowed) {
      call.notes.errorType = "ACCESS_DENIED";
      return forbidden();
    }
    // The context of a format 1.0 authorizer arrives as texts.
    const is2 = authorizer.AuthorizerPayloadFormatVersion === "2.0";
    const value = is2 ? context : claimTexts(context);
    call.authorization = { kind: "lambda", value, context: value, principalId };
    return undefined;
  }

  /** Undefined if the function fails, takes too long, or does not answer like an authorizer. */
  async #ask(call: HttpCall, authorizer: AuthorizerValue, identity: readonly string[]): Promise<Result | undefined> {
    const { deps } = this.#service;
    const arn = functionOf(withStageVariables(authorizer.AuthorizerUri ?? "", call.stageVariables));
    if (arn === undefined) return undefined;
    const is2 = authorizer.AuthorizerPayloadFormatVersion === "2.0";
    const event = is2
      ? authorizerEvent2(call, identity.length === 0 ? null : identity)
      : authorizerEvent1(call, identity);
    const { AuthorizerId: id = "", AuthorizerCredentialsArn: role } = authorizer;
    try {
      const answer = await inTime(deps, functionLimitMs, (limit) =>
        deps.functions.invoke(arn, JSON.stringify(event), call.invocation(limit, role, authorizerArn(call.arn, id))),
      );
      if (answer === timedOut || answer.functionError !== undefined) return undefined;
      return resultOf(tryParseJson(answer.payload), authorizer.EnableSimpleResponses === true);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      call.notes.authorizerError = error.message;
      return undefined;
    }
  }
}

function checkAudience(claims: Claims, audience: readonly string[]): void {
  const given = claims["aud"] ?? claims["client_id"];
  const named = Array.isArray(given) ? (given as unknown[]) : [given];
  if (audience.length === 0 || named.some((one) => typeof one === "string" && audience.includes(one))) return;
  throw new TokenError("the token does not have a valid audience");
}

function scopesOf(claims: Claims): readonly string[] {
  const given = claims["scope"] ?? claims["scp"];
  if (typeof given === "string") return given.split(" ");
  return Array.isArray(given) ? (given as unknown[]).filter((one): one is string => typeof one === "string") : [];
}

function resultOf(value: unknown, isSimple: boolean): Result | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { isAuthorized, context = {}, principalId, policyDocument } = value as Record<string, unknown>;
  if (typeof context !== "object" || context === null || Array.isArray(context)) return undefined;
  const told = context as Record<string, unknown>;
  if (isSimple) {
    return typeof isAuthorized === "boolean"
      ? { context: told, principalId: undefined, allowed: isAuthorized }
      : undefined;
  }
  const policy = authorizerPolicy(policyDocument);
  if (policy === undefined) return undefined;
  return { context: told, principalId: typeof principalId === "string" ? principalId : undefined, allowed: policy };
}

function isAllowedBy(policy: Policy, call: HttpCall): boolean {
  const keys = new Map([["aws:sourceip", sourceIpOf(call.request)]]);
  return decideInvoke(policy, call.arn, call.api.account, keys) === "allowed";
}
