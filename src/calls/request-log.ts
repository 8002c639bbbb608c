import { Ring } from "../engine/ring.ts";
import { withoutSecrets } from "../outside/secrets.ts";
import { Notes } from "./notes.ts";

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
  /** What a resource's policy had against it: for what AWS would have refused it, or did refuse it here. */
  readonly policy?: string | undefined;
}

/** The last requests. */
export class RequestLog extends Ring<RequestRecord> {
  readonly #notes: Notes;

  constructor(notes = new Notes()) {
    super();
    this.#notes = notes;
  }

  /** Newest first, each a plain copy. */
  override *newestFirst(): IterableIterator<RequestRecord> {
    const notes = this.#notes.byId();
    for (const record of super.newestFirst()) {
      const { time, service, operation, method, host, path, account, region, status, error, message } = record;
      const { durationMs, requestId, cause } = record;
      const said = message === undefined ? undefined : withoutSecrets(message);
      const asked = { time, service, operation, method, host, path, account, region };
      const policy = notes.get(requestId);
      yield { ...asked, status, error, message: said, durationMs, requestId, cause, policy };
    }
  }
}
