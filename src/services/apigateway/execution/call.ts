/** One call of a deployed API, from its request to its answer: what is known of it so far. */

import type { ApiCall } from "../../../apis/apis.ts";
import type { ExecutionLog } from "../../../apis/execution-log.ts";
import { logTime, methodArn } from "../../../apis/request-context.ts";
import { Overrides, type TemplateParameters } from "../../../apis/vtl/template.ts";
import type { Texts } from "../definitions.ts";
import type { DeployedApi, DeployedMethod } from "./deployed-api.ts";
import type { GatewayError } from "./gateway-error.ts";
import { type BinaryTypes, typeOf } from "./media-types.ts";
import { Payload } from "./payload.ts";
import type { Sent } from "./sent.ts";

/** Where a call came in, and what serves it. */
export interface CallPlace {
  readonly api: DeployedApi;
  readonly stageName: string;
  readonly deploymentId: string;
  readonly variables: Texts;
  /** Undefined where the stage has no canary. */
  readonly isCanary: boolean | undefined;
  readonly address: Pick<ApiCall, "domainName" | "domainPrefix" | "basePath" | "stage">;
}

export interface CallIds {
  readonly requestId: string;
  readonly extendedId: string;
  /** The trace header: the client's own, or a root of ours. */
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
  readonly sent: Sent;
  /** Undecoded, without the stage and a custom domain's base path. */
  readonly path: string;
  /** The verb that counts. */
  readonly verb: string;
  method: DeployedMethod | undefined;
  pathParameters: Texts = {};
  identity: CallIdentity = nobody;
  apiKey: { readonly id: string; readonly value: string } | undefined;
  authorized: Authorized | undefined;
  /** The key an authorizer named. */
  usageIdentifierKey: string | undefined;
  error: GatewayError | undefined;
  /** The stage's log of executions, where it keeps one. */
  log: ExecutionLog | undefined;
  readonly integrated: Integrated = {
    status: undefined,
    latencyMs: undefined,
    requestId: undefined,
    error: undefined,
  };
  #overrides: Overrides | undefined;

  constructor(place: CallPlace, ids: CallIds, sent: Sent, path: string, verb: string) {
    this.place = place;
    this.ids = ids;
    this.sent = sent;
    this.path = path;
    this.verb = verb;
  }

  get overrides(): Overrides {
    return (this.#overrides ??= new Overrides());
  }

  /** Undefined until a template has asked for them. */
  get madeOverrides(): Overrides | undefined {
    return this.#overrides;
  }

  /** As `$context.path` and events have it: with the stage, or with what a custom domain has in its place. */
  get contextPath(): string {
    const { address, stageName } = this.place;
    // A custom domain's mapping names the stage, unless its callers do.
    const prefix = address.basePath === "" ? "" : `/${address.basePath}`;
    return address.stage === undefined ? `${prefix}/${stageName}${this.path}` : `${prefix}${this.path}`;
  }

  /** As events have it: without the stage. */
  get eventPath(): string {
    const { basePath } = this.place.address;
    return basePath === "" ? this.path : `/${basePath}${this.path}`;
  }

  /** `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{VERB}{path}` of the request's real path. */
  get methodArn(): string {
    const { api, stageName } = this.place;
    return methodArn(api.snapshot, api.snapshot.apiId, stageName, `${this.verb}${this.path}`);
  }

  /** The body as the integration gets it before anything is done to it. */
  requestPayload(binary: BinaryTypes): Payload {
    const { sent } = this;
    return Payload.ofBytes(sent.body, !binary.none && binary.has(typeOf(sent.header("content-type"))));
  }

  get parameters(): TemplateParameters {
    const { sent, pathParameters } = this;
    return {
      path: pathParameters,
      get querystring() {
        return sent.lastQuery;
      },
      get header() {
        return sent.lastHeaders;
      },
    };
  }

  /** `identity` of events. */
  identityOfEvent(): Record<string, string | null> {
    const { accessKey, accountId, caller, user, userArn } = this.identity;
    const identity: Record<string, string | null> = {
      cognitoIdentityPoolId: null,
      accountId,
      cognitoIdentityId: null,
      caller,
      sourceIp: this.sent.sourceIp,
      principalOrgId: null,
      accessKey,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn,
      userAgent: this.sent.header("user-agent") ?? null,
      user,
    };
    if (this.apiKey !== undefined) {
      identity["apiKey"] = this.apiKey.value;
      identity["apiKeyId"] = this.apiKey.id;
    }
    return identity;
  }

  /** `$context`, as far as it is known now. */
  context(): Record<string, unknown> {
    const { place, ids, sent, method, error, authorized, integrated } = this;
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
      protocol: sent.protocol,
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
