/** AWS services behind HTTP APIs: first-class integrations, called as any client would call them. */

import { tryParseJson } from "../../../../protocols/unknown-json.ts";
import { inTime, timedOut } from "../../../apis/in-time.ts";
import { headerValues } from "../../../apis/request-headers.ts";
import { callService } from "../../../apis/service-call.ts";
import {
  ServiceMissing,
  type ServiceRequestDeps,
  sendToService,
  serviceRequest,
} from "../../../apis/service-request.ts";
import type { Invocation } from "../../../calls/invocation.ts";
import { HttpCallError } from "../../../outside/http-client.ts";
import { type Subtype, subtypeOf } from "../subtypes.ts";
import type { IntegrationValue } from "../tables.ts";
import { expression, expressionText } from "./expressions.ts";
import { type HttpAnswer, type HttpCall, internalError, message, unavailable } from "./http-call.ts";

export async function callSubtype(call: HttpCall, integration: IntegrationValue): Promise<HttpAnswer> {
  const subtype = subtypeOf(integration.IntegrationSubtype as string);
  if (subtype === undefined) return internalError();
  const input: Record<string, unknown> = {};
  let region = call.api.region;
  for (const [name, source] of Object.entries(integration.RequestParameters ?? {})) {
    const value = expression(source)(call.sources);
    if (value === undefined || value === null) {
      if (!subtype.required.includes(name)) continue;
      call.notes.integrationError = `Unable to resolve property ${name} from source ${source}. Please make sure that the expression evaluates to an actual value.`;
      call.notes.errorType = "INTEGRATION_FAILURE";
      return message(400, "Bad Request");
    }
    if (name === "Region") region = expressionText(value);
    const kind = subtype.parameters[name];
    if (kind === "own" || kind === undefined) continue;
    const read = readers[kind](value);
    if (read === undefined) {
      call.notes.integrationError = `Invalid value for property ${name}`;
      return message(400, "Bad Request");
    }
    input[name] = read;
  }
  const { deps } = call.service;
  try {
    const answer = await inTime(deps, integration.TimeoutInMillis ?? 30_000, (limit) =>
      answerOf(call, subtype, input, call.invocation(limit, integration.CredentialsArn).for({ region })),
    );
    if (answer === timedOut) return unavailable();
    call.notes.integrationStatus = answer.status;
    if (answer.status >= 400) call.notes.integrationError = answer.body.toString();
    return answer;
  } catch (error) {
    if (!(error instanceof ServiceMissing || error instanceof HttpCallError)) throw error;
    call.notes.integrationError = error.message;
    call.notes.errorType = "INTEGRATION_FAILURE";
    return error instanceof ServiceMissing ? internalError() : unavailable();
  }
}

function answerOf(
  { service: { deps } }: HttpCall,
  { service, operation, isXml, request }: Subtype,
  input: Readonly<Record<string, unknown>>,
  invocation: Invocation,
): Promise<HttpAnswer> {
  if (request !== undefined) return askOutside(deps, service, request, input, invocation);
  return callService(deps, {
    service,
    operation,
    input: operation === "PutEvents" ? putEvents(input) : input,
    invocation,
    isXml,
    requestId: deps.random.fork("requests").uuid(),
  });
}

/** @throws ServiceMissing, HttpCallError */
async function askOutside(
  deps: ServiceRequestDeps,
  service: string,
  { path, query }: NonNullable<Subtype["request"]>,
  input: Readonly<Record<string, unknown>>,
  invocation: Invocation,
): Promise<HttpAnswer> {
  const { region } = invocation;
  const encoded = (name: string) => encodeURIComponent(expressionText(input[name]));
  const target = {
    kind: "service",
    service,
    subdomain: undefined,
    region,
    action: undefined,
    path,
    query: "",
  } as const;
  const integrationRequest = {
    method: "GET",
    path: path.replace(/\{(\w+)\}/g, (_whole, name: string) => encoded(name)),
    query: Object.entries(query).flatMap(([name, sent]) =>
      input[name] === undefined ? [] : [`${sent}=${encoded(name)}`],
    ),
    headers: {},
    contentType: "application/json",
    body: Buffer.alloc(0),
  };
  const { status, rawHeaders, body } = await sendToService(
    target,
    serviceRequest(target, integrationRequest, deps),
    invocation,
    deps,
  );
  const type = headerValues(rawHeaders, "content-type")[0] ?? "application/octet-stream";
  return { status, headers: ["Content-Type", type], body };
}

const readers: Readonly<Record<"text" | "number" | "blob" | "json", (value: unknown) => unknown>> = {
  text: expressionText,
  number: (value) => {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : undefined;
  },
  // Where users write JSON, bytes are written as plain text.
  blob: expressionText,
  json: (value) => (typeof value === "string" ? tryParseJson(value) : value),
};

/** The integration's parameters are those of one entry of PutEvents. */
function putEvents({ Time, ...entry }: Record<string, unknown>): object {
  const seconds = typeof Time === "string" ? Date.parse(Time) / 1000 : Number.NaN;
  return { Entries: [{ ...entry, ...(Number.isNaN(seconds) ? {} : { Time: seconds }) }] };
}
