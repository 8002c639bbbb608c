/** A request and its answer as doors see them, for every version of HTTP. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { DoorAnswer, DoorRequest, HeaderFields } from "../calls/door.ts";
import { beforeWork } from "../engine/turns.ts";
import { bodyStream, readBody } from "./body.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import { socketOf } from "./http2-guard.ts";

export type Incoming = IncomingMessage | Http2Exchange;
export type Outgoing = ServerResponse | Http2Exchange;

/** A class, so that rarely used members cost nothing until they are read. */
export class ServedRequest implements DoorRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: DoorRequest["headers"];
  readonly #incoming: Incoming;
  #body: Readable | undefined;

  constructor(incoming: Incoming) {
    const url = pathOf(incoming.url as string);
    const mark = url.indexOf("?");
    const { headers } = incoming;
    const authority = headers[":authority"] as string | undefined;
    // HTTP/2 has the host in a field of its own. Node makes these headers for this request alone; to copy them would
    // take 2 % of its time.
    if (authority !== undefined) headers.host ??= authority;
    this.method = incoming.method as string;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? "" : url.slice(mark + 1);
    this.headers = headers;
    this.host = headers.host ?? "";
    this.#incoming = incoming;
  }

  get incoming(): IncomingMessage | Http2ServerRequest {
    return this.#incoming instanceof Http2Exchange ? this.#incoming.node.request : this.#incoming;
  }

  get scheme(): "http" | "https" {
    return this.#socket && "encrypted" in this.#socket ? "https" : "http";
  }

  get sourceIp(): string | undefined {
    return this.#socket?.remoteAddress;
  }

  get #socket(): Socket | undefined {
    const incoming = this.#incoming;
    return incoming instanceof Http2Exchange ? socketOf(incoming.stream.session) : incoming.socket;
  }

  get rawHeaders(): readonly string[] {
    const { rawHeaders } = this.#incoming;
    if (!(this.#incoming instanceof Http2Exchange)) return rawHeaders;
    return rawHeaders.filter((_text, index) => !rawHeaders[index - (index % 2)]?.startsWith(":"));
  }

  get body(): Readable {
    this.#body ??= bodyStream(this.#incoming);
    return this.#body;
  }

  bytes(limitBytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.read(limitBytes, (error, body) => (error ? reject(error) : resolve(body)));
    });
  }

  /** As `bytes`, for those who pay for every promise. */
  read(limitBytes: number, done: (error: Error | undefined, body: Buffer) => void): void {
    readBody(this.#incoming, limitBytes, done);
  }
}

/** The path of a request target. Clients that expect a proxy send a whole URL (RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  if (target.startsWith("/") || !/^https?:\/\//i.test(target)) return target;
  const path = target.slice(target.indexOf("//") + 2).replace(/^[^/?]*/, "");
  return path.startsWith("/") ? path : `/${path}`;
}

/** Answers that are ready, held until the end of this turn of the event loop. */
let ready: ServedAnswer[] = [];

/**
 * Writes the answers of one turn together. A write wakes the client; when several follow each other it stays awake for
 * all, which under load saves a good part of a request's cost.
 */
function flushReady(): void {
  const answers = ready;
  ready = [];
  for (const answer of answers) answer.write();
}

export class ServedAnswer implements DoorAnswer {
  readonly #outgoing: Outgoing;
  readonly #request: ServedRequest;
  readonly #reportBug: (error: unknown, where: string) => void;
  #status = 0;
  #headers: HeaderFields = [];
  #body: string | Uint8Array = "";

  /** @param reportBug called for what doors should not throw, and for heads with an invalid header name or value. */
  constructor(outgoing: Outgoing, request: ServedRequest, reportBug: (error: unknown, where: string) => void) {
    this.#outgoing = outgoing;
    this.#request = request;
    this.#reportBug = reportBug;
  }

  get outgoing(): ServerResponse | Http2ServerResponse {
    return this.#outgoing instanceof Http2Exchange ? this.#outgoing.node.response : this.#outgoing;
  }

  get begun(): boolean {
    return this.#status !== 0 || this.sentStatus !== undefined;
  }

