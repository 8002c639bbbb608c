/** Backends of WebSocket routes other than AWS_PROXY functions: mocks, services, functions and HTTP endpoints. */
import { jsonObject, numberOf } from "../../../../../protocols/unknown-json.ts";
import { callBackend } from "../../../../apis/backend-call.ts";
import { functionOf, withStageVariables } from "../../../../apis/function-uri.ts";
import { inTime, timedOut } from "../../../../apis/in-time.ts";
import { headerSafe } from "../../../../apis/lambda-answer.ts";
import { sendToService, serviceRequest } from "../../../../apis/service-request.ts";
import { parseServiceUri } from "../../../../apis/service-uri.ts";
import type { IntegrationValue } from "../../tables.ts";
import { type IntegrationCall, invocationOf, invokeFunction, timeoutOf } from "./function-call.ts";
import { requestParameters } from "./sources.ts";

export interface BackendReply {
  readonly status: number;
  readonly body: string;
  /** Matched against the keys of integration responses. */
  readonly select: string;
}

/** Undefined if the integration is misconfigured or takes too long. */
export function callBackendOf(
  call: IntegrationCall,
  body: string,
): Promise<BackendReply | undefined> | BackendReply | undefined {
  const { integration, event } = call;
  const uri = withStageVariables(integration.IntegrationUri ?? "", event.stageVariables);
  switch (integration.IntegrationType) {
    case "MOCK": {
      const status = numberOf(jsonObject(body)?.["statusCode"] ?? 200);
      return Number.isInteger(status) ? { status, body: "", select: String(status) } : undefined;
    }
    case "AWS": {
      const arn = functionOf(uri);
      return arn === undefined ? callService(call, uri, body) : callFunction(call, arn, body);
    }
    default:
      return callHttp(call, uri, body);
  }
}

async function callFunction(call: IntegrationCall, arn: string, body: string): Promise<BackendReply | undefined> {
  const payload = jsonObject(body) === undefined ? JSON.stringify(body) : body;
  const answer = await invokeFunction(call, arn, payload);
  if (answer === undefined) return undefined;
  const error = answer.functionError === undefined ? "" : jsonObject(answer.payload)?.["errorMessage"];
  return { status: 200, body: answer.payload, select: typeof error === "string" ? error : "" };
}

async function callService(call: IntegrationCall, uri: string, body: string): Promise<BackendReply | undefined> {
  const { service, integration, event } = call;
  const target = parseServiceUri(uri);
  if (target?.kind !== "service") return undefined;
  const { headers, query, path } = requestParameters(integration.RequestParameters, event);
  const method = methodOf(integration);
  const integrationRequest = {
    method,
    path: filled(target.path, path),
    query: query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), headerSafe(value)])),
    contentType: "application/json",
    body: Buffer.from(body),
  };
  const { deps } = service;
  const request = serviceRequest(target, integrationRequest, deps);
  event.log?.request(request.url, request.headers, { text: body });
  const startMs = service.now;
  const answer = await inTime(deps, timeoutOf(integration), (limit) =>
    sendToService(target, request, invocationOf(call, limit), deps),
  );
  if (answer === timedOut) return undefined;
  event.log?.answer(answer.status, service.now - startMs, answer.rawHeaders, answer.body);
  return { status: answer.status, body: answer.body.toString(), select: String(answer.status) };
}

async function callHttp(call: IntegrationCall, uri: string, body: string): Promise<BackendReply | undefined> {
  const { service, api, integration, event } = call;
  const { headers, query, path } = requestParameters(integration.RequestParameters, event);
  const address = filled(uri, path);
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  for (const [name, value] of query) url.searchParams.append(name, value);
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const own = [
    ["Content-Type", "application/json"],
    ["User-Agent", `AmazonAPIGateway_${api.id}`],
    ["X-Amzn-Apigateway-Api-Id", api.id],
  ] as const;
  const sent = [
    ...own.filter(([name]) => !named.has(name.toLowerCase())),
    ...headers.map(([name, value]) => [name, headerSafe(value)] as const),
  ];
  event.log?.request(url.href, Object.fromEntries(sent), { text: body });
  const startMs = service.now;
  const answer = await inTime(service.deps, timeoutOf(integration), ({ signal }) =>
    callBackend(url, { method: methodOf(integration), headers: sent.flat(), body: Buffer.from(body), signal }),
  );
  if (answer === timedOut) return undefined;
  event.log?.answer(answer.status, service.now - startMs, answer.headers, answer.body);
  return { status: answer.status, body: answer.body.toString(), select: String(answer.status) };
}

function methodOf({ IntegrationMethod: method = "POST" }: IntegrationValue): string {
  return method === "ANY" ? "POST" : method;
}

function filled(text: string, path: Readonly<Record<string, string>>): string {
  return text.replace(/\{([\w-]+)\}/g, (all, name: string) =>
    Object.hasOwn(path, name) ? encodeURIComponent(path[name] as string) : all,
  );
}
