/** What integrations have in common: what they are given and what they come back with. */
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
  /** What Lambda authorizers have answered, of all APIs. */
  readonly authorizerResults: AuthorizerResults;
}

/** What a backend answered, before responses are chosen and mapped. */
export interface BackendAnswer {
  readonly status: number;
  /** What selection patterns are matched against; undefined chooses the default response. */
  readonly selector: string | undefined;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly payload: Payload;
}

/** A value of names and values in turn; the last where there are several. @param name in lower case. */
export function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (rawHeaders[at]?.toLowerCase() === name) return rawHeaders[at + 1];
  }
  return undefined;
}

/** @throws GatewayError 504 when the work takes longer than the integration may. */
export async function withinTimeout<Result>(
  { clock }: ExecutionDeps,
  call: RestCall,
  timeoutMs: number,
  work: (limit: Abortable) => Promise<Result>,
): Promise<Result> {
  const startedMs = clock.now();
  const result = await inTime(clock, timeoutMs, work);
  call.integrated.latencyMs = clock.now() - startedMs;
  if (result === timedOut) throw tooLate();
  return result;
}

export function tooLate(): GatewayError {
  return new GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out", {
    log: "Execution failed due to a timeout error",
  });
}

export function invalidEndpoint(): GatewayError {
  return configurationError("Invalid endpoint address");
}

/**
 * The call that an integration makes of a service of ours: as API Gateway, with its role where it has one, or as the client
 * itself where that is passed through.
 * @param source ARN of what calls: the API's method unless told.
 */
export function invocationOf(
  call: RestCall,
  roleArn: string | undefined,
  limit?: Abortable,
  source: string = call.methodArn,
): Invocation {
  const { account, region } = call.place.api.snapshot;
  const { requestId, trace, receivedMs } = call.ids;
  const origin = originOf(call);
  const cause = Cause.ofRequest(requestId, receivedMs, origin, trace);
  const { accountId, userArn, user } = call.identity;
  if (roleArn !== undefined && passThroughCredentials.test(roleArn) && accountId !== null && userArn !== null) {
    const kind = userArn.includes(":user/") ? "user" : "session";
    const service = "apigateway.amazonaws.com";
    const principal = { kind, arn: userArn, userId: user ?? "", service, sourceArn: source } as const;
    return new Invocation({ account: accountId, region, principal }, cause, limit);
  }
  return Invocation.ofService("apigateway", source, { account, region, roleArn }, cause, limit);
}

/** Where the client reaches the server: the name it used, without what stands for the API. */
function originOf({ place, sent }: RestCall): string {
  return `${sent.scheme}://${sent.header("host") ?? place.address.domainName}`;
}
