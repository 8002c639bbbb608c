/** Calls of services that Busbar does not implement, at an endpoint that speaks AWS JSON. */
import { jsonObject, textOf } from "../../protocols/unknown-json.ts";
import { type HttpAnswer, httpCall } from "./http-client.ts";
import { scopeHeaders } from "./scope-headers.ts";

export interface JsonService {
  /** `X-Amz-Target` before the dot. */
  readonly target: string;
  readonly version: "1.0" | "1.1";
  /** The service in the credential scope, by which emulators distinguish services. */
  readonly signingName: string;
}

export interface JsonCall {
  readonly service: JsonService;
  readonly operation: string;
  /** JSON text. */
  readonly body: string;
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds, for the date of the signature. */
  readonly nowMs: number;
  /** Real time for the whole exchange. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The trace header it carries. */
  readonly trace: string;
}

const maxAnswerBytes = 6 * 1024 * 1024;

/** The request names its account and region like a signed one; its signature is not valid. @throws HttpCallError */
export function callAwsJson(url: string, call: JsonCall): Promise<HttpAnswer> {
  const { service, operation, body, account, region, nowMs, timeoutMs, signal, trace } = call;
  return httpCall(new URL(url), {
    method: "POST",
    headers: {
      "Content-Type": `application/x-amz-json-${service.version}`,
      "X-Amz-Target": `${service.target}.${operation}`,
      "X-Amzn-Trace-Id": trace,
      ...scopeHeaders({ account, region, service: service.signingName, nowMs }),
    },
    body,
    timeoutMs,
    signal,
    maxBodyBytes: maxAnswerBytes,
  });
}

/** The object in an answer; empty when it has none. */
export function objectOf(answer: HttpAnswer): Readonly<Record<string, unknown>> {
  return jsonObject(answer.body) ?? {};
}

/** The error in an answer of status 300 and above: its name without namespace and suffix, and its message. */
export function errorOf(answer: HttpAnswer): { readonly code: string; readonly message: string } {
  const value = objectOf(answer);
  const code = textOf(value["__type"] ?? value["code"] ?? answer.headers["x-amzn-errortype"] ?? "");
  const message = textOf(value["message"] ?? value["Message"] ?? answer.body.slice(0, 1000));
  return { code: code.replace(/^.*#/, "").replace(/:.*$/, ""), message };
}
