/**
 * What an API consists of, in the SDK's words: rows hold these, deployments keep them, and execution reads them. Values
 * are plain JSON and never changed in place; members that were not given are absent.
 */

import type { CacheClusterSize, EndpointAccessMode, SecurityPolicy } from "@aws-sdk/client-api-gateway";

export type { CacheClusterSize };
export type Texts = Readonly<Record<string, string>>;
export type Flags = Readonly<Record<string, boolean>>;

export type EndpointKind = "EDGE" | "REGIONAL" | "PRIVATE";
export type AuthorizationType = "NONE" | "AWS_IAM" | "CUSTOM" | "COGNITO_USER_POOLS";
export type IntegrationType = "HTTP" | "HTTP_PROXY" | "AWS" | "AWS_PROXY" | "MOCK";
export type PassthroughBehavior = "WHEN_NO_MATCH" | "WHEN_NO_TEMPLATES" | "NEVER";
export type ContentHandling = "CONVERT_TO_BINARY" | "CONVERT_TO_TEXT";

/** The settings of an API, which are deployed with it. */
export interface ApiSettings {
  readonly name: string;
  readonly description?: string;
  readonly version?: string;
  readonly binaryMediaTypes?: readonly string[];
  /** Answers of at least this many bytes are compressed; absent: none are. */
  readonly minimumCompressionSize?: number;
  readonly apiKeySource: "HEADER" | "AUTHORIZER";
  readonly endpointType: EndpointKind;
  readonly ipAddressType: "ipv4" | "dualstack";
  readonly vpcEndpointIds?: readonly string[];
  /** The resource policy as JSON text, its resources written out. */
  readonly policy?: string;
  readonly disableExecuteApiEndpoint: boolean;
  readonly securityPolicy?: SecurityPolicy;
  readonly endpointAccessMode?: EndpointAccessMode;
}

export interface MethodDefinition {
  /** `GET`, `ANY`, … */
  readonly httpMethod: string;
  readonly authorizationType: AuthorizationType;
  readonly authorizerId?: string;
  readonly apiKeyRequired: boolean;
  readonly operationName?: string;
  /** By parameter, `method.request.querystring.page`: whether it is required. */
  readonly requestParameters?: Flags;
  /** Model names by content type. */
  readonly requestModels?: Texts;
  readonly requestValidatorId?: string;
  readonly authorizationScopes?: readonly string[];
  /** By status code. */
  readonly responses: Readonly<Record<string, MethodResponseDefinition>>;
  readonly integration?: IntegrationDefinition;
}

export interface MethodResponseDefinition {
  readonly statusCode: string;
  /** By header, `method.response.header.Location`; the flags mean nothing. */
  readonly responseParameters?: Flags;
  readonly responseModels?: Texts;
}

export interface IntegrationDefinition {
  readonly type: IntegrationType;
  /** The verb of the request to the backend; absent for MOCK. */
  readonly httpMethod?: string;
  readonly uri?: string;
  readonly connectionType?: "INTERNET" | "VPC_LINK";
  readonly connectionId?: string;
  readonly credentials?: string;
  readonly requestParameters?: Texts;
  readonly requestTemplates?: Texts;
  readonly passthroughBehavior: PassthroughBehavior;
  readonly cacheNamespace: string;
  readonly cacheKeyParameters: readonly string[];
  readonly contentHandling?: ContentHandling;
  readonly timeoutInMillis: number;
  readonly tlsConfig?: { readonly insecureSkipVerification: boolean };
  readonly responseTransferMode?: "BUFFERED" | "STREAM";
  readonly integrationTarget?: string;
  /** By status code. */
  readonly responses: Readonly<Record<string, IntegrationResponseDefinition>>;
}

export interface IntegrationResponseDefinition {
  readonly statusCode: string;
  /** Absent for the default response. */
  readonly selectionPattern?: string;
  readonly responseParameters?: Texts;
  readonly responseTemplates?: Texts;
  readonly contentHandling?: ContentHandling;
}

export interface ModelDefinition {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly contentType: string;
  /** JSON text of a schema of draft 4. */
  readonly schema: string;
}

export interface RequestValidatorDefinition {
  readonly id: string;
  readonly name?: string;
  readonly validateRequestBody: boolean;
  readonly validateRequestParameters: boolean;
}

export interface AuthorizerDefinition {
  readonly id: string;
  readonly name: string;
  readonly type: "TOKEN" | "REQUEST" | "COGNITO_USER_POOLS";
  readonly authType?: string;
  readonly authorizerUri?: string;
  readonly authorizerCredentials?: string;
  /** `method.request.header.Authorization`; several separated by commas for REQUEST. */
  readonly identitySource?: string;
  readonly identityValidationExpression?: string;
  /** Absent: 300. */
  readonly authorizerResultTtlInSeconds?: number;
  readonly providerARNs?: readonly string[];
}

/** A customized gateway response; absent members have the type's default. */
export interface GatewayResponseDefinition {
  readonly responseType: string;
  readonly statusCode?: string;
  readonly responseParameters?: Texts;
  readonly responseTemplates?: Texts;
}

export interface ThrottleDefinition {
  readonly burstLimit?: number;
  readonly rateLimit?: number;
}

/** Setting one member of a method gives all of them values. */
export interface MethodSettingDefinition {
  readonly metricsEnabled: boolean;
  readonly loggingLevel?: "OFF" | "ERROR" | "INFO";
  readonly dataTraceEnabled: boolean;
  readonly throttlingBurstLimit: number;
  readonly throttlingRateLimit: number;
  readonly cachingEnabled: boolean;
  readonly cacheTtlInSeconds: number;
  readonly cacheDataEncrypted: boolean;
  readonly requireAuthorizationForCacheControl: boolean;
  readonly unauthorizedCacheControlHeaderStrategy: CacheControlStrategy;
}

export type CacheControlStrategy = "FAIL_WITH_403" | "SUCCEED_WITH_RESPONSE_HEADER" | "SUCCEED_WITHOUT_RESPONSE_HEADER";

export interface CanaryDefinition {
  readonly deploymentId: string;
  readonly percentTraffic: number;
  readonly stageVariableOverrides?: Texts;
  readonly useStageCache: boolean;
}

export interface QuotaDefinition {
  readonly limit: number;
  /** Days into the week or month on which the period starts. */
  readonly offset: number;
  readonly period: "DAY" | "WEEK" | "MONTH";
}

/** An API stage in a usage plan. */
export interface PlanStageDefinition {
  readonly apiId: string;
  readonly stage: string;
  /** By `/path/VERB`. */
  readonly throttle?: Readonly<Record<string, ThrottleDefinition>>;
}

/** Credentials of an integration that mean the caller's own: `arn:aws:iam::*:user/*`. */
export const passThroughCredentials = /^arn:aws[a-z-]*:iam::\*:user\/\*$/;
