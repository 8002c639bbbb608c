/** HTTP and HTTP_PROXY: a request to an endpoint of the user's. */
import { withStageVariables } from "../../../apis/function-uri.ts";
import { headerSafe } from "../../../apis/lambda-answer.ts";
import { queryValues } from "../../../apis/request-headers.ts";
import { hangLimitMs, maxPayloadBytes, ServiceMissing } from "../../../apis/service-request.ts";
import { HttpCallError, type HttpStream, httpBytes, httpStream } from "../../../outside/http-client.ts";
import type { MethodDefinition } from "../definitions.ts";
import {
  type BackendAnswer,
  type ExecutionDeps,
  headerOf,
  invalidEndpoint,
  tooLate,
  withinTimeout,
} from "./backend.ts";
import type { RestCall } from "./call.ts";
import type { DeployedApi } from "./deployed-api.ts";
import { configurationError, GatewayError } from "./gateway-error.ts";
import { droppedFromMapping, failsHttpMapping, notForwarded } from "./headers.ts";
import { MappedIntegration } from "./mapped-integration.ts";
import { typeOf } from "./media-types.ts";
import { Payload } from "./payload.ts";
import type { Mapped } from "./request-mapping.ts";

/** AWS's bound of a stream, in real milliseconds. */
const longestStreamMs = 15 * 60_000;

export class HttpIntegration extends MappedIntegration {
  readonly isProxy: boolean;
  constructor(method: MethodDefinition, api: Pick<DeployedApi, "binary">, deps: ExecutionDeps) {
    super(method, api, deps, failsHttpMapping);
    this.isProxy = this.definition.type === "HTTP_PROXY";
  }

  /** @throws GatewayError */
  async call(call: RestCall): Promise<BackendAnswer> {
    const { url, ...asked } = this.#request(call);
    const answer = await this.#answer(call, (signal) =>
      httpBytes(url, { ...asked, timeoutMs: hangLimitMs, maxBodyBytes: maxPayloadBytes, signal }),
    );
    call.log?.answer(answer.status, call.integrated.latencyMs ?? 0, answer.rawHeaders, answer.body);
    const type = typeOf(headerOf(answer.rawHeaders, "content-type"));
    return {
      status: answer.status,
      selector: String(answer.status),
      rawHeaders: answer.rawHeaders,
      payload: Payload.ofBytes(answer.body, this.binary.has(type)),
    };
  }

  /** The backend's answer as it comes, of any length; the time-out is that of its head. @throws GatewayError */
  async open(call: RestCall): Promise<HttpStream> {
    const { url, ...asked } = this.#request(call);
    const answer = await this.#answer(call, (signal) =>
      httpStream(url, { ...asked, timeoutMs: longestStreamMs, signal }),
    );
    call.log?.answer(answer.status, call.integrated.latencyMs ?? 0, answer.rawHeaders, "");
    return answer;
  }

  async #answer<Answer extends { readonly status: number }>(
    call: RestCall,
    ask: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const { timeoutInMillis } = this.definition;
    try {
      const answer = await withinTimeout(this.deps, call, timeoutInMillis, ({ signal }) => ask(signal));
      call.integrated.status = answer.status;
      return answer;
    } catch (error) {
      throw backendFailure(error);
    }
  }

  #request(call: RestCall) {
    const { parameters, body } = this.mapped(call, this.isProxy);
    const { httpMethod = "ANY" } = this.definition;
    const url = this.#url(call, parameters);
    const method = httpMethod === "ANY" ? call.verb : httpMethod;
    const headers = this.isProxy ? proxiedHeaders(call) : ownHeaders(call);
    for (const [name, values] of parameters.header) {
      const lower = name.toLowerCase();
      if (droppedFromMapping.has(lower)) continue;
      for (const key of Object.keys(headers)) if (key.toLowerCase() === lower) delete headers[key];
      headers[name] = values.length === 1 ? (values[0] as string) : values;
    }
    call.log?.request(url.href, headers, body);
    return { url, method, headers, body: body.content };
  }

  /** @throws GatewayError for an address that is none. */
  #url(call: RestCall, { path, querystring }: Mapped): URL {
    const { variables } = call.place;
    const uri = withStageVariables(this.definition.uri ?? "", variables).replace(/\{([^{}]+?)\+?\}/g, (whole, name) => {
      const value = path.get(name as string);
      return value === undefined ? whole : pathText(value, call);
    });
    if (!/^https?:\/\/[^/?#]+/.test(uri)) throw invalidEndpoint();
    let url: URL;
    try {
      url = new URL(uri);
    } catch {
      throw invalidEndpoint();
    }
    const pairs: string[] = [];
    if (this.isProxy && call.sent.query !== "") {
      if (querystring.size === 0) pairs.push(call.sent.query);
      else {
        for (const [name, values] of Object.entries(queryValues(call.sent.query))) {
          if (!querystring.has(name)) for (const value of values) pairs.push(pairOf(name, value));
        }
      }
    }
    for (const [name, values] of querystring) for (const value of values) pairs.push(pairOf(name, value));
    if (pairs.length > 0) url.search = url.search === "" ? `?${pairs.join("&")}` : `${url.search}&${pairs.join("&")}`;
    return url;
  }
}

