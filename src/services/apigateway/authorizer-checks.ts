/** Validates authorizers. */
import type { AuthorizerDefinition } from "./definitions.ts";
import { badRequest } from "./errors.ts";

const maxTtlSeconds = 3600;

const functionUri = /^arn:aws[a-z-]*:apigateway:[^:]+:lambda:path\/\/?20\d\d-\d\d-\d\d\/functions\/.+\/invocations$/;
const headerSource = /^method\.request\.header\.[^\s,]+$/;
const requestSource =
  /^(?:method\.request\.(?:header|querystring|multivalueheader|multivaluequerystring)\.[^\s,]+|stageVariables\.[^\s,]+|context\.[^\s,]+)$/;
const userPool = /^arn:aws[a-z-]*:cognito-idp:[^:]+:[^:]+:userpool\/[^/]+$/;

/** Checked before anything else about a new authorizer. @throws AwsError BadRequestException */
export function checkAuthorizerUri(type: AuthorizerDefinition["type"], uri: string | undefined): void {
  if (type === "COGNITO_USER_POOLS") {
    if (uri) throw badRequest("Authorizer URI must not be set for Authorizers of type COGNITO_USER_POOLS");
  } else if (!functionUri.test(uri ?? "")) {
    throw badRequest(
      `Invalid Authorizer URI: ${uri ?? ""}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.`,
    );
  }
}

/** @throws AwsError BadRequestException */
export function checkAuthorizer(authorizer: AuthorizerDefinition): void {
  const { name, type, identitySource, authorizerResultTtlInSeconds: ttl, providerARNs = [] } = authorizer;
  if (!name) throw badRequest("Authorizer name cannot be blank");
  if (ttl !== undefined && !(ttl >= 0 && ttl <= maxTtlSeconds)) {
    throw badRequest(`Invalid Authorizer result TTL specified. Must be between 0 and ${maxTtlSeconds} seconds`);
  }
  if (type === "REQUEST") {
    const sources = identitySource?.split(",").map((source) => source.trim()) ?? [];
    if (!sources.every((source) => requestSource.test(source))) {
      throw badRequest(`Invalid identity source specified: ${identitySource}`);
    }
    if (sources.length === 0 && (ttl ?? 300) > 0) {
      throw badRequest("Identity source is required for REQUEST authorizers when caching is enabled");
    }
    return;
  }
  if (identitySource !== undefined && !headerSource.test(identitySource)) {
    throw badRequest(`Invalid identity source specified: ${identitySource}`);
  }
  if (
    type === "COGNITO_USER_POOLS" &&
    (providerARNs.length === 0 || !providerARNs.every((arn) => userPool.test(arn)))
  ) {
    throw badRequest("Invalid Provider ARNs specified. COGNITO_USER_POOLS authorizers need ARNs of user pools");
  }
}
