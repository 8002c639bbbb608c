/** The APIs of this service as the door reaches them. */
import type { Duplex } from "node:stream";
import type { ApiCall, ServedApis } from "../../../apis/apis.ts";
import type { DoorAnswer, DoorRequest } from "../../../calls/door.ts";
import type { ApiGatewayV2 } from "../apigatewayv2.ts";
import { Authorizers } from "./authorize.ts";
import { HttpGateway } from "./http-gateway.ts";

export class Gateway implements ServedApis {
  readonly authorizers: Authorizers;
  readonly #service: ApiGatewayV2;
  readonly #http: HttpGateway;

  constructor(service: ApiGatewayV2) {
    this.#service = service;
    this.authorizers = new Authorizers(service);
    this.#http = new HttpGateway(service, this.authorizers);
  }

  has(apiId: string): boolean {
    return this.#service.apis.has(apiId);
  }

  serve(call: ApiCall, request: DoorRequest, answer: DoorAnswer): void | Promise<void> {
    const api = this.#service.apis.get(call.apiId);
    if (api === undefined) return;
    return this.#http.serve(api, call, request, answer);
  }

  upgrade(_call: ApiCall, _request: DoorRequest, _socket: Duplex, _head: Buffer): boolean {
    return false;
  }

  reset(): void {
    this.authorizers.clear();
    this.#http.clear();
  }

  stop(): void {}
}
