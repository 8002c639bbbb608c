/** `apigateway:invoke` and `http:invoke`: tasks that call an HTTP endpoint. */
import { STATUS_CODES } from "node:http";
import { callApi, isOurs } from "../../../../apis/inner-call.ts";
import { type ConnectionCall, ConnectionError, type Connections } from "../../../../outside/connections.ts";
import { type HttpAnswer, HttpCallError, httpCall, isLoopback } from "../../../../outside/http-client.ts";
import type { TaskRequest } from "../../asl/execution.ts";
import { isObject, type Json, type JsonObject, parseJson, textOf, tryParseJson, writeJson } from "../../asl/json.ts";
import { maxSeconds } from "../../asl/machine.ts";
import { badParameters, type HttpExchange, type Integration, type TaskCall } from "./integration.ts";
import { TaskError } from "./task-error.ts";

const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
const timeoutMs = 60_000;
const maxAnswerBytes = 262_144;

const forbiddenHeaders =
  /^(authorization|connection|content-md5|expect|host|max-forwards|proxy-authenticate|server|te|transfer-encoding|trailer|upgrade|via|www-authenticate|x-amz.*|x-amzn.*|x-forwarded-.*)$/i;

interface Fields {
  readonly known: readonly string[];
  readonly required: readonly string[];
}

const fieldsOf: Readonly<Record<string, Fields>> = {
  apigateway: {
    known: [
      ...["ApiEndpoint", "Method", "Stage", "Path", "Headers", "QueryParameters"],
      ...["RequestBody", "AllowNullValues", "AuthType"],
    ],
    required: ["ApiEndpoint", "Method"],
  },
  http: {
    known: [
      ...["ApiEndpoint", "Method", "Authentication", "InvocationConfig", "Headers"],
      ...["QueryParameters", "RequestBody", "Transform"],
    ],
    required: ["ApiEndpoint", "Method"],
  },
};

export class HttpCalls implements Integration {
  readonly #endpoint: string | undefined;

  /** @param endpoint the address of API Gateway's hosts, if it is not their own. */
  constructor(endpoint: string | undefined) {
    this.#endpoint = endpoint;
  }

