/** Forwards a request to another server unchanged, streaming both bodies. */
import * as http from "node:http";
import * as https from "node:https";
import { Readable } from "node:stream";
import { isLoopback } from "./http-client.ts";

export interface Forwarded {
  readonly method: string;
  /** Path and query, unchanged. */
  readonly target: string;
  /** Names and values alternate, unchanged. */
  readonly rawHeaders: readonly string[];
  readonly body: Readable | Uint8Array;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

export interface ForwardedAnswer {
  readonly status: number;
  /** Names and values alternate, unchanged, without connection headers. */
  readonly rawHeaders: readonly string[];
  readonly body: Readable;
}

/** Headers between two hops only (RFC 9110 section 7.6.1); `Expect` was already answered. */
const ofConnection = new Set([
  ...["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "expect"],
  ...["proxy-authenticate", "proxy-authorization", "http2-settings"],
]);

/** How often a request may have been forwarded by a Busbar: more means that endpoints form a loop. */
const maxPassages = 8;
const via = "1.1 busbar";

/**
 * Resolves with the answer once its head has arrived. `Host` becomes the endpoint's; the signature stays, since no
 * emulator verifies it.
 * @throws Error when there is no answer.
 */
export function forward(endpoint: string, request: Forwarded): Promise<ForwardedAnswer> {
  const url = new URL(endpoint);
  const { method, rawHeaders, body, signal } = request;
  const headers = passedHeaders(rawHeaders);
  const passed =
    rawHeaders
      .filter((text, index) => index % 2 === 1 && text.includes(via))
      .join()
      .split(via).length - 1;
  if (passed >= maxPassages) return Promise.reject(new Error("the endpoint leads back to Busbar."));
  const length = body instanceof Uint8Array && body.length > 0 ? ["Content-Length", String(body.length)] : [];
  const coded = !(body instanceof Uint8Array) && hasHeader(rawHeaders, "transfer-encoding");
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === "https:" ? https : http).request({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port,
      path: url.pathname.replace(/\/$/, "") + request.target,
      method,
      // A kept connection may close just as the body begins to flow, and a streamed body cannot be sent twice.
      agent: false,
      rejectUnauthorized: !isLoopback(url.hostname),
      headers: [
        ...["Host", url.host],
        ...headers,
        ...(hasHeader(headers, "content-length") ? [] : length),
        ...(coded ? ["Transfer-Encoding", "chunked"] : []),
        ...["Via", via],
      ],
      signal,
    });
    outgoing.on("response", (answer) => {
      resolve({ status: answer.statusCode as number, rawHeaders: keptHeaders(answer.rawHeaders), body: answer });
    });
    // Stays registered: after the head, the answer's own body reports a break.
    outgoing.on("error", reject);
    if (body instanceof Readable) {
      body.on("error", (error) => outgoing.destroy(error));
      body.pipe(outgoing);
    } else {
      outgoing.end(body);
    }
  });
}

function passedHeaders(rawHeaders: readonly string[]): string[] {
  const kept = keptHeaders(rawHeaders);
  return kept.filter((_text, index) => kept[index - (index % 2)]?.toLowerCase() !== "host");
}

/** Without connection headers, including those that `Connection` names. */
function keptHeaders(rawHeaders: readonly string[]): string[] {
  const named = new Set(ofConnection);
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== "connection") continue;
    for (const name of (rawHeaders[at + 1] as string).split(",")) named.add(name.trim().toLowerCase());
  }
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!named.has(name.toLowerCase())) kept.push(name, rawHeaders[at + 1] as string);
  }
  return kept;
}

function hasHeader(rawHeaders: readonly string[], name: string): boolean {
  return rawHeaders.some((text, index) => index % 2 === 0 && text.toLowerCase() === name);
}
