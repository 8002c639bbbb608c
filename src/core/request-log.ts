import { Ring } from "./ring.ts";

/** One answered request as `/_busbar/requests` shows it. */
export interface RequestRecord {
  /** Epoch milliseconds on the emulator's clock. */
  readonly time: number;
  readonly service: string | undefined;
  readonly operation: string | undefined;
  readonly account: string;
  readonly region: string;
  readonly status: number;
  /** The error's code, absent for a success. */
  readonly error: string | undefined;
  readonly message: string | undefined;
  readonly durationMs: number;
  readonly requestId: string;
}

/** The last requests. */
export class RequestLog extends Ring<RequestRecord> {}
