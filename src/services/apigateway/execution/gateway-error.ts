/** Answers of API Gateway's own, before or instead of a backend's (developer guide, gateway response types). */

interface TypeFacts {
  readonly status: number;
  /** `x-amzn-ErrorType`. */
  readonly errorType: string;
}

const facts = {
  ACCESS_DENIED: { status: 403, errorType: "AccessDeniedException" },
  API_CONFIGURATION_ERROR: { status: 500, errorType: "InternalServerErrorException" },
  AUTHORIZER_CONFIGURATION_ERROR: { status: 500, errorType: "AuthorizerConfigurationException" },
  AUTHORIZER_FAILURE: { status: 500, errorType: "AuthorizerFailureException" },
  BAD_REQUEST_BODY: { status: 400, errorType: "BadRequestException" },
  BAD_REQUEST_PARAMETERS: { status: 400, errorType: "BadRequestException" },
  EXPIRED_TOKEN: { status: 403, errorType: "ExpiredTokenException" },
  INTEGRATION_FAILURE: { status: 504, errorType: "InternalServerErrorException" },
  INTEGRATION_TIMEOUT: { status: 504, errorType: "InternalServerErrorException" },
  INVALID_API_KEY: { status: 403, errorType: "ForbiddenException" },
  INVALID_SIGNATURE: { status: 403, errorType: "InvalidSignatureException" },
  MISSING_AUTHENTICATION_TOKEN: { status: 403, errorType: "MissingAuthenticationTokenException" },
  QUOTA_EXCEEDED: { status: 429, errorType: "LimitExceededException" },
  REQUEST_TOO_LARGE: { status: 413, errorType: "RequestTooLargeException" },
  RESOURCE_NOT_FOUND: { status: 404, errorType: "NotFoundException" },
  THROTTLED: { status: 429, errorType: "TooManyRequestsException" },
  UNAUTHORIZED: { status: 401, errorType: "UnauthorizedException" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, errorType: "UnsupportedMediaTypeException" },
  WAF_FILTERED: { status: 403, errorType: "ForbiddenException" },
  /** For what has no type of its own: a function's malformed answer, a host without an API, a URL that is too long. */
  DEFAULT_4XX: { status: 400, errorType: "BadRequestException" },
  DEFAULT_5XX: { status: 500, errorType: "InternalServerErrorException" },
} as const satisfies Record<string, TypeFacts>;

export type ResponseType = keyof typeof facts;

interface Details {
  readonly status?: number;
  readonly errorType?: string;
  /** `$context.error.validationErrorString`. */
  readonly validation?: string;
  /** The line in the execution log, without the time. */
  readonly log?: string;
  /** The body's member is `Message`, as in answers that come from policies. */
  readonly capitalMessage?: boolean;
}

/** Ends a call with an answer of the gateway's own. */
export class GatewayError extends Error {
  readonly type: ResponseType;
  readonly status: number;
  readonly errorType: string;
  /** Null if the body's message is null. */
  readonly text: string | null;
  readonly validation: string | undefined;
  readonly log: string | undefined;
  readonly capitalMessage: boolean;

  constructor(type: ResponseType, text: string | null, details: Details = {}) {
    super(text ?? type);
    this.type = type;
    this.text = text;
    this.status = details.status ?? facts[type].status;
    this.errorType = details.errorType ?? facts[type].errorType;
    this.validation = details.validation;
    this.log = details.log;
    this.capitalMessage = details.capitalMessage ?? false;
  }
}

/** 500 for a wrong configuration. @param reason for the execution log. */
export function configurationError(reason: string): GatewayError {
  return new GatewayError("API_CONFIGURATION_ERROR", "Internal server error", {
    log: `Execution failed due to configuration error: ${reason}`,
  });
}

export function forbidden(): GatewayError {
  return new GatewayError("DEFAULT_4XX", "Forbidden", { status: 403, errorType: "ForbiddenException" });
}

export function missingToken(): GatewayError {
  return new GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
}

export function unauthorized(): GatewayError {
  return new GatewayError("UNAUTHORIZED", "Unauthorized", { log: "Unauthorized request" });
}
