/** Clients' calls of services that Busbar does not have, which are passed on to an `--endpoint`. */
import { protocols } from "../../protocols/all.ts";
import { claim } from "../../protocols/claim.ts";
import { AwsError } from "../../protocols/error.ts";
import { type ForeignService, foreignCall, foreignService } from "../../protocols/foreign.ts";
import type { Claim, Unclaimed, WireRequest } from "../../protocols/protocol.ts";
import type { ServiceModel } from "../../protocols/schema.ts";

/** Where a request goes that is not ours to answer. */
export interface Passage {
  readonly url: string;
  /** The call as the list of requests shows it, and the form in which its failure is told. */
  readonly claimed: Unclaimed;
}

/** For whatever has no endpoint of its own. */
const anything = "*";

export class Passages {
  readonly #endpoints: ReadonlyMap<string, string>;
  readonly #models: readonly ServiceModel[];

  /** @param endpoints URLs by services' names: as Step Functions calls them, or as they are signed for. */
  constructor(endpoints: Readonly<Record<string, string>>, models: readonly ServiceModel[]) {
    this.#endpoints = new Map(Object.entries(endpoints).map(([name, url]) => [plain(name), url]));
    this.#models = models;
  }

  /** Undefined for what Busbar answers itself. Tells by the head alone, before there is a body. */
  of(request: WireRequest): Passage | undefined {
    if (this.#endpoints.size === 0) return undefined;
    const service = foreignService(request, this.#models);
    if (service === undefined) return this.#ofNobody(request);
    const url = this.#urlOf(service);
    if (url === undefined) return undefined;
    const foreign = foreignCall(request, service, protocols);
    return { url, claimed: { protocol: foreign.protocol, error: foreign.error, service: undefined, foreign } };
  }

  #urlOf({ name, signingName }: ForeignService): string | undefined {
    return this.#endpoints.get(plain(name)) ?? this.#endpoints.get(plain(signingName)) ?? this.#endpoints.get(anything);
  }

  /** A request that nobody signed and that no service of ours knows, such as a look at a public object. */
  #ofNobody(request: WireRequest): Passage | undefined {
    const url = this.#endpoints.get(anything);
    if (url === undefined || (request.method !== "GET" && request.method !== "HEAD") || request.path === "/")
      return undefined;
    const claimed: Claim | Unclaimed = claim(request, this.#models, protocols);
    return "error" in claimed && claimed.service === undefined && claimed.error.name === "UnknownOperationException"
      ? { url, claimed }
      : undefined;
  }
}

/** `secrets-manager`, `SecretsManager` and `secretsmanager` are one. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** The other side cannot be reached. */
export function unreachable(passage: Passage, reason: string): AwsError {
  const name = passage.claimed.foreign?.service.name ?? "what it has not";
  return AwsError.unmodeled({
    name: "EndpointUnreachable",
    status: 502,
    fault: "server",
    message: `Busbar passes ${name} on to ${passage.url}, which does not answer: ${reason}`,
  });
}
