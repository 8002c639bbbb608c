/** Reads the bodies of requests. */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";

/** Above the largest request of the services (Kinesis PutRecords: 10 MiB, in base64 and JSON some 14 MiB). */
export const bodyLimitBytes = 16 * 1024 * 1024;
/**
 * A body that is too large is read to its end and thrown away, and answered then: most clients do not look for an answer
 * while they write. Beyond this the answer does not wait, and the connection breaks under a client that goes on.
 */
const patienceBytes = 8 * bodyLimitBytes;
export const noBody = Buffer.alloc(0);

/** Fastify's error handlers, the control routes' too, take the status from the error. */
export class BodyTooLarge extends Error {
  readonly statusCode = 413;

  constructor() {
    super(`Request body exceeds the limit of ${bodyLimitBytes} bytes.`);
  }
}

/** What came is not what the client meant to send, so nothing may be done about it. */
export class BodyBrokenOff extends Error {
  readonly statusCode = 400;

  constructor() {
    super("The client broke off before the request body was whole.");
  }
}

/**
 * Reads a body into one buffer and calls `done` once, with BodyTooLarge or BodyBrokenOff when there is none. Most come in
 * one piece, which is then used as it is, without waiting for the stream to say that it has ended.
 */
export function readBody(
  request: IncomingMessage | Http2ServerRequest,
  done: (error: Error | undefined, body: Buffer) => void,
): void {
  const { "content-length": declared, "transfer-encoding": coding } = request.headers;
  const stream = "stream" in request ? request.stream : undefined;
  // HTTP/2 declares a body by neither; its stream says whether there is one.
  const length = declared !== undefined ? Number(declared) : coding === undefined && !stream ? 0 : Number.NaN;
  if (length === 0) {
    done(undefined, noBody);
    return;
  }
  let chunks: Buffer[] = [];
  let received = 0;
  let finished = false;
  const finish = (error: Error | undefined, body: Buffer) => {
    if (finished) return;
    finished = true;
    done(error, body);
  };
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (finished) return;
    if (received > bodyLimitBytes) {
      chunks = [];
      if (received > patienceBytes) finish(new BodyTooLarge(), noBody);
      return;
    }
    if (received === length && chunks.length === 0) finish(undefined, chunk);
    else {
      chunks.push(chunk);
      if (received === length) finish(undefined, Buffer.concat(chunks));
    }
  });
  request.on("end", () => {
    // An HTTP/2 request that is reset half-way ends as one does that is whole, whose stream is still open for the answer.
    if (received < length || stream?.closed || stream?.destroyed) finish(new BodyBrokenOff(), noBody);
    else if (received > bodyLimitBytes) finish(new BodyTooLarge(), noBody);
    else finish(undefined, Buffer.concat(chunks));
  });
  // Stays: an HTTP/2 stream that breaks off later must find somebody listening.
  request.on("error", () => finish(new BodyBrokenOff(), noBody));
  if (length > patienceBytes) finish(new BodyTooLarge(), noBody);
}
