/**
 * The network outside of the emulator, and who is there: Node's own HTTP client and server with a wire in memory between
 * them, so that resets and half answers are real and the same each time. It answers, refuses, hangs, resets and is late.
 */
import * as http from "node:http";
import { Duplex } from "node:stream";

/** What becomes of a request. `late`: the answer comes when `release` is called; `reset`: after the request was taken. */
export type Behaviour = "answer" | "fail" | "refuse" | "reset" | "cut" | "hang" | "late";

export interface Request {
  readonly host: string;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** One end of a connection. */
class Wire extends Duplex {
  other: Wire | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.other?.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    this.other = undefined;
    if (other !== undefined && !other.destroyed) {
      other.destroy(error === null ? undefined : Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    }
    done(error);
  }

  // What sockets have besides, and nothing here needs.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

export class Network {
  readonly #server: http.Server;
  readonly #decide: (request: Request) => Behaviour;
  readonly #answered: (request: Request) => void;
  readonly #wires = new Set<Wire>();
  /** Answers that are held back, the oldest first. */
  #held: { readonly answer: () => void; readonly wire: Wire }[] = [];

  /** @param answered told of each request when the whole answer to it, a good one, is on its way. */
  constructor(decide: (request: Request) => Behaviour, answered: (request: Request) => void) {
    this.#decide = decide;
    this.#answered = answered;
    this.#server = http.createServer((request, response) => this.#take(request, response));
  }

  /**
   * From now on all connections of this process lead here, and no call ends because the machine took long: the emulator's own
   * clock has to end it. The function returned ends that.
   */
  install(): () => void {
    const agent = http.Agent.prototype as unknown as { createConnection: () => Wire };
    const real = agent.createConnection;
    agent.createConnection = () => this.#connect();
    const realTimeout = AbortSignal.timeout;
    AbortSignal.timeout = () => new AbortController().signal;
    return () => {
      AbortSignal.timeout = realTimeout;
      agent.createConnection = real;
      for (const wire of this.#wires) wire.destroy();
    };
  }

  /** Whoever called is gone: all its connections end. */
  hangUp(): void {
    for (const wire of this.#wires) wire.destroy(new Error("gone"));
    this.#wires.clear();
    this.#held = [];
  }

  /** How many requests have no answer yet. */
  get waiting(): number {
    return this.#held.length;
  }

  /** The oldest answer held back goes out after all. Says whether there was one. */
  release(): boolean {
    const first = this.#held.shift();
    first?.answer();
    return first !== undefined;
  }

  #connect(): Wire {
    const [near, far] = [new Wire(), new Wire()];
    near.other = far;
    far.other = near;
    // The other side's errors are nobody's business.
    far.on("error", () => {});
    this.#wires.add(near);
    near.once("close", () => this.#wires.delete(near));
    this.#server.emit("connection", far);
    process.nextTick(() => near.emit("connect"));
    return near;
  }

  #take(incoming: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const host = incoming.headers.host ?? "";
      const request = { host, body: Buffer.concat(chunks).toString(), headers: incoming.headers };
      this.#behave(request, response, incoming.socket as unknown as Wire);
    });
  }

  #behave(request: Request, response: http.ServerResponse, wire: Wire): void {
    const answer = (): void => {
      if (wire.destroyed) return;
      this.#answered(request);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    };
    switch (this.#decide(request)) {
      case "answer":
        answer();
        break;
      case "fail":
        response.writeHead(503).end();
        break;
      case "refuse":
        response.writeHead(400).end();
        break;
      case "reset":
        wire.destroy(new Error("reset"));
        break;
      case "cut":
        response.writeHead(200, { "content-length": "100" });
        response.write("half", () => wire.destroy(new Error("cut")));
        break;
      case "hang":
      case "late":
        this.#held.push({ answer, wire });
        wire.once("close", () => {
          this.#held = this.#held.filter((one) => one.wire !== wire);
        });
        break;
    }
  }
}
