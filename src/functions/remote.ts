/** Functions behind a URL that speaks Lambda's Invoke API. */
import { AwsError } from "../../protocols/error.ts";
import { jsonObject, textOf } from "../../protocols/unknown-json.ts";
import { parseArn } from "../calls/arn.ts";
import { HttpCallError, httpCall } from "../outside/http-client.ts";
import { scopeHeaders } from "../outside/scope-headers.ts";
import { withoutSecrets } from "../outside/secrets.ts";
import { nameOf, qualifierOf } from "./names.ts";
import type { FunctionAnswer, FunctionCall } from "./types.ts";

/** `all`: the URL serves all functions, with their versions, not just this one. */
export interface RemoteFunctions {
  readonly url: string;
  readonly all?: boolean;
}

/** Lambda's limit for what a function may answer. */
const maxAnswerBytes = 6 * 1024 * 1024;

/** @throws AwsError the other side's error; ServiceException (500) when it does not answer. */
export async function callUrl(
  remote: RemoteFunctions,
  { arn, payload, invocation, clientContext }: FunctionCall,
  nowMs: number,
  timeoutMs: number,
): Promise<Omit<FunctionAnswer, "requestId">> {
  const called = parseArn(arn);
  const scope = called === undefined ? {} : scopeHeaders({ ...called, service: "lambda", nowMs });
  const url = invokeUrl(remote, arn);
  try {
    const answer = await httpCall(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-Amz-Invocation-Type": "RequestResponse",
        "X-Amzn-Trace-Id": invocation.trace,
        ...(clientContext === undefined
          ? {}
          : { "X-Amz-Client-Context": Buffer.from(clientContext).toString("base64") }),
        ...scope,
      },
      body: payload,
      timeoutMs,
      signal: invocation.signal,
      maxBodyBytes: maxAnswerBytes,
    });
    if (answer.status >= 200 && answer.status < 300) {
      const functionError = answer.headers["x-amz-function-error"];
      return {
        payload: answer.body || "null",
        functionError: functionError === undefined ? undefined : textOf(functionError),
        executedVersion: textOf(answer.headers["x-amz-executed-version"] ?? "$LATEST"),
      };
    }
    throw refused(answer.status, String(answer.headers["x-amzn-errortype"] ?? ""), answer.body);
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const message = `The function behind ${withoutSecrets(url.href)} does not answer: ${error.message}`;
    throw AwsError.unmodeled({ name: "ServiceException", status: 500, fault: "server", message });
  }
}

/** The address of a function's invocations (Lambda API, Invoke). */
function invokeUrl({ url, all = false }: RemoteFunctions, arn: string): URL {
  const whole = /\/2015-03-31\/functions\//.test(url);
  const path = `/2015-03-31/functions/${encodeURIComponent(nameOf(arn))}/invocations`;
  const address = new URL(whole ? url : `${url.replace(/\/$/, "")}${path}`);
  const qualifier = qualifierOf(arn);
  if (qualifier !== undefined && all) address.searchParams.set("Qualifier", qualifier);
  return address;
}

function refused(status: number, type: string, body: string): AwsError {
  const fallback =
    status === 404 ? "ResourceNotFoundException" : status === 429 ? "TooManyRequestsException" : "ServiceException";
  const told = jsonObject(body);
  const message = textOf(told?.["Message"] ?? told?.["message"] ?? body).slice(0, 1000);
  return AwsError.unmodeled({ name: type.split(":")[0] || fallback, status, message });
}
