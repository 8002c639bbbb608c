/** The data plane of HTTP APIs: takes a request to its route and integration, and the answer back. */

import { percentDecoded } from "../../../../protocols/form.ts";
import type { ApiCall } from "../../../apis/apis.ts";
import { hasHeader } from "../../../apis/lambda-answer.ts";
import { headerOf, httpDate } from "../../../apis/request-context.ts";
import { Throttle } from "../../../apis/throttle.ts";
import { BodyBrokenOff, BodyTooLarge, type DoorAnswer, type DoorRequest } from "../../../calls/door.ts";
import type { ApiGatewayV2 } from "../apigatewayv2.ts";
import { type ApiRow, partKey, type StageRow } from "../tables.ts";
import { writeAccessLog } from "./access-log.ts";
import type { Authorizers } from "./authorize.ts";
import { preflight, withCors } from "./cors.ts";
import { callFunction } from "./function-integration.ts";
import { type HttpAnswer, HttpCall, internalError, message } from "./http-call.ts";
import { mappedAnswer } from "./mapping.ts";
import { routeThrottle } from "./route-settings.ts";
import { callSubtype } from "./service-integration.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import { callUrl } from "./url-integration.ts";

/** Quotas of HTTP APIs. */
const maxBodyBytes = 10 * 1024 * 1024;
const maxHeaderBytes = 10_240;

const notFound = () => message(404, "Not Found");

export class HttpGateway {
  readonly #service: ApiGatewayV2;
  readonly #authorizers: Authorizers;
  readonly #throttle = new Throttle();

  constructor(service: ApiGatewayV2, authorizers: Authorizers) {
    this.#service = service;
    this.#authorizers = authorizers;
  }

  clear(): void {
    this.#throttle.clear();
  }

  serve(api: ApiRow, address: ApiCall, request: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    const found = this.#find(api, address);
    if (found === undefined) {
      const { status, headers, body } = notFound();
      const id = this.#service.newRequestId();
      return answer.send(status, [...headers, "apigw-requestid", id], body);
    }
    const { stage, snapshot, segments } = found;
    const call = new HttpCall(this.#service, { api, stage, snapshot, segments }, address, request);
    const early = this.#early(call);
    if (early !== undefined) return this.#send(call, early, answer);
    return this.#run(call).then((result) => this.#send(call, result, answer));
  }

  /** The stage, its deployment, and the rest of the path. */
  #find(
    api: ApiRow,
    address: ApiCall,
  ): { stage: StageRow; snapshot: Snapshot; segments: readonly string[] } | undefined {
    if (api.value.DisableExecuteApiEndpoint === true && address.via === "default") return undefined;
    const { stages, deployments } = this.#service;
    const { path } = address;
    const encoded = path.slice(1).split("/");
    const segments = path.includes("%") ? encoded.map(percentDecoded) : encoded;
    let row = address.stage === undefined ? undefined : stages.get(partKey(api.id, address.stage));
    if (address.stage === undefined) {
      const [first = ""] = segments;
      const named = first === "" ? undefined : stages.get(partKey(api.id, first));
      if (named !== undefined) {
        segments.shift();
        if (segments.length === 0) segments.push("");
      }
      row = named ?? stages.get(partKey(api.id, "$default"));
    }
    if (row === undefined) return undefined;
    const stage = this.#service.current(api, row);
    const deployment = deployments.get(partKey(api.id, stage.value.DeploymentId ?? ""));
    return deployment && { stage, snapshot: snapshotOf(deployment), segments };
  }

