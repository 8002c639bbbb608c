/** The entrance for every request: finds the door it belongs to. */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import type { Door } from "../calls/door.ts";
import { performance } from "../engine/real-time.ts";
import type { Admission } from "./admission.ts";
import { type Incoming, type Outgoing, ServedAnswer, ServedRequest } from "./exchange.ts";

export interface EntranceOptions {
  /** In the order in which they are asked; the last one claims everything. */
  readonly doors: readonly Door[];
  readonly admission: Admission;
  readonly reportBug: (error: unknown, where: string) => void;
  readonly logger?: Logger | undefined;
  /** Called once with what a user should know and no answer can say. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

const jsonType = { "content-type": "application/json" };

export class Entrance {
  readonly #doors: readonly Door[];
  readonly #admission: Admission;
  readonly #reportBug: EntranceOptions["reportBug"];
  #onNotice: EntranceOptions["onNotice"];
  /** Only set when each request is logged, which costs more than answering it. */
  readonly #logger: Logger | undefined;

  constructor({ doors, admission, reportBug, logger, onNotice }: EntranceOptions) {
    this.#doors = doors;
    this.#admission = admission;
    this.#reportBug = reportBug;
    this.#onNotice = onNotice;
    this.#logger = logger?.isLevelEnabled("debug") ? logger : undefined;
  }

  request(incoming: Incoming, outgoing: Outgoing): void {
    const request = new ServedRequest(incoming);
    const answer = new ServedAnswer(outgoing, request, this.#reportBug);
    if (this.#logger !== undefined) this.#log(this.#logger, request, answer);
    const door = this.#doorOf(request);
    const refusal = this.#admission.refusal(request, door.forEveryOrigin);
    if (refusal !== undefined) {
      answer.endConnection();
      if (door.refuse) door.refuse(request, answer, refusal);
      else answer.send(403, jsonType, JSON.stringify({ message: refusal }));
      return;
    }
    let served: void | Promise<void>;
    try {
      served = door.serve(request, answer);
    } catch (error) {
      answer.fail(error, door.name);
      return;
    }
    served?.catch((error) => answer.fail(error, door.name));
  }

  /** Clients report a wrong version or a protocol error without a reason. */
  tlsRefused(): void {
    this.#onNotice?.(
      "A client spoke https to this port, which speaks http alone: use http://, or start Busbar with --tls.",
    );
    this.#onNotice = undefined;
  }

  /** Returns false when no door takes over the connection. */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const request = new ServedRequest(incoming);
    const door = this.#doorOf(request);
    if (door.upgrade === undefined) return false;
    const refusal = this.#admission.refusal(request, door.forEveryOrigin);
    if (refusal !== undefined) {
      endWith(socket, "403 Forbidden", JSON.stringify({ message: refusal }));
      return true;
    }
    try {
      return door.upgrade(request, socket, head);
    } catch (error) {
      this.#reportBug(error, `the upgrade of ${request.path} by the door ${door.name}`);
      endWith(socket, "500 Internal Server Error", "{}");
      return true;
    }
  }

  #doorOf(request: ServedRequest): Door {
    for (const door of this.#doors) if (door.claims(request)) return door;
    throw new Error("the last door claims everything");
  }

  /** Without the query, which can contain secrets: signatures of presigned URLs. */
  #log(logger: Logger, { method, host, path, sourceIp }: ServedRequest, answer: ServedAnswer): void {
    const startedAt = performance.now();
    answer.onClose(() => {
      const status = answer.sentStatus;
      const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000;
      logger.debug({ method, host, path, sourceIp, status, durationMs }, "request");
    });
  }
}

/** Answers on a connection that Node's HTTP server no longer manages. */
function endWith(socket: Duplex, status: string, json: string): void {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n`;
  socket.end(`${head}Connection: close\r\n\r\n${json}`);
}
