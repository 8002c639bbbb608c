/** One call of an HTTP API, with what is known about it so far. */

import { getOwn, tryParseJson } from "../../../../protocols/unknown-json.ts";
import type { ApiCall } from "../../../apis/apis.ts";
import { withStageVariables } from "../../../apis/function-uri.ts";
import {
  extendedId,
  headerOf,
  logTime,
  methodArn,
  protocolOf,
  rootTrace,
  sourceIpOf,
} from "../../../apis/request-context.ts";
import { headerValues, queryValues } from "../../../apis/request-headers.ts";
import type { Abortable } from "../../../calls/abort.ts";
import { Cause, currentCause } from "../../../calls/cause.ts";
import type { DoorRequest } from "../../../calls/door.ts";
import { Invocation } from "../../../calls/invocation.ts";
import type { ApiGatewayV2 } from "../apigatewayv2.ts";
import type { ApiRow, StageRow } from "../tables.ts";
import type { Sources } from "./expressions.ts";
import { pathValues } from "./router.ts";
import type { CompiledRoute, Snapshot } from "./snapshot.ts";

/** An answer on its way out. Header names and values in turn. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;
  /** A function's answers spell the request id's header differently from the gateway's own. */
  readonly byFunction?: boolean;
}

const jsonType = ["Content-Type", "application/json"];

/** An answer of the gateway itself. */
export function message(status: number, text: string, headers: readonly string[] = []): HttpAnswer {
  return { status, headers: [...jsonType, ...headers], body: `{"message":"${text}"}` };
}

export const internalError = (): HttpAnswer => message(500, "Internal Server Error");
export const unavailable = (): HttpAnswer => message(503, "Service Unavailable");

/** The result of an authorizer, in the forms of events and of `$context.authorizer`. */
export interface Authorization {
  readonly kind: "jwt" | "lambda" | "iam";
  readonly value: Readonly<Record<string, unknown>>;
  /** By the name after `$context.authorizer.`. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly principalId?: string | undefined;
}

/** What logs show about a call besides its request. */
export interface Notes {
  integrationStatus?: number | undefined;
  integrationError?: string | undefined;
  integrationRequestId?: string | undefined;
  integrationLatencyMs?: number | undefined;
  authorizerError?: string | undefined;
  errorType?: string | undefined;
  errorMessage?: string | undefined;
}

const noBody = Buffer.alloc(0);

export class HttpCall {
  readonly service: ApiGatewayV2;
  readonly api: ApiRow;
  readonly stage: StageRow;
  readonly snapshot: Snapshot;
  readonly address: ApiCall;
  readonly request: DoorRequest;
  /** Of the path after the stage, decoded; one empty segment for `/`. */
  readonly segments: readonly string[];
  readonly requestId: string;
  readonly nowMs: number;
  readonly notes: Notes = {};
  /** What caused the call, if it was not a client. */
  readonly #outer = currentCause();
  route: CompiledRoute | undefined;
  pathParameters: Record<string, string> | undefined;
  authorization: Authorization | undefined;
  body: Buffer = noBody;
  #path: string | undefined;
  #query: Record<string, string[]> | undefined;
  #json: { value: unknown } | undefined;
  #trace: string | undefined;

  constructor(
    service: ApiGatewayV2,
    found: { api: ApiRow; stage: StageRow; snapshot: Snapshot; segments: readonly string[] },
    address: ApiCall,
    request: DoorRequest,
  ) {
    this.service = service;
    this.api = found.api;
    this.stage = found.stage;
    this.snapshot = found.snapshot;
    this.segments = found.segments;
    this.address = address;
    this.request = request;
    this.nowMs = service.now;
    this.requestId = extendedId(service.deps.random.fork("requests"));
  }

  follow(route: CompiledRoute): void {
    this.route = route;
    this.pathParameters = pathValues(route.variables, this.segments);
  }

  get stageVariables(): Readonly<Record<string, string>> {
    return this.stage.value.StageVariables ?? {};
  }

  get query(): Record<string, string[]> {
    this.#query ??= queryValues(this.request.query);
    return this.#query;
  }

  /** The path after the stage, decoded. */
  get path(): string {
    this.#path ??= `/${this.segments.join("/")}`;
    return this.#path;
  }

