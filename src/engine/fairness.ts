/**
 * Keeps one connection from taking everybody's time: requests that a client sends without waiting for answers are begun
 * over several turns of the event loop, and others are served in between.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { performance, setImmediate } from "./real-time.ts";

type OnRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** Requests that may wait on a connection before nothing more is read from it. */
const maxWaiting = 16;

/**
 * `_paused` is how Node's HTTP server itself stops reading while too many answers are unsent: unlike a socket's own
 * pause, it holds when the body of an earlier request is read.
 */
type PausableSocket = Socket & { _paused?: boolean; parser?: { resume(): void } | null };

/**
 * Serves the requests of an HTTP/1.1 connection one after the other. Node would begin all it has read at once: up to
 * 2 MB in one turn of the event loop. Requests of a client that has gone are not begun any more.
 */
export function oneByOne(serve: OnRequest): OnRequest {
  const waiting = new WeakMap<Socket, number>();
  return (incoming, outgoing) => {
    // A response has no socket while an earlier one of the connection is unsent.
    if (outgoing.socket !== null) {
      serve(incoming, outgoing);
      return;
    }
    const { socket } = incoming;
    const before = waiting.get(socket) ?? 0;
    waiting.set(socket, before + 1);
    if (before + 1 >= maxWaiting) stopReading(socket);
    outgoing.once("socket", () => {
      const left = (waiting.get(socket) as number) - 1;
      waiting.set(socket, left);
      if (left === 0) goOnReading(socket);
      // In a turn of its own: answers of some doors are sent at once, and one would follow the other in the same turn.
      setImmediate(() => {
        if (!socket.destroyed) serve(incoming, outgoing);
      });
    });
  };
}

function stopReading(socket: PausableSocket): void {
  socket._paused = true;
  socket.pause();
}

function goOnReading(socket: PausableSocket): void {
  if (!socket._paused) return;
  socket._paused = false;
  if (socket.parser) {
    socket.parser.resume();
    socket.resume();
  } else {
    // The last request asks for an upgrade: its bytes are for whoever takes the connection over. The stream is not told
    // to flow, and believes that it is reading.
    socket._read(0);
  }
}

/**
 * Requests of an HTTP/2 session that are begun in one turn of the event loop: so many in any case, and more while they
 * take little time. Answers of one turn are written together, so that few a turn would cost a third more.
 */
const leastBegunPerTurn = 8;
const maxBegunPerTurn = 64;
const quickMs = 2;

/** A request over HTTP/2. */
interface Streamed {
  readonly stream: { readonly session: object | undefined; readonly destroyed: boolean };
}

/** Begins the requests of an HTTP/2 session, which may have sent a thousand at once, some in each turn. */
export function someATurn<R extends Streamed>(serve: (request: R) => void): (request: R) => void {
  const shares = new WeakMap<object, Share<R>>();
  return (request) => {
    const { session } = request.stream;
    if (session === undefined) return;
    let share = shares.get(session);
    if (share === undefined) {
      share = new Share(serve);
      shares.set(session, share);
    }
    share.begin(request);
  };
}

/** What one session may begin in this turn, and what waits for the next. */
class Share<R extends Streamed> {
  readonly #serve: (request: R) => void;
  #begun = 0;
  #quickUntil = 0;
  readonly #waiting: R[] = [];
  #inTurn = false;

  constructor(serve: (request: R) => void) {
    this.#serve = serve;
  }

  begin(request: R): void {
    if (!this.#inTurn) this.#startTurn();
    if (this.#waiting.length === 0 && this.#mayBegin()) this.#serve(request);
    else this.#waiting.push(request);
  }

  #startTurn(): void {
    this.#inTurn = true;
    this.#begun = 0;
    this.#quickUntil = performance.now() + quickMs;
    setImmediate(this.#next);
  }

  #mayBegin(): boolean {
    if (this.#begun >= maxBegunPerTurn) return false;
    if (this.#begun >= leastBegunPerTurn && performance.now() > this.#quickUntil) return false;
    this.#begun += 1;
    return true;
  }

  readonly #next = (): void => {
    this.#inTurn = false;
    if (this.#waiting.length === 0) return;
    this.#startTurn();
    while (this.#waiting.length > 0 && this.#mayBegin()) {
      const request = this.#waiting.shift() as R;
      if (!request.stream.destroyed) this.#serve(request);
    }
  };
}
