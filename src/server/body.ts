/** Reads the bodies of requests. */
import type { IncomingMessage } from "node:http";

/** Above the largest request of the services (Kinesis PutRecords: 10 MiB, in base64 and JSON some 14 MiB). */
export const bodyLimitBytes = 16 * 1024 * 1024;
export const noBody = Buffer.alloc(0);

/** Fastify's error handlers, the control routes' too, take the status from the error. */
export class BodyTooLarge extends Error {
  readonly statusCode = 413;

  constructor() {
    super(`Request body exceeds the limit of ${bodyLimitBytes} bytes.`);
  }
}

/**
 * Reads a body into one buffer and calls `done` once. Most come in one piece, which is then used as it is, without
 * waiting for the stream to say that it has ended.
 */
export function readBody(request: IncomingMessage, done: (error: Error | undefined, body: Buffer) => void): void {
  const { "content-length": declared, "transfer-encoding": coding } = request.headers;
  // HTTP/2 declares a body by neither; its stream says whether there is one.
  const length = declared !== undefined ? Number(declared) : coding === undefined && isHttp1(request) ? 0 : Number.NaN;
  if (length === 0) {
    done(undefined, noBody);
    return;
  }
  if (length > bodyLimitBytes) {
    done(new BodyTooLarge(), noBody);
    return;
  }
  let chunks: Buffer[] | undefined;
  let received = 0;
  let finished = false;
  const finish = (error: Error | undefined, body: Buffer) => {
    if (finished) return;
    finished = true;
    done(error, body);
  };
  const onData = (chunk: Buffer) => {
    // What is left of a body that is refused flows away unread.
    if (finished) return;
    received += chunk.length;
    if (received > bodyLimitBytes) finish(new BodyTooLarge(), noBody);
    else if (received === length) finish(undefined, chunks ? Buffer.concat([...chunks, chunk]) : chunk);
    else if (chunks) chunks.push(chunk);
    else chunks = [chunk];
  };
  request.on("data", onData);
  request.on("end", () => finish(undefined, chunks ? Buffer.concat(chunks) : noBody));
  // Stays: an HTTP/2 stream that breaks off later must find somebody listening.
  request.on("error", (error) => finish(error, noBody));
}

function isHttp1(request: IncomingMessage): boolean {
  return request.httpVersionMajor === 1;
}
