/** Reads the bodies of requests. */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Readable } from "node:stream";
import { BodyBrokenOff, BodyTooLarge } from "../calls/door.ts";

/** Above the largest request of most services (Kinesis PutRecords: 10 MiB, about 14 MiB in base64 and JSON). */
export const bodyLimitBytes = 16 * 1024 * 1024;
/** Above the largest request that contains code; Lambda states its limit as 70,167,211 bytes. */
const codeLimitBytes = 72 * 1024 * 1024;
const codePath = /^\/20\d\d-\d\d-\d\d\/(?:functions|layers)\b/;

/** How many bytes of a body for this path are read before anybody knows what it is. */
export function bodyLimitOf(path: string): number {
  return codePath.test(path) ? codeLimitBytes : bodyLimitBytes;
}
/**
 * A body that is too large is read to its end, discarded and then answered: most clients do not read an answer while
 * they write. Beyond this size the answer is sent at once, and the connection breaks if the client goes on.
 */
const patienceBytes = 8 * bodyLimitBytes;
const noBody = Buffer.alloc(0);
/**
 * A larger body gets its buffer once this share of it has arrived, and is copied piece by piece as the rest arrives: all
 * at its end would hold up everybody else, and all at its beginning would take memory for what may never come.
 */
const largeBytes = 256 * 1024;
const largeShare = 1 / 4;

/**
 * Reads a body into one buffer and calls `done` once, with BodyTooLarge or BodyBrokenOff on failure. Most bodies arrive
 * in one piece, which is then used as it is, without waiting for the end of the stream.
 */
export function readBody(
  request: IncomingMessage | Http2ServerRequest,
  limitBytes: number,
  done: (error: Error | undefined, body: Buffer) => void,
): void {
  const { "content-length": declared, "transfer-encoding": coding } = request.headers;
  const stream = "stream" in request ? request.stream : undefined;
  // HTTP/2 needs neither header; its stream says whether there is a body.
  const length = declared !== undefined ? Number(declared) : coding === undefined && !stream ? 0 : Number.NaN;
  if (length === 0) {
    done(undefined, noBody);
    return;
  }
  let chunks: Buffer[] = [];
  let whole: Buffer | undefined;
  let received = 0;
  let finished = false;
  const finish = (error: Error | undefined, body: Buffer) => {
    if (finished) return;
    finished = true;
    done(error, body);
  };
  const isLarge = length > largeBytes && length <= limitBytes;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (finished) return;
    if (received > limitBytes) {
      chunks = [];
      whole = undefined;
      if (received > patienceBytes) finish(new BodyTooLarge(limitBytes), noBody);
      return;
    }
    if (whole !== undefined) chunk.copy(whole, received - chunk.length);
    else chunks.push(chunk);
    if (received === length) finish(undefined, whole ?? joined(chunks));
    else if (isLarge && whole === undefined && received >= length * largeShare) {
      whole = Buffer.allocUnsafeSlow(length);
      let at = 0;
      for (const piece of chunks) at += piece.copy(whole, at);
      chunks = [];
    }
  });
  request.on("end", () => {
    if (finished) return;
    if (received < length || isReset(request)) finish(new BodyBrokenOff(), noBody);
    else if (received > limitBytes) finish(new BodyTooLarge(limitBytes), noBody);
    else finish(undefined, whole ?? joined(chunks));
  });
  // Stays registered: an HTTP/2 stream that breaks later needs a listener.
  request.on("error", () => finish(new BodyBrokenOff(), noBody));
  if (length > patienceBytes) finish(new BodyTooLarge(limitBytes), noBody);
}

function joined(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** The body as a stream; fails with BodyBrokenOff when it is incomplete. */
export function bodyStream(request: IncomingMessage | Http2ServerRequest): Readable {
  return Readable.from(pieces(request), { objectMode: false });
}

async function* pieces(request: IncomingMessage | Http2ServerRequest): AsyncIterable<Buffer> {
  const declared = request.headers["content-length"];
  let received = 0;
  // Stays registered, as above.
  request.on("error", () => {});
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      received += piece.length;
      yield piece;
    }
  } catch {
    throw new BodyBrokenOff();
  }
  if ((declared !== undefined && received < Number(declared)) || isReset(request)) throw new BodyBrokenOff();
}

/**
 * A reset HTTP/2 request ends like a complete one, except that a complete one's stream is still open for the answer.
 */
function isReset(request: IncomingMessage | Http2ServerRequest): boolean {
  const stream = "stream" in request ? request.stream : undefined;
  return stream !== undefined && (stream.closed || stream.destroyed);
}
