/**
 * One port for HTTP/1.1, h2c with prior knowledge and TLS: the first bytes of a connection decide which server gets it.
 * The JavaScript Kinesis client speaks h2c on plain http without asking, so sniffing is the only way to share a port
 * (RFC 9113 section 3.3).
 */
import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from "node:http";
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { createServer as createNetServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { oneByOne, someATurn } from "../engine/fairness.ts";
import type { Incoming, Outgoing } from "./exchange.ts";
import { createGuardedServer, serveHttp2 } from "./http2-guard.ts";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Receives requests. */
export interface RequestHandler {
  request(incoming: Incoming, outgoing: Outgoing): void;
  /** Returns false when it does not take over the connection; the request is then served like any other. */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Called for a client that speaks TLS where there is no TLS. */
  tlsRefused?(): void;
}

export interface Listener {
  /** The server that is bound; it emits `listening`, `error` and `close`. */
  readonly server: Server;
  /**
   * Stops accepting connections. Existing ones end after the answer to their next request, or to those under way
   * (HTTP/2).
   */
  drain(): void;
  /** Closes connections without a request under way. */
  closeIdle(): void;
  /** Destroys the remaining connections. */
  destroy(): void;
}

const firstByteOfTls = 0x16;
/** `PRI * HTTP/2.0` is the only request line we serve that begins with `PR`. */
const prefaceStart = [0x50, 0x52] as const;
/** A client that connects and sends nothing for this long is disconnected. */
const sniffTimeoutMs = 60_000;
/** Longer than the common idle times of clients (Node agents, botocore), so that they close first. */
const idleTimeoutMs = 72_000;
/** An HTTP/2 client that opens a session should soon send a request. */
const firstStreamTimeoutMs = 10_000;

/** @param idleMs how long a connection may be silent between two requests, and within an HTTP/2 request. */
export function createListener(
  handler: RequestHandler,
  tls: TlsFiles | undefined,
  idleMs: number = idleTimeoutMs,
): Listener {
  let draining = false;
  const sockets = new Set<Socket>();
  /** Connections whose protocol is not known yet. */
  const silent = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const http1 = createHttp1Server(
    {
      keepAliveTimeout: idleMs,
      headersTimeout: 75_000,
      requestTimeout: 300_000,
      maxHeaderSize: 65_536,
    },
    oneByOne((incoming, outgoing) => {
      if (draining) outgoing.shouldKeepAlive = false;
      handler.request(incoming, outgoing);
    }),
  );
  // Node silently drops what comes after the 2,000th header, Content-Length included. Their bytes are bounded.
  http1.maxHeadersCount = 0;
  http1.on("clientError", answerBadRequest);
  http1.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node no longer manages the socket; an unhandled error would end the process.
    socket.on("error", () => socket.destroy());
    whenAnswered(socket, () => {
      if (handler.upgrade(incoming, socket, head)) return;
      socket.unshift(withoutUpgrade(incoming, head));
      http1.emit("connection", socket);
    });
  });
  // It is never bound itself, but Node only supervises connections after "listening": otherwise idle ones stay open and
  // half-sent requests never time out.
  http1.emit("listening");
  const http2 = createGuardedServer(someATurn((exchange) => handler.request(exchange, exchange)));
  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    endWhenIdle(session, idleMs);
  });
  const secure = tls && createTlsServer({ cert: tls.cert, key: tls.key, ALPNProtocols: ["h2", "http/1.1"] });
  secure?.on("secureConnection", (socket) => {
    if (socket.alpnProtocol === "h2") serveHttp2(http2, socket);
    else http1.emit("connection", socket);
  });
  secure?.on("tlsClientError", (_error, socket) => socket.destroy());

  const server = createNetServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    silent.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      silent.delete(socket);
    });
    // A reset before the request is complete concerns only the client.
    socket.on("error", () => socket.destroy());
    socket.setTimeout(sniffTimeoutMs, () => socket.destroy());
    sniff(socket, (first) => {
      silent.delete(socket);
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      if (first[0] === firstByteOfTls && !secure) {
        handler.tlsRefused?.();
        answerPlainly(socket);
      } else if (first[0] === firstByteOfTls && secure) secure.emit("connection", socket);
      else if (first[0] === prefaceStart[0] && first[1] === prefaceStart[1]) serveHttp2(http2, socket);
      else http1.emit("connection", socket);
    });
  });

  return {
    server,
    drain() {
      server.close();
      draining = true;
      for (const session of sessions) session.close();
    },
    closeIdle() {
      http1.closeIdleConnections();
      for (const socket of silent) socket.destroy();
    },
    destroy() {
      http1.close();
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/**
 * Calls back when earlier requests on the connection are answered; Node keeps the answer under way in `_httpMessage`.
 */
function whenAnswered(socket: Duplex & { _httpMessage?: ServerResponse | null }, goOn: () => void): void {
  const answer = socket._httpMessage;
  if (answer) answer.once("finish", () => whenAnswered(socket, goOn));
  else goOn();
}

/**
 * The bytes of a request whose upgrade nobody supports (Java's client asks for HTTP/2 in every first request), without
 * the upgrade header. Once there is an upgrade listener, Node treats every such request as an upgrade (RFC 9110 section
 * 7.8).
 */
function withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage, head: Buffer): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== "upgrade") text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${text}\r\n`, "latin1"), head]);
}

/**
 * Ends an HTTP/2 session that is silent and has no streams, or only requests that never complete. Node does not time
 * these out, nor does it always notice that the client has hung up: after certain broken frames a session would stay
 * open forever.
 */
function endWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  const streams = new Set<ServerHttp2Stream>();
  session.once("stream", () => session.setTimeout(idleMs));
  session.on("stream", (stream) => {
    streams.add(stream);
    stream.once("close", () => streams.delete(stream));
  });
  session.on("timeout", () => {
    if (streams.size === 0) {
      session.destroy();
      return;
    }
    for (const stream of streams) if (!stream.readableEnded) stream.close(constants.NGHTTP2_CANCEL);
    session.setTimeout(idleMs);
  });
  session.setTimeout(firstStreamTimeoutMs);
}

/** Waits for two bytes (one is enough unless it could begin the h2 preface) and puts them back before handing over. */
function sniff(socket: Socket, choose: (first: Buffer) => void): void {
  let held: Buffer | undefined;
  const onReadable = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    held = held ? Buffer.concat([held, chunk]) : chunk;
    if (held.length < 2 && held[0] === prefaceStart[0]) return;
    socket.removeListener("readable", onReadable);
    socket.unshift(held);
    choose(held);
  };
  socket.on("readable", onReadable);
}

/** Refuses a TLS handshake where there is no TLS, in plain text: clients then report that the port speaks http. */
function answerPlainly(socket: Socket): void {
  const text = "This port speaks plain http. Use http://, or start Busbar with --tls.\n";
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close`;
  socket.end(`${head}\r\n\r\n${text}`);
  // Incoming data must be read, or the answer would be lost in a reset.
  socket.resume();
}

function answerBadRequest(
  error: NodeJS.ErrnoException,
  socket: { writable: boolean; end(text?: string): void; destroy(): void },
): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
