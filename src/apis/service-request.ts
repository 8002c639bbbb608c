/**
 * Requests an API sends to an AWS service in the service's own protocol, from an `action/…` or `path/…` URI (developer
 * guide, AWS service integrations). Templates write the bodies, so they go over the wire.
 */
import type { WireRequest, WireResponse } from "../../protocols/protocol.ts";
import type { ServiceModel } from "../../protocols/schema.ts";
import type { Invocation } from "../calls/invocation.ts";
import type { ServiceDependencies } from "../calls/service.ts";
import { httpBytes } from "../outside/http-client.ts";
import { scopeHeaders } from "../outside/scope-headers.ts";
import { callApi } from "./inner-call.ts";
import { outsideService } from "./outside-services.ts";
import type { ServiceUri } from "./service-uri.ts";

export type ServiceTarget = Extract<ServiceUri, { kind: "service" }>;

/** The request as an integration has built it. */
export interface IntegrationRequest {
  readonly method: string;
  /** With the URI's placeholders filled in. */
  readonly path: string;
  /** `name=value`, encoded. */
  readonly query: readonly string[];
  /** Mapped headers, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Used if no mapping sets one. */
  readonly contentType: string;
  readonly body: Buffer;
}

/** The request as a service gets it. */
export interface ServiceRequest {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  readonly query: string;
  /** By lower-case name. */
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface ServiceReply {
  readonly status: number;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  /** A text if the service wrote one. */
  readonly body: string | Buffer;
}

/** The service is not one of ours, and there is no `--endpoint` for it. */
export class ServiceMissing extends Error {}

/** AWS's limit for a payload in either direction. */
export const maxPayloadBytes = 10 * 1024 * 1024;
/**
 * Real milliseconds until a hanging endpoint is given up: on a clock that stands still no other limit is ever reached.
 */
export const hangLimitMs = 120_000;

export type ServiceRequestDeps = Pick<ServiceDependencies, "apis" | "clock" | "models" | "options" | "relay">;

/** Builds the request the service expects: the action goes into the query, or into AWS JSON's X-Amz-Target header. */
export function serviceRequest(
  target: ServiceTarget,
  asked: IntegrationRequest,
  { models }: Pick<ServiceRequestDeps, "models">,
): ServiceRequest {
  const { service, subdomain, region, action, query } = target;
  const host = `${subdomain === undefined ? "" : `${subdomain}.`}${service}.${region}.amazonaws.com`;
  const headers: Record<string, string> = {
    accept: "application/json",
    "content-type": asked.contentType,
    host,
    ...asked.headers,
  };
  const pairs = query === "" ? [] : [query];
  pairs.push(...asked.query);
  if (action !== undefined && headers["x-amz-target"] === undefined) {
    const model = models.addressed(target.service);
    const other = model === undefined ? outsideService(service) : undefined;
    const prefix = model?.targetPrefix ?? other?.target;
    const speaksQuery = model?.protocols.includes("awsQuery") ?? prefix === undefined;
    const isForm = headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
    if (prefix !== undefined && !(speaksQuery && (isForm || pairs.length > 0))) {
      headers["x-amz-target"] = `${prefix}.${action}`;
      const version = model === undefined ? other?.version : model.protocols.includes("awsJson1_1") ? "1.1" : "1.0";
      if (asked.headers["content-type"] === undefined) {
        headers["content-type"] = `application/x-amz-json-${version ?? "1.0"}`;
      }
    } else {
      pairs.unshift(`Action=${encodeURIComponent(action)}`);
      if (model !== undefined && !query.includes("Version=")) pairs.push(`Version=${model.version}`);
    }
  }
  const { method, path, body } = asked;
  return { method, url: `https://${host}${path}`, path, query: pairs.join("&"), headers, body };
}

/**
 * The service's answer, which may be an error.
 * @throws ServiceMissing, HttpCallError
 */
export function sendToService(
  target: ServiceTarget,
  request: ServiceRequest,
  invocation: Invocation,
  deps: ServiceRequestDeps,
): ServiceReply | Promise<ServiceReply> {
  if (target.service === "execute-api") return sendToApi(request, invocation, deps);
  const model = deps.models.addressed(target.service);
  return model === undefined
    ? sendOutside(target, request, invocation, deps)
    : sendInside(target, model, request, invocation, deps);
}

function sendInside(
  { region }: ServiceTarget,
  model: ServiceModel,
  { method, path, query, headers, body }: ServiceRequest,
  invocation: Invocation,
  { relay }: ServiceRequestDeps,
): ServiceReply | Promise<ServiceReply> {
  const scope = `${invocation.account}/20150709/${region}/${model.signingNames[0]}/aws4_request`;
  // The request was made for this call, so its headers need not be copied.
  headers["authorization"] = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
  const wire: WireRequest = { method, path, query, headers, body };
  const answer = relay(wire, region === invocation.region ? invocation : invocation.for({ region }));
  return answer instanceof Promise ? answer.then(replyOf) : replyOf(answer);
}

function replyOf({ status, headers, body: content }: WireResponse): ServiceReply {
  const rawHeaders: string[] = [];
  for (const name of Object.keys(headers)) rawHeaders.push(name, headers[name] as string);
  return {
    status,
    rawHeaders,
    // No operation an integration can call answers with an event stream.
    body: typeof content === "string" ? content : content instanceof Uint8Array ? Buffer.from(content) : "",
  };
}

/** `{api}.execute-api`: another API or the same one, called through its door. */
async function sendToApi(
  { method, path, query, headers, body }: ServiceRequest,
  invocation: Invocation,
  { apis, clock }: ServiceRequestDeps,
): Promise<ServiceReply> {
  const url = new URL(`https://${headers["host"]}${path}`);
  if (query !== "") url.search = `?${query}`;
  const { account, region } = invocation;
  const scope = scopeHeaders({ account, region, service: "execute-api", nowMs: clock.now() });
  const answer = await callApi(apis, url, { method, headers: { ...headers, ...scope }, body }, invocation);
  const rawHeaders = Object.entries(answer.headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [name, one]),
  );
  return { status: answer.status, rawHeaders, body: answer.body };
}

async function sendOutside(
  { service, region }: ServiceTarget,
  request: ServiceRequest,
  invocation: Invocation,
  { options, clock }: ServiceRequestDeps,
): Promise<ServiceReply> {
  const other = outsideService(service);
  const endpoint = endpointOf(options.endpoints ?? {}, [service, other?.name, other?.signingName, "*"]);
  if (endpoint === undefined) {
    throw new ServiceMissing(`Busbar has no ${service}: tell it where to find one with --endpoint ${service}=url`);
  }
  const url = new URL(`${endpoint.replace(/\/$/, "")}${request.path}`);
  if (request.query !== "") url.search = `?${request.query}`;
  const { host: _host, ...headers } = request.headers;
  const scope = scopeHeaders({
    account: invocation.account,
    region,
    service: other?.signingName ?? service,
    nowMs: clock.now(),
  });
  const { status, rawHeaders, body } = await httpBytes(url, {
    method: request.method,
    headers: { ...headers, "X-Amzn-Trace-Id": invocation.trace, ...scope },
    body: request.body,
    signal: invocation.signal,
    timeoutMs: hangLimitMs,
    maxBodyBytes: maxPayloadBytes,
  });
  return { status, rawHeaders, body };
}

/** The endpoint configured under one of a service's names. */
function endpointOf(
  endpoints: Readonly<Record<string, string>>,
  names: readonly (string | undefined)[],
): string | undefined {
  for (const name of names) if (name !== undefined && Object.hasOwn(endpoints, name)) return endpoints[name];
  return undefined;
}
