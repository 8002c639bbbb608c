/** Calls HTTP backends byte for byte: header names, order and repeats are kept in both directions. */
import { HttpCallError, httpBytes } from "../outside/http-client.ts";
import { hangLimitMs, maxPayloadBytes } from "./service-request.ts";

export interface BackendAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** Methods whose requests have no body, and no Content-Length, unless they are given one. */
const bodiless = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/**
 * @param headers names and values in turn; Host and Content-Length are added.
 * @throws HttpCallError `ETOOLARGE` for an answer larger than an API may pass on, otherwise as `httpBytes`.
 */
export async function callBackend(
  url: URL,
  call: {
    readonly method: string;
    readonly headers: readonly string[];
    readonly body: Uint8Array;
    readonly signal: AbortSignal;
  },
): Promise<BackendAnswer> {
  const { method, body, signal } = call;
  const hasBody = body.length > 0 || !bodiless.has(method);
  const length = hasBody ? ["Content-Length", String(body.length)] : [];
  const {
    status,
    rawHeaders,
    body: answered,
  } = await httpBytes(url, {
    method,
    headers: ["Host", url.host, ...call.headers, ...length],
    body,
    signal,
    timeoutMs: hangLimitMs,
    maxBodyBytes: maxPayloadBytes + 1,
  });
  if (answered.length > maxPayloadBytes) {
    throw new HttpCallError("ETOOLARGE", `The answer is larger than ${maxPayloadBytes} bytes.`);
  }
  return { status, headers: rawHeaders, body: answered };
}
