/** The data plane of WebSocket APIs: handshakes, messages, and the end of connections. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { percentDecoded } from "../../../../../protocols/form.ts";
import type { ApiCall } from "../../../../apis/apis.ts";
import { maxMessageBytes } from "../../../../apis/connections.ts";
import { headerOf, rootTrace, sourceIpOf } from "../../../../apis/request-context.ts";
import { Throttle } from "../../../../apis/throttle.ts";
import type { DoorAnswer, DoorRequest } from "../../../../calls/door.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import { type ApiRow, partKey } from "../../tables.ts";
import type { CompiledRoute } from "../snapshot.ts";
import { isThrottled, type Refusal, refusalOfKey } from "./admission.ts";
import { Connection, type Handshake } from "./connection.ts";
import { type Deployed, deployedOf, newEvent } from "./deployed.ts";
import { type ConnectionEvent, handshakeValues } from "./events.ts";
import { FrameSizes } from "./frame-sizes.ts";
import { refusalOf, refuseHandshake } from "./handshake.ts";
import { runIntegration } from "./integration.ts";
import { type EventResult, writeLogs } from "./logs.ts";
import { connectionIdIn, manage } from "./management.ts";
import { receive } from "./messages.ts";
import { missingParameters } from "./sources.ts";

/** Messages of one connection that are handled at the same time; others that were read wait, and reading pauses. */
const maxConcurrentMessages = 32;

const jsonType = ["Content-Type", "application/json"];
const closedNormally = "Connection Closed Normally";

export class WebSocketGateway {
  readonly #service: ApiGatewayV2;
  readonly #throttle = new Throttle();
  /** The protocol a handshake's integration agreed to, until the WebSocket server asks for it. */
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  #server: Promise<WebSocketServer> | undefined;

  constructor(service: ApiGatewayV2) {
    this.#service = service;
  }

