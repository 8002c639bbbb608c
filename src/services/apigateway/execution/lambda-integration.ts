/**
 * Lambda functions behind a method: AWS_PROXY, which gets the whole request as an event, and AWS, which gets what a
 * template makes of it.
 */

import { AwsError } from "../../../../protocols/error.ts";
import { tryParseJson } from "../../../../protocols/unknown-json.ts";
import { invocationUrl, withStageVariables } from "../../../apis/function-uri.ts";
import { hasHeader, headerSafe, type ProxyResult, proxyResult } from "../../../apis/lambda-answer.ts";
import type { Invocation } from "../../../calls/invocation.ts";
import type { EventValue } from "../../../functions/event-value.ts";
import type { FunctionAnswer } from "../../../functions/types.ts";
import type { IntegrationDefinition, MethodDefinition } from "../definitions.ts";
import { type BackendAnswer, type ExecutionDeps, invocationOf, withinTimeout } from "./backend.ts";
import type { RestCall } from "./call.ts";
import type { DeployedApi } from "./deployed-api.ts";
import { FunctionStream } from "./function-stream.ts";
import { configurationError, GatewayError } from "./gateway-error.ts";
import { failsAwsMapping, responseHeaderName } from "./headers.ts";
import { MappedIntegration } from "./mapped-integration.ts";
import type { Outcome } from "./outcome.ts";
import { Payload } from "./payload.ts";
import { proxyEvent } from "./proxy-event.ts";
import { RequestMapping } from "./request-mapping.ts";

/** What AWS logs for a missing function, and for one whose policy does not allow the API to call it. */
const notCallable = "Invalid permissions on Lambda function";

/** Invokes a function for an integration. @throws GatewayError */
function invoke(
  deps: ExecutionDeps,
  call: RestCall,
  integration: IntegrationDefinition,
  functionArn: string,
  payload: string | EventValue,
): Promise<FunctionAnswer> {
  return callFunction(deps, call, integration, functionArn, (invocation) =>
    deps.functions.invoke(functionArn, payload, invocation),
  );
}

async function callFunction<Answer>(
  deps: ExecutionDeps,
  call: RestCall,
  integration: IntegrationDefinition,
  functionArn: string,
  ask: (invocation: Invocation) => Answer | Promise<Answer>,
): Promise<Answer> {
  const roleArn = roleOf(call, integration);
  if (functionArn === "") throw configurationError("Invalid Lambda function ARN");
  try {
    const answer = await withinTimeout(deps, call, integration.timeoutInMillis, (limit) =>
      ask(invocationOf(call, roleArn, limit)),
    );
    call.integrated.status = 200;
    return answer;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    call.integrated.status = error.status;
    throw configurationError(error.status === 404 || error.status === 403 ? notCallable : error.message);
  }
}

function roleOf({ place }: RestCall, { credentials }: IntegrationDefinition): string | undefined {
  return credentials === undefined ? undefined : withStageVariables(credentials, place.variables);
}

/** AWS_PROXY. Method and integration responses are ignored. */
export class LambdaProxyIntegration {
  readonly #definition: IntegrationDefinition;
  readonly #mapping: RequestMapping;
  readonly #binary;
  readonly #deps: ExecutionDeps;
  readonly #functionOf: (uri: string) => string;

  constructor(
    { integration }: MethodDefinition,
    { binary }: Pick<DeployedApi, "binary">,
    deps: ExecutionDeps,
    functionOf: (uri: string) => string,
  ) {
    if (integration === undefined) throw new Error("a method without integration");
    this.#definition = integration;
    this.#mapping = new RequestMapping(integration.requestParameters, failsAwsMapping);
    this.#binary = binary;
    this.#deps = deps;
    this.#functionOf = functionOf;
  }