  /** Answers given before the body is read: limits, preflights, unknown routes, throttles. */
  #early(call: HttpCall): HttpAnswer | undefined {
    const { request, snapshot } = call;
    if (headBytes(request) > maxHeaderBytes) return message(431, "Request Header Fields Too Large");
    const route = snapshot.router.find(request.method, call.segments);
    if (snapshot.cors !== undefined && request.method === "OPTIONS" && !route?.key.startsWith("OPTIONS ")) {
      const origin = headerOf(request, "origin");
      const isPreflight = headerOf(request, "access-control-request-method") !== undefined;
      if (origin !== undefined && isPreflight) return preflight(snapshot.cors, origin);
    }
    if (route === undefined) return notFound();
    call.follow(route);
    const limit = routeThrottle(call.stage, route.key);
    if (limit !== undefined && !this.#throttle.admits(limit.key, limit, call.nowMs))
      return message(429, "Too Many Requests");
    return undefined;
  }

  async #run(call: HttpCall): Promise<HttpAnswer> {
    const refused = this.#authorizers.refusal(call);
    const refusal = refused instanceof Promise ? await refused : refused;
    if (refusal !== undefined) return refusal;
    try {
      call.body = await call.request.bytes(maxBodyBytes);
    } catch (error) {
      if (error instanceof BodyTooLarge) return message(413, "Request Entity Too Large");
      if (error instanceof BodyBrokenOff) return message(400, "Bad Request");
      throw error;
    }
    const integration = call.route?.integration;
    if (integration === undefined) return internalError();
    const startMs = this.#service.now;
    const result =
      integration.IntegrationSubtype !== undefined
        ? await callSubtype(call, integration)
        : integration.IntegrationType === "AWS_PROXY"
          ? await callFunction(call, integration)
          : await callUrl(call, integration);
    call.notes.integrationLatencyMs = this.#service.now - startMs;
    return mappedAnswer(call, result, integration.ResponseParameters);
  }

  #send(call: HttpCall, { status, headers, body, byFunction }: HttpAnswer, answer: DoorAnswer): void {
    const { cors } = call.snapshot;
    const fields =
      cors === undefined || (status === 204 && call.route === undefined)
        ? headers
        : withCors(cors, headerOf(call.request, "origin"), headers);
    const added = [byFunction === true ? "Apigw-Requestid" : "apigw-requestid", call.requestId];
    if (!hasHeader(fields, "date")) added.push("Date", httpDate(this.#service.now));
    if (call.stage.value.AccessLogSettings !== undefined && call.route !== undefined) {
      const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
      writeAccessLog(this.#service.deps, call.api, call.stage, (name) => logValue(call, name, status, length));
    }
    answer.send(status, [...fields, ...added], body);
  }
}

function headBytes({ rawHeaders, method, path, query }: DoorRequest): number {
  let bytes = method.length + path.length + query.length;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}

function logValue(call: HttpCall, name: string, status: number, length: number): string | undefined {
  const { notes } = call;
  const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
  switch (name) {
    case "status":
      return String(status);
    case "responseLength":
      return String(length);
    case "responseLatency":
      return String(call.service.now - call.nowMs);
    case "integrationLatency":
    case "integration.latency":
      return text(notes.integrationLatencyMs);
    case "integrationStatus":
    case "integration.integrationStatus":
      return text(notes.integrationStatus ?? (notes.integrationRequestId === undefined ? undefined : 200));
    case "integration.status":
      return notes.integrationLatencyMs === undefined ? undefined : String(status);
    case "integration.requestId":
    case "awsEndpointRequestId":
      return notes.integrationRequestId;
    case "integration.error":
    case "integrationErrorMessage":
      return notes.integrationError;
    case "authorizer.error":
      return notes.authorizerError;
    case "error.responseType":
      return notes.errorType;
    case "error.message":
      return status >= 400 && notes.integrationStatus === undefined ? errorText(status) : undefined;
    case "error.messageString":
      return status >= 400 && notes.integrationStatus === undefined ? `"${errorText(status)}"` : undefined;
    case "resourcePath":
      return undefined;
    default:
      return name.startsWith("authorizer.") || name.startsWith("customDomain.") ? undefined : call.context(name);
  }
}

function errorText(status: number): string {
  const texts: Readonly<Record<number, string>> = { 401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests" };
  return texts[status] ?? "Internal Server Error";
}
