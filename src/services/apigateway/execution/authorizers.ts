/** Authorizers of a deployment: Lambda functions to ask, and user pools whose tokens to verify. */
import { AwsError } from "../../../../protocols/error.ts";
import { isObject, textOf, tryParseJson } from "../../../../protocols/unknown-json.ts";
import type { Decision } from "../../../access/evaluate.ts";
import type { Policy } from "../../../access/policy.ts";
import { AuthorizerCache, authorizerArn, authorizerPolicy, decideInvoke } from "../../../apis/authorizer-results.ts";
import { functionOf, invocationUrl, withStageVariables } from "../../../apis/function-uri.ts";
import { inTime, timedOut } from "../../../apis/in-time.ts";
import { javaRegexIfUsable } from "../../../apis/vtl/java-regex.ts";
import type { LinearRegex } from "../../../regex/linear-regex.ts";
import type { AuthorizerDefinition, Texts } from "../definitions.ts";
import { type ExecutionDeps, invocationOf } from "./backend.ts";
import type { RestCall } from "./call.ts";
import { GatewayError, unauthorized } from "./gateway-error.ts";
import { conditionKeys, deniedByAuthorizer } from "./method-access.ts";
import { authorizerEvent } from "./proxy-event.ts";
import { type Source, sourceOf } from "./sources.ts";
import { CognitoAuthorizer } from "./user-pools.ts";

/** An authorizer may take as long as an integration's function. */
const timeoutMs = 29_000;
const defaultTtlSeconds = 300;

export interface Authorizer {
  /**
   * Authorizes the client and notes on the call who it is.
   * @param byPolicy the decision of the API's own policy, never a denial.
   * @throws GatewayError 401, 403 or 500.
   */
  authorize(call: RestCall, scopes: readonly string[], byPolicy: Decision | undefined): Promise<void>;
}

/** What a function answered. The policy is evaluated again for each method while the result is cached. */
interface Result {
  readonly principalId: string;
  readonly policy: Policy;
  /** The policy as it came, for TestInvokeAuthorizer. */
  readonly document: unknown;
  readonly context: Texts;
  readonly usageIdentifierKey: string | undefined;
}

export type AuthorizerResults = AuthorizerCache<Result>;

export function authorizerResults(): AuthorizerResults {
  return new AuthorizerCache<Result>();
}

export function compiledAuthorizer(definition: AuthorizerDefinition, deps: ExecutionDeps): Authorizer {
  return definition.type === "COGNITO_USER_POOLS"
    ? new CognitoAuthorizer(definition, deps)
    : new LambdaAuthorizer(definition, deps);
}

/** The cache group of a stage, which is flushed as a whole. */
export function resultsGroup(apiId: string, stageName: string): string {
  return `${apiId} ${stageName}`;
}

export class LambdaAuthorizer implements Authorizer {
  readonly #definition: AuthorizerDefinition;
  readonly #deps: ExecutionDeps;
  readonly #sources: readonly Source[];
  readonly #validation: LinearRegex | undefined | "unusable";
  readonly #ttlMs: number;

  constructor(definition: AuthorizerDefinition, deps: ExecutionDeps) {
    this.#definition = definition;
    this.#deps = deps;
    const { identitySource, type, identityValidationExpression, authorizerResultTtlInSeconds } = definition;
    const sources =
      identitySource
        ?.split(",")
        .map((source) => source.trim())
        .filter((source) => source !== "") ?? [];
    if (type === "TOKEN" && sources.length === 0) sources.push("method.request.header.Authorization");
    this.#sources = sources.map(sourceOf);
    this.#validation = identityValidationExpression ? javaRegexIfUsable(identityValidationExpression) : undefined;
    this.#ttlMs = (authorizerResultTtlInSeconds ?? defaultTtlSeconds) * 1000;
  }

