/** Event source mappings: their rows, their states, and the readers of enabled ones. */
import { Cause } from "../../../calls/cause.ts";
import { Invocation } from "../../../calls/invocation.ts";
import type { ServiceDependencies } from "../../../calls/service.ts";
import type { Reader, SourceRecord } from "../../../sources/drain.ts";
import { Running } from "../../../sources/running.ts";
import type { Tagged } from "../tags.ts";
import type { Answered } from "./batches.ts";
import { readerOf } from "./readers.ts";
import { cursorTable, type MappingRow, type MappingState, mappingArn, mappingTable, windowTable } from "./tables.ts";

const timerKind = "lambda.mapping";
/** About how long AWS takes from one state to the next. */
const strictDelayMs = 5000;

export class EventSources {
  readonly deps: ServiceDependencies;
  readonly mappings;
  readonly cursors;
  readonly windows;
  /** Final calls of tumbling windows under way, by window key. */
  readonly closings = new Map<string, Promise<Answered>>();
  /** The execution role of a function. */
  readonly roleOf: (functionArn: string) => string;
  readonly #running = new Running();
  readonly #readers = new Map<string, Reader>();
  #stopped = false;

  constructor(dependencies: ServiceDependencies, roleOf: (functionArn: string) => string) {
    const { store, timers, clock } = dependencies;
    this.deps = dependencies;
    this.roleOf = roleOf;
    this.mappings = store.table(mappingTable);
    this.cursors = store.table(cursorTable);
    this.windows = store.table(windowTable);
    timers.on(timerKind, ({ payload }) => {
      store.afterCommit(() => this.#leave(payload as string));
    });
    // Once every service exists: resumes mappings that were reading when the process ended, and completes transitions.
    clock.at(clock.now(), () => this.#resume());
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /** Moves a mapping to an intermediate state; the next state follows by itself. Inside a transaction. */
  begin(row: MappingRow): MappingRow {
    this.mappings.put(row);
    const dueMs = this.now + (this.deps.options.strict ? strictDelayMs : 0);
    const { uuid, account } = row;
    this.deps.timers.schedule({ id: timerId(uuid), account, dueMs, kind: timerKind, payload: uuid });
    return row;
  }

  /** `deps.call` on behalf of a mapping. Never settles once the emulator has stopped. */
  call(service: string, operation: string, input: object, row: MappingRow): Promise<object> {
    return this.whileRunning(this.deps.call(service, operation, input, this.invocation(row)));
  }

  whileRunning<T>(work: Promise<T>): Promise<T> {
    return this.#running.guard(work);
  }

  /** A call made by a mapping. @param record that it is about; the first one when there are several. */
  invocation(row: MappingRow, record?: SourceRecord): Invocation {
    const cause =
      record?.cause === undefined
        ? Cause.beginning("mapping", row.uuid, this.now)
        : Cause.from(record.cause).next("message", record.ids[0] ?? "");
    const arn = mappingArn(row);
    const place = { account: row.account, region: row.region, roleArn: this.roleOf(row.functionArn) };
    return Invocation.ofService("lambda", arn, place, cause.next("mapping", row.uuid));
  }

  /** Stores the result of the last batch, if it has changed. */
  noteResult({ uuid }: MappingRow, lastResult: string): void {
    const row = this.mappings.get(uuid);
    if (row === undefined || row.lastResult === lastResult) return;
    this.deps.store.transaction(() => this.mappings.put({ ...row, lastResult }));
  }

  tagged(arn: string): Tagged | undefined {
    const row = this.mappings.get(/:event-source-mapping:(.+)$/.exec(arn)?.[1] ?? "");
    if (row === undefined || mappingArn(row) !== arn) return undefined;
    return { tags: row.tags, put: (tags) => this.mappings.put({ ...row, tags }) };
  }

  stop(): void {
    this.#stopped = true;
    this.#running.stop();
    this.#stopReaders();
  }

  /** After a reset the mappings of all accounts, or of one, are gone. */
  reset(account?: string): void {
    this.#stopReaders(account);
  }

  #stopReaders(account?: string): void {
    for (const [uuid, reader] of [...this.#readers]) {
      if (account !== undefined && this.mappings.has(uuid)) continue;
      this.#readers.delete(uuid);
      void reader.stop();
    }
  }

  #resume(): void {
    for (const row of this.mappings.values()) {
      if (row.state === "Enabled") this.#read(row);
      else if (isBetween(row.state) && this.deps.timers.get(timerId(row.uuid)) === undefined) this.#leave(row.uuid);
    }
  }

  /** Moves a mapping out of an intermediate state. */
  #leave(uuid: string): void {
    const { clock } = this.deps;
    clock.track(this.#settle(uuid)).catch((error: unknown) => clock.report(error));
  }

  async #settle(uuid: string): Promise<void> {
    const begun = this.mappings.get(uuid);
    if (begun === undefined) return;
    const reader = this.#readers.get(uuid);
    this.#readers.delete(uuid);
    // Batches under way run to their end.
    await reader?.stop();
    this.deps.store.transaction(() => {
      const row = this.mappings.get(uuid);
      // Tags may have changed meanwhile; a reset may have deleted the mapping.
      if (row?.state !== begun.state) return;
      if (row.state === "Deleting") this.#delete(row);
      else {
        this.mappings.put({ ...row, state: row.enabled ? "Enabled" : "Disabled" });
        if (!row.enabled) this.deps.delivery.noteGivenUp(mappingArn(row), "The event source mapping was disabled.");
      }
    });
    const row = this.mappings.get(uuid);
    if (row?.state === "Enabled") this.#read(row);
  }

  #delete(row: MappingRow): void {
    const { uuid } = row;
    for (const { key } of this.cursors.by.mapping.range(uuid)) this.cursors.delete(key);
    for (const { key } of this.windows.by.mapping.range(uuid)) this.windows.delete(key);
    this.mappings.delete(uuid);
    this.deps.delivery.noteGivenUp(mappingArn(row), "The event source mapping was deleted.");
  }

  #read(row: MappingRow): void {
    if (this.#stopped || this.#readers.has(row.uuid)) return;
    const reader = readerOf(this, row);
    this.#readers.set(row.uuid, reader);
    reader.start();
  }
}

export function isBetween(state: MappingState): boolean {
  return state !== "Enabled" && state !== "Disabled";
}

function timerId(uuid: string): string {
  return `${timerKind} ${uuid}`;
}