  startProblem(task: TaskRequest): string | undefined {
    const { parameters } = task;
    const type = typeOf(task);
    if (!isObject(parameters)) return badParameters(parameters, ["The parameters must be an object"]);
    const { known, required } = fieldsOf[type] as Fields;
    const problems = required
      .filter((field) => parameters[field] === undefined)
      .map((field) => `The field '${field}' is required but was missing`);
    for (const field of Object.keys(parameters)) {
      if (!known.includes(field)) problems.push(`The field '${field}' is not supported by Step Functions`);
    }
    for (const field of ["Headers", "QueryParameters"]) {
      const value = parameters[field];
      const fits = value === undefined || value === null || (isObject(value) && (type === "http" || listsOnly(value)));
      if (!fits) problems.push(`The value of the field '${field}' has an invalid format`);
    }
    if (parameters["Method"] !== undefined && !methods.includes(textOf(parameters["Method"]))) {
      problems.push("The value of the field 'Method' has an invalid format");
    }
    if (urlOf(type, parameters, this.#endpoint) === undefined) {
      problems.push("The value of the field 'ApiEndpoint' has an invalid format");
    }
    return problems.length > 0 ? badParameters(parameters, problems) : undefined;
  }

  async call({ task, row, invocation, deps, trace }: TaskCall): Promise<Json> {
    const type = typeOf(task);
    const parameters = task.parameters as JsonObject;
    const url = urlOf(type, parameters, this.#endpoint) as URL;
    for (const [name, values] of pairs(parameters["QueryParameters"])) {
      for (const value of values) url.searchParams.append(name, value);
    }
    const headers: Record<string, string> = { "User-Agent": `Amazon|StepFunctions|HttpInvoke|${row.region}` };
    let body = "";
    const given = parameters["RequestBody"] ?? null;
    if (given !== null) {
      headers["Content-Type"] = "application/json";
      body = writeJson(given);
    }
    if (type === "http") headers["Range"] = `bytes=0-${maxAnswerBytes}`;
    for (const [name, values] of pairs(parameters["Headers"])) {
      if (forbiddenHeaders.test(name)) throw new TaskError("States.Runtime", `The header ${name} is not allowed.`);
      setHeader(headers, name, values.join(", "));
    }
    const method = textOf(parameters["Method"]);
    const protocol = url.protocol.slice(0, -1);
    const asSent = () => ({ protocol, method, url: url.href, headers: headerList(headers), body });
    const json = body;
    const transform = type === "http" ? parameters["Transform"] : undefined;
    body = encodeBody(transform, given, headers) ?? json;
    const request = asSent();
    const connection = type === "http" ? connectionOf(parameters) : undefined;
    if (connection !== undefined) {
      // What the connection adds to the body is encoded too.
      const whole = await authorize(deps.connections, connection, { url, headers, body: json });
      if (whole !== json) body = encodeBody(transform, parseJson(whole), headers) ?? whole;
    }
    trace?.({ request, revealed: asSent() });
    // TestState does not show this header.
    const traced = { "X-Amzn-Trace-Id": invocation.trace, ...headers };
    const sent = { method, headers: traced, body };
    const isHere = type === "apigateway" && this.#endpoint === undefined && isOurs(deps.apis, url.host);
    const answer = isHere
      ? await deps.clock.trackOutside(callApi(deps.apis, url, sent, invocation))
      : await exchange(type, url, { ...sent, signal: invocation.signal });
    trace?.({ request, revealed: asSent(), response: shownResponse(protocol, answer) });
    return output(type, answer, deps.clock.now());
  }
}

/** Headers as TestState shows them: `[name: value, …]`. */
function headerList(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  return `[${Object.entries(headers)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(", ")}]`;
}

function statusText(status: number): string {
  return STATUS_CODES[status] ?? "";
}

function shownResponse(protocol: string, { status, headers, body }: HttpAnswer): NonNullable<HttpExchange["response"]> {
  return {
    protocol,
    statusCode: String(status),
    statusMessage: statusText(status),
    headers: headerList(headers),
    body,
  };
}

function typeOf({ resource }: TaskRequest): string {
  return resource.kind === "service" ? resource.resourceType : "";
}

function listsOnly(value: JsonObject): boolean {
  return Object.values(value).every((one) => Array.isArray(one));
}

function connectionOf(parameters: JsonObject): string | undefined {
  const holder = parameters["Authentication"] ?? parameters["InvocationConfig"];
  const arn = isObject(holder) ? holder["ConnectionArn"] : undefined;
  return typeof arn === "string" ? arn : undefined;
}

/** The endpoint of API Gateway is just a host; plain HTTP is used for one on this machine. */
function urlOf(type: string, parameters: JsonObject, endpoint: string | undefined): URL | undefined {
  const given = textOf(parameters["ApiEndpoint"] ?? "");
  try {
    if (type === "http") return new URL(given);
    const host = new URL(`http://${given}`);
    if (host.host !== given.toLowerCase()) return undefined;
    const base = endpoint ?? `${isLoopback(host.hostname) ? "http" : "https"}://${given}`;
    const parts = [parameters["Stage"], parameters["Path"]]
      .filter((part): part is string => typeof part === "string" && part !== "")
      .map((part) => part.replace(/^\//, ""));
    return new URL(`${base.replace(/\/$/, "")}/${parts.join("/")}`);
  } catch {
    return undefined;
  }
}

function pairs(value: Json | undefined): [string, string[]][] {
  if (!isObject(value)) return [];
  return Object.entries(value).map(([name, one]) => [name, Array.isArray(one) ? one.map(textOf) : [textOf(one)]]);
}

function setHeader(headers: Record<string, string>, name: string, value: string): void {
  const known = Object.keys(headers).find((one) => one.toLowerCase() === name.toLowerCase());
  // A line break would start another header.
  headers[known ?? name] = value.replace(/[\r\n]/g, " ");
}

/** The body as `Transform` demands; undefined if it stays JSON. */
function encodeBody(transform: Json | undefined, body: Json, headers: Record<string, string>): string | undefined {
  if (!isObject(transform) || transform["RequestBodyEncoding"] !== "URL_ENCODED" || !isObject(body)) return undefined;
  setHeader(headers, "Content-Type", "application/x-www-form-urlencoded");
  const options = transform["RequestEncodingOptions"];
  const format = isObject(options) ? textOf(options["ArrayFormat"] ?? "INDICES") : "INDICES";
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) appendField(form, name, value, format);
  return form.toString();
}

function appendField(form: URLSearchParams, name: string, value: Json, format: string): void {
  if (Array.isArray(value)) {
    if (format === "COMMAS") form.append(name, value.map((item) => textOf(item)).join(","));
    else {
      for (const [index, item] of value.entries()) {
        const key = format === "INDICES" ? `${name}[${index}]` : format === "BRACKETS" ? `${name}[]` : name;
        appendField(form, key, item, format);
      }
    }
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) appendField(form, `${name}[${key}]`, item, format);
  } else if (value !== null) form.append(name, textOf(value));
}

async function authorize(connections: Connections, arn: string, call: ConnectionCall): Promise<string> {
  try {
    return await connections.authorize(arn, call);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new TaskError(`Events.ConnectionResource.${error.code}`, error.message);
  }
}

async function exchange(
  type: string,
  url: URL,
  call: { method: string; headers: Record<string, string>; body: string; signal: AbortSignal },
): Promise<HttpAnswer> {
  try {
    return await httpCall(url, { ...call, timeoutMs, maxBodyBytes: maxAnswerBytes });
  } catch (error) {
    if (!(error instanceof HttpCallError) && !(error instanceof TypeError)) throw error;
    throw new TaskError(type === "http" ? "States.Http.Socket" : "ApiGateway.ServiceUnavailable", error.message);
  }
}

function output(type: string, answer: HttpAnswer, nowMs: number): JsonObject {
  const { status, body } = answer;
  if (status < 200 || status > 299) {
    if (type === "http" && status >= 300 && status < 400) {
      throw new TaskError("States.Runtime", `The HTTP endpoint answered with a redirect (${status}).`);
    }
    if (type !== "http") throw new TaskError(`ApiGateway.${status}`, body);
    const waitSeconds = status === 429 ? retryAfterSeconds(answer.headers["retry-after"], nowMs) : undefined;
    throw new TaskError(`States.Http.StatusCode.${status}`, body, waitSeconds);
  }
  const headers: JsonObject = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value : [value];
  }
  return { Headers: headers, ResponseBody: bodyOf(answer, type), StatusCode: status, StatusText: statusText(status) };
}

/** A Retry-After header, in seconds or as a date (RFC 9110, 10.2.3); undefined if it is neither. */
function retryAfterSeconds(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - nowMs) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), maxSeconds);
}

function bodyOf({ headers, body }: HttpAnswer, type: string): Json {
  if (type === "http" && !/json/i.test(String(headers["content-type"] ?? ""))) return body;
  const value = tryParseJson(body);
  return value === undefined ? body : value;
}