  /** @throws GatewayError */
  async call(call: RestCall): Promise<Outcome> {
    this.#mapping.check();
    const { httpMethod, uri = "" } = this.#definition;
    if (httpMethod !== "POST") throw configurationError(notCallable);
    const functionArn = this.#functionOf(withStageVariables(uri, call.place.variables));
    const event = proxyEvent(call, call.requestPayload(this.#binary));
    call.log?.line(`Endpoint request URI: ${invocationUrl(functionArn)}`);
    call.log?.line(`Endpoint request body after transformations: ${event.text}`);
    if (this.#definition.responseTransferMode === "STREAM") return this.#streamed(call, functionArn, event);
    return this.#whole(call, await invoke(this.#deps, call, this.#definition, functionArn, event));
  }

  /** The answer as the function streams it, or as a whole if it does not. */
  async #streamed(call: RestCall, functionArn: string, event: EventValue): Promise<Outcome> {
    const stream = new FunctionStream();
    const first = await callFunction(this.#deps, call, this.#definition, functionArn, (invocation) =>
      stream.first(Promise.resolve(this.#deps.functions.invoke(functionArn, event, invocation, { sink: stream }))),
    );
    if (first === "malformed") throw malformed();
    if ("payload" in first) return this.#whole(call, first);
    call.log?.answer(200, call.integrated.latencyMs ?? 0, [], "");
    const headers = headersOf(first);
    for (const cookie of first.cookies) headers.push("Set-Cookie", headerSafe(cookie));
    return { status: first.status ?? 200, headers, body: "", stream: stream.body };
  }

  #whole(call: RestCall, answer: FunctionAnswer): Outcome {
    call.integrated.requestId = answer.requestId;
    call.log?.answer(200, call.integrated.latencyMs ?? 0, [], answer.payload);
    if (answer.functionError !== undefined) throw functionFailure(answer);
    const result = proxyResult(tryParseJson(answer.payload), "rest");
    if (result === undefined) throw malformed();
    const headers = headersOf(result);
    const isBytes = result.isBase64Encoded && this.#binary.wants(call.request.header("accept"));
    const body = isBytes ? Buffer.from(result.body, "base64") : result.body;
    return { status: result.status ?? 200, headers, body };
  }
}

/** A function's headers as the client gets them. */
function headersOf(result: ProxyResult): string[] {
  const headers: string[] = [];
  for (let at = 0; at < result.headers.length; at += 2) {
    const name = responseHeaderName(result.headers[at] as string);
    if (name !== undefined) headers.push(name, result.headers[at + 1] as string);
  }
  if (!hasHeader(headers, "content-type")) headers.unshift("Content-Type", "application/json");
  return headers;
}

/** 502: the function's result is not in the form of a proxy integration. */
function malformed(): GatewayError {
  return badGateway("Execution failed due to configuration error: Malformed Lambda proxy response");
}

function functionFailure({ payload, requestId }: FunctionAnswer): GatewayError {
  const message = errorMessageOf(payload) ?? payload.slice(0, 1000);
  return badGateway(
    `Lambda execution failed with status 200 due to customer function error: ${message}. Lambda request id: ${requestId}`,
  );
}

function badGateway(log: string): GatewayError {
  return new GatewayError("DEFAULT_5XX", "Internal server error", { status: 502, log });
}

function errorMessageOf(payload: string): string | undefined {
  const value = tryParseJson(payload);
  if (typeof value !== "object" || value === null) return undefined;
  const { errorMessage } = value as { errorMessage?: unknown };
  return typeof errorMessage === "string" ? errorMessage : undefined;
}

/**
 * AWS with a function's URI. The function's error message selects the response; without an error it is the default one.
 */
export class LambdaIntegration extends MappedIntegration {
  constructor(method: MethodDefinition, api: Pick<DeployedApi, "binary">, deps: ExecutionDeps) {
    super(method, api, deps, failsAwsMapping);
  }

  /** @throws GatewayError */
  async call(call: RestCall, functionArn: string): Promise<BackendAnswer> {
    const { parameters, body } = this.mapped(call);
    const event = body.text === "" ? "{}" : body.text;
    call.log?.line(`Endpoint request URI: ${invocationUrl(functionArn)}`);
    call.log?.line(`Endpoint request body after transformations: ${event}`);
    let type: string | undefined;
    for (const [name, values] of parameters.header) {
      if (name.toLowerCase() === "x-amz-invocation-type" || name.toLowerCase() === "invocationtype")
        type = values.at(-1);
    }
    if (type === "Event") return this.#begin(call, functionArn, event);
    const answer = await invoke(this.deps, call, this.definition, functionArn, event);
    call.integrated.requestId = answer.requestId;
    call.log?.answer(200, call.integrated.latencyMs ?? 0, [], answer.payload);
    const failed = answer.functionError !== undefined;
    return {
      status: 200,
      selector: failed ? (errorMessageOf(answer.payload) ?? "") : undefined,
      rawHeaders: ["Content-Type", "application/json"],
      payload: Payload.ofText(answer.payload),
    };
  }

  /** Lambda takes the event and answers 202; the function runs later, with Lambda's retries. */
  #begin(call: RestCall, functionArn: string, payload: string): BackendAnswer {
    const { store, delivery, functions } = this.deps;
    const roleArn = roleOf(call, this.definition);
    const invocation = invocationOf(call, roleArn);
    try {
      functions.check(functionArn, { invocation, requestId: call.ids.requestId });
    } catch (error) {
      throw error instanceof AwsError ? configurationError(notCallable) : error;
    }
    const { account, region } = call.place.api.snapshot;
    invocation.cause.run(() =>
      store.transaction(() =>
        delivery.submit({
          account,
          region,
          service: "apigateway",
          source: call.methodArn,
          roleArn,
          target: functionArn,
          kind: "lambda",
          parameters: {},
          payload,
          retry: { phases: [] },
        }),
      ),
    );
    call.integrated.status = 202;
    return { status: 202, selector: undefined, rawHeaders: [], payload: Payload.ofText("") };
  }
}
