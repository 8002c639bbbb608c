/** Functions behind HTTP APIs: payload formats 1.0 and 2.0, and how results become answers. */

import { AwsError } from "../../../../protocols/error.ts";
import { isObject, tryParseJson } from "../../../../protocols/unknown-json.ts";
import { inTime, timedOut } from "../../../apis/in-time.ts";
import { hasHeader, proxyResult } from "../../../apis/lambda-answer.ts";
import { copyOf, EventValue } from "../../../functions/event-value.ts";
import type { IntegrationValue } from "../tables.ts";
import { type HttpAnswer, type HttpCall, internalError, unavailable } from "./http-call.ts";
import { event1, event2 } from "./http-events.ts";
import { mappedRequest } from "./mapping.ts";

/** Lambda's limit for a synchronous payload, which the event of a request of 10 MB exceeds. */
const maxPayloadBytes = 6 * 1024 * 1024;
/** The event of a body of this size never does, even with six bytes for each of its own and the largest head. */
const safeBodyBytes = 512 * 1024;

const notAllowed =
  "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration. Check the permissions and try again.";

export async function callFunction(call: HttpCall, integration: IntegrationValue): Promise<HttpAnswer> {
  const { deps } = call.service;
  const arn = call.route?.functionOf(call.stageVariables);
  if (arn === undefined) return failed(call, "Invalid function ARN");
  const is2 = integration.PayloadFormatVersion === "2.0";
  const mapped = mappedRequest(call, integration.RequestParameters);
  const event = new EventValue(() => (is2 ? event2(call, mapped) : copyOf(event1(call, mapped))));
  if (call.body.length > safeBodyBytes && event.text.length > maxPayloadBytes)
    return failed(call, "The payload is too large for the function.");
  try {
    const given = inTime(deps, integration.TimeoutInMillis ?? 30_000, (limit) =>
      deps.functions.invoke(arn, event, call.invocation(limit, integration.CredentialsArn)),
    );
    const answer = given instanceof Promise ? await given : given;
    if (answer === timedOut) {
      call.notes.integrationError = "The function did not answer in time.";
      return unavailable();
    }
    call.notes.integrationRequestId = answer.requestId;
    if (answer.functionError !== undefined) return failed(call, answer.payload.slice(0, 1000), 200);
    return functionAnswer(answer.payload, is2) ?? failed(call, "The function's answer is malformed.", 200);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return failed(call, error.status === 403 ? notAllowed : error.message);
  }
}

function failed(call: HttpCall, text: string, status?: number): HttpAnswer {
  call.notes.integrationError = text;
  call.notes.integrationStatus = status;
  call.notes.errorType = "INTEGRATION_FAILURE";
  return internalError();
}

const textType = ["content-type", "text/plain; charset=utf-8"];

/** Undefined for a malformed result. @param payload JSON text. */
function functionAnswer(payload: string, is2: boolean): HttpAnswer | undefined {
  const value = tryParseJson(payload);
  if (value === undefined) return undefined;
  const isShaped = isObject(value) && "statusCode" in value;
  if (is2 && !isShaped) {
    const body = typeof value === "string" ? value : JSON.stringify(value);
    return { status: 200, headers: ["content-type", "application/json"], body, byFunction: true };
  }
  const result = proxyResult(value, is2 ? "2.0" : "1.0");
  if (result?.status === undefined) return undefined;
  const headers = result.headers.filter((_text, index) => !isOurs(result.headers[index - (index % 2)] as string));
  if (!hasHeader(headers, "content-type")) headers.push(...textType);
  for (const cookie of result.cookies) headers.push("set-cookie", cookie);
  const body = result.isBase64Encoded ? Buffer.from(result.body, "base64") : result.body;
  return { status: result.status, headers, body, byFunction: true };
}

/** Headers that belong to the connection, which is the gateway's. */
function isOurs(name: string): boolean {
  return /^(connection|content-length|transfer-encoding|keep-alive|upgrade|apigw-requestid)$/i.test(name);
}
