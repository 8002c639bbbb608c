/** A method's integration of whatever type, up to the answer for the client. */

import { isUtf8 } from "node:buffer";
import { withStageVariables } from "../../../apis/function-uri.ts";
import { isHeaderName } from "../../../apis/request-headers.ts";
import { parseServiceUri, type ServiceUri } from "../../../apis/service-uri.ts";
import { parseArn } from "../../../calls/arn.ts";
import type { MethodDefinition } from "../definitions.ts";
import { type BackendAnswer, type ExecutionDeps, lastHeader } from "./backend.ts";
import type { RestCall } from "./call.ts";
import type { DeployedApi } from "./deployed-api.ts";
import { configurationError } from "./gateway-error.ts";
import { proxiedHeaderName } from "./headers.ts";
import { HttpIntegration } from "./http-integration.ts";
import { IntegrationResponses } from "./integration-responses.ts";
import { LambdaIntegration, LambdaProxyIntegration } from "./lambda-integration.ts";
import { MockIntegration } from "./mock-integration.ts";
import type { Outcome } from "./outcome.ts";
import { ServiceIntegration } from "./service-integration.ts";

type Run = (call: RestCall) => Outcome | Promise<Outcome>;

/** Parsed URIs that are kept; stage variables may make any number of them. */
const maxUris = 100;

export class Integration {
  /** @throws GatewayError if the call fails, synchronously or not. */
  readonly run: Run;
  /** Whether answers carry the trace header. */
  readonly isTraced: boolean;
  readonly #uris = new Map<string, ServiceUri | undefined>();

  constructor(method: MethodDefinition, api: DeployedApi, deps: ExecutionDeps) {
    this.isTraced = method.integration?.type !== "HTTP_PROXY";
    this.run = this.#compiled(method, api, deps);
  }

  #compiled(method: MethodDefinition, api: DeployedApi, deps: ExecutionDeps): Run {
    const { integration } = method;
    if (integration === undefined) {
      return () => {
        throw configurationError("No integration defined for method");
      };
    }
    const responses = new IntegrationResponses(method, api.binary);
    switch (integration.type) {
      case "MOCK": {
        const mock = new MockIntegration(method, api);
        return (call) => responses.answer(call, mock.call(call));
      }
      case "HTTP": {
        const http = new HttpIntegration(method, api, deps);
        return async (call) => responses.answer(call, await http.call(call));
      }
      case "HTTP_PROXY": {
        const http = new HttpIntegration(method, api, deps);
        if (integration.responseTransferMode === "STREAM") {
          return async (call) => {
            const { status, rawHeaders, body } = await http.open(call);
            return { status, headers: proxiedHeaders(rawHeaders), body: "", stream: body };
          };
        }
        return async (call) => proxied(call, await http.call(call), api);
      }
      case "AWS_PROXY": {
        const proxy = new LambdaProxyIntegration(method, api, deps, (uri) => {
          const target = this.#target(uri);
          if (target?.kind !== "function") throw configurationError("Invalid ARN specified in the request");
          return target.arn;
        });
        return (call) => proxy.call(call);
      }
      case "AWS": {
        const lambda = new LambdaIntegration(method, api, deps);
        const service = new ServiceIntegration(method, api, deps);
        const uri = integration.uri ?? "";
        return async (call) => {
          const target = this.#target(withStageVariables(uri, call.place.variables));
          if (target === undefined) throw configurationError("Invalid ARN specified in the request");
          const answer =
            target.kind === "function" ? await lambda.call(call, target.arn) : await service.call(call, target);
          return responses.answer(call, answer);
        };
      }
    }
  }

  #target(uri: string): ServiceUri | undefined {
    let target = this.#uris.get(uri);
    if (target === undefined && !this.#uris.has(uri)) {
      target = parseServiceUri(uri);
      // Something that looks like a function's ARN but is not one.
      if (target?.kind === "function" && parseArn(target.arn) === undefined && /[/\s]/.test(target.arn))
        target = undefined;
      if (this.#uris.size >= maxUris) this.#uris.clear();
      this.#uris.set(uri, target);
    }
    return target;
  }
}

/** HTTP_PROXY: the backend's status, headers and body. */
function proxied(call: RestCall, answer: BackendAnswer, { binary }: DeployedApi): Outcome {
  const headers = proxiedHeaders(answer.rawHeaders);
  const { payload } = answer;
  // A compressed body is passed on as it is.
  if (lastHeader(headers, "content-encoding") !== undefined)
    return { status: answer.status, headers, body: payload.content };
  const { content } = payload.answered(undefined, binary.wants(call.request.header("accept")), binary.none);
  const isText = !payload.isBinary && typeof content !== "string" && content === payload.content;
  // A text body passes through as text, so bytes that are not UTF-8 are lost, as on AWS.
  return { status: answer.status, headers, body: isText && !isUtf8(content) ? content.toString() : content };
}

/** A backend's headers as the client gets them. */
function proxiedHeaders(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = proxiedHeaderName(rawHeaders[at] as string);
    if (name !== undefined && isHeaderName(name)) headers.push(name, rawHeaders[at + 1] as string);
  }
  if (lastHeader(headers, "content-type") === undefined) headers.unshift("Content-Type", "application/json");
  return headers;
}
