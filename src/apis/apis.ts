/**
 * API Gateway's data plane: APIs as they are called rather than managed. Each service with APIs registers how it serves
 * them; the door works out which API a request is for, from its host, its path or a custom domain.
 */
import type { Duplex } from "node:stream";
import type { DoorAnswer, DoorRequest } from "../calls/door.ts";
import type { Identities } from "../calls/identity.ts";
import type { Place } from "../calls/place.ts";
import type { Clock } from "../engine/clock.ts";
import type { Store } from "../engine/store.ts";
import type { AccountSettings } from "./account-settings.ts";
import { Connections } from "./connections.ts";
import { Domains } from "./domains.ts";
import { Tokens } from "./tokens.ts";

/** Which API a request is for, and the part of its address that the API interprets itself. */
export interface ApiCall {
  readonly apiId: string;
  /** Undecoded, begins with a slash. Its first segment names the stage, unless `stage` is given. */
  readonly path: string;
  /** Set by a custom domain's mapping. */
  readonly stage: string | undefined;
  /**
   * A custom domain mapping's path, without leading or trailing slash: empty for `(none)` and without a custom domain.
   */
  readonly basePath: string;
  /** The host and port the client used: `http://{domainName}/{stage}/…` reaches the API. */
  readonly domainName: string;
  /** The first label of `domainName`; the API's id if it was called by path. */
  readonly domainPrefix: string;
  /** `default` is the API's own endpoint, which an API can disable. */
  readonly via: "default" | "custom domain";
}

/** The APIs of one service. */
export interface ServedApis {
  /** Asked for every call, so it must be fast. */
  has(apiId: string): boolean;
  serve(call: ApiCall, request: DoorRequest, answer: DoorAnswer): void | Promise<void>;
  /** Whether usage plans may include a stage of an API that is not a REST API. */
  takesKeys?(place: Place, apiId: string, stage: string): boolean;
  /** As `Door.upgrade`: takes over the connection, or returns false to have the request served like any other. */
  upgrade?(call: ApiCall, request: DoorRequest, socket: Duplex, head: Buffer): boolean;
}

export class Apis {
  readonly domains: Domains;
  /** The open connections of WebSocket APIs. */
  readonly connections = new Connections();
  /** Set by the service that keeps these settings, if it is running. */
  account: AccountSettings | undefined;
  /** Tells who signed a call. */
  readonly identities: Identities;
  /** Verifies callers' JSON web tokens. */
  readonly tokens: Tokens;
  readonly #services: ServedApis[] = [];

  /** @param jwks URLs of key sets, by issuer. */
  constructor(
    { store, clock, identities }: { store: Store; clock: Clock; identities: Identities },
    jwks?: Readonly<Record<string, string>>,
  ) {
    this.domains = new Domains(store);
    this.identities = identities;
    this.tokens = new Tokens(clock, jwks);
  }

  /** Called once by each service that has APIs. */
  register(apis: ServedApis): void {
    this.#services.push(apis);
  }

  /** The service that has the API; undefined if there is no such API. Ids are unique across accounts and services. */
  of(apiId: string): ServedApis | undefined {
    for (const service of this.#services) if (service.has(apiId)) return service;
    return undefined;
  }
}
