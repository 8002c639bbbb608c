/**
 * Keeps damaged HTTP/2 frames from ending the process: what `node:http2` throws or aborts on, found by the frame fuzzer in
 * test/fuzz/http2-frames.ts. Neither costs a request anything that is not damaged.
 */

import type { Http2Server, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import { setImmediate } from "../engine/real-time.ts";

export function guardHttp2(
  server: Http2Server,
  onRequest: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): void {
  // Unless somebody listens, Node says "continue" itself, and throws where nobody can catch it when the stream has been
  // reset in the frames that came with it.
  server.on("checkContinue", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    if (request.stream.destroyed) return;
    response.writeContinue();
    onRequest(request, response);
  });
  server.on("session", destroyLater);
  server.on("sessionError", () => {});
}

/**
 * Lets a session end only when the bytes at hand have been read. Node destroys it in the midst of them when a GOAWAY tells of
 * an error, but reads on: DATA of a stream that is opened after that finds no reader, and Node 22 aborts.
 */
function destroyLater(session: ServerHttp2Session): void {
  const destroy = session.destroy.bind(session);
  session.destroy = (error, code) => {
    setImmediate(() => destroy(error, code));
  };
}
