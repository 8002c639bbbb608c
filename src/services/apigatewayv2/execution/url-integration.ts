/** Integrations of HTTP APIs with URLs. */

import { getOwn } from "../../../../protocols/unknown-json.ts";
import { callBackend } from "../../../apis/backend-call.ts";
import { withStageVariables } from "../../../apis/function-uri.ts";
import { inTime, timedOut } from "../../../apis/in-time.ts";
import { sourceIpOf } from "../../../apis/request-context.ts";
import { HttpCallError } from "../../../outside/http-client.ts";
import type { IntegrationValue } from "../tables.ts";
import { type HttpAnswer, type HttpCall, internalError, unavailable } from "./http-call.ts";
import { forwardedHost } from "./http-events.ts";
import { type MappedRequest, mappedRequest } from "./mapping.ts";

/** Headers of the client's connection, and those the gateway writes itself. */
const notForwarded = new Set([
  ...["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-authenticate"],
  ...["proxy-authorization", "content-length", "host", "expect", "forwarded", "via"],
  ...["x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-host"],
]);
const notPassedBack = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "content-length",
]);

export async function callUrl(call: HttpCall, integration: IntegrationValue): Promise<HttpAnswer> {
  const mapped = mappedRequest(call, integration.RequestParameters);
  const url = urlOf(call, integration, mapped);
  if (url === undefined) {
    call.notes.integrationError = "Invalid endpoint address";
    call.notes.errorType = "API_CONFIGURATION_ERROR";
    return internalError();
  }
  const method = integration.IntegrationMethod ?? "ANY";
  const { deps } = call.service;
  try {
    const answer = await inTime(deps, integration.TimeoutInMillis ?? 30_000, ({ signal }) =>
      callBackend(url, {
        method: method === "ANY" ? call.request.method : method,
        headers: forwarded(call, mapped),
        body: call.body,
        signal,
      }),
    );
    if (answer === timedOut) return noAnswer(call, "Endpoint request timed out", "INTEGRATION_TIMEOUT");
    call.notes.integrationStatus = answer.status;
    const headers = answer.headers.filter(
      (_text, index) => !notPassedBack.has((answer.headers[index - (index % 2)] as string).toLowerCase()),
    );
    return { status: answer.status, headers, body: answer.body };
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    return noAnswer(call, error.message, "INTEGRATION_NETWORK_FAILURE");
  }
}

function noAnswer(call: HttpCall, text: string, type: string): HttpAnswer {
  call.notes.integrationError = text;
  call.notes.errorType = type;
  return unavailable();
}

function forwarded(call: HttpCall, { rawHeaders }: MappedRequest): readonly string[] {
  const headers: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!notForwarded.has(name.toLowerCase())) headers.push(name, rawHeaders[at + 1] as string);
  }
  const ip = sourceIpOf(call.request);
  const host = forwardedHost(call);
  headers.push("Forwarded", `by=127.0.0.1;for=${ip};host=${host};proto=${call.request.scheme}`);
  return headers;
}

/**
 * The URL with the route's variables filled in. `$default` has no variable for its path, so the whole path is appended.
 */
function urlOf(call: HttpCall, { IntegrationUri }: IntegrationValue, mapped: MappedRequest): URL | undefined {
  const template = withStageVariables(IntegrationUri as string, call.stageVariables);
  let isFilled = false;
  const filled = template.replace(/\{([\w.:-]+)\}/g, (all, name: string) => {
    const value = call.pathParameters ? getOwn(call.pathParameters, name) : undefined;
    if (value === undefined) return all;
    isFilled = true;
    return value.split("/").map(encodeURIComponent).join("/");
  });
  if (!URL.canParse(filled) || !/^https?:/.test(filled)) return undefined;
  const url = new URL(filled);
  const isGreedy = call.route?.key === "$default" || call.route?.path.endsWith("+}") === true;
  if (mapped.isPathMapped) {
    url.pathname = mapped.rawPath;
  } else if (isGreedy && !isFilled) {
    const path = call.segments.map(encodeURIComponent).join("/");
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${path}`;
  }
  if (mapped.rawQuery !== "")
    url.search = url.search === "" ? mapped.rawQuery : `${url.search.slice(1)}&${mapped.rawQuery}`;
  return url;
}