  /** Created at the first handshake, so that runs without one never load the library. */
  async #makeServer(): Promise<WebSocketServer> {
    const { WebSocketServer } = await import("ws");
    return new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      handleProtocols: (_offered, incoming) => this.#protocols.get(incoming) ?? false,
    });
  }

  /** Serves plain requests: the management API; a WebSocket API has nothing else. */
  serve(api: ApiRow, address: ApiCall, request: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    const { path, stageName } = this.#split(address);
    if (!this.#service.stages.has(partKey(api.id, stageName))) return this.#forbid(answer, "Forbidden");
    const id = connectionIdIn(path);
    if (id === undefined) return this.#forbid(answer, "Missing Authentication Token");
    return manage(this.#service, { api, stage: stageName, id }, request, answer);
  }

  #forbid(answer: DoorAnswer, message: string): void {
    const type = message === "Forbidden" ? "ForbiddenException" : "MissingAuthenticationTokenException";
    answer.send(403, [...jsonType, "x-amzn-ErrorType", type], JSON.stringify({ message }));
  }

  /** The stage, and the path after it. */
  #split({ stage, path }: ApiCall): { stageName: string; path: string } {
    if (stage !== undefined) return { stageName: stage, path };
    const slash = path.indexOf("/", 1);
    const first = slash < 0 ? path.slice(1) : path.slice(1, slash);
    return { stageName: percentDecoded(first), path: slash < 0 ? "" : path.slice(slash) };
  }

  upgrade(api: ApiRow, address: ApiCall, request: DoorRequest, socket: Duplex, head: Buffer): boolean {
    if (headerOf(request, "upgrade")?.toLowerCase() !== "websocket") return false;
    const { stageName } = this.#split(address);
    const deployed = deployedOf(this.#service, api, stageName);
    const isDisabled = api.value.DisableExecuteApiEndpoint === true && address.via === "default";
    if (deployed === undefined || isDisabled) {
      refuseHandshake(socket, 403, {});
      return true;
    }
    socket.on("error", () => socket.destroy());
    const { clock } = this.#service.deps;
    clock.track(this.#connect(api, deployed, address, request, socket, head)).catch((error: unknown) => {
      socket.destroy();
      clock.report(error);
    });
    return true;
  }

  async #connect(
    api: ApiRow,
    { stage, snapshot }: Deployed,
    address: ApiCall,
    request: DoorRequest,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    this.#server ??= this.#makeServer();
    const server = await this.#server;
    const { deps } = this.#service;
    const { connections } = deps.apis;
    const random = deps.random.fork("connections");
    const sourceIp = sourceIpOf(request);
    const handshake: Handshake = {
      id: connections.newId(api.id, random),
      apiId: api.id,
      account: api.account,
      region: api.region,
      stage: stage.name,
      host: request.host,
      origin: `${request.scheme}://${request.host}`,
      domainName: address.domainName,
      identity: { sourceIp, userAgent: headerOf(request, "user-agent") },
      connectedMs: this.#service.now,
    };
    const connection = new Connection(handshake, deps.clock);
    // Known from here on but not open: posts to it fail for now.
    connections.add(connection);
    const protocol = await this.#admit(api, { stage, snapshot }, connection, request, socket).catch(
      (error: unknown) => {
        connections.delete(connection.id);
        throw error;
      },
    );
    if (protocol === undefined || socket.destroyed) {
      connections.delete(connection.id);
      return;
    }
    const incoming = request.incoming as IncomingMessage;
    if (protocol !== "") this.#protocols.set(incoming, protocol);
    const givenUp = () => connections.delete(connection.id);
    socket.once("close", givenUp);
    server.handleUpgrade(incoming, socket, head, (client) => {
      socket.off("close", givenUp);
      this.#open(connection, client, socket);
    });
  }

  /** The protocol to agree on, empty for none; undefined if the handshake was refused. */
  async #admit(
    api: ApiRow,
    { stage, snapshot }: Deployed,
    connection: Connection,
    request: DoorRequest,
    socket: Duplex,
  ): Promise<string | undefined> {
    const nowMs = this.#service.now;
    const trace = headerOf(request, "x-amzn-trace-id") ?? rootTrace(nowMs, this.#service.deps.random.fork("requests"));
    const event = {
      ...newEvent(this.#service, connection, stage, "CONNECT", "$connect"),
      request: handshakeValues(request, connection.identity.sourceIp, trace),
    };
    const route = snapshot.byKey.get("$connect");
    const ended = (result: EventResult) => writeLogs(this.#service, api, stage, event, result);
    const refusal = route && (await this.#refusal(api, { stage, snapshot }, route, event, request));
    if (refusal !== undefined) {
      const { status, message, body } = refusal;
      refuseHandshake(socket, status, { connectionId: connection.id, requestId: event.requestId }, message, body);
      ended({ status, error: message, length: 0 });
      return undefined;
    }
    if (route?.integration === undefined) {
      ended({ status: 200, length: 0 });
      return "";
    }
    const { status, headers, body, failed } = await runIntegration(this.#service, api, route, event);
    if (failed || status < 200 || status > 299) {
      const shown = failed || status < 300 ? Math.max(status, 500) : status;
      const ids = { connectionId: connection.id, requestId: event.requestId };
      refuseHandshake(socket, shown, ids, undefined, failed ? undefined : body);
      ended({ status: shown, error: failed ? "Internal server error" : undefined, length: body.length });
      return undefined;
    }
    ended({ status, length: 0 });
    return agreedProtocol(request, headers) ?? "";
  }

  /** Why a handshake is refused before its integration is called, checked in AWS's order. */
  async #refusal(
    api: ApiRow,
    { stage, snapshot }: Deployed,
    route: CompiledRoute,
    event: ConnectionEvent,
    request: DoorRequest,
  ): Promise<Refusal | undefined> {
    const refused = await refusalOf(this.#service, api, route, event, request);
    if (refused !== undefined) return { status: refused };
    const byKey = refusalOfKey(this.#service, api, snapshot, route, event);
    if (byKey !== undefined) return byKey;
    if (isThrottled(this.#throttle, stage, route, event.nowMs)) return { status: 429 };
    const missing = missingParameters(route.value.RequestParameters, event);
    if (missing.length === 0) return undefined;
    return { status: 400, message: `Missing required request parameters: [${missing.join(", ")}]` };
  }

  #open(connection: Connection, client: WebSocket, socket: Duplex): void {
    connection.opened(client);
    const sizes = new FrameSizes();
    socket.prependListener("data", (chunk: Buffer) => {
      if (connection.isOpen && sizes.exceeds(chunk)) connection.close(1009, "Frame too large");
    });
    client.on("message", (data: Buffer, isBinary) => {
      if (!connection.isOpen) return;
      connection.active();
      if (isBinary) connection.close(1003, "Binary is not supported");
      else this.#receive(connection, data.toString());
    });
    client.on("ping", () => connection.active());
    client.on("pong", () => connection.active());
    // A client broke the protocol: the close event that follows tells how.
    client.on("error", () => {});
    client.on("close", (code, reason) => this.#closed(connection, code, reason.toString()));
  }

  #receive(connection: Connection, body: string): void {
    if (connection.messagesUnderWay === maxConcurrentMessages) {
      connection.pause();
      connection.waitingMessages.push(body);
      return;
    }
    const { clock } = this.#service.deps;
    connection.messagesUnderWay += 1;
    const done = () => {
      connection.messagesUnderWay -= 1;
      const next = connection.waitingMessages.shift();
      if (next !== undefined) this.#receive(connection, next);
      else connection.resume();
    };
    clock.track(this.#handle(connection, body)).then(done, (error: unknown) => {
      done();
      clock.report(error);
    });
  }

  /** Waits for its turn first, since one read may bring thousands of messages. */
  async #handle(connection: Connection, body: string): Promise<void> {
    await this.#service.deps.clock.turns.rest();
    return receive(this.#service, this.#throttle, connection, body);
  }

  #closed(connection: Connection, code: number, reason: string): void {
    const { deps } = this.#service;
    connection.ended ??= { code, reason: reasonOf(code, reason) };
    connection.gone();
    deps.apis.connections.delete(connection.id);
    const api = this.#service.apis.get(connection.apiId);
    const deployed = api && deployedOf(this.#service, api, connection.handshake.stage);
    if (api === undefined || deployed === undefined) return;
    const event = newEvent(this.#service, connection, deployed.stage, "DISCONNECT", "$disconnect");
    const route = deployed.snapshot.byKey.get("$disconnect");
    const ended = ({ status, failed }: { status: number; failed: boolean }) =>
      writeLogs(this.#service, api, deployed.stage, event, {
        status,
        error: failed ? "Internal server error" : undefined,
        length: 0,
      });
    if (route === undefined) {
      ended({ status: 200, failed: false });
      return;
    }
    deps.clock
      .track(runIntegration(this.#service, api, route, event).then(ended))
      .catch((error: unknown) => deps.clock.report(error));
  }

  /** Ends the connections of an account, or all. */
  end(account?: string): void {
    this.#throttle.clear();
    for (const connection of this.#service.deps.apis.connections.values()) {
      if (account === undefined || connection.account === account) connection.close(1001, "Going away");
    }
  }
}

/** The protocol the function named, if the client offered it. */
function agreedProtocol(request: DoorRequest, headers: Readonly<Record<string, string>>): string | undefined {
  const named = Object.entries(headers).find(([name]) => name.toLowerCase() === "sec-websocket-protocol")?.[1];
  const offered = headerOf(request, "sec-websocket-protocol")
    ?.split(",")
    .map((one) => one.trim());
  return named !== undefined && offered?.includes(named) ? named : undefined;
}

/** The reason in the `$disconnect` event; AWS's words if the client gave none. */
function reasonOf(code: number, reason: string): string {
  if (reason !== "") return reason;
  if (code === 1005) return "Client-side close frame status not set";
  return code === 1000 ? closedNormally : "";
}
