/** AWS: a request to a service, in the service's own protocol (developer guide, AWS service integrations). */

import type { WireRequest } from "../../../../protocols/protocol.ts";
import type { ServiceModel } from "../../../../protocols/schema.ts";
import { withStageVariables } from "../../../apis/function-uri.ts";
import { headerSafe } from "../../../apis/lambda-answer.ts";
import type { Abortable } from "../../../calls/abort.ts";
import { scopeHeaders } from "../../../outside/scope-headers.ts";
import type { IntegrationDefinition, MethodDefinition } from "../definitions.ts";
import { type BackendAnswer, headerOf, invocationOf, type Surroundings, withinTimeout } from "./backend.ts";
import type { RestCall } from "./call.ts";
import type { DeployedApi } from "./deployed-api.ts";
import { configurationError } from "./gateway-error.ts";
import { failsAwsMapping } from "./headers.ts";
import { exchange, pairOf, pathText } from "./http-integration.ts";
import { typeOf } from "./media-types.ts";
import { outsideService } from "./outside-services.ts";
import { Payload } from "./payload.ts";
import { type Mapped, override, RequestMapping } from "./request-mapping.ts";
import { RequestTemplate } from "./request-template.ts";
import type { ServiceUri } from "./service-uri.ts";

type Target = Extract<ServiceUri, { kind: "service" }>;

/** A request to a service, whoever answers it. */
interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** By lower-case name. */
  readonly headers: Record<string, string>;
  readonly body: Payload;
}

export class ServiceIntegration {
  readonly #definition: IntegrationDefinition;
  readonly #mapping: RequestMapping;
  readonly #template: RequestTemplate;
  readonly #binary;
  readonly #surroundings: Surroundings;

  constructor({ integration }: MethodDefinition, { binary }: Pick<DeployedApi, "binary">, surroundings: Surroundings) {
    if (integration === undefined) throw new Error("a method without integration");
    this.#definition = integration;
    this.#mapping = new RequestMapping(integration.requestParameters, failsAwsMapping);
    this.#template = new RequestTemplate(integration);
    this.#binary = binary;
    this.#surroundings = surroundings;
  }

  /** @throws GatewayError */
  async call(call: RestCall, target: Target): Promise<BackendAnswer> {
    const mapped = this.#mapping.of(call);
    const payload = call.requestPayload(this.#binary).converted(this.#definition.contentHandling);
    const body = this.#template.apply(call, payload);
    override(mapped, call);
    const model = modelOf(target, this.#surroundings);
    const request = this.#request(call, target, model, mapped, body);
    call.log?.request(`https://${target.service}.${target.region}.amazonaws.com${request.path}`, request.headers, body);
    const answer = await withinTimeout(this.#surroundings, call, this.#definition.timeoutInMillis, (limit) =>
      model === undefined
        ? this.#outside(call, target, request, limit)
        : this.#inside(call, target, model, request, limit),
    );
    call.integrated.status = answer.status;
    call.integrated.requestId = headerOf(answer.rawHeaders, "x-amzn-requestid");
    call.log?.answer(answer.status, call.integrated.latencyMs ?? 0, answer.rawHeaders, answer.payload.text);
    return answer;
  }

  #request(
    call: RestCall,
    { service, region, action, path, query }: Target,
    model: ServiceModel | undefined,
    mapped: Mapped,
    body: Payload,
  ): ServiceRequest {
    const headers: Record<string, string> = {
      accept: "application/json",
      "content-type": headerSafe(call.sent.header("content-type") ?? "application/json"),
      host: `${service}.${region}.amazonaws.com`,
    };
    for (const [name, values] of mapped.header) headers[name.toLowerCase()] = values.join(",");
    const pairs = query === "" ? [] : [query];
    for (const [name, values] of mapped.querystring) for (const value of values) pairs.push(pairOf(name, value));
    if (action !== undefined) {
      const isForm = headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
      const other = model === undefined ? outsideService(service) : undefined;
      const prefix = model?.targetPrefix ?? other?.target;
      const speaksQuery = model?.protocols.includes("awsQuery") ?? prefix === undefined;
      if (headers["x-amz-target"] === undefined) {
        if (prefix !== undefined && !(speaksQuery && (isForm || mapped.querystring.size > 0 || query !== ""))) {
          headers["x-amz-target"] = `${prefix}.${action}`;
          const version = model === undefined ? other?.version : model.protocols.includes("awsJson1_1") ? "1.1" : "1.0";
          const isMapped = [...mapped.header.keys()].some((name) => name.toLowerCase() === "content-type");
          if (!isMapped) headers["content-type"] = `application/x-amz-json-${version ?? "1.0"}`;
        } else {
          pairs.unshift(`Action=${encodeURIComponent(action)}`);
          if (model !== undefined && !query.includes("Version=")) pairs.push(`Version=${model.version}`);
        }
      }
    }
    const { httpMethod = "POST" } = this.#definition;
    return {
      method: httpMethod === "ANY" ? call.verb : httpMethod,
      path: path.replace(/\{([^{}]+?)\+?\}/g, (whole, name: string) => {
        const value = mapped.path.get(name);
        return value === undefined ? whole : pathText(value, call);
      }),
      query: pairs.join("&"),
      headers,
      body,
    };
  }

  async #inside(
    call: RestCall,
    { region }: Target,
    model: ServiceModel,
    request: ServiceRequest,
    limit: Abortable,
  ): Promise<BackendAnswer> {
    const { account } = call.place.api.snapshot;
    const scope = `${account}/20150709/${region}/${model.signingNames[0]}/aws4_request`;
    const wire: WireRequest = {
      method: request.method,
      path: request.path,
      query: request.query,
      headers: {
        ...request.headers,
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      },
      body: request.body.bytes,
    };
    const invocation = invocationOf(call, this.#role(call), limit);
    const { status, headers, body } = await this.#surroundings.relay(
      wire,
      region === invocation.region ? invocation : invocation.for({ region }),
    );
    // No operation that integrations can reach answers with frames.
    const content = typeof body === "string" ? body : body instanceof Uint8Array ? Buffer.from(body) : "";
    return {
      status,
      selector: String(status),
      rawHeaders: Object.entries(headers).flat(),
      payload: typeof content === "string" ? Payload.ofText(content) : this.#payload(content, headers["content-type"]),
    };
  }

