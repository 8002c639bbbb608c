/**
 * Doors: the ways into the emulator through its port. The server asks them in order whether a request is theirs, before
 * it interprets any of its bytes; the AWS API is the last. A service declares one with `door` in `defineService`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex, Readable, Writable } from "node:stream";

/** What a door may base its claim on. */
export interface Asked {
  readonly method: string;
  /** The Host header (`:authority` in HTTP/2) as sent, including its port; empty when there is none. */
  readonly host: string;
  /** Undecoded, without the query, and never empty. */
  readonly path: string;
}

export interface DoorRequest extends Asked {
  /** The raw query string without `?`; empty when there is none. */
  readonly query: string;
  readonly scheme: "http" | "https";
  /**
   * Names and values alternate, as sent: case, order and repeats are preserved. HTTP/2 has lower-case names; `:path`
   * and its like are left out.
   */
  readonly rawHeaders: readonly string[];
  /** By lower-case name, joined as Node does; HTTP/2 requests have a `host` as well. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly sourceIp: string | undefined;
  /** The body as it arrives. Fails with BodyBrokenOff when the client leaves before the end. Can be read once. */
  readonly body: Readable;
  /**
   * The whole body.
   * @throws BodyTooLarge above the limit, BodyBrokenOff when the client leaves before its end.
   */
  bytes(limitBytes: number): Promise<Buffer>;
  /** Node's request, for libraries that need it. */
  readonly incoming: IncomingMessage | Http2ServerRequest;
}

/** An object, or names and values in turn where case, order or repeats matter. */
export type HeaderFields = Readonly<Record<string, string>> | readonly string[];

export interface DoorAnswer {
  /** True once the head was sent or is about to be: nothing else can be answered then. */
  readonly begun: boolean;
  /** Sends a complete answer. `Content-Length` is added if missing; HEAD gets no body. */
  send(status: number, headers: HeaderFields, body?: string | Uint8Array): void;
  /**
   * Sends the head at once; the body is written to the returned stream. Chunked in HTTP/1.1 unless its length is
   * declared.
   */
  stream(status: number, headers: HeaderFields): Writable;
  /** Closes the connection after this answer, so that the rest of the request's body need not be read. */
  endConnection(): void;
  /** Calls back once the answer is out or the client has gone. */
  onClose(listener: () => void): void;
  /** Node's response, for libraries that need it. */
  readonly outgoing: ServerResponse | Http2ServerResponse;
}

export interface Door {
  /** For log messages: `sns`, `control`. */
  readonly name: string;
  /** Lets in pages of any origin: what they may do is decided behind the door. */
  readonly forEveryOrigin?: boolean;
  /**
   * Whether a request belongs to this door. Called for each request that no earlier door has claimed, so it must be
   * quick.
   */
  claims(asked: Asked): boolean;
  /**
   * Answers. What it throws before it has begun to answer is answered with its `statusCode` if it has one, else
   * reported as a bug, with 500.
   */
  serve(request: DoorRequest, answer: DoorAnswer): void | Promise<void>;
  /** Refuses a request that is not let in, in the format the door's clients read. Default: `{"message"}` with 403. */
  refuse?(request: DoorRequest, answer: DoorAnswer, message: string): void;
  /**
   * Takes over the connection of a request to upgrade it (`Upgrade: websocket`; HTTP/1.1 only). Without this method, or
   * when it returns false, the request is served as if it had not asked.
   * @param socket belongs to the door from now on; TLS is already removed.
   * @param head bytes that followed the request.
   */
  upgrade?(request: DoorRequest, socket: Duplex, head: Buffer): boolean;
}

/** The body is longer than its reader accepts. */
export class BodyTooLarge extends Error {
  readonly statusCode = 413;

  constructor(limitBytes: number) {
    super(`Request body exceeds the limit of ${limitBytes} bytes.`);
  }
}

/** The request is not what the client meant to send, so it must have no effect. */
export class BodyBrokenOff extends Error {
  readonly statusCode = 400;

  constructor() {
    super("The client broke off before the request body was whole.");
  }
}
