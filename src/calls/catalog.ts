/**
 * All services there are. Most are loaded from the start. A late one costs a start nothing: it is loaded when a request,
 * another service, or rows on the disk need it, which is what its entry tells without it.
 */
import { protocols } from "../../protocols/all.ts";
import { claim } from "../../protocols/claim.ts";
import { credentialScope } from "../../protocols/credential-scope.ts";
import type { Claim, Unclaimed, WireRequest } from "../../protocols/protocol.ts";
import type { ServiceModel } from "../../protocols/schema.ts";
import { splitPath } from "../../protocols/uri-template.ts";
import type { Door } from "./door.ts";
import type { ServiceDefinition } from "./service.ts";

/**
 * A service that has no effect until somebody calls it or it has rows, takes no kind of deliveries, and speaks REST alone.
 * Its first facts are those of its model; see `ServiceDeclaration`.
 */
export interface LateService {
  readonly name: string;
  readonly signingNames: readonly string[];
  readonly hostPrefixes: readonly string[];
  /** Matches the first segment of the path of each of its operations. */
  readonly firstSegment: RegExp;
  /** Its door, as far as it says what is behind it. It takes over no connections. */
  readonly door?: Pick<Door, "name" | "forEveryOrigin" | "claims">;
  readonly load: () => ServiceDefinition;
}

/** The models of services, for operations that are only known at run time. */
export interface Models {
  has(service: string): boolean;
  get(service: string): ServiceModel | undefined;
  /** The service that is signed for or reached by a name. */
  addressed(name: string): ServiceModel | undefined;
}

export class Catalog implements Models {
  /** In the order in which they claim requests. */
  readonly #entries: readonly (ServiceDefinition | LateService)[];
  readonly #loaded = new Map<string, ServiceDefinition>();
  #waiting: readonly LateService[];
  /** One array until another service is loaded, since claims are indexed by it. */
  #models: readonly ServiceModel[] = [];
  /** What the latest request was signed for, mostly the same again: none of that name waits. */
  #signedLast: string | undefined;

  constructor(entries: readonly (ServiceDefinition | LateService)[]) {
    this.#entries = entries;
    this.#waiting = entries.filter(isLate);
    for (const entry of entries) if (!isLate(entry)) this.#loaded.set(entry.model.name, entry);
    this.#listModels();
  }

  get entries(): readonly (ServiceDefinition | LateService)[] {
    return this.#entries;
  }

  /** All services, loaded. */
  all(): readonly ServiceDefinition[] {
    return this.#entries.map((entry) => this.definition(nameOf(entry)) as ServiceDefinition);
  }

  /** Loads the service. @returns undefined if there is none of that name. */
  definition(name: string): ServiceDefinition | undefined {
    const late = this.#waiting.find((one) => one.name === name);
    if (late !== undefined) this.#load(late);
    return this.#loaded.get(name);
  }

  /** Whose call a request is. A target is its service's own; any other request may be for one that is not loaded. */
  claim(request: WireRequest): Claim | Unclaimed {
    const models = this.#models;
    const claimed = claim(request, models, protocols);
    if ("operation" in claimed && request.headers["x-amz-target"] !== undefined) return claimed;
    const all = this.modelsFor(request);
    return all === models ? claimed : claim(request, all, protocols);
  }

  /** The models of all that is loaded, after loading all that a request may be for. */
  modelsFor(request: WireRequest): readonly ServiceModel[] {
    if (this.#waiting.length === 0) return this.#models;
    const signed = credentialScope(request)?.service;
    if (signed !== undefined && signed === this.#signedLast) return this.#models;
    const isNeeded = mayBeFor(request, signed);
    for (const late of this.#waiting) if (isNeeded(late)) this.#load(late);
    this.#signedLast = signed;
    return this.#models;
  }

  has(service: string): boolean {
    return this.#entries.some((entry) => nameOf(entry) === service);
  }

  get(service: string): ServiceModel | undefined {
    return this.definition(service)?.model;
  }

  addressed(name: string): ServiceModel | undefined {
    const entry = this.#entries.find((one) => {
      const { signingNames, hostPrefixes } = isLate(one) ? one : one.model;
      return signingNames.includes(name) || hostPrefixes.includes(name);
    });
    return entry && this.get(nameOf(entry));
  }

  #load(late: LateService): void {
    this.#loaded.set(late.name, late.load());
    this.#waiting = this.#waiting.filter((one) => one !== late);
    this.#listModels();
  }

  #listModels(): void {
    this.#models = this.#entries.flatMap((entry) => this.#loaded.get(nameOf(entry))?.model ?? []);
  }
}

export function isLate(entry: ServiceDefinition | LateService): entry is LateService {
  return "load" in entry;
}

export function nameOf(entry: ServiceDefinition | LateService): string {
  return isLate(entry) ? entry.name : entry.model.name;
}

/**
 * Tells which services a request must not be claimed without: those it is signed for or, unsigned, those to whose host or
 * to the path of whose operations it was sent. It may be for another one all the same.
 */
function mayBeFor(request: WireRequest, signed: string | undefined): (service: LateService) => boolean {
  if (signed !== undefined) return ({ signingNames }) => signingNames.includes(signed);
  const segment = splitPath(request.path)[0] ?? "";
  const host = request.headers["host"] ?? request.headers[":authority"];
  const labels = typeof host === "string" ? host.toLowerCase().split(/[.:]/) : [];
  return ({ signingNames, hostPrefixes, firstSegment }) =>
    firstSegment.test(segment) || labels.some((label) => hostPrefixes.includes(label) || signingNames.includes(label));
}
