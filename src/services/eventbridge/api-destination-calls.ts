/** Calls API destinations (EventBridge user guide, "API destinations as targets"). */
import type { Target } from "@aws-sdk/client-eventbridge";
import type { Invocation } from "../../calls/invocation.ts";
import { eventRetry } from "../../delivery/event-retry.ts";
import type { WebParameters } from "../../delivery/kinds.ts";
import { type Delivery, DeliveryFailure, type DeliveryRequest, type Way } from "../../delivery/types.ts";
import { type ConnectionCall, ConnectionError } from "../../outside/connections.ts";
import { type HttpAnswer, type HttpCall, HttpCallError, httpCall } from "../../outside/http-client.ts";
import { pairsOf } from "./connection-parameters.ts";
import type { ApiDestinationRow, ConnectionRow } from "./connection-tables.ts";
import type { EventBridge } from "./eventbridge.ts";

const timeoutMs = 5000;
const maxAnswerBytes = 65_536;

export class ApiDestinations {
  readonly #service: EventBridge;

  constructor(service: EventBridge) {
    this.#service = service;
    service.deps.delivery.register(
      "api-destination",
      (delivery, invocation) => this.#call(delivery, invocation),
      () => timeoutMs,
    );
    service.deps.connections.onAuthorize((arn, call) => this.#authorize(arn, call));
  }

  /** Adds a connection's parameters to another service's call. @throws ConnectionError */
  async #authorize(arn: string, { url, headers, body }: ConnectionCall): Promise<string> {
    const connection = this.#service.connection(arn);
    if (connection === undefined) throw new ConnectionError("NotFound", `The connection ${arn} does not exist.`);
    try {
      const { name, value } = await this.#authorization(connection);
      headers[name] = value;
    } catch (error) {
      if (!(error instanceof DeliveryFailure)) throw error;
      throw new ConnectionError("InvalidConnectionState", error.message);
    }
    const own = pairsOf(connection.auth?.InvocationHttpParameters);
    for (const [key, value] of own.query) url.searchParams.set(key, value);
    for (const [key, value] of own.headers) {
      for (const name of Object.keys(headers)) if (name.toLowerCase() === key.toLowerCase()) delete headers[name];
      headers[key] = value;
    }
    return withMembers(body === "" && own.body.length > 0 ? "{}" : body, own.body);
  }

  /** Kind and parameters of a delivery to an API destination: calls over its rate are delayed. */
  wayTo(target: Target, parameters: WebParameters): Way<"api-destination"> & Pick<DeliveryRequest, "retry"> {
    const arn = target.Arn as string;
    const perSecond = this.#service.apiDestination(arn)?.perSecond;
    const retry = eventRetry(target.RetryPolicy);
    return {
      kind: "api-destination",
      parameters,
      retry: perSecond === undefined ? retry : { ...retry, maxPerSecond: perSecond, rateKey: arn },
    };
  }

