/** HTTP requests that Busbar makes itself: to subscribed endpoints and to functions behind a URL. */
import * as http from "node:http";
import * as https from "node:https";

export interface HttpCall {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The whole exchange must be over within this time, in real milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Answer bytes read; the rest is cut off. */
  readonly maxBodyBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Thrown when there is no answer; the code is `TIMEOUT`, `ECONNREFUSED`, `ENOTFOUND`, … */
export class HttpCallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const options = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16, timeout: 30_000 };
const agents = {
  http: new http.Agent(options),
  https: new https.Agent(options),
  // On one's own machine certificates are mostly self-signed.
  loopback: new https.Agent({ ...options, rejectUnauthorized: false }),
};

/** @throws HttpCallError */
export async function httpCall(url: URL, call: HttpCall): Promise<HttpAnswer> {
  try {
    return await exchange(url, call);
  } catch (error) {
    // A kept connection that the other side was just closing: nothing was answered on it, a new one decides.
    if (error instanceof HttpCallError && error.code === "STALE") return exchange(url, call);
    throw error;
  }
}

function exchange(url: URL, call: HttpCall): Promise<HttpAnswer> {
  const secure = url.protocol === "https:";
  const agent = !secure ? agents.http : isLoopback(url.hostname) ? agents.loopback : agents.https;
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      if (deadline.aborted) reject(new HttpCallError("TIMEOUT", `No answer within ${call.timeoutMs} ms.`));
      else if (request.reusedSocket && error.code === "ECONNRESET") reject(new HttpCallError("STALE", error.message));
      else reject(new HttpCallError(error.code ?? "ERROR", error.message || String(error.code)));
    };
    const request = (secure ? https : http).request(
      url,
      {
        method: call.method,
        agent,
        signal,
        headers: { ...call.headers, "Content-Length": String(Buffer.byteLength(call.body)) },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        const finish = () => {
          const body = Buffer.concat(chunks).subarray(0, call.maxBodyBytes).toString();
          resolve({ status: answer.statusCode as number, headers: answer.headers, body });
        };
        answer.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size <= call.maxBodyBytes) return;
          finish();
          answer.destroy();
        });
        answer.on("end", finish);
        answer.on("error", fail);
      },
    );
    request.on("error", fail);
    request.end(call.body);
  });
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\./.test(hostname);
}
