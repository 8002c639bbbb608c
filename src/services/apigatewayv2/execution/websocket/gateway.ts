/** WebSocket APIs when they are called: handshakes, messages, and the end of connections. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { ApiCall } from "../../../../apis/apis.ts";
import { maxMessageBytes } from "../../../../apis/connections.ts";
import { headerOf, rootTrace, sourceIpOf } from "../../../../apis/request-context.ts";
import { decoded } from "../../../../apis/request-headers.ts";
import { Throttle } from "../../../../apis/throttle.ts";
import type { DoorAnswer, DoorRequest } from "../../../../calls/door.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import { type ApiRow, partKey, type StageRow } from "../../tables.ts";
import { expression, expressionText } from "../expressions.ts";
import { type CompiledRoute, type Snapshot, snapshotOf } from "../snapshot.ts";
import { Connection, type Handshake } from "./connection.ts";
import { type EventType, type Happening, handshakeValues } from "./events.ts";
import { FrameSizes } from "./frame-sizes.ts";
import { refusalOf, refuseHandshake } from "./handshake.ts";
import { sourcesOf, WebSocketIntegrations } from "./integration.ts";
import { connectionIdIn, manage } from "./management.ts";

/** Messages of one connection that are worked on at a time; what else comes waits in the socket. */
const mostUnderWay = 32;

/** A stage that is deployed. */
interface Deployed {
  readonly stage: StageRow;
  readonly snapshot: Snapshot;
}

const jsonType = ["Content-Type", "application/json"];
const closedNormally = "Connection Closed Normally";

export class WebSocketGateway {
  readonly #service: ApiGatewayV2;
  readonly #integrations: WebSocketIntegrations;
  readonly #throttle = new Throttle();
  /** What a handshake's integration agreed to, until the server that writes the answer asks for it. */
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  readonly #server: WebSocketServer;

