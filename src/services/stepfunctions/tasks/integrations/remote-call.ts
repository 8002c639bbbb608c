/** Types for calls of services that Busbar does not have. */
import type { ServiceError } from "./service-errors.ts";

/** Where a call goes, and on whose behalf. */
export interface Destination {
  /** The service's name in `aws-sdk:<service>`. */
  readonly service: string;
  /** URL. */
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds of the clock. */
  readonly nowMs: number;
  /** Used if the response has no request id of its own. */
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** The call's trace header. */
  readonly trace: string;
}

/** For a call that has no response, or none that can be read. */
export class NoResponse extends Error {}

/** For a call whose response is an error. */
export class ErrorResponse extends Error {
  readonly serviceError: ServiceError;

  constructor(serviceError: ServiceError) {
    super(serviceError.message);
    this.serviceError = serviceError;
  }
}