  /** The status that was sent; undefined before. */
  get sentStatus(): number | undefined {
    const outgoing = this.#outgoing;
    if (outgoing instanceof Http2Exchange) return outgoing.stream.sentHeaders?.[":status"] as number | undefined;
    return outgoing.headersSent ? outgoing.statusCode : undefined;
  }

  send(status: number, headers: HeaderFields, body: string | Uint8Array = ""): void {
    this.#status = status;
    this.#headers = headers;
    this.#body = body;
    if (ready.push(this) === 1) beforeWork(flushReady);
  }

  stream(status: number, headers: HeaderFields): Writable {
    this.#status = status;
    const outgoing = this.#outgoing;
    if (outgoing instanceof Http2Exchange) {
      outgoing.begin(status, forHttp2(headers));
      return outgoing.stream;
    }
    outgoing.writeHead(status, headers as string[]);
    outgoing.flushHeaders();
    return outgoing;
  }

  endConnection(): void {
    // HTTP/2 streams end by themselves.
    if (!(this.#outgoing instanceof Http2Exchange)) this.#outgoing.shouldKeepAlive = false;
  }

  onClose(listener: () => void): void {
    this.#closing.once("close", listener);
  }

  /** Answers with what a door has thrown, with its `statusCode` if it has one; breaks off an answer that has begun. */
  fail(error: unknown, door: string): void {
    const { statusCode, message } = error as { statusCode?: number; message?: string };
    const isBug = statusCode === undefined || statusCode >= 500;
    if (isBug) this.#reportBug(error, `${this.#request.method} ${this.#request.path} at the door ${door}`);
    if (this.begun) {
      this.#closing.destroy();
      return;
    }
    // The rest of the body is not read: the connection closes after the answer.
    this.endConnection();
    const text = isBug ? "An internal error occurred. It is logged with its stack where Busbar runs." : message;
    this.send(statusCode ?? 500, { "content-type": "application/json" }, JSON.stringify({ message: text }));
  }

  get #closing(): Writable {
    return this.#outgoing instanceof Http2Exchange ? this.#outgoing.stream : this.#outgoing;
  }

  /** Writes what was passed to `send`. An answer that cannot be written must not affect the others of its turn. */
  write(): void {
    try {
      this.#write(this.#status, this.#headers, this.#body);
    } catch (error) {
      this.#reportBug(error, `the answer to ${this.#request.method} ${this.#request.path}`);
      if (this.sentStatus !== undefined) this.#closing.destroy();
      else this.#write(500, {}, "");
    }
  }

  #write(status: number, fields: HeaderFields, body: string | Uint8Array): void {
    const outgoing = this.#outgoing;
    const headers = withLength(fields, status, body);
    if (outgoing instanceof Http2Exchange) outgoing.answer(status, forHttp2(headers), body);
    else outgoing.writeHead(status, headers as string[]).end(this.#request.method === "HEAD" ? undefined : body);
  }
}

const contentLength = "content-length";

/** The headers with `Content-Length`, which an answer that cannot have content must not have (RFC 9110 section 8.6). */
function withLength(headers: HeaderFields, status: number, body: string | Uint8Array): HeaderFields {
  if (status === 204 || status === 304) return headers;
  const length = String(typeof body === "string" ? Buffer.byteLength(body) : body.length);
  if (!Array.isArray(headers)) return { "content-length": length, ...(headers as Record<string, string>) };
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at].length === contentLength.length && headers[at].toLowerCase() === contentLength) return headers;
  }
  return [...headers, "Content-Length", length];
}

/** Connection headers, which HTTP/2 forbids (RFC 9113 section 8.2.2). */
const ofConnection = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** One entry per name, as Node's HTTP/2 requires. */
function forHttp2(fields: HeaderFields): OutgoingHttpHeaders {
  if (!Array.isArray(fields)) return fields as Readonly<Record<string, string>>;
  const headers: Record<string, string[]> = Object.create(null);
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = (fields[at] as string).toLowerCase();
    if (ofConnection.has(name)) continue;
    headers[name] ??= [];
    headers[name].push(fields[at + 1] as string);
  }
  return headers;
}
