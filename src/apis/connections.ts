/** Open connections of WebSocket APIs, which the management API can post to, inspect and close. */
import { createHash } from "node:crypto";
import type { Random } from "../engine/random.ts";

/** What the management API sees of a connection. */
export interface OpenConnection {
  readonly id: string;
  readonly apiId: string;
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly identity: { readonly sourceIp: string; readonly userAgent?: string | undefined };
  /** Epoch milliseconds on the clock. */
  readonly connectedMs: number;
  readonly lastActiveMs: number;
  /** False until the handshake is complete; until then posts find nobody. */
  readonly isOpen: boolean;
  /** Sends one message. False if the connection was dropped because the client reads too slowly. */
  send(text: string): boolean;
  close(code: number, reason: string): void;
}

/** A longer message is refused with 413 (API Gateway quotas for WebSocket APIs). */
export const maxMessageBytes = 131_072;

const idBytes = 13;
const randomBytes = 8;

export class Connections {
  readonly #open = new Map<string, OpenConnection>();

  get size(): number {
    return this.#open.size;
  }

  get(id: string): OpenConnection | undefined {
    return this.#open.get(id);
  }

  values(): Iterable<OpenConnection> {
    return this.#open.values();
  }

  add(connection: OpenConnection): void {
    this.#open.set(connection.id, connection);
  }

  delete(id: string): void {
    this.#open.delete(id);
  }

  /**
   * An id in AWS's form: 20 characters of URL-safe base64 that end in `==`. It ends in a checksum, so that issued ids
   * need not be stored.
   */
  newId(apiId: string, random: Random): string {
    return idOf(apiId, Buffer.from(random.bytes(randomBytes)));
  }

  /** Whether the API ever issued an id, in this run or an earlier one. */
  wasIssued(id: string, apiId: string): boolean {
    const bytes = Buffer.from(id, "base64url");
    return bytes.length === idBytes && idOf(apiId, bytes.subarray(0, randomBytes)) === id;
  }
}

/** Whether a text has the form of a connection id. */
export function isConnectionId(id: string): boolean {
  return /^[A-Za-z0-9_-]{18}==$/.test(id);
}

function idOf(apiId: string, random: Buffer): string {
  const checksum = createHash("sha256")
    .update(apiId)
    .update(random)
    .digest()
    .subarray(0, idBytes - randomBytes);
  return `${Buffer.concat([random, checksum]).toString("base64url")}==`;
}
