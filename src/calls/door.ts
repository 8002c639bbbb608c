/**
 * Doors: the ways into the emulator over its port. The server asks them in order whose a request is, before anything is
 * decided about its bytes; the AWS API is the last. A service declares one with `door` in `defineService`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex, Readable, Writable } from "node:stream";

/** What a door may claim a request by. */
export interface Asked {
  readonly method: string;
  /** The Host header (`:authority` in HTTP/2) as it came, with its port; empty when there is none. */
  readonly host: string;
  /** Undecoded, without the query, and never empty. */
  readonly path: string;
}

export interface DoorRequest extends Asked {
  /** The raw query string without `?`; empty when there is none. */
  readonly query: string;
  readonly scheme: "http" | "https";
  /** Names and values in turn, as they came: case, order and repeats. HTTP/2 has lower-case names; `:path` and its like are left out. */
  readonly rawHeaders: readonly string[];
  /** By lower-case name, joined as Node does; `host` is there in HTTP/2 as well. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly sourceIp: string | undefined;
  /** The body as it comes. Fails with BodyBrokenOff when the client leaves before its end. To be read once. */
  readonly body: Readable;
  /**
   * The whole body.
   * @throws BodyTooLarge above the limit, BodyBrokenOff when the client leaves before its end.
   */
  bytes(limitBytes: number): Promise<Buffer>;
  /** What Node has of it, for a library that wants that. */
  readonly incoming: IncomingMessage | Http2ServerRequest;
}

/** An object, or names and values in turn where case, order or repeats matter. */
export type HeaderFields = Readonly<Record<string, string>> | readonly string[];

export interface DoorAnswer {
  /** True once a head was sent or is about to be: nothing else can be answered then. */
  readonly begun: boolean;
  /** Answers whole. `Content-Length` is added unless it is there; HEAD gets no body. */
  send(status: number, headers: HeaderFields, body?: string | Uint8Array): void;
  /** Sends the head at once; the body is written to what this returns. Chunked in HTTP/1.1 unless its length is declared. */
  stream(status: number, headers: HeaderFields): Writable;
  /** Ends the connection with this answer, so that what is left of the request's body need not be read. */
  endConnection(): void;
  /** Calls back once the answer is out or the client has gone. */
  onClose(listener: () => void): void;
  /** What Node has of it, for a library that wants that. */
  readonly outgoing: ServerResponse | Http2ServerResponse;
}

export interface Door {
  /** For messages: `sns`, `control`. */
  readonly name: string;
  /** Pages of every origin may come in: what they may do is decided behind the door. */
  readonly forEveryOrigin?: boolean;
  /** Whether a request is this door's. Asked for each request that no door before has claimed: it has to be quick. */
  claims(asked: Asked): boolean;
  /** Answers. What it throws before it has begun is answered: with its `statusCode` if it has one, else as a bug, with 500. */
  serve(request: DoorRequest, answer: DoorAnswer): void | Promise<void>;
  /** Refuses a request that is not let in, in the form the door's clients read; `{"message"}` with 403 where this is missing. */
  refuse?(request: DoorRequest, answer: DoorAnswer, message: string): void;
  /**
   * Takes over the connection of a request to upgrade it (`Upgrade: websocket`; HTTP/1.1 alone has that). Without it, or
   * when it returns false, the request is served as if it had not asked.
   * @param socket belongs to the door from here on. TLS is dealt with.
   * @param head what came after the request.
   */
  upgrade?(request: DoorRequest, socket: Duplex, head: Buffer): boolean;
}

/** A body longer than whoever reads it takes. */
export class BodyTooLarge extends Error {
  readonly statusCode = 413;

  constructor(limitBytes: number) {
    super(`Request body exceeds the limit of ${limitBytes} bytes.`);
  }
}

/** What came is not what the client meant to send, so nothing may be done about it. */
export class BodyBrokenOff extends Error {
  readonly statusCode = 400;

  constructor() {
    super("The client broke off before the request body was whole.");
  }
}