  /** As events and `$context` have it: with the stage, unless it is `$default`; decoded. */
  get rawPath(): string {
    const { basePath, via } = this.address;
    if (via === "custom domain") return basePath === "" ? this.path : `/${basePath}${this.path}`;
    return this.stage.name === "$default" ? this.path : `/${this.stage.name}${this.path}`;
  }

  /** `arn:aws:execute-api:…:{api}/{stage}/{METHOD}{path}`. */
  get arn(): string {
    return methodArn(this.api, this.api.id, this.stage.name, `${this.request.method}${this.path}`);
  }

  /** The trace header for integrations: the client's own, or a new root. */
  get trace(): string {
    this.#trace ??=
      headerOf(this.request, "x-amzn-trace-id") ?? rootTrace(this.nowMs, this.service.deps.random.fork("requests"));
    return this.#trace;
  }

  /**
   * The invocation with which functions and services are called.
   * @param limit aborts the call when nobody waits for it any more.
   * @param credentialsArn of the integration's role, which may name stage variables.
   * @param source ARN of the caller, by default the route.
   */
  invocation(limit: Abortable, credentialsArn?: string, source?: string): Invocation {
    const origin = `${this.request.scheme}://${this.request.host}`;
    const cause =
      this.#outer?.next("request", this.requestId) ?? Cause.ofRequest(this.requestId, this.nowMs, origin, this.trace);
    const { account, region } = this.api;
    const roleArn = credentialsArn && withStageVariables(credentialsArn, this.stageVariables);
    return Invocation.ofService("apigateway", source ?? (() => this.arn), { account, region, roleArn }, cause, limit);
  }

  /** The body as JSON; undefined if it is not JSON. */
  get json(): unknown {
    this.#json ??= { value: tryParseJson(this.body.toString()) };
    return this.#json.value;
  }

  get sources(): Sources {
    return {
      request: (place, name) => this.#value(place, name),
      requestJson: () => this.json,
      context: (name) => this.context(name),
      stageVariables: (name) => getOwn(this.stageVariables, name),
    };
  }

  #value(place: string, name: string): string | undefined {
    switch (place) {
      case "header": {
        const values = headerValues(this.request.rawHeaders, name.toLowerCase());
        return values.length === 0 ? undefined : values.join(",");
      }
      case "querystring":
        return this.query[name]?.join(",");
      case "path":
        if (name === "") return this.rawPath;
        return this.pathParameters !== undefined && Object.hasOwn(this.pathParameters, name)
          ? this.pathParameters[name]
          : undefined;
      case "body":
        return this.body.length === 0 ? undefined : this.body.toString();
      case "method":
        return this.request.method;
      default:
        return undefined;
    }
  }

  /** `$context.{name}`; undefined if it has no value. */
  context(name: string): string | undefined {
    const { request, api } = this;
    if (name.startsWith("authorizer.")) return this.#authorizerValue(name.slice("authorizer.".length));
    const find = contextValues[name];
    if (find !== undefined) return find(this);
    if (name === "identity.sourceIp") return sourceIpOf(request);
    if (name === "identity.userAgent") return headerOf(request, "user-agent");
    if (name === "accountId") return api.account;
    return undefined;
  }

  #authorizerValue(name: string): string | undefined {
    const { context, principalId } = this.authorization ?? {};
    if (name === "principalId" && principalId !== undefined) return principalId;
    const path = name.startsWith("claims.") ? name.slice("claims.".length) : name;
    if (context === undefined || !Object.hasOwn(context, path)) return undefined;
    const value = context[path];
    return typeof value === "string" ? value : JSON.stringify(value);
  }
}

const contextValues: Readonly<Record<string, (call: HttpCall) => string | undefined>> = {
  requestId: (call) => call.requestId,
  extendedRequestId: (call) => call.requestId,
  apiId: (call) => call.api.id,
  stage: (call) => call.stage.name,
  domainName: (call) => call.address.domainName,
  domainPrefix: (call) => call.address.domainPrefix,
  httpMethod: (call) => call.request.method,
  path: (call) => call.rawPath,
  protocol: (call) => protocolOf(call.request),
  requestTime: (call) => logTime(call.nowMs),
  requestTimeEpoch: (call) => String(Math.floor(call.nowMs / 1000)),
  routeKey: (call) => call.route?.key,
};