/** A path parameter's value as part of a path; that of a greedy one keeps its slashes. */
export function pathText(value: string, { method, pathParameters }: RestCall): string {
  const greedy = /\{([^{}]+)\+\}$/.exec(method?.resourcePath ?? "")?.[1];
  if (greedy === undefined || pathParameters[greedy] !== value) return encodeURIComponent(value);
  return value.split("/").map(encodeURIComponent).join("/");
}

export function pairOf(name: string, value: string): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

type Headers = Record<string, string | readonly string[]>;

/** What API Gateway sends of itself where nothing is mapped. */
function ownHeaders({ place, sent, ids }: RestCall): Headers {
  const { apiId } = place.api.snapshot;
  return {
    Accept: "application/json",
    "Content-Type": headerSafe(sent.header("content-type") ?? "application/json"),
    "User-Agent": `AmazonAPIGateway_${apiId}`,
    "X-Amzn-Apigateway-Api-Id": apiId,
    "X-Amzn-Trace-Id": ids.trace,
  };
}

/** The client's headers, and what a proxy adds. */
function proxiedHeaders({ place, sent, ids }: RestCall): Headers {
  const headers: Headers = Object.create(null);
  for (const [name, values] of Object.entries(sent.multiHeaders)) {
    const lower = name.toLowerCase();
    if (notForwarded.has(lower) || (lower === "authorization" && isSigned(values[0]))) continue;
    headers[name] = values.length === 1 ? (values[0] as string) : values;
  }
  headers["X-Amzn-Apigateway-Api-Id"] = place.api.snapshot.apiId;
  headers["X-Amzn-Trace-Id"] = ids.trace;
  for (const [name, value] of Object.entries(forwarded(sent))) headers[name] = value;
  return headers;
}

/** Headers that tell a backend of the client behind the gateway. */
export function forwarded(sent: RestCall["sent"]): Record<string, string> {
  const before = sent.header("x-forwarded-for");
  return {
    "X-Forwarded-For": before === undefined ? sent.sourceIp : `${before}, ${sent.sourceIp}`,
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
  };
}

export function isSigned(authorization: string | undefined): boolean {
  return authorization?.startsWith("AWS4-") ?? false;
}

const unresolvable = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NONAME", "ERR_INVALID_URL", "ERR_UNESCAPED_CHARACTERS"]);

/** What the gateway answers where a backend did not; whatever else was thrown is handed on. */
export function backendFailure(error: unknown): unknown {
  if (error instanceof ServiceMissing) return configurationError(error.message);
  if (!(error instanceof HttpCallError)) return error;
  if (error.code === "TIMEOUT") return tooLate();
  if (unresolvable.has(error.code)) return invalidEndpoint();
  return new GatewayError("INTEGRATION_FAILURE", "Network error communicating with endpoint", {
    log: "Execution failed due to a network error communicating with endpoint",
  });
}
