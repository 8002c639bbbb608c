/** The first and last lines of an execution log, in AWS's words. */

import { type ExecutionLog, mapText, rawMapText } from "../../../apis/execution-log.ts";
import type { RestCall } from "./call.ts";
import type { GatewayError } from "./gateway-error.ts";
import type { Outcome } from "./outcome.ts";

export function logStart(log: ExecutionLog, call: RestCall): void {
  const { request, pathParameters, verb, ids } = call;
  log.line(`Starting execution for request: ${ids.requestId}`);
  log.line(`HTTP Method: ${verb}, Resource Path: ${call.path}`);
  log.detail(`Method request path: ${mapText(Object.entries(pathParameters))}`);
  log.detail(`Method request query string: ${mapText(Object.entries(request.lastQuery))}`);
  log.detail(`Method request headers: ${mapText(Object.entries(request.lastHeaders))}`);
  log.detail(`Method request body before transformations: ${call.requestPayload(call.place.api.binary).text}`);
}

export function logEnd(log: ExecutionLog, outcome: Outcome, error: GatewayError | undefined): void {
  if (error === undefined) {
    log.detail(`Method response body after transformations: ${outcome.body.toString()}`);
    log.detail(`Method response headers: ${rawMapText(outcome.headers)}`);
    log.line("Successfully completed execution");
  } else if (error.log !== undefined) log.line(error.log);
  log.line(`Method completed with status: ${outcome.status}`);
}
