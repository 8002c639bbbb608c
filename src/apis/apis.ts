/**
 * The APIs that are called rather than managed: API Gateway's data plane. Each service that has APIs registers how one of
 * them is served; the door finds out which API a request is for, by its host, its path or a custom domain.
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

/** Which API a request is for, and what of its address is left for the API to look at. */
export interface ApiCall {
  readonly apiId: string;
  /** Undecoded, begins with a slash. Its first segment names the stage, unless `stage` is given. */
  readonly path: string;
  /** Of the custom domain's mapping. */
  readonly stage: string | undefined;
  /** Of a custom domain's mapping, without slashes at its ends: empty for `(none)` and where there is no custom domain. */
  readonly basePath: string;
  /** The name the client used: a host with its port. Whoever calls `http://{domainName}/{stage}/…` reaches the API. */
  readonly domainName: string;
  /** The first label of `domainName`; the API's id where it was called by path. */
  readonly domainPrefix: string;
  /** `default` is the API's own endpoint, which an API can disable. */
  readonly via: "default" | "custom domain";
}

/** The APIs of one service. */
export interface ServedApis {
  /** Asked for each call: it has to be quick. */
  has(apiId: string): boolean;
  serve(call: ApiCall, request: DoorRequest, answer: DoorAnswer): void | Promise<void>;
  /** Whether usage plans can name a stage of an API that is not a REST API. */
  takesKeys?(place: Place, apiId: string, stage: string): boolean;
  /** As a door's: takes the connection over, or returns false to have the request served as any other. */
  upgrade?(call: ApiCall, request: DoorRequest, socket: Duplex, head: Buffer): boolean;
}

export class Apis {
  readonly domains: Domains;
  /** The open connections of WebSocket APIs. */
  readonly connections = new Connections();
  /** Set by the service that keeps it, where there is one. */
  account: AccountSettings | undefined;
  /** Who signs calls. */
  readonly identities: Identities;
  /** Verifies what callers say who they are. */
  readonly tokens: Tokens;
  readonly #services: ServedApis[] = [];

  /** @param jwks addresses of issuers' key sets, by issuer. */
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

  /** Who serves the API; undefined when there is no such API. Ids are unique over all accounts and services. */
  of(apiId: string): ServedApis | undefined {
    for (const service of this.#services) if (service.has(apiId)) return service;
    return undefined;
  }
}
