/** Calls of functions and services that a WebSocket API makes for its clients. */

import { invocationUrl, withStageVariables } from "../../../../apis/function-uri.ts";
import { inTime, timedOut } from "../../../../apis/in-time.ts";
import { methodArn } from "../../../../apis/request-context.ts";
import type { Abortable } from "../../../../calls/abort.ts";
import { Cause } from "../../../../calls/cause.ts";
import { Invocation } from "../../../../calls/invocation.ts";
import type { FunctionAnswer } from "../../../../functions/types.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, IntegrationValue } from "../../tables.ts";
import type { ConnectionEvent } from "./events.ts";

/** One call of a route's integration. */
export interface IntegrationCall {
  readonly service: ApiGatewayV2;
  readonly api: ApiRow;
  readonly integration: IntegrationValue;
  readonly event: ConnectionEvent;
}

/** With AWS's default; milliseconds on the clock. */
export function timeoutOf({ TimeoutInMillis = 29_000 }: IntegrationValue): number {
  return TimeoutInMillis;
}

/** The invocation with which functions and services are called: in the integration's role, if it has one. */
export function invocationOf({ api, integration, event }: IntegrationCall, limit: Abortable): Invocation {
  const { CredentialsArn: role } = integration;
  const { origin, stage } = event.connection.handshake;
  const cause = Cause.ofRequest(event.requestId, event.nowMs, origin, undefined);
  const source = methodArn(api, api.id, stage, event.routeKey);
  const roleArn = role === undefined ? undefined : withStageVariables(role, event.stageVariables);
  const place = { account: api.account, region: api.region, roleArn };
  return Invocation.ofService("apigateway", source, place, cause, limit);
}

/** Undefined if the function takes too long. @throws AwsError when it cannot be invoked. */
export async function invokeFunction(
  call: IntegrationCall,
  arn: string,
  payload: string,
): Promise<FunctionAnswer | undefined> {
  const { service, integration, event } = call;
  const { deps } = service;
  event.log?.line(`Endpoint request URI: ${invocationUrl(arn)}`);
  event.log?.detail(`Endpoint request body after transformations: ${payload}`);
  const startMs = service.now;
  const answer = await inTime(deps, timeoutOf(integration), (limit) =>
    deps.functions.invoke(arn, payload, invocationOf(call, limit)),
  );
  if (answer === timedOut) return undefined;
  event.log?.answer(200, service.now - startMs, [], answer.payload);
  event.integrated.requestId = answer.requestId;
  return answer;
}
