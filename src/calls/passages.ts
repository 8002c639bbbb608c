/** Forwards clients' calls of services that Busbar does not implement to an `--endpoint`. */
import { protocols } from "../../protocols/all.ts";
import { AwsError } from "../../protocols/error.ts";
import { type ForeignService, foreignCall, foreignService } from "../../protocols/foreign.ts";
import type { Claim, Unclaimed, WireRequest } from "../../protocols/protocol.ts";
import type { Services } from "./routes.ts";

/** Where to forward a request that is not ours to answer. */
export interface Passage {
  readonly url: string;
  /** The call as the request list shows it, and the format in which failures are reported. */
  readonly claimed: Unclaimed;
}

/** Stands for every service without an endpoint of its own. */
const anything = "*";

export class Passages {
  readonly #endpoints: ReadonlyMap<string, string>;
  readonly #services: Pick<Services, "claim" | "modelsFor">;

  /** @param endpoints URLs by service name: as Step Functions spells it, or as clients sign for it. */
  constructor(endpoints: Readonly<Record<string, string>>, services: Pick<Services, "claim" | "modelsFor">) {
    this.#endpoints = new Map(Object.entries(endpoints).map(([name, url]) => [plain(name), url]));
    this.#services = services;
  }

  /** Undefined for what Busbar answers itself. Decides by the head alone, before there is a body. */
  of(request: WireRequest): Passage | undefined {
    if (this.#endpoints.size === 0) return undefined;
    const service = foreignService(request, this.#services.modelsFor(request));
    if (service === undefined) return this.#ofNobody(request);
    const url = this.#urlOf(service);
    if (url === undefined) return undefined;
    const foreign = foreignCall(request, service, protocols);
    return { url, claimed: { protocol: foreign.protocol, error: foreign.error, service: undefined, foreign } };
  }

  #urlOf({ name, signingName }: ForeignService): string | undefined {
    return this.#endpoints.get(plain(name)) ?? this.#endpoints.get(plain(signingName)) ?? this.#endpoints.get(anything);
  }

  /** An unsigned request that none of our services recognizes, such as a GET of a public object. */
  #ofNobody(request: WireRequest): Passage | undefined {
    const url = this.#endpoints.get(anything);
    if (url === undefined || (request.method !== "GET" && request.method !== "HEAD") || request.path === "/")
      return undefined;
    const claimed: Claim | Unclaimed = this.#services.claim(request);
    return "error" in claimed && claimed.service === undefined && claimed.error.name === "UnknownOperationException"
      ? { url, claimed }
      : undefined;
  }
}

/** `secrets-manager`, `SecretsManager` and `secretsmanager` are one. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** The other server cannot be reached. */
export function unreachable(passage: Passage, reason: string): AwsError {
  const name = passage.claimed.foreign?.service.name ?? "what it has not";
  return AwsError.unmodeled({
    name: "EndpointUnreachable",
    status: 502,
    fault: "server",
    message: `Busbar passes ${name} on to ${passage.url}, which does not answer: ${reason}`,
  });
}