  async #call(
    { target, payload, parameters }: Delivery<"api-destination">,
    { signal, trace }: Invocation,
  ): Promise<HttpAnswer> {
    const destination = this.#service.apiDestination(target);
    if (destination === undefined) {
      throw new DeliveryFailure("NO_RESOURCE", `API destination ${target} does not exist.`, false);
    }
    const connection = this.#service.connection(destination.connectionArn);
    if (connection === undefined) {
      throw new DeliveryFailure("NO_RESOURCE", `Connection ${destination.connectionArn} does not exist.`, false);
    }
    const authorization = await this.#authorization(connection);
    const { url, call } = invocation(destination, connection, parameters, payload);
    const headers = { "X-Amzn-Trace-Id": trace, ...call.headers, [authorization.name]: authorization.value };
    let answer: HttpAnswer;
    try {
      answer = await httpCall(url, { ...call, headers, signal });
    } catch (error) {
      if (error instanceof HttpCallError) throw new DeliveryFailure(error.code, error.message, true);
      if (error instanceof TypeError) throw new DeliveryFailure("INVALID_PARAMETER", error.message, false);
      throw error;
    }
    if (authorization.token !== undefined && (answer.status === 401 || answer.status === 407)) {
      this.#service.authorizer.refused(connection, authorization.token);
      throw new DeliveryFailure(String(answer.status), "The endpoint refused the access token.", true, { ...answer });
    }
    return judged(answer, this.#service.now);
  }

  async #authorization(connection: ConnectionRow): Promise<{ name: string; value: string; token?: string }> {
    const { ApiKeyAuthParameters: apiKey, BasicAuthParameters: basic } = connection.auth ?? {};
    if (connection.state === "DEAUTHORIZED" || connection.auth === undefined) {
      const reason = connection.stateReason ?? "It was deauthorized.";
      throw new DeliveryFailure("NO_PERMISSIONS", `Connection ${connection.name} is not authorized. ${reason}`, false);
    }
    if (apiKey !== undefined) return { name: apiKey.ApiKeyName as string, value: apiKey.ApiKeyValue as string };
    if (basic !== undefined) {
      const credentials = Buffer.from(`${basic.Username}:${basic.Password}`).toString("base64");
      return { name: "Authorization", value: `Basic ${credentials}` };
    }
    const token = await this.#service.authorizer.token(connection);
    if (token === undefined) {
      throw new DeliveryFailure("NO_PERMISSIONS", `Connection ${connection.name} has no access token.`, true);
    }
    return { name: "Authorization", value: `Bearer ${token}`, token };
  }
}

/** The call without its authorization. Where target and connection contradict each other, the connection wins. */
function invocation(
  destination: ApiDestinationRow,
  connection: ConnectionRow,
  target: WebParameters,
  payload: string,
): { url: URL; call: Omit<HttpCall, "signal"> } {
  const own = pairsOf(connection.auth?.InvocationHttpParameters);
  const values = target.path.values();
  const url = new URL(
    destination.endpoint.replace(/\*/g, () => {
      const next = values.next();
      return next.done ? "*" : encodeURIComponent(next.value);
    }),
  );
  for (const [key, value] of [...Object.entries(target.query), ...own.query]) url.searchParams.set(key, value);
  const headers = new Map<string, readonly [string, string]>();
  for (const pair of [...baseHeaders, ...Object.entries(target.headers), ...own.headers]) {
    headers.set(pair[0].toLowerCase(), pair);
  }
  const body = destination.method === "GET" || destination.method === "HEAD" ? "" : withMembers(payload, own.body);
  return {
    url,
    call: {
      method: destination.method,
      headers: Object.fromEntries(headers.values()),
      body,
      timeoutMs,
      maxBodyBytes: maxAnswerBytes,
    },
  };
}

const baseHeaders: readonly (readonly [string, string])[] = [
  ["User-Agent", "Amazon/EventBridge/ApiDestinations"],
  ["Content-Type", "application/json; charset=utf-8"],
  ["Range", "bytes=0-1048575"],
  ["Accept-Encoding", "gzip,deflate"],
  ["Connection", "close"],
];

/** A JSON object with the connection's body parameters added; other payloads are unchanged. */
function withMembers(payload: string, members: readonly (readonly [string, string])[]): string {
  if (members.length === 0) return payload;
  let body: unknown;
  try {
    body = JSON.parse(payload);
  } catch {
    return payload;
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) return payload;
  const added = Object.fromEntries(members);
  const own = Object.keys(body);
  if (own.some((name) => Object.hasOwn(added, name))) return JSON.stringify({ ...body, ...added });
  // The rest of the text stays as it is, including numbers that no double holds.
  const text = payload.trimEnd().slice(0, -1);
  return `${text}${own.length === 0 ? "" : ","}${JSON.stringify(added).slice(1)}`;
}

/** 2xx means delivered; 409, 429 and 5xx are retried, after the time the endpoint asks for. */
function judged(answer: HttpAnswer, now: number): HttpAnswer {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  const waitMs = retryAfterMs(answer.headers["retry-after"], now);
  const retryable = (status >= 500 || status === 429 || status === 409) && waitMs >= 0;
  const message = `The endpoint answered with status ${status}.`;
  throw new DeliveryFailure(String(status), message, retryable, { ...answer }, Math.max(0, waitMs));
}

/** Seconds or a date (RFC 9110 section 10.2.3); negative seconds mean not to retry. */
function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^-?\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
