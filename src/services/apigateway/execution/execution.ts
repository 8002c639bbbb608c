/** The data plane of REST APIs: takes a request to its stage and method, and the answer back. */

import { pipeline } from "node:stream";
import type { ApiCall, ServedApis } from "../../../apis/apis.ts";
import { ExecutionLog } from "../../../apis/execution-log.ts";
import { extendedId, protocolOf, rootTrace, sourceIpOf } from "../../../apis/request-context.ts";
import { maxPayloadBytes } from "../../../apis/service-request.ts";
import { BodyTooLarge, type DoorAnswer, type DoorRequest } from "../../../calls/door.ts";
import type { Random } from "../../../engine/random.ts";
import type { ApiGateway } from "../apigateway.ts";
import type {
  Execution,
  TestAuthorization,
  TestAuthorizationResult,
  TestInvocation,
  TestInvocationResult,
} from "../execution-port.ts";
import { Admission } from "./admission.ts";
import { authorize } from "./authorization.ts";
import { authorizerResults, resultsGroup } from "./authorizers.ts";
import type { ExecutionDeps } from "./backend.ts";
import { cached } from "./cached-answer.ts";
import { type CallIds, type CallPlace, RestCall } from "./call.ts";
import { ClientRequest } from "./client-request.ts";
import { compressed, inflated, tooLarge } from "./compression.ts";
import { logEnd, logStart } from "./execution-log-lines.ts";
import { forbidden, GatewayError, missingToken } from "./gateway-error.ts";
import { defaultBody } from "./gateway-responses.ts";
import { incompleteSignature } from "./iam.ts";
import { checkRequest } from "./limits.ts";
import { executionLogGroup, sendLog } from "./log-deliveries.ts";
import type { Outcome } from "./outcome.ts";
import { ResponseCache } from "./response-cache.ts";
import type { Stage } from "./stage.ts";
import { Stages } from "./stages.ts";
import { testAuthorizer, testMethod } from "./test-runs.ts";
import { validate } from "./validation.ts";

export class RestExecution implements Execution, ServedApis {
  readonly #service: ApiGateway;
  readonly #deps: ExecutionDeps;
  readonly #random: Random;
  readonly #stages: Stages;
  readonly #admission: Admission;
  readonly #cache = new ResponseCache();

  constructor(service: ApiGateway) {
    const { random } = service.deps;
    this.#service = service;
    this.#random = random.fork("execution");
    this.#deps = { ...service.deps, authorizerResults: authorizerResults() };
    this.#stages = new Stages(service, this.#deps);
    this.#admission = new Admission(service);
  }

  has(apiId: string): boolean {
    return this.#service.apis.get(apiId) !== undefined;
  }

  serve(address: ApiCall, incoming: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    const ids = this.#ids(incoming);
    const [stageName, path] = address.stage === undefined ? stageAndPath(address.path) : [address.stage, address.path];
    const stage = this.#stages.get(address.apiId, stageName);
    if (stage === undefined) return refuse(forbidden(), ids, answer);
    const { place, method } = this.#locate(stage, address, incoming);
    const request = new ClientRequest({
      method: incoming.method,
      query: incoming.query,
      rawHeaders: incoming.rawHeaders,
      headers: incoming.headers,
      sourceIp: sourceIpOf(incoming),
      protocol: protocolOf(incoming),
      scheme: incoming.scheme,
    });
    return this.#serve(new RestCall(place, ids, request, path, method), stage, address, incoming, answer);
  }

