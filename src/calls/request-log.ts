import type { AwsError } from "../../protocols/error.ts";
import { Ring } from "../engine/ring.ts";
import { withoutSecrets } from "../outside/secrets.ts";
import type { Call } from "./call.ts";
import { KeptCall } from "./kept-call.ts";
import { Notes } from "./notes.ts";

/** One answered request, or one call between services, as `/_busbar/requests` shows it. */
export interface RequestRecord {
  /** On the emulator's clock, ISO 8601. */
  readonly time: string;
  readonly service: string | undefined;
  readonly operation: string | undefined;
  /** Only for a client's request; absent for calls between services. */
  readonly method?: string | undefined;
  readonly host?: string | undefined;
  /** Undecoded, without the query. */
  readonly path?: string | undefined;
  readonly account: string;
  readonly region: string;
  readonly status: number;
  /** What the call is about: a queue's name, or the name of a topic, stream, machine or rule. */
  readonly resource?: string | undefined;
  /** The input's members, shortened and without secrets; absent for large requests. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** The error's code on the wire; absent for a success. */
  readonly error: string | undefined;
  /** The error's name in SDK clients, `QueueDoesNotExist`. */
  readonly errorName?: string | undefined;
  /** A hint of Busbar's own, not an AWS message. */
  readonly hint?: string | undefined;
  readonly message: string | undefined;
  readonly durationMs: number;
  readonly requestId: string;
  /** What caused a call between services, `request:…>delivery:…`; absent for a client's own requests. */
  readonly cause: string | undefined;
  /** The resource policy's objection: why AWS would have refused the call, or why it was refused here. */
  readonly policy?: string | undefined;
}

/** All filters that are present must match exactly. */
export interface RequestFilter {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly resource?: string | undefined;
  readonly status?: number | string | undefined;
  /** The code on the wire or the error's name in SDK clients. */
  readonly error?: string | undefined;
  /** At most 1,000 are kept, which is also the default. */
  readonly limit?: number | undefined;
}

/** The latest requests. */
export class RequestLog {
  readonly #kept = new Ring<KeptCall>();
  readonly #watchers = new Set<(record: RequestRecord) => void>();
  readonly #notes: Notes;

  constructor(notes = new Notes()) {
    this.#notes = notes;
  }

  /** Adds a call that has just ended. */
  add(call: Call, status: number, failure: AwsError | undefined): void {
    const kept = this.#kept.next ?? new KeptCall();
    kept.fill(call, status, failure);
    this.#kept.add(kept);
    if (this.#watchers.size === 0) return;
    const shown = this.#shown(kept, this.#notes.byId());
    for (const watcher of this.#watchers) watcher(shown);
  }

  /** Calls the watcher for each answered request until the returned function is called. */
  watch(watcher: (record: RequestRecord) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  list({ limit = 1000, error, status, ...equal }: RequestFilter = {}): RequestRecord[] {
    const found: RequestRecord[] = [];
    const names = Object.keys(equal) as (keyof typeof equal)[];
    for (const record of this.newestFirst()) {
      if (!names.every((name) => equal[name] === undefined || record[name] === equal[name])) continue;
      if (status !== undefined && record.status !== Number(status)) continue;
      if (error !== undefined && record.error !== error && record.errorName !== error) continue;
      found.push(record);
      if (found.length === limit) break;
    }
    return found;
  }

  /** Newest first; each is a plain copy. */
  *newestFirst(): IterableIterator<RequestRecord> {
    const notes = this.#notes.byId();
    for (const kept of this.#kept.newestFirst()) yield this.#shown(kept, notes);
  }

  /** Forgets all requests, or those for which the predicate is false. */
  clear(keep?: (request: RequestRecord) => boolean): void {
    this.#kept.clear(keep);
  }

  #shown(record: RequestRecord, notes: ReturnType<Notes["byId"]>): RequestRecord {
    const { time, service, operation, method, host, path, account, region, resource, parameters } = record;
    const { status, error, errorName, message, hint, requestId, cause } = record;
    const said = message === undefined ? undefined : withoutSecrets(message);
    const asked = { time, service, operation, method, host, path, account, region, resource, parameters };
    const policy = notes.get(requestId);
    const durationMs = Math.round(record.durationMs * 1000) / 1000;
    return { ...asked, status, error, errorName, message: said, hint, durationMs, requestId, cause, policy };
  }
}
