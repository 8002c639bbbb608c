/** The data plane of HTTP and WebSocket APIs, as the door calls it. */
import type { Duplex } from "node:stream";
import type { ApiCall, ServedApis } from "../../../apis/apis.ts";
import type { DoorAnswer, DoorRequest } from "../../../calls/door.ts";
import type { Place } from "../../../calls/place.ts";
import type { ApiGatewayV2 } from "../apigatewayv2.ts";
import { partKey } from "../tables.ts";
import { Authorizers } from "./authorize.ts";
import { HttpGateway } from "./http-gateway.ts";
import { WebSocketGateway } from "./websocket/gateway.ts";

export class Gateway implements ServedApis {
  readonly authorizers: Authorizers;
  readonly #service: ApiGatewayV2;
  readonly #http: HttpGateway;
  readonly #webSocket: WebSocketGateway;

  constructor(service: ApiGatewayV2) {
    this.#service = service;
    this.authorizers = new Authorizers(service);
    this.#http = new HttpGateway(service, this.authorizers);
    this.#webSocket = new WebSocketGateway(service);
  }

  has(apiId: string): boolean {
    return this.#service.apis.has(apiId);
  }

  takesKeys({ account, region }: Place, apiId: string, stage: string): boolean {
    const api = this.#service.apis.get(apiId);
    if (api === undefined || api.account !== account || api.region !== region) return false;
    return api.value.ProtocolType === "WEBSOCKET" && this.#service.stages.has(partKey(apiId, stage));
  }

  serve(call: ApiCall, request: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    const api = this.#service.apis.get(call.apiId);
    if (api === undefined) return;
    const gateway = api.value.ProtocolType === "WEBSOCKET" ? this.#webSocket : this.#http;
    return gateway.serve(api, call, request, answer);
  }

  upgrade(call: ApiCall, request: DoorRequest, socket: Duplex, head: Buffer): boolean {
    const api = this.#service.apis.get(call.apiId);
    if (api?.value.ProtocolType !== "WEBSOCKET") return false;
    return this.#webSocket.upgrade(api, call, request, socket, head);
  }

  /** Forgets everything kept about calls, and ends an account's connections, or all. */
  reset(account?: string): void {
    this.authorizers.clear();
    this.#http.clear();
    this.#webSocket.end(account);
  }

  /** Ends open connections, which the server does not wait for. */
  stop(): void {
    this.#webSocket.end();
  }
}
