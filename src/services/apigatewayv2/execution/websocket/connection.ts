/** One open connection of a WebSocket API. */
import type { WebSocket } from "ws";
import type { OpenConnection } from "../../../../apis/connections.ts";
import type { Clock, Timer } from "../../../../engine/clock.ts";
import { setTimeout } from "../../../../engine/real-time.ts";

/** Quotas of WebSocket APIs. */
const idleMs = 600_000;
const maxLifeMs = 7_200_000;
/** Bytes that may be waiting for a client that does not read; beyond that the connection is dropped. */
const maxWaitingBytes = 1_048_576;
/** How long a client has to answer a close, in real milliseconds. */
const closeMs = 1_000;

/** What is known about a connection from its handshake on. */
export interface Handshake {
  readonly id: string;
  readonly apiId: string;
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly host: string;
  readonly origin: string;
  readonly domainName: string;
  readonly identity: { readonly sourceIp: string; readonly userAgent?: string | undefined };
  readonly connectedMs: number;
}

export class Connection implements OpenConnection {
  readonly handshake: Handshake;
  /** The authorizer's context. */
  authorizer: Readonly<Record<string, unknown>> | undefined;
  /** The client's API key according to the authorizer. */
  usageIdentifierKey: string | undefined;
  /** The API key it connected with. */
  apiKey: { readonly id: string; readonly value: string } | undefined;
  lastActiveMs: number;
  /** Messages being handled. */
  messagesUnderWay = 0;
  /** Messages that were read while no more could be handled. */
  readonly waitingMessages: string[] = [];
  /** How it ended; the side that ends it first decides. */
  ended: { readonly code: number; readonly reason: string } | undefined;
  readonly #clock: Clock;
  #socket: WebSocket | undefined;
  #timer: Timer | undefined;

  constructor(handshake: Handshake, clock: Clock) {
    this.handshake = handshake;
    this.#clock = clock;
    this.lastActiveMs = handshake.connectedMs;
  }

  get id(): string {
    return this.handshake.id;
  }

  get apiId(): string {
    return this.handshake.apiId;
  }

  get account(): string {
    return this.handshake.account;
  }

  get region(): string {
    return this.handshake.region;
  }

  get stage(): string {
    return this.handshake.stage;
  }

  get identity(): Handshake["identity"] {
    return this.handshake.identity;
  }

  get connectedMs(): number {
    return this.handshake.connectedMs;
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && this.ended === undefined;
  }

  opened(socket: WebSocket): void {
    this.#socket = socket;
    this.#watch();
  }

  /** Notes that something was sent or received. */
  active(): void {
    this.lastActiveMs = this.#clock.now();
  }

  send(text: string): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.ended !== undefined) return false;
    if (socket.bufferedAmount > maxWaitingBytes) {
      this.ended = { code: 1006, reason: "The client does not read." };
      socket.terminate();
      return false;
    }
    this.active();
    socket.send(text);
    return true;
  }

  close(code: number, reason: string): void {
    const socket = this.#socket;
    if (socket === undefined || this.ended !== undefined) return;
    this.ended = { code, reason };
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), closeMs).unref();
  }

  /** Reads no further until `resume`. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Once the socket is closed. */
  gone(): void {
    this.#timer?.cancel();
    this.#socket = undefined;
  }

  /** One timer checks when the connection could be idle, instead of one that is moved with every message. */
  #watch(): void {
    const endMs = Math.min(this.lastActiveMs + idleMs, this.connectedMs + maxLifeMs);
    this.#timer = this.#clock.at(endMs, () => {
      const now = this.#clock.now();
      const isOver = now >= this.lastActiveMs + idleMs || now >= this.connectedMs + maxLifeMs;
      if (isOver) this.close(1001, "Going away");
      else this.#watch();
    });
  }
}
