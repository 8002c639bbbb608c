/** HTTP requests that Busbar makes itself: to subscribed endpoints and to functions behind a URL. */
import * as http from "node:http";
import * as https from "node:https";
import { isIPv4 } from "node:net";
import type { Readable } from "node:stream";
import { decoded } from "./content-coding.ts";

export interface HttpCall {
  readonly method: string;
  /** A list for a header that is sent several times. Host and Content-Length are added. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array;
  /** Limit for the whole exchange, in real milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** How many bytes of the answer are read; the rest is cut off. */
  readonly maxBodyBytes: number;
}

export interface HttpBytesCall extends Omit<HttpCall, "headers"> {
  /** Or names and values in turn, which are sent as they are, with nothing added. */
  readonly headers: HttpCall["headers"] | readonly string[];
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** An answer as raw bytes. */
export interface HttpBytes extends Omit<HttpAnswer, "body"> {
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** A call whose answer may be of any length. */
export type StreamedCall = Omit<HttpBytesCall, "maxBodyBytes">;

/** An answer of which the head has come. */
export interface HttpStream extends Omit<HttpBytes, "body"> {
  readonly body: Readable;
}

/**
 * Thrown when there is no answer: `TIMEOUT`, `EINVAL` for a request Node cannot send, or Node's code, such as
 * `ECONNREFUSED`.
 */
export class HttpCallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Callers limit how many calls are under way: a host that hangs must not block its other addresses. */
const options = { keepAlive: true, maxFreeSockets: 16, timeout: 30_000 };
const agents = {
  http: new http.Agent(options),
  https: new https.Agent(options),
  loopback: new https.Agent({ ...options, rejectUnauthorized: false }),
};

/** An answer as text, without its content coding. @throws HttpCallError */
export async function httpCall(url: URL, call: HttpCall): Promise<HttpAnswer> {
  const { status, headers, body } = await httpBytes(url, call);
  const plain = await decoded(body, headers["content-encoding"], call.maxBodyBytes);
  return { status, headers, body: plain.toString() };
}

/** The same for answers that may not be text. @throws HttpCallError */
export function httpBytes(url: URL, call: HttpBytesCall): Promise<HttpBytes> {
  return exchanged(url, call, (answer, resolve, fail) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = () => resolve({ ...headOf(answer), body: Buffer.concat(chunks).subarray(0, call.maxBodyBytes) });
    answer.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= call.maxBodyBytes) return;
      finish();
      answer.destroy();
    });
    answer.on("end", finish);
    answer.on("error", fail);
  });
}

/** An answer whose body comes as the other side sends it, however long it is. @throws HttpCallError */
export function httpStream(url: URL, call: StreamedCall): Promise<HttpStream> {
  return exchanged(url, call, (answer, resolve) => resolve({ ...headOf(answer), body: answer }));
}

function headOf({ statusCode, headers, rawHeaders }: http.IncomingMessage): Omit<HttpBytes, "body"> {
  return { status: statusCode as number, headers, rawHeaders };
}

/** Makes of an answer what the caller wants of it. */
type Receive<Answer> = (
  answer: http.IncomingMessage,
  resolve: (answer: Answer) => void,
  fail: (error: NodeJS.ErrnoException) => void,
) => void;

async function exchanged<Answer>(url: URL, call: StreamedCall, receive: Receive<Answer>): Promise<Answer> {
  const deadline = AbortSignal.timeout(call.timeoutMs);
  try {
    return await exchange(url, call, deadline, true, receive);
  } catch (error) {
    // The other side closed a kept connection without answering anything: try a new one.
    if (error instanceof HttpCallError && error.code === "STALE") return exchange(url, call, deadline, false, receive);
    throw error;
  }
}

function exchange<Answer>(
  url: URL,
  call: StreamedCall,
  deadline: AbortSignal,
  mayReuse: boolean,
  receive: Receive<Answer>,
): Promise<Answer> {
  const secure = url.protocol === "https:";
  // On this machine certificates are mostly self-signed.
  const rejectUnauthorized = !isLoopback(url.hostname);
  const agent = !secure ? agents.http : rejectUnauthorized ? agents.https : agents.loopback;
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
  return new Promise((resolve, reject) => {
    let readBefore = 0;
    /** Whether a reused connection ended without a single byte of an answer to this request. */
    const isStale = ({ code }: NodeJS.ErrnoException) =>
      request.reusedSocket &&
      (code === "ECONNRESET" || code === "EPIPE") &&
      (request.socket?.bytesRead ?? 0) === readBefore;
    const fail = (error: NodeJS.ErrnoException) => {
      if (deadline.aborted) reject(new HttpCallError("TIMEOUT", `No answer within ${call.timeoutMs} ms.`));
      else if (isStale(error)) reject(new HttpCallError("STALE", error.message));
      else reject(new HttpCallError(error.code ?? "ERROR", error.message || String(error.code)));
    };
    let request: http.ClientRequest;
    try {
      request = (secure ? https : http).request(
        url,
        {
          method: call.method,
          ...(mayReuse ? { agent } : { agent: false, rejectUnauthorized }),
          signal,
          headers: headersOf(call),
        },
        (answer) => receive(answer, resolve, fail),
      );
    } catch (error) {
      reject(new HttpCallError("EINVAL", (error as Error).message));
      return;
    }
    request.on("socket", (socket) => {
      readBefore = socket.bytesRead;
    });
    request.on("error", fail);
    try {
      request.end(call.body);
    } catch (error) {
      request.destroy();
      reject(new HttpCallError("EINVAL", (error as Error).message));
    }
  });
}

function headersOf({ headers, body }: StreamedCall): http.OutgoingHttpHeaders | readonly string[] {
  if (isList(headers)) return headers;
  // Trailers come behind a body in chunks alone (RFC 9112 section 6.5), also where none follow what announces them.
  const hasTrailer = Object.keys(headers).some((name) => name.toLowerCase() === "trailer");
  const framing = hasTrailer
    ? { "Transfer-Encoding": "chunked" }
    : { "Content-Length": String(Buffer.byteLength(body)) };
  return { ...headers, ...framing } as http.OutgoingHttpHeaders;
}

function isList(headers: HttpBytesCall["headers"]): headers is readonly string[] {
  return Array.isArray(headers);
}

/** @param hostname as in a URL. */
export function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]") return true;
  // An address, not a host name that begins like one.
  return isIPv4(hostname) && hostname.startsWith("127.");
}
