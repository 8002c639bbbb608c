/**
 * A request over HTTP/2 and its answer, straight from its stream. Node's own objects for them, which look like those of
 * HTTP/1.1, add twenty listeners and a second stream: a tenth of a small request.
 */
import {
  type Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";

export class Http2Exchange {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** Names and values alternate. */
  readonly rawHeaders: string[];
  #node: { readonly request: Http2ServerRequest; readonly response: Http2ServerResponse } | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: string[]) {
    this.stream = stream;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    // Errors end in "close".
    stream.on("error", ignore);
  }

  get method(): string {
    return this.headers[":method"] as string;
  }

  get url(): string {
    return this.headers[":path"] as string;
  }

  /** Node's own objects, for libraries. Only before anything is read or answered. */
  get node(): { readonly request: Http2ServerRequest; readonly response: Http2ServerResponse } {
    if (this.#node === undefined) {
      const request = new Http2ServerRequest(this.stream, this.headers, {}, this.rawHeaders);
      this.#node = { request, response: new Http2ServerResponse(this.stream) };
    }
    return this.#node;
  }

  /** Sends the head of an answer whose body is written to the stream; nothing if the client has gone. */
  begin(status: number, headers: OutgoingHttpHeaders): void {
    // Trailers, even none, come after the last piece is written. Without them Node ends the stream with that piece,
    // destroys it before it knows of the write, and makes an error with a stack for each answer.
    respond(this.stream, status, headers, { waitForTrailers: true });
  }

  /** Sends a complete answer, without its body where none may be (HEAD, 204, 304); nothing if the client has gone. */
  answer(status: number, headers: OutgoingHttpHeaders, body: string | Uint8Array): void {
    if (body.length === 0) respond(this.stream, status, headers, { endStream: true });
    else this.begin(status, headers);
    if (!this.stream.writableEnded) this.stream.end(body);
  }
}

/** Calls back for the requests of a server, after their expectations are answered (RFC 9110 section 10.1.1). */
export function onExchange(server: Http2Server, serve: (exchange: Http2Exchange) => void): void {
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
    const exchange = new Http2Exchange(stream, headers, raw);
    const { expect } = headers;
    if (headers[":method"] === "CONNECT") exchange.answer(405, {}, "");
    else if (expect === undefined) serve(exchange);
    else if (expect !== "100-continue") exchange.answer(417, {}, "");
    else if (!stream.destroyed) {
      stream.additionalHeaders({ ":status": 100 });
      serve(exchange);
    }
  });
}

function respond(
  stream: ServerHttp2Stream,
  status: number,
  headers: OutgoingHttpHeaders,
  options: { readonly endStream?: true; readonly waitForTrailers?: true },
): void {
  if (!stream.destroyed && !stream.closed) stream.respond({ ...headers, ":status": status }, options);
}

function ignore(): void {}