  async #serve(
    call: RestCall,
    stage: Stage,
    address: ApiCall,
    incoming: DoorRequest,
    answer: DoorAnswer,
  ): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.#answered(call, stage, address, incoming);
      if (outcome.status < 200) throw notFinal(outcome.status);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      call.error = error;
      if (error.type === "REQUEST_TOO_LARGE") answer.endConnection();
      outcome = call.place.api.gatewayResponses.answer(error, call);
    }
    this.#send(call, stage, outcome, answer);
  }

  #send(call: RestCall, stage: Stage, answered: Outcome, answer: DoorAnswer): void {
    const { minimumCompressionSize: minSize } = call.place.api.snapshot.settings;
    const outcome =
      minSize === undefined ? answered : compressed(answered, call.request.header("accept-encoding"), minSize);
    const { headers } = outcome;
    headers.push("x-amzn-RequestId", call.ids.requestId, "x-amz-apigw-id", call.ids.extendedId);
    if (call.error === undefined && call.method?.integration.isTraced) {
      headers.push("X-Amzn-Trace-Id", this.#shownTrace(call));
    }
    if (outcome.stream === undefined) answer.send(outcome.status, headers, outcome.body);
    else pipeline(outcome.stream, answer.stream(outcome.status, headers), () => {});
    this.#log(call, stage, outcome);
  }

  /** @throws GatewayError */
  async #answered(call: RestCall, stage: Stage, address: ApiCall, incoming: DoorRequest): Promise<Outcome> {
    const { api } = call.place;
    const { settings } = api.snapshot;
    const { request } = call;
    if (settings.disableExecuteApiEndpoint && address.via === "default") throw forbidden();
    checkRequest(request, incoming.path, settings.endpointType === "REGIONAL");
    const match = api.router.find(call.path, call.verb);
    if (match === undefined) {
      const authorization = request.header("authorization");
      throw authorization === undefined ? missingToken() : incompleteSignature(authorization);
    }
    const { method } = match;
    call.method = method;
    call.pathParameters = match.parameters;
    const setting = stage.setting(method, call.verb);
    const { loggingLevel = "OFF" } = setting ?? {};
    if (loggingLevel !== "OFF") {
      const full = setting?.dataTraceEnabled ?? false;
      call.log = new ExecutionLog(call.ids.requestId, () => this.#service.now, { full, tested: false });
    }
    if (hasBody(incoming)) await this.#readBody(call, incoming);
    if (call.log !== undefined) logStart(call.log, call);
    const authorizing = authorize(call, method, this.#service.deps.identityOf, this.#service.now);
    if (authorizing !== undefined) await authorizing;
    this.#admission.admit(call, setting);
    const validating = validate(call, method);
    if (validating !== undefined) await validating;
    const ttlMs = stage.cacheTtlMs(method, call.verb);
    if (ttlMs === 0 || setting === undefined) return method.integration.run(call);
    return cached(call, { cache: this.#cache, stage, method, setting, ttlMs, nowMs: this.#service.now });
  }

  /** @throws GatewayError 413, 415 */
  async #readBody(call: RestCall, incoming: DoorRequest): Promise<void> {
    const { request } = call;
    try {
      request.body = await incoming.bytes(maxPayloadBytes);
    } catch (error) {
      if (error instanceof BodyTooLarge) throw tooLarge();
      throw error;
    }
    const coding = request.header("content-encoding");
    if (coding !== undefined && call.place.api.snapshot.settings.minimumCompressionSize !== undefined) {
      request.body = inflated(request.body, coding);
    }
  }

  #locate(stage: Stage, address: ApiCall, incoming: DoorRequest): { place: CallPlace; method: string } {
    const { row, canary } = stage;
    const isCanary = canary === undefined ? undefined : this.#random.float() * 100 < canary.percent;
    const { api, variables } = isCanary && canary !== undefined ? canary : stage;
    const deploymentId = isCanary ? (row.canarySettings?.deploymentId ?? row.deploymentId) : row.deploymentId;
    const override = incoming.headers["x-http-method-override"];
    const method = typeof override === "string" && override !== "" ? override.toUpperCase() : incoming.method;
    return { place: { api, stageName: row.stageName, deploymentId, variables, isCanary, address }, method };
  }

  #ids(incoming: DoorRequest): CallIds {
    const receivedMs = this.#service.now;
    const trace = incoming.headers["x-amzn-trace-id"];
    const requested = incoming.headers["x-amzn-requestid"];
    return {
      requestId: typeof requested === "string" && isUuid(requested) ? requested : this.#random.uuid(),
      extendedId: extendedId(this.#random),
      trace: typeof trace === "string" && isTrace(trace) ? trace : rootTrace(receivedMs, this.#random),
      receivedMs,
    };
  }

  #shownTrace(call: RestCall): string {
    const { trace } = call.ids;
    if (call.method?.definition.integration?.type !== "AWS_PROXY" || trace.includes(";")) return trace;
    return `${trace};Parent=${this.#random.hex(16)};Sampled=0;Lineage=1:${this.#random.hex(8)}:0`;
  }

  #log(call: RestCall, stage: Stage, outcome: Outcome): void {
    stage.accessLog?.write(call, outcome, this.#deps);
    const { log, error, method } = call;
    if (log === undefined || method === undefined) return;
    logEnd(log, outcome, error);
    const { loggingLevel } = stage.setting(method, call.verb) ?? {};
    if (loggingLevel === "ERROR" && error === undefined) return;
    const lines = log.lines.map(({ timeMs, text }) => ({ timeMs, text: `(${call.ids.requestId}) ${text}` }));
    sendLog(call, this.#deps, { destination: executionLogGroup(call), stream: call.ids.requestId, lines });
  }

  testInvokeMethod(test: TestInvocation): Promise<TestInvocationResult> {
    return testMethod(test, this.#deps, this.#random);
  }

  testInvokeAuthorizer(test: TestAuthorization): Promise<TestAuthorizationResult> {
    return testAuthorizer(test, this.#deps, this.#random);
  }

  flushStageCache(apiId: string, stageName: string): void {
    const group = resultsGroup(apiId, stageName);
    this.#cache.flush(group);
    this.#cache.flush(`${group} canary`);
  }

  flushAuthorizersCache(apiId: string, stageName: string): void {
    this.#deps.authorizerResults.flush(resultsGroup(apiId, stageName));
  }

  /** Forgets everything that is only kept in memory. */
  reset(): void {
    this.#stages.clear();
    this.#admission.reset();
    this.#cache.clear();
    this.#deps.authorizerResults.clear();
  }
}

/** The first segment of a path names the stage. */
function stageAndPath(path: string): [stageName: string, path: string] {
  const end = path.indexOf("/", 1);
  return end < 0 ? [path.slice(1), "/"] : [path.slice(1, end), path.slice(end)];
}

/** Refuses a request before there is a deployment whose gateway responses could apply. */
function refuse(error: GatewayError, { requestId, extendedId: extended }: CallIds, answer: DoorAnswer): void {
  const ids = ["x-amzn-RequestId", requestId, "x-amz-apigw-id", extended];
  const headers = ["Content-Type", "application/json", "x-amzn-ErrorType", error.errorType, ...ids];
  answer.send(error.status, headers, defaultBody(error));
}

/** An interim status is not an answer: the client would wait for another one. */
function notFinal(status: number): GatewayError {
  return new GatewayError("DEFAULT_5XX", "Internal server error", {
    status: 502,
    log: `Execution failed due to configuration error: ${status} is not a valid status`,
  });
}

function hasBody({ headers, incoming }: DoorRequest): boolean {
  const length = headers["content-length"];
  if (length !== undefined) return length !== "0";
  return headers["transfer-encoding"] !== undefined || "stream" in incoming;
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** Whether a text can be passed on as a trace header. */
function isTrace(text: string): boolean {
  return text.length <= 500 && /^[!-~](?:[ -~]*[!-~])?$/.test(text);
}
