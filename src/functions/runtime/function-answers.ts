/** Reads the answer that a runtime posts: as a whole, or streamed. */
import type { IncomingMessage } from "node:http";
import { BodyBuffer } from "../../engine/body-buffer.ts";
import type { ResponseSink } from "../types.ts";
import type { Run } from "./runs.ts";

/** Bytes a function may return, and may stream (Lambda quotas). */
const maxAnswerBytes = 6_291_556;
const maxStreamedBytes = 200 * 1024 * 1024;

/** Reads a whole answer and ends the run with it. @param done called with the reply for the runtime. */
export function collectAnswer(
  run: Run,
  request: IncomingMessage,
  contentType: string | undefined,
  done: (status: 202 | 413) => void,
): void {
  const buffer = new BodyBuffer(Number(request.headers["content-length"]));
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxAnswerBytes) buffer.add(chunk, size);
  });
  request.on("end", () => {
    if (size > maxAnswerBytes) {
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${maxAnswerBytes} bytes).`;
      const payload = JSON.stringify({ errorMessage, errorType: "Function.ResponseSizeTooLarge" });
      run.end({ payload, functionError: "Unhandled" });
      return done(413);
    }
    buffer.take(size, (bytes) => {
      run.end({ payload: bytes.toString(), contentType, bytes });
      done(202);
    });
  });
}

/** Forwards a stream as it arrives; a slow reader pauses the function. */
export function passAnswer(
  run: Run,
  request: IncomingMessage,
  sink: ResponseSink,
  contentType: string | undefined,
  done: (status: 202 | 413) => void,
): void {
  let size = 0;
  sink.begin(contentType, run.event.executedVersion);
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxStreamedBytes || run.isOver) return;
    const full = sink.write(chunk);
    if (full === undefined) return;
    request.pause();
    full.then(
      () => request.resume(),
      () => request.resume(),
    );
  });
  request.on("end", () => {
    run.end({ payload: "", contentType });
    done(size > maxStreamedBytes ? 413 : 202);
  });
}
