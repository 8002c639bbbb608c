/** Reads the bodies of requests. */
import type { IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { Readable } from "node:stream";
import { BodyBrokenOff, BodyTooLarge } from "../calls/door.ts";
import { BodyBuffer } from "../engine/body-buffer.ts";
import { setImmediate } from "../engine/real-time.ts";
import { Http2Exchange } from "./http2-exchange.ts";

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
 * Bytes of a body that are read in one turn of the event loop. Node reads up to 2 MB of each connection, and what is
 * read is copied, into memory that the operating system first has to give.
 */
const bytesPerTurn = 256 * 1024;
/**
 * Reads a body into one buffer and calls `done` once, with BodyTooLarge or BodyBrokenOff on failure. Most bodies arrive
 * in one piece, which is then used as it is, without waiting for the end of the stream.
 */
export function readBody(
  request: IncomingMessage | Http2Exchange,
  limitBytes: number,
  done: (error: Error | undefined, body: Buffer) => void,
): void {
  const { "content-length": declared, "transfer-encoding": coding } = request.headers;
  const stream = request instanceof Http2Exchange ? request.stream : undefined;
  const source: Readable = stream ?? (request as IncomingMessage);
  // HTTP/2 needs neither header; its stream says whether there is a body.
  const length = declared !== undefined ? Number(declared) : coding === undefined && !stream ? 0 : Number.NaN;
  if (length === 0) {
    done(undefined, noBody);
    return;
  }
  let buffer: BodyBuffer | undefined;
  let received = 0;
  let pauseAt = bytesPerTurn;
  let finished = false;
  const fail = (error: Error) => {
    if (finished) return;
    finished = true;
    buffer = undefined;
    done(error, noBody);
  };
  const succeed = () => {
    finished = true;
    if (buffer === undefined) done(undefined, noBody);
    else buffer.take(received, (body) => done(undefined, body));
  };
  source.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (finished) return;
    if (received > limitBytes) {
      buffer = undefined;
      if (received > patienceBytes) fail(new BodyTooLarge(limitBytes));
      return;
    }
    if (chunk.length === length) {
      finished = true;
      done(undefined, chunk);
      return;
    }
    buffer ??= new BodyBuffer(length <= limitBytes ? length : Number.NaN);
    buffer.add(chunk, received);
    if (received === length) succeed();
    else if (received >= pauseAt) {
      pauseAt = received + bytesPerTurn;
      source.pause();
      setImmediate(() => source.resume());
    }
  });
  const end = () => {
    if (finished) return;
    if (received < length || isReset(stream)) fail(new BodyBrokenOff());
    else if (received > limitBytes) fail(new BodyTooLarge(limitBytes));
    else succeed();
  };
  source.on("end", end);
  // A stream that is reset need not end.
  stream?.on("close", end);
  source.on("error", () => fail(new BodyBrokenOff()));
  if (length > patienceBytes) fail(new BodyTooLarge(limitBytes));
}

/** The body as a stream; fails with BodyBrokenOff when it is incomplete. */
export function bodyStream(request: IncomingMessage | Http2Exchange): Readable {
  return Readable.from(pieces(request), { objectMode: false });
}

async function* pieces(request: IncomingMessage | Http2Exchange): AsyncIterable<Buffer> {
  const declared = request.headers["content-length"];
  const stream = request instanceof Http2Exchange ? request.stream : undefined;
  let received = 0;
  // Whoever stops reading may still answer: over HTTP/2 both are one stream.
  const source = stream?.iterator({ destroyOnReturn: false }) ?? (request as IncomingMessage).on("error", () => {});
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      received += piece.length;
      yield piece;
    }
  } catch {
    throw new BodyBrokenOff();
  }
  if ((declared !== undefined && received < Number(declared)) || isReset(stream)) throw new BodyBrokenOff();
}

/**
 * A reset HTTP/2 request ends like a complete one, except that a complete one's stream is still open for the answer.
 */
function isReset(stream: ServerHttp2Stream | undefined): boolean {
  return stream !== undefined && (stream.closed || stream.destroyed);
}
