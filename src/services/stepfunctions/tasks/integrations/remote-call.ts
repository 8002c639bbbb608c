/** What calls of services that Busbar lacks share. */
import type { ServedError } from "./service-errors.ts";

/** Where a call goes, and for whom. */
export interface Destination {
  /** The service's name in `aws-sdk:<service>`. */
  readonly service: string;
  /** URL. */
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds of the clock. */
  readonly nowMs: number;
  /** Stands for the service's own request id when it gives none. */
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** The trace header the call carries. */
  readonly trace: string;
}

/** A call that got no answer, or none that could be read. */
export class NoAnswer extends Error {}

/** A call that was answered with an error. */
export class Refused extends Error {
  readonly served: ServedError;

  constructor(served: ServedError) {
    super(served.message);
    this.served = served;
  }
}
