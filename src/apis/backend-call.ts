/** Calls of HTTP back ends, byte for byte: names, order and repeats of headers pass both ways. */
import * as http from "node:http";
import * as https from "node:https";
import { isLoopback } from "../outside/http-client.ts";

export interface BackendAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** There was no answer; the code is Node's: `ECONNREFUSED`, `ENOTFOUND`, `ETOOLARGE`, … */
export class BackendError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const options = { keepAlive: true, maxFreeSockets: 16, timeout: 30_000 };
const agents = {
  http: new http.Agent(options),
  https: new https.Agent(options),
  loopback: new https.Agent({ ...options, rejectUnauthorized: false }),
};

/** The most an answer may have (API Gateway quotas: payload size). */
const maxAnswerBytes = 10 * 1024 * 1024;

/**
 * @param headers names and values in turn; Content-Length is added.
 * @throws BackendError
 */
export function callBackend(
  url: URL,
  call: {
    readonly method: string;
    readonly headers: readonly string[];
    readonly body: Uint8Array;
    readonly signal: AbortSignal;
  },
): Promise<BackendAnswer> {
  return exchange(url, call, true).catch((error: unknown) => {
    // The other side was just closing a kept connection: a new one decides.
    if (error instanceof BackendError && error.code === "STALE") return exchange(url, call, false);
    throw error;
  });
}

function exchange(url: URL, call: Parameters<typeof callBackend>[1], mayReuse: boolean): Promise<BackendAnswer> {
  const { method, body, signal } = call;
  const secure = url.protocol === "https:";
  const own = isLoopback(url.hostname);
  const agent = !secure ? agents.http : own ? agents.loopback : agents.https;
  const hasBody = body.length > 0 || !["GET", "HEAD", "DELETE", "OPTIONS"].includes(method);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(new BackendError(stale && mayReuse ? "STALE" : (error.code ?? "ERROR"), error.message));
    };
    let request: http.ClientRequest;
    try {
      request = (secure ? https : http).request(url, {
        method,
        signal,
        ...(mayReuse ? { agent } : { agent: false, rejectUnauthorized: !own }),
        // Typed as an object; Node takes names and values in turn as well.
        headers: [
          ...["Host", url.host],
          ...call.headers,
          ...(hasBody ? ["Content-Length", String(body.length)] : []),
        ] as unknown as http.OutgoingHttpHeaders,
      });
    } catch (error) {
      reject(new BackendError("EINVAL", (error as Error).message));
      return;
    }
    request.on("response", (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxAnswerBytes) {
          answer.destroy();
          reject(new BackendError("ETOOLARGE", `The answer has more than ${maxAnswerBytes} bytes.`));
        } else chunks.push(chunk);
      });
      answer.on("end", () =>
        resolve({ status: answer.statusCode as number, headers: answer.rawHeaders, body: Buffer.concat(chunks) }),
      );
      answer.on("error", fail);
    });
    request.on("error", fail);
    request.end(body);
  });
}
