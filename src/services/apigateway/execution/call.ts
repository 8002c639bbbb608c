/** One call of a deployed API, from request to answer: what is known about it so far. */

import type { ApiCall } from "../../../apis/apis.ts";
import type { ExecutionLog } from "../../../apis/execution-log.ts";
import { logTime, methodArn } from "../../../apis/request-context.ts";
import { Overrides } from "../../../apis/vtl/template.ts";
import type { Texts } from "../definitions.ts";
import type { ClientRequest } from "./client-request.ts";
import type { DeployedApi, DeployedMethod } from "./deployed-api.ts";
import type { GatewayError } from "./gateway-error.ts";
import { type BinaryTypes, typeOf } from "./media-types.ts";
import { Payload } from "./payload.ts";

/** Where a call came in, and the stage and API that serve it. */
export interface CallPlace {
  readonly api: DeployedApi;
  readonly stageName: string;
  readonly deploymentId: string;
  readonly variables: Texts;
  /** Undefined if the stage has no canary. */
  readonly isCanary: boolean | undefined;
  readonly address: Pick<ApiCall, "domainName" | "domainPrefix" | "basePath" | "stage">;
}

export interface CallIds {
  readonly requestId: string;
  readonly extendedId: string;
  /** The trace header: the client's own, or a new root. */
  readonly trace: string;
  readonly receivedMs: number;
}

/** Who the client is, as far as the call knows. */
export interface CallIdentity {
  readonly accessKey: string | null;
  readonly accountId: string | null;
  readonly caller: string | null;
  readonly user: string | null;
  readonly userArn: string | null;
}

/** What an authorizer said of the client. */
export type Authorized =
  | { readonly principalId: string; readonly context: Texts; readonly latencyMs: number }
  | { readonly claims: Texts };

/** What became of the integration. */
export interface Integrated {
  status: number | undefined;
  latencyMs: number | undefined;
  requestId: string | undefined;
  error: string | undefined;
}

const nobody: CallIdentity = { accessKey: null, accountId: null, caller: null, user: null, userArn: null };

export class RestCall {
  readonly place: CallPlace;
  readonly ids: CallIds;
  readonly request: ClientRequest;
  /** Undecoded, without the stage or a custom domain's base path. */
  readonly path: string;
  /** The HTTP method, after X-HTTP-Method-Override. */
  readonly verb: string;
  method: DeployedMethod | undefined;
  pathParameters: Texts = {};
  identity: CallIdentity = nobody;
  apiKey: { readonly id: string; readonly value: string } | undefined;
  authorized: Authorized | undefined;
  /** The key an authorizer named. */
  usageIdentifierKey: string | undefined;
  error: GatewayError | undefined;
  /** The execution log, if the stage keeps one. */
  log: ExecutionLog | undefined;
  readonly integrated: Integrated = {
    status: undefined,
    latencyMs: undefined,
    requestId: undefined,
    error: undefined,
  };
  #overrides: Overrides | undefined;

  constructor(place: CallPlace, ids: CallIds, request: ClientRequest, path: string, verb: string) {
    this.place = place;
    this.ids = ids;
    this.request = request;
    this.path = path;
    this.verb = verb;
  }

  get overrides(): Overrides {
    return (this.#overrides ??= new Overrides());
  }

  /** Undefined unless a template has asked for them. */
  get overridesIfAny(): Overrides | undefined {
    return this.#overrides;
  }

  /** As `$context.path` and events have it: with the stage, or with a custom domain's base path instead. */
  get contextPath(): string {
    const { address, stageName } = this.place;
    // A custom domain's mapping usually names the stage; otherwise it is part of the path.
    const prefix = address.basePath === "" ? "" : `/${address.basePath}`;
    return address.stage === undefined ? `${prefix}/${stageName}${this.path}` : `${prefix}${this.path}`;
  }

  /** As events have it: without the stage. */
  get eventPath(): string {
    const { basePath } = this.place.address;
    return basePath === "" ? this.path : `/${basePath}${this.path}`;
  }

  /** `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{VERB}{path}` with the path of the request. */
  get methodArn(): string {
    const { api, stageName } = this.place;
    return methodArn(api.snapshot, api.snapshot.apiId, stageName, `${this.verb}${this.path}`);
  }

  /** The body before the integration transforms it. */
  requestPayload(binary: BinaryTypes): Payload {
    const { request } = this;
    return Payload.ofBytes(request.body, !binary.none && binary.has(typeOf(request.header("content-type"))));
  }

  /** `identity` of events. */
  identityOfEvent(): Record<string, string | null> {
    const { accessKey, accountId, caller, user, userArn } = this.identity;
    const identity: Record<string, string | null> = {
      cognitoIdentityPoolId: null,
      accountId,
      cognitoIdentityId: null,
      caller,
      sourceIp: this.request.sourceIp,
      principalOrgId: null,
      accessKey,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn,
      userAgent: this.request.header("user-agent") ?? null,
      user,
    };
    if (this.apiKey !== undefined) {
      identity["apiKey"] = this.apiKey.value;
      identity["apiKeyId"] = this.apiKey.id;
    }
    return identity;
  }

  /** `$context`, as far as it is known by now. */
  context(): Record<string, unknown> {
    const { place, ids, request, method, error, authorized, integrated } = this;
    const { snapshot } = place.api;
    return {
      accountId: snapshot.account,
      apiId: snapshot.apiId,
      authorizer: authorized === undefined ? undefined : authorizerContext(authorized),
      awsEndpointRequestId: integrated.requestId,
      deploymentId: place.deploymentId,
      domainName: place.address.domainName,
      domainPrefix: place.address.domainPrefix,
      error: error === undefined ? undefined : errorContext(error),
      extendedRequestId: ids.extendedId,
      httpMethod: this.verb,
      identity: this.identityOfEvent(),
      isCanaryRequest: place.isCanary === undefined ? undefined : String(place.isCanary),
      operationName: method?.definition.operationName,
      path: this.contextPath,
      protocol: request.protocol,
      requestId: ids.requestId,
      requestTime: logTime(ids.receivedMs),
      requestTimeEpoch: ids.receivedMs,
      resourceId: method?.resourceId,
      resourcePath: method?.resourcePath,
      stage: place.stageName,
      xrayTraceId: ids.trace,
    };
  }
}

function authorizerContext(authorized: Authorized): object {
  if ("claims" in authorized) return { claims: authorized.claims };
  return { ...authorized.context, principalId: authorized.principalId };
}

function errorContext({ text, type, validation }: GatewayError): object {
  return {
    message: text ?? undefined,
    messageString: text === null ? "null" : JSON.stringify(text),
    responseType: type,
    validationErrorString: validation,
  };
}
