/** What integrations share: their dependencies, their answer and how they call functions and services. */
import { inTime, timedOut } from "../../../apis/in-time.ts";
import type { Abortable } from "../../../calls/abort.ts";
import { Cause } from "../../../calls/cause.ts";
import { Invocation } from "../../../calls/invocation.ts";
import type { ServiceDependencies } from "../../../calls/service.ts";
import { passThroughCredentials } from "../definitions.ts";
import type { AuthorizerResults } from "./authorizers.ts";
import type { RestCall } from "./call.ts";
import { configurationError, GatewayError } from "./gateway-error.ts";
import type { Payload } from "./payload.ts";

export interface ExecutionDeps
  extends Pick<
    ServiceDependencies,
    "apis" | "clock" | "delivery" | "functions" | "models" | "options" | "relay" | "store"
  > {
  /** Cached answers of the Lambda authorizers of all APIs. */
  readonly authorizerResults: AuthorizerResults;
}

/** What a backend answered, before an integration response is selected and mapped. */
export interface BackendAnswer {
  readonly status: number;
  /** Matched against selection patterns; undefined selects the default response. */
  readonly selector: string | undefined;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly payload: Payload;
}

/** The value of a header among names and values in turn; the last if it is repeated. @param name in lower case. */
export function lastHeader(rawHeaders: readonly string[], name: string): string | undefined {
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (rawHeaders[at]?.length === name.length && rawHeaders[at]?.toLowerCase() === name) return rawHeaders[at + 1];
  }
  return undefined;
}

/** Runs an integration's work and notes its latency. @throws GatewayError 504 if the work takes longer than the integration's timeout. */
export function withinTimeout<Result>(
  deps: ExecutionDeps,
  call: RestCall,
  timeoutMs: number,
  work: (limit: Abortable) => Result | Promise<Result>,
): Result | Promise<Result> {
  const startedMs = deps.clock.now();
  const ended = (result: Result | typeof timedOut): Result => {
    call.integrated.latencyMs = deps.clock.now() - startedMs;
    if (result === timedOut) throw integrationTimeout();
    return result;
  };
  const result = inTime(deps, timeoutMs, work);
  return result instanceof Promise ? result.then(ended) : ended(result);
}

export function integrationTimeout(): GatewayError {
  return new GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out", {
    log: "Execution failed due to a timeout error",
  });
}

export function invalidEndpoint(): GatewayError {
  return configurationError("Invalid endpoint address");
}

/**
 * The invocation with which an integration calls one of our services: as API Gateway, in the integration's role if it
 * has one, or as the client itself if its credentials are passed through.
 * @param source ARN of the caller, by default the API's method.
 */
export function invocationOf(
  call: RestCall,
  roleArn: string | undefined,
  limit?: Abortable,
  source?: string,
): Invocation {
  const { account, region } = call.place.api.snapshot;
  const { requestId, trace, receivedMs } = call.ids;
  const origin = originOf(call);
  const cause = Cause.ofRequest(requestId, receivedMs, origin, trace);
  const { accountId, userArn, user } = call.identity;
  if (roleArn !== undefined && passThroughCredentials.test(roleArn) && accountId !== null && userArn !== null) {
    const kind = userArn.includes(":user/") ? "user" : "session";
    const service = "apigateway.amazonaws.com";
    const sourceArn = source ?? call.methodArn;
    const principal = { kind, arn: userArn, userId: user ?? "", service, sourceArn } as const;
    return new Invocation({ account: accountId, region, principal }, cause, limit);
  }
  return Invocation.ofService(
    "apigateway",
    source ?? (() => call.methodArn),
    { account, region, roleArn },
    cause,
    limit,
  );
}

/** The origin at which the client reached the server. */
function originOf({ place, request }: RestCall): string {
  return `${request.scheme}://${request.header("host") ?? place.address.domainName}`;
}
