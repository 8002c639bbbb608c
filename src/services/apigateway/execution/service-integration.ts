/** AWS: a request to a service, in the service's own protocol (developer guide, AWS service integrations). */

import { setOwn } from "../../../../protocols/unknown-json.ts";
import { withStageVariables } from "../../../apis/function-uri.ts";
import { headerSafe } from "../../../apis/lambda-answer.ts";
import {
  type ServiceReply,
  type ServiceRequest,
  type ServiceTarget,
  sendToService,
  serviceRequest,
} from "../../../apis/service-request.ts";
import type { MethodDefinition } from "../definitions.ts";
import { type BackendAnswer, type ExecutionDeps, invocationOf, lastHeader, withinTimeout } from "./backend.ts";
import type { RestCall } from "./call.ts";
import type { DeployedApi } from "./deployed-api.ts";
import { failsAwsMapping } from "./headers.ts";
import { backendFailure, pairOf, pathText } from "./http-integration.ts";
import { MappedIntegration } from "./mapped-integration.ts";
import { typeOf } from "./media-types.ts";
import { Payload } from "./payload.ts";

export class ServiceIntegration extends MappedIntegration {
  constructor(method: MethodDefinition, api: Pick<DeployedApi, "binary">, deps: ExecutionDeps) {
    super(method, api, deps, failsAwsMapping);
  }

  /** @throws GatewayError */
  async call(call: RestCall, target: ServiceTarget): Promise<BackendAnswer> {
    const request = this.#request(call, target);
    let answer: ServiceReply;
    try {
      answer = await this.#send(call, target, request);
    } catch (error) {
      throw backendFailure(error);
    }
    return this.#answered(call, answer);
  }

  #request(call: RestCall, target: ServiceTarget): ServiceRequest {
    const { parameters, body } = this.mapped(call);
    const { httpMethod = "POST" } = this.definition;
    const query: string[] = [];
    for (const [name, values] of parameters.querystring) for (const value of values) query.push(pairOf(name, value));
    const headers: Record<string, string> = {};
    for (const [name, values] of parameters.header) setOwn(headers, name.toLowerCase(), values.join(","));
    const integrationRequest = {
      method: httpMethod === "ANY" ? call.verb : httpMethod,
      path: target.path.replace(/\{([^{}]+?)\+?\}/g, (whole, name: string) => {
        const value = parameters.path.get(name);
        return value === undefined ? whole : pathText(value, call);
      }),
      query,
      headers,
      contentType: headerSafe(call.request.header("content-type") ?? "application/json"),
      body: body.bytes,
    };
    const request = serviceRequest(target, integrationRequest, this.deps);
    call.log?.request(request.url, request.headers, body);
    return request;
  }

  #send(call: RestCall, target: ServiceTarget, request: ServiceRequest): ServiceReply | Promise<ServiceReply> {
    const { timeoutInMillis, credentials } = this.definition;
    const role = credentials === undefined ? undefined : withStageVariables(credentials, call.place.variables);
    return withinTimeout(this.deps, call, timeoutInMillis, (limit) =>
      sendToService(target, request, invocationOf(call, role, limit), this.deps),
    );
  }

  #answered(call: RestCall, answer: ServiceReply): BackendAnswer {
    call.integrated.status = answer.status;
    call.integrated.requestId = lastHeader(answer.rawHeaders, "x-amzn-requestid");
    const answered = this.#payload(answer.body, lastHeader(answer.rawHeaders, "content-type"));
    call.log?.answer(answer.status, call.integrated.latencyMs ?? 0, answer.rawHeaders, answered.text);
    return {
      status: answer.status,
      selector: String(answer.status),
      rawHeaders: answer.rawHeaders,
      payload: answered,
    };
  }

  #payload(body: string | Buffer, contentType: string | undefined): Payload {
    if (typeof body === "string") return Payload.ofText(body);
    return Payload.ofBytes(body, this.binary.has(typeOf(contentType)));
  }
}
