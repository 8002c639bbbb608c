/** The stored state of durable executions. All methods that write are called inside a transaction. */
import type { Operation } from "@aws-sdk/client-lambda";
import type { Store } from "../../../engine/store.ts";
import { invalidParameter } from "../errors.ts";
import { operationEvent } from "./history.ts";
import { shownOperation } from "./shown.ts";
import {
  durableTextTable,
  type ExecutionRow,
  executionTable,
  type HistoryRow,
  historyTable,
  type OperationRow,
  operationTable,
  partKey,
  type TextSerial,
} from "./tables.ts";
import { isOpen, type Updated } from "./updates.ts";

/** Maximum operations and bytes of payloads per execution (Lambda quotas, "Durable functions"). */
const maxOperations = 3000;
const maxSize = 100 * 1024 * 1024;
/** Operations, and characters of their payloads, passed to a function at once; it requests the rest. */
const [pageOperations, pageChars] = [1000, 3 * 1024 * 1024];

export class DurableState {
  readonly executions;
  readonly operations;
  readonly histories;
  readonly #texts;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    this.executions = store.table(executionTable);
    this.operations = store.table(operationTable);
    this.histories = store.table(historyTable);
    this.#texts = store.packedTable(durableTextTable);
  }

  readonly textOf = (serial: TextSerial | undefined): string | undefined =>
    serial === undefined ? undefined : this.#texts.get(serial)?.text;

  keep(account: string, text: string | undefined): TextSerial | undefined {
    if (text === undefined) return undefined;
    const serial = this.#store.nextSerial();
    this.#texts.put({ serial, account, text });
    return serial;
  }

  operation(execution: string, id: string): OperationRow | undefined {
    return this.operations.get(partKey(execution, id));
  }

  /** Adds an event to an execution's history. Returns the updated execution. */
  record(
    row: ExecutionRow,
    event: Pick<HistoryRow, "type" | "details"> & Partial<HistoryRow>,
    nowMs: number,
  ): ExecutionRow {
    const number = row.events + 1;
    const { account, arn: execution } = row;
    this.histories.put({ ...event, key: partKey(execution, number), account, execution, number, timeMs: nowMs });
    const next = { ...row, events: number };
    this.executions.put(next);
    return next;
  }

  /**
   * Stores an operation's new state, with its event.
   * @throws AwsError InvalidParameterValueException when the execution becomes too large.
   */
  change(execution: ExecutionRow, { row, input, result, error, delaySeconds }: Updated, nowMs: number): ExecutionRow {
    const { account, arn } = execution;
    const before = this.operation(arn, row.id);
    const errorText = error === undefined ? undefined : JSON.stringify(error);
    const operations = execution.operations + (before === undefined ? 1 : 0);
    const size = [input, result, errorText].reduce((sum, text) => sum + (text?.length ?? 0), execution.size);
    if (operations > maxOperations || size > maxSize) {
      throw invalidParameter(`A durable execution has ${maxOperations} operations and 100 MB of payloads at most.`);
    }
    const kept = {
      input: this.keep(account, input) ?? before?.input,
      result: this.keep(account, result),
      error: this.keep(account, errorText),
    };
    this.#forget(before, kept);
    const place = before?.place ?? operations;
    this.operations.put({ ...row, ...kept, key: partKey(arn, row.id), account, execution: arn, place });
    const counted = { ...execution, operations, size };
    const event = operationEvent(row, delaySeconds);
    if (event === undefined) {
      this.executions.put(counted);
      return counted;
    }
    const payload = row.status === "STARTED" ? kept.input : (kept.error ?? kept.result);
    return this.record(counted, { ...event, payload: this.keep(account, this.textOf(payload)) }, nowMs);
  }

  /** Stores the operation that represents the execution itself and contains its input. */
  begin(execution: ExecutionRow, input: string): ExecutionRow {
    const { arn, account, startedMs } = execution;
    const id = arn.slice(arn.lastIndexOf("/") + 1);
    this.operations.put({
      key: partKey(arn, id),
      account,
      execution: arn,
      id,
      place: 0,
      type: "EXECUTION",
      status: "STARTED",
      startedMs,
      input: execution.input,
    });
    const details = { ExecutionTimeout: execution.timeoutSeconds };
    const event = { type: "ExecutionStarted" as const, id, name: execution.name, details };
    return this.record(execution, { ...event, payload: this.keep(account, input) }, startedMs);
  }

  /** A page of operations in the form for functions, and where the next page begins. */
  page(
    execution: string,
    after: number | undefined,
    most = pageOperations,
  ): { operations: Operation[]; next?: number } {
    const operations: Operation[] = [];
    let chars = 0;
    let last = after ?? -1;
    for (const row of this.operations.by.execution.range(execution, { gt: last })) {
      if (this.#isPruned(row)) continue;
      const shown = shownOperation(row, this.textOf);
      chars += [row.input, row.result, row.error].reduce<number>(
        (sum, one) => sum + (this.textOf(one)?.length ?? 0),
        0,
      );
      if (operations.length === most || (chars > pageChars && operations.length > 0)) return { operations, next: last };
      operations.push(shown);
      last = row.place;
    }
    return { operations };
  }

  /** Whether anything in an execution will continue by itself. */
  isWaiting(execution: string): boolean {
    for (const row of this.operations.by.execution.range(execution)) {
      if (row.type === "WAIT" || row.type === "CALLBACK" || row.type === "CHAINED_INVOKE" || row.status === "PENDING") {
        if (isOpen(row) && row.status !== "READY") return true;
      }
    }
    return false;
  }

  /** Deletes an execution with everything that belongs to it. */
  delete({ arn, input, result, error }: ExecutionRow): void {
    for (const row of this.operations.by.execution.range(arn)) {
      this.#forget(row, {});
      this.operations.delete(row.key);
    }
    for (const { key, payload } of this.histories.by.execution.range(arn)) {
      if (payload !== undefined) this.#texts.delete(payload);
      this.histories.delete(key);
    }
    for (const serial of [input, result, error]) if (serial !== undefined) this.#texts.delete(serial);
    this.executions.delete(arn);
  }

  /** Operations inside a completed context are left out, unless the context must run again to produce its result. */
  #isPruned({ execution, parentId }: OperationRow): boolean {
    for (let id = parentId; id !== undefined; ) {
      const parent = this.operation(execution, id);
      if (parent?.type === "CONTEXT" && !isOpen(parent) && parent.replaysChildren !== true) return true;
      id = parent?.parentId;
    }
    return false;
  }

  #forget(before: OperationRow | undefined, kept: Pick<OperationRow, "input" | "result" | "error">): void {
    if (before === undefined || before.type === "EXECUTION") return;
    for (const name of ["input", "result", "error"] as const) {
      const serial = before[name];
      if (serial !== undefined && serial !== kept[name]) this.#texts.delete(serial);
    }
  }
}
