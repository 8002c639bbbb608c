/**
 * Stands between a socket and Node's HTTP/2, which damaged frames can make abort or write to freed memory: forwards
 * complete, valid frames (http2-frames.ts) and answers anything else with a GOAWAY of its own. test/fuzz/wire-bytes.ts
 * produces the damage. It also matters that the bytes come through JavaScript: when Node reads the socket itself, ticks
 * and promises run in the middle of its parser, and a stream that one of them resets is freed while the parser still
 * uses it.
 */

import { constants, createServer, type Http2Server, type Http2Session, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { setImmediate } from "../engine/real-time.ts";
import { type Http2Exchange, onExchange } from "./http2-exchange.ts";
import { FrameCheck, headBytes, maxConcurrentStreams, maxFrameBytes, type } from "./http2-frames.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** The head, the last stream and the error code. */
const goawayBytes = headBytes + 8;
/** How long a client may take to read what is left, in ms, before it is disconnected. */
const lastWordsMs = 5000;
const noBytes = Buffer.alloc(0);
/** Copying shorter pieces into one costs less than writing each, and Node's session writes a frame in several. */
const smallBytes = 4096;

const sockets = new WeakMap<object, Socket | TLSSocket>();

/** A server that is never bound; connections are passed to `serveHttp2`. */
export function createGuardedServer(serve: (exchange: Http2Exchange) => void): Http2Server {
  const server = createServer({ settings: { maxConcurrentStreams } });
  onExchange(server, serve);
  server.on("sessionError", () => {});
  return server;
}

/** Serves a connection over HTTP/2. */
export function serveHttp2(server: Http2Server, socket: Socket | TLSSocket): void {
  const connection = new GuardedConnection(socket);
  server.once("session", (session: ServerHttp2Session) => {
    sockets.set(session, socket);
    destroyLater(session);
    // Until its GOAWAY is sent, Node itself resets new streams while its parser uses them.
    const close = session.close.bind(session);
    session.close = (done) => {
      connection.holdBack();
      close(done);
    };
  });
  server.emit("connection", connection);
}

/** The socket behind a session; Node only exposes the connection in between. */
export function socketOf(session: Http2Session | undefined): Socket | TLSSocket | undefined {
  return session && sockets.get(session);
}

/** Ends a session only after its caller has returned: Node 22 continues to use it, and aborts. */
function destroyLater(session: ServerHttp2Session): void {
  const destroy = session.destroy.bind(session);
  session.destroy = (error, code) => {
    setImmediate(() => destroy(error, code));
  };
}

/** What Node's session uses as its socket. */
class GuardedConnection extends Duplex {
  readonly #socket: Socket | TLSSocket;
  readonly #frames = new FrameCheck();
  #prefaceLeft: Buffer = preface;
  /** The beginning of a frame that is not complete yet. */
  #begun: Buffer = noBytes;
  /** The beginning of the header of a frame that we send. */
  #sentHead: Buffer = noBytes;
  /** Bytes still missing from the payload of a frame that we send. */
  #sentLeft = 0;
  /** Whether incoming frames are held back until our GOAWAY is sent. */
  #heldBack = false;
  #over = false;

  constructor(socket: Socket | TLSSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      if (!this.#over) this.#take(chunk);
    });
    socket.once("end", () => this.#end());
    socket.once("close", () => this.#end());
    // Errors end in "close".
    socket.on("error", () => socket.destroy());
    this.on("error", () => {});
  }

  /** Forwards nothing until the session has sent GOAWAY. */
  holdBack(): void {
    this.#heldBack = true;
    this.#socket.pause();
  }

  #goOn(): void {
    this.#heldBack = false;
    this.#socket.resume();
  }

  override _read(): void {
    if (!this.#heldBack) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#sent(chunk);
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    if (chunks.every(({ chunk }) => chunk.length < smallBytes)) {
      this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done);
      return;
    }
    this.#socket.cork();
    for (const [index, { chunk }] of chunks.entries()) {
      this.#sent(chunk);
      this.#socket.write(chunk, index === chunks.length - 1 ? done : undefined);
    }
    this.#socket.uncork();
  }

  override _final(done: () => void): void {
    this.#socket.setTimeout(lastWordsMs, () => this.#socket.destroy());
    this.#socket.end();
    this.#goOn();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#over = true;
    this.#socket.setTimeout(lastWordsMs, () => this.#socket.destroy());
    this.#socket.destroySoon();
    done(error);
  }

  /** Stops feeding the session, and ends it once it has nothing left to do. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    setImmediate(() => this.destroy());
  }

  /** Ends the connection with a GOAWAY, unless it would land in the middle of another frame. */
  #refuse(code: number): void {
    if (this.#sentLeft === 0 && this.#sentHead.length === 0 && this.#socket.writable) {
      const frame = Buffer.alloc(goawayBytes);
      frame.writeUIntBE(goawayBytes - headBytes, 0, 3);
      frame[3] = type.goaway;
      frame.writeUInt32BE(this.#frames.lastStream, headBytes);
      frame.writeUInt32BE(code, headBytes + 4);
      this.#socket.write(frame);
    }
    this.#end();
  }

  #take(chunk: Buffer): void {
    let from = 0;
    if (this.#prefaceLeft.length > 0) {
      from = Math.min(this.#prefaceLeft.length, chunk.length);
      const expected = this.#prefaceLeft.subarray(0, from);
      if (!expected.equals(chunk.subarray(0, from))) {
        this.#refuse(constants.NGHTTP2_PROTOCOL_ERROR);
        return;
      }
      this.#forward(expected);
      this.#prefaceLeft = this.#prefaceLeft.subarray(from);
    }
    if (this.#begun.length > 0) {
      from = this.#complete(chunk, from);
      if (this.#over || this.#begun.length > 0) return;
    }
    this.#frame(chunk, from);
  }

  /** Takes what the incomplete frame lacks; returns where the next one begins. */
  #complete(chunk: Buffer, from: number): number {
    const at = this.#fill(chunk, from, headBytes);
    if (this.#begun.length < headBytes || !this.#hasAllowedLength(this.#begun, 0)) return at;
    const need = headBytes + this.#begun.readUIntBE(0, 3);
    const end = this.#fill(chunk, at, need);
    if (this.#begun.length === need) {
      const whole = this.#begun;
      this.#begun = noBytes;
      this.#frame(whole, 0);
    }
    return end;
  }

  #fill(chunk: Buffer, from: number, need: number): number {
    const end = Math.min(chunk.length, from + Math.max(0, need - this.#begun.length));
    if (end > from) this.#begun = Buffer.concat([this.#begun, chunk.subarray(from, end)]);
    return end;
  }

  #hasAllowedLength(bytes: Buffer, at: number): boolean {
    if (bytes.readUIntBE(at, 3) <= maxFrameBytes) return true;
    this.#refuse(constants.NGHTTP2_FRAME_SIZE_ERROR);
    return false;
  }

  /** Forwards complete frames in as few pieces as possible, without copying, and keeps an incomplete one. */
  #frame(bytes: Buffer, start: number): void {
    let from = start;
    let at = start;
    while (bytes.length - at >= headBytes) {
      const end = at + headBytes + bytes.readUIntBE(at, 3);
      if (end - at > headBytes + maxFrameBytes || end > bytes.length) break;
      const verdict = this.#frames.received(bytes, at);
      if (verdict !== "forward") {
        this.#forward(bytes.subarray(from, at));
        from = end;
        if (verdict !== "drop") {
          this.#refuse(verdict);
          return;
        }
      }
      at = end;
    }
    this.#forward(bytes.subarray(from, at));
    if (this.#over || at === bytes.length) return;
    if (bytes.length - at >= headBytes && !this.#hasAllowedLength(bytes, at)) return;
    this.#begun = bytes.subarray(at);
  }

  #forward(bytes: Buffer): void {
    if (bytes.length > 0 && !this.push(bytes)) this.#socket.pause();
  }

  /** Follows the frames that Node's session sends; its own GOAWAY with an error is the end. */
  #sent(chunk: Buffer): void {
    const bytes = this.#sentHead.length > 0 ? Buffer.concat([this.#sentHead, chunk]) : chunk;
    this.#sentHead = noBytes;
    let at = this.#sentLeft;
    while (at < bytes.length) {
      const kind = bytes[at + 3];
      if (bytes.length - at < (kind === type.goaway ? goawayBytes : headBytes)) {
        this.#sentHead = bytes.subarray(at);
        this.#sentLeft = 0;
        return;
      }
      const length = bytes.readUIntBE(at, 3);
      this.#frames.sent(kind as number, bytes[at + 4] as number, bytes.readUInt32BE(at + 5), length);
      if (kind === type.goaway) {
        if (bytes.readUInt32BE(at + headBytes + 4) !== constants.NGHTTP2_NO_ERROR) this.#end();
        if (this.#heldBack) setImmediate(() => this.#goOn());
      }
      at += headBytes + length;
    }
    this.#sentLeft = at - bytes.length;
  }
}
