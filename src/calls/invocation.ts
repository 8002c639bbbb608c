/** One value for a call: who calls, for which account and region, what made the call, and when to give it up. */
import { Abort, type Abortable } from "./abort.ts";
import { partitionOf, rootArn } from "./arn.ts";
import { Cause, currentCause } from "./cause.ts";
import { actingSession, type Identity, type Principal } from "./identity.ts";

interface Place {
  readonly account: string;
  readonly region: string;
}

/** For which account a service calls, and the role that it was given for that. */
interface ActingPlace extends Place {
  readonly roleArn?: string | undefined;
}

export class Invocation {
  readonly account: string;
  readonly region: string;
  readonly principal: Principal;
  readonly cause: Cause;
  readonly #outer: Abortable | undefined;
  #own: Abort | undefined;

  /** @param outer whose end ends this call as well; without it `abort` is the only way. */
  constructor({ account, region, principal }: Omit<Identity, "expired">, cause: Cause, outer?: Abortable) {
    this.account = account;
    this.region = region;
    this.principal = principal;
    this.cause = cause;
    this.#outer = outer;
  }

  /**
   * A call that a service of ours makes by itself, for an account.
   * @param service as which it calls, without the domain: `states`, `pipes`, `scheduler`.
   * @param sourceArn of the resource it acts for.
   */
  static ofService(
    service: string,
    sourceArn: string,
    place: ActingPlace,
    cause: Cause,
    outer?: Abortable,
  ): Invocation {
    const { account, region } = place;
    return new Invocation({ account, region, principal: servicePrincipal(service, sourceArn, place) }, cause, outer);
  }

  /** Scheme, host and port by which the outermost client reached us; undefined when no client is behind the call. */
  get origin(): string | undefined {
    return this.cause.origin;
  }

  /** The trace header of X-Ray's form that the call carries. */
  get trace(): string {
    return this.cause.trace;
  }

  /** Aborted when nobody waits for the answer any more: whoever waits inside gives up and takes nothing. */
  get signal(): AbortSignal {
    if (this.#outer !== undefined) return this.#outer.signal;
    this.#own ??= new Abort();
    return this.#own.signal;
  }

  /** Gives the call up; one that is part of another call ends with that one. */
  abort(): void {
    this.#own ??= new Abort();
    this.#own.abort();
  }

  /** The same call for another account or region. */
  for({ account = this.account, region = this.region }: Partial<Place>): Invocation {
    const { principal, cause } = this;
    return new Invocation({ account, region, principal }, cause, this);
  }

  /** The same call made by a service for one of its resources. */
  asService(service: string, sourceArn: string): Invocation {
    return Invocation.ofService(service, sourceArn, this, this.cause, this);
  }
}

/** The cause of what runs now, or a new one for what nobody asked for. */
export function causeOr(kind: Parameters<Cause["next"]>[0], id: string, nowMs: number): Cause {
  return currentCause() ?? Cause.beginning(kind, id, nowMs);
}

function servicePrincipal(service: string, sourceArn: string, place: ActingPlace): Principal {
  const session = actingSession(place, sourceArn);
  return {
    kind: "service",
    arn: session?.arn ?? rootArn(place.account, partitionOf(place.region)),
    userId: session?.userId ?? place.account,
    service: `${service}.amazonaws.com`,
    sourceArn,
  };
}