  constructor(service: ApiGatewayV2) {
    this.#service = service;
    this.#integrations = new WebSocketIntegrations(service);
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      handleProtocols: (_offered, incoming) => this.#protocols.get(incoming) ?? false,
    });
  }

  /** What is no upgrade: the management API, else nothing that a WebSocket API has. */
  serve(api: ApiRow, asked: ApiCall, request: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    const { path, stageName } = this.#split(asked);
    if (!this.#service.stages.has(partKey(api.id, stageName))) return this.#forbid(answer, "Forbidden");
    const id = connectionIdIn(path);
    if (id === undefined) return this.#forbid(answer, "Missing Authentication Token");
    return manage(this.#service, api.id, id, request, answer);
  }

  #forbid(answer: DoorAnswer, message: string): void {
    const type = message === "Forbidden" ? "ForbiddenException" : "MissingAuthenticationTokenException";
    answer.send(403, [...jsonType, "x-amzn-ErrorType", type], JSON.stringify({ message }));
  }

  /** The stage, and the rest of the path behind it. */
  #split({ stage, path }: ApiCall): { stageName: string; path: string } {
    if (stage !== undefined) return { stageName: stage, path };
    const slash = path.indexOf("/", 1);
    const first = slash < 0 ? path.slice(1) : path.slice(1, slash);
    return { stageName: decoded(first), path: slash < 0 ? "" : path.slice(slash) };
  }

  upgrade(api: ApiRow, asked: ApiCall, request: DoorRequest, socket: Duplex, head: Buffer): boolean {
    if (headerOf(request, "upgrade")?.toLowerCase() !== "websocket") return false;
    const { stageName } = this.#split(asked);
    const deployed = this.#deployed(api, stageName);
    const isDisabled = api.value.DisableExecuteApiEndpoint === true && asked.via === "default";
    if (deployed === undefined || isDisabled) {
      refuseHandshake(socket, 403, { connectionId: "", requestId: this.#service.newRequestId() });
      return true;
    }
    socket.on("error", () => socket.destroy());
    const { clock } = this.#service.deps;
    clock.track(this.#connect(api, deployed, asked, request, socket, head)).catch((error: unknown) => {
      socket.destroy();
      clock.report(error);
    });
    return true;
  }

  #deployed(api: ApiRow, stageName: string): Deployed | undefined {
    const row = this.#service.stages.get(partKey(api.id, stageName));
    if (row === undefined) return undefined;
    const stage = this.#service.current(api, row);
    const deployment = this.#service.deployments.get(partKey(api.id, stage.value.DeploymentId ?? ""));
    return deployment && { stage, snapshot: snapshotOf(deployment) };
  }

  async #connect(
    api: ApiRow,
    { stage, snapshot }: Deployed,
    asked: ApiCall,
    request: DoorRequest,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const { deps } = this.#service;
    const { connections } = deps.apis;
    const random = deps.random.fork("connections");
    const sourceIp = sourceIpOf(request);
    const handshake: Handshake = {
      id: connections.newId(api.id, random),
      apiId: api.id,
      account: api.account,
      stage: stage.name,
      host: request.host,
      origin: `${request.scheme}://${request.host}`,
      domainName: asked.domainName,
      identity: { sourceIp, userAgent: headerOf(request, "user-agent") },
      connectedMs: this.#service.now,
    };
    const connection = new Connection(handshake, deps.clock);
    // Known from here on, though not open: a post to it finds nobody yet.
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
    this.#server.handleUpgrade(incoming, socket, head, (client) => {
      socket.off("close", givenUp);
      this.#open(connection, client, socket);
    });
  }

  /** Undefined once the handshake is refused; else the protocol to agree on, empty for none. */
  async #admit(
    api: ApiRow,
    { stage, snapshot }: Deployed,
    connection: Connection,
    request: DoorRequest,
    socket: Duplex,
  ): Promise<string | undefined> {
    const route = snapshot.byKey.get("$connect");
    if (route === undefined) return "";
    const nowMs = this.#service.now;
    const trace = headerOf(request, "x-amzn-trace-id") ?? rootTrace(nowMs, this.#service.deps.random.fork("requests"));
    const what = {
      ...this.#happening(connection, stage, "CONNECT", "$connect"),
      request: handshakeValues(request, connection.identity.sourceIp, trace),
    };
    const ids = { connectionId: connection.id, requestId: what.requestId };
    if (this.#isThrottled(stage, route)) {
      refuseHandshake(socket, 429, ids);
      return undefined;
    }
    const refused = await refusalOf(this.#service, api, route, what, request);
    if (refused !== undefined) {
      refuseHandshake(socket, refused, ids);
      return undefined;
    }
    if (route.integration === undefined) return "";
    const { status, headers, body, failed } = await this.#integrations.run(api, route, what);
    if (failed || status < 200 || status > 299) {
      refuseHandshake(socket, failed || status < 300 ? Math.max(status, 500) : status, ids, failed ? undefined : body);
      return undefined;
    }
    return agreedProtocol(request, headers) ?? "";
  }

  #happening(connection: Connection, stage: StageRow, type: EventType, routeKey: string): Happening {
    return {
      connection,
      type,
      routeKey,
      requestId: this.#service.newRequestId(),
      nowMs: this.#service.now,
      stageVariables: stage.value.StageVariables ?? {},
    };
  }

  #isThrottled({ apiId, name, value }: StageRow, { key: routeKey }: CompiledRoute): boolean {
    const own = value.RouteSettings?.[routeKey];
    const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = { ...value.DefaultRouteSettings, ...own };
    if (rate === undefined && burst === undefined) return false;
    const key = `${apiId} ${name} ${own === undefined ? "" : routeKey}`;
    const limits = { rate: rate ?? Number.POSITIVE_INFINITY, burst: burst ?? Math.max(1, rate ?? 0) };
    return !this.#throttle.admits(key, limits, this.#service.now);
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
    // A client that breaks the protocol: the close that follows says how.
    client.on("error", () => {});
    client.on("close", (code, reason) => this.#closed(connection, code, reason.toString()));
  }

  #receive(connection: Connection, body: string): void {
    const { clock } = this.#service.deps;
    connection.underWay += 1;
    if (connection.underWay === mostUnderWay) connection.pause();
    const done = () => {
      if (connection.underWay === mostUnderWay) connection.resume();
      connection.underWay -= 1;
    };
    clock.track(this.#message(connection, body)).then(done, (error: unknown) => {
      done();
      clock.report(error);
    });
  }

  async #message(connection: Connection, body: string): Promise<void> {
    const api = this.#service.apis.get(connection.apiId);
    const deployed = api && this.#deployed(api, connection.handshake.stage);
    if (api === undefined || deployed === undefined) return connection.close(1001, "Going away");
    const { stage, snapshot } = deployed;
    const first = { ...this.#happening(connection, stage, "MESSAGE", "$default"), body };
    const key = expressionText(expression(snapshot.routeSelectionExpression)(sourcesOf(first)));
    const route = (key.startsWith("$") ? undefined : snapshot.byKey.get(key)) ?? snapshot.byKey.get("$default");
    const tell = (message: string) => {
      const { requestId } = first;
      connection.send(`{"message": "${message}", "connectionId":"${connection.id}", "requestId":"${requestId}"}`);
    };
    if (route === undefined) return tell("Forbidden");
    if (this.#isThrottled(stage, route)) return tell("Too Many Requests");
    const messageId = this.#service.deps.apis.connections.newId(api.id, this.#service.deps.random.fork("messages"));
    const outcome = await this.#integrations.run(api, route, { ...first, routeKey: route.key, messageId });
    if (outcome.failed) return tell("Internal server error");
    const answers = route.response !== undefined && route.value.RouteResponseSelectionExpression !== undefined;
    if (answers && outcome.body !== "") connection.send(outcome.body);
  }

  #closed(connection: Connection, code: number, reason: string): void {
    const { deps } = this.#service;
    connection.ended ??= { code, reason: reasonOf(code, reason) };
    connection.gone();
    deps.apis.connections.delete(connection.id);
    const api = this.#service.apis.get(connection.apiId);
    const deployed = api && this.#deployed(api, connection.handshake.stage);
    const route = deployed?.snapshot.byKey.get("$disconnect");
    if (api === undefined || deployed === undefined || route === undefined) return;
    const what = this.#happening(connection, deployed.stage, "DISCONNECT", "$disconnect");
    deps.clock.track(this.#integrations.run(api, route, what)).catch((error: unknown) => deps.clock.report(error));
  }

  /** Ends the connections of an account, or all. */
  end(account?: string): void {
    this.#throttle.clear();
    for (const connection of this.#service.deps.apis.connections.values()) {
      if (account === undefined || connection.account === account) connection.close(1001, "Going away");
    }
  }
}

/** The protocol that the function named, if the client has offered it. */
function agreedProtocol(request: DoorRequest, headers: Readonly<Record<string, string>>): string | undefined {
  const named = Object.entries(headers).find(([name]) => name.toLowerCase() === "sec-websocket-protocol")?.[1];
  const offered = headerOf(request, "sec-websocket-protocol")
    ?.split(",")
    .map((one) => one.trim());
  return named !== undefined && offered?.includes(named) ? named : undefined;
}

/** What `$disconnect` is told where a client gave no reason. */
function reasonOf(code: number, reason: string): string {
  if (reason !== "") return reason;
  if (code === 1005) return "Client-side close frame status not set";
  return code === 1000 ? closedNormally : "";
}
