/** HTTP and HTTP_PROXY: a request to the user's endpoint. */
import { withStageVariables } from "../../../apis/function-uri.ts";
import { headerSafe } from "../../../apis/lambda-answer.ts";
import { queryValues } from "../../../apis/request-headers.ts";
import { hangLimitMs, maxPayloadBytes, ServiceMissing } from "../../../apis/service-request.ts";
import { HttpCallError, type HttpStream, httpBytes, httpStream } from "../../../outside/http-client.ts";
import type { MethodDefinition } from "../definitions.ts";
import {
  type BackendAnswer,
  type ExecutionDeps,
  integrationTimeout,
  invalidEndpoint,
  lastHeader,
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

/** AWS's limit for a stream, in real milliseconds. */
const maxStreamMs = 15 * 60_000;

export class HttpIntegration extends MappedIntegration {
  readonly isProxy: boolean;
  constructor(method: MethodDefinition, api: Pick<DeployedApi, "binary">, deps: ExecutionDeps) {
    super(method, api, deps, failsHttpMapping);
    this.isProxy = this.definition.type === "HTTP_PROXY";
  }

  /** @throws GatewayError */
  async call(call: RestCall): Promise<BackendAnswer> {
    const { url, ...request } = this.#request(call);
    const answer = await this.#answer(call, (signal) =>
      httpBytes(url, { ...request, timeoutMs: hangLimitMs, maxBodyBytes: maxPayloadBytes, signal }),
    );
    call.log?.answer(answer.status, call.integrated.latencyMs ?? 0, answer.rawHeaders, answer.body);
    const type = typeOf(lastHeader(answer.rawHeaders, "content-type"));
    return {
      status: answer.status,
      selector: String(answer.status),
      rawHeaders: answer.rawHeaders,
      payload: Payload.ofBytes(answer.body, this.binary.has(type)),
    };
  }

  /** The backend's answer as a stream of any length; the timeout only covers its head. @throws GatewayError */
  async open(call: RestCall): Promise<HttpStream> {
    const { url, ...request } = this.#request(call);
    const answer = await this.#answer(call, (signal) =>
      httpStream(url, { ...request, timeoutMs: maxStreamMs, signal }),
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

  /** @throws GatewayError for an invalid address. */
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
    if (this.isProxy && call.request.query !== "") {
      if (querystring.size === 0) pairs.push(call.request.query);
      else {
        for (const [name, values] of Object.entries(queryValues(call.request.query))) {
          if (!querystring.has(name)) for (const value of values) pairs.push(pairOf(name, value));
        }
      }
    }
    for (const [name, values] of querystring) for (const value of values) pairs.push(pairOf(name, value));
    if (pairs.length > 0) url.search = url.search === "" ? `?${pairs.join("&")}` : `${url.search}&${pairs.join("&")}`;
    return url;
  }
}

/** Encodes a path parameter's value for a path; a greedy one keeps its slashes. */
export function pathText(value: string, { method, pathParameters }: RestCall): string {
  const greedy = /\{([^{}]+)\+\}$/.exec(method?.resourcePath ?? "")?.[1];
  if (greedy === undefined || pathParameters[greedy] !== value) return encodeURIComponent(value);
  return value.split("/").map(encodeURIComponent).join("/");
}

export function pairOf(name: string, value: string): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

type Headers = Record<string, string | readonly string[]>;

/** Headers API Gateway sends by itself, unless mapped. */
function ownHeaders({ place, request, ids }: RestCall): Headers {
  const { apiId } = place.api.snapshot;
  return {
    Accept: "application/json",
    "Content-Type": headerSafe(request.header("content-type") ?? "application/json"),
    "User-Agent": `AmazonAPIGateway_${apiId}`,
    "X-Amzn-Apigateway-Api-Id": apiId,
    "X-Amzn-Trace-Id": ids.trace,
  };
}

/** The client's headers, and what a proxy adds. */
function proxiedHeaders({ place, request, ids }: RestCall): Headers {
  const headers: Headers = Object.create(null);
  for (const [name, values] of Object.entries(request.multiHeaders)) {
    const lower = name.toLowerCase();
    if (notForwarded.has(lower) || (lower === "authorization" && isSigned(values[0]))) continue;
    headers[name] = values.length === 1 ? (values[0] as string) : values;
  }
  headers["X-Amzn-Apigateway-Api-Id"] = place.api.snapshot.apiId;
  headers["X-Amzn-Trace-Id"] = ids.trace;
  for (const [name, value] of Object.entries(forwarded(request))) headers[name] = value;
  return headers;
}

/** Headers that tell a backend about the client behind the gateway. */
export function forwarded(request: RestCall["request"]): Record<string, string> {
  const before = request.header("x-forwarded-for");
  return {
    "X-Forwarded-For": before === undefined ? request.sourceIp : `${before}, ${request.sourceIp}`,
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
  };
}

export function isSigned(authorization: string | undefined): boolean {
  return authorization?.startsWith("AWS4-") ?? false;
}

const unresolvable = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NONAME", "ERR_INVALID_URL", "ERR_UNESCAPED_CHARACTERS"]);

/** The gateway's answer to a backend's failure; any other error is returned as it is. */
export function backendFailure(error: unknown): unknown {
  if (error instanceof ServiceMissing) return configurationError(error.message);
  if (!(error instanceof HttpCallError)) return error;
  if (error.code === "TIMEOUT") return integrationTimeout();
  if (unresolvable.has(error.code)) return invalidEndpoint();
  return new GatewayError("INTEGRATION_FAILURE", "Network error communicating with endpoint", {
    log: "Execution failed due to a network error communicating with endpoint",
  });
}
