import { Ring } from "../engine/ring.ts";
import { withoutSecrets } from "../outside/secrets.ts";

/** One answered request, or one call between services, as `/_busbar/requests` shows it. */
export interface RequestRecord {
  /** Epoch milliseconds on the emulator's clock. */
  readonly time: number;
  readonly service: string | undefined;
  readonly operation: string | undefined;
  /** Of a client's request; absent for calls between services. */
  readonly method?: string | undefined;
  readonly host?: string | undefined;
  /** Undecoded, without the query. */
  readonly path?: string | undefined;
  readonly account: string;
  readonly region: string;
  readonly status: number;
  /** The error's code, absent for a success. */
  readonly error: string | undefined;
  readonly message: string | undefined;
  readonly durationMs: number;
  readonly requestId: string;
  /** What made a call between services, `request:…>delivery:…`; absent for a client's own requests. */
  readonly cause: string | undefined;
}

/** The last requests. */
export class RequestLog extends Ring<RequestRecord> {
  /** Newest first, each a plain copy. */
  override *newestFirst(): IterableIterator<RequestRecord> {
    for (const record of super.newestFirst()) {
      const { time, service, operation, method, host, path, account, region, status, error, message } = record;
      const { durationMs, requestId, cause } = record;
      const said = message === undefined ? undefined : withoutSecrets(message);
      const asked = { time, service, operation, method, host, path, account, region };
      yield { ...asked, status, error, message: said, durationMs, requestId, cause };
    }
  }
}
