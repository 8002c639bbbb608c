/** The context of a call: who calls, for which account and region, what caused the call, and when to cancel it. */
import { Abort, type Abortable } from "./abort.ts";
import { partitionOf, rootArn } from "./arn.ts";
import { Cause, currentCause } from "./cause.ts";
import { actingSession, type Principal } from "./identity.ts";

interface Place {
  readonly account: string;
  readonly region: string;
}

/** The account a service calls for, and the role it was given for that. */
interface ActingPlace extends Place {
  readonly roleArn?: string | undefined;
}

export class Invocation {
  readonly account: string;
  readonly region: string;
  readonly cause: Cause;
  /** Made when it is first asked for, if it is a service's: most functions never ask who invokes them. */
  #principal: Principal | (() => Principal);
  readonly #outer: Abortable | undefined;
  #own: Abort | undefined;

  /** @param outer a call whose end also ends this one; without it only `abort` does. */
  constructor(
    { account, region, principal }: Place & { readonly principal: Principal | (() => Principal) },
    cause: Cause,
    outer?: Abortable,
  ) {
    this.account = account;
    this.region = region;
    this.#principal = principal;
    this.cause = cause;
    this.#outer = outer;
  }

  /**
   * A call that one of our services makes by itself, for an account.
   * @param service the caller, without the domain: `states`, `pipes`, `scheduler`.
   * @param sourceArn the resource it acts for, or what makes its ARN when it is needed.
   */
  static ofService(
    service: string,
    sourceArn: string | (() => string),
    place: ActingPlace,
    cause: Cause,
    outer?: Abortable,
  ): Invocation {
    const { account, region } = place;
    const principal = () => servicePrincipal(service, typeof sourceArn === "string" ? sourceArn : sourceArn(), place);
    return new Invocation({ account, region, principal }, cause, outer);
  }

  get principal(): Principal {
    if (typeof this.#principal === "function") this.#principal = this.#principal();
    return this.#principal;
  }

  /** Scheme, host and port under which the outermost client reached us; undefined when no client is behind the call. */
  get origin(): string | undefined {
    return this.cause.origin;
  }

  /** The trace header the call carries, in X-Ray's form. */
  get trace(): string {
    return this.cause.trace;
  }

  /** Aborted when nobody waits for the answer any more: pending work then ends and takes nothing. */
  get signal(): AbortSignal {
    if (this.#outer !== undefined) return this.#outer.signal;
    this.#own ??= new Abort();
    return this.#own.signal;
  }

  /** Cancels the call; has no effect on one that is part of another call, which ends with that one. */
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

/** The current cause, or a new one for what starts by itself. */
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