  /** @throws GatewayError when nobody stands for the service. */
  async #outside(
    call: RestCall,
    { service, region }: Target,
    request: ServiceRequest,
    { signal }: Abortable,
  ): Promise<BackendAnswer> {
    const other = outsideService(service);
    const endpoint = endpointOf(this.#surroundings, [service, other?.name, other?.signingName, "*"]);
    if (endpoint === undefined) {
      throw configurationError(`Busbar has no ${service}: say where it is with --endpoint ${service}=url`);
    }
    const url = new URL(`${endpoint.replace(/\/$/, "")}${request.path}`);
    if (request.query !== "") url.search = `?${request.query}`;
    const { account } = call.place.api.snapshot;
    const { host: _host, ...headers } = request.headers;
    const scope = scopeHeaders({
      account,
      region,
      service: other?.signingName ?? service,
      nowMs: this.#surroundings.clock.now(),
    });
    const answer = await exchange(url, {
      method: request.method,
      headers: { ...headers, "X-Amzn-Trace-Id": call.ids.trace, ...scope },
      body: request.body.content,
      signal,
    });
    return {
      status: answer.status,
      selector: String(answer.status),
      rawHeaders: answer.rawHeaders,
      payload: this.#payload(answer.body, headerOf(answer.rawHeaders, "content-type")),
    };
  }

  #payload(bytes: Buffer, contentType: string | undefined): Payload {
    return Payload.ofBytes(bytes, this.#binary.has(typeOf(contentType)));
  }

  #role(call: RestCall): string | undefined {
    const { credentials } = this.#definition;
    return credentials === undefined ? undefined : withStageVariables(credentials, call.place.variables);
  }
}

/** Where a service is that Busbar has not, by whichever of its names somebody has told. */
function endpointOf({ options }: Surroundings, names: readonly (string | undefined)[]): string | undefined {
  const endpoints = options.endpoints ?? {};
  for (const name of names) if (name !== undefined && Object.hasOwn(endpoints, name)) return endpoints[name];
  return undefined;
}

/** The service of ours that the URI names; undefined for one that Busbar has not. */
function modelOf({ service }: Target, { models }: Surroundings): ServiceModel | undefined {
  for (const model of models.values()) {
    if (model.signingNames.includes(service) || model.hostPrefixes.includes(service)) return model;
  }
  return undefined;
}