  async authorize(call: RestCall, _scopes: readonly string[], byPolicy: Decision | undefined): Promise<void> {
    const identity = this.identity(call);
    const { clock, authorizerResults: results } = this.#deps;
    const group = resultsGroup(call.place.api.snapshot.apiId, call.place.stageName);
    const key = `${this.#definition.id} ${JSON.stringify(identity)}`;
    const isCached = this.#ttlMs > 0 && this.#sources.length > 0;
    const known = isCached ? results.get(group, key, clock.now()) : undefined;
    const startedMs = clock.now();
    const result = known ?? (await this.ask(call, identity));
    if (known === undefined && isCached) results.put(group, key, result, clock.now(), this.#ttlMs);
    const latencyMs = known === undefined ? clock.now() - startedMs : 0;
    call.authorized = { principalId: result.principalId, context: result.context, latencyMs };
    call.usageIdentifierKey = result.usageIdentifierKey;
    const { account } = call.place.api.snapshot;
    const decision = decideInvoke(result.policy, call.methodArn, account, conditionKeys(call, clock.now()));
    // What the authorizer neither allows nor denies, the API's own policy may allow.
    if (decision === "denied" || (decision !== "allowed" && byPolicy !== "allowed")) throw deniedByAuthorizer(decision);
  }

  /**
   * The values of the identity sources.
   * @throws GatewayError 401 if one is missing or the token does not match the validation expression.
   */
  identity(call: RestCall): readonly string[] {
    const values = this.#sources.map((source) => {
      const value = source(call, undefined);
      const text = typeof value === "string" ? value : value?.at(-1);
      if (text === undefined || text === "") throw unauthorized();
      return text;
    });
    const [token = ""] = values;
    if (this.#definition.type !== "TOKEN" || this.#validation === undefined) return values;
    if (this.#validation === "unusable" || !this.#validation.matches(token)) throw unauthorized();
    return values;
  }

  /** Asks the function. @throws GatewayError 401 if it says so, 500 for an invalid result. */
  async ask(call: RestCall, identity: readonly string[]): Promise<Result> {
    const { functions } = this.#deps;
    const { id, authorizerUri = "", authorizerCredentials, type } = this.#definition;
    const { variables } = call.place;
    const functionArn = functionOf(withStageVariables(authorizerUri, variables));
    if (functionArn === undefined) throw misconfigured("The authorizer's URI names no function");
    const event =
      type === "TOKEN" ? { type, methodArn: call.methodArn, authorizationToken: identity[0] } : authorizerEvent(call);
    call.log?.line(`Endpoint request URI: ${invocationUrl(functionArn)}`);
    try {
      const answer = await inTime(this.#deps, timeoutMs, (limit) => {
        const source = authorizerArn(call.methodArn, id);
        const invocation = invocationOf(call, authorizerCredentials, limit, source);
        return functions.invoke(functionArn, JSON.stringify(event), invocation);
      });
      if (answer === timedOut) throw new GatewayError("AUTHORIZER_FAILURE", null, { log: "The authorizer timed out" });
      call.log?.line(`Authorizer result body before parsing: ${answer.payload}`);
      if (answer.functionError !== undefined) {
        throw messageOf(answer.payload) === "Unauthorized" ? unauthorized() : misconfigured("The authorizer failed");
      }
      return resultOf(answer.payload);
    } catch (error) {
      if (error instanceof AwsError) throw misconfigured(`The authorizer cannot be called: ${error.message}`);
      throw error;
    }
  }
}

export function misconfigured(reason: string): GatewayError {
  return new GatewayError("AUTHORIZER_CONFIGURATION_ERROR", null, {
    log: `Execution failed due to configuration error: ${reason}`,
  });
}

function messageOf(payload: string): unknown {
  const value = tryParseJson(payload);
  return isObject(value) ? value["errorMessage"] : undefined;
}

/** @throws GatewayError */
function resultOf(payload: string): Result {
  const value = tryParseJson(payload);
  if (!isObject(value)) throw misconfigured("Invalid JSON in response of the authorizer");
  const { principalId, policyDocument, context, usageIdentifierKey } = value;
  if (typeof principalId !== "string" && typeof principalId !== "number") {
    throw misconfigured("The authorizer's response has no principalId");
  }
  const policy = authorizerPolicy(policyDocument);
  if (policy === undefined) throw misconfigured("Invalid policy document in the authorizer's response");
  return {
    principalId: textOf(principalId),
    policy,
    document: policyDocument,
    context: contextTexts(context),
    usageIdentifierKey: typeof usageIdentifierKey === "string" ? usageIdentifierKey : undefined,
  };
}

/** The context as texts, numbers and booleans included; objects are refused. @throws GatewayError */
function contextTexts(context: unknown): Texts {
  if (context === undefined || context === null) return {};
  if (!isObject(context)) throw misconfigured("The authorizer's context is not an object");
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(context)) {
    if (value === null || value === undefined) continue;
    if (typeof value === "object") throw misconfigured(`The authorizer's context has an object: ${name}`);
    texts[name] = textOf(value);
  }
  return texts;
}
