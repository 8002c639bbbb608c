/** Executions as rows: what a step changed is stored, and enough of it to go on in another process. */
import type { Store } from "../../../engine/store.ts";
import type { Execution, ExecutionMeta, Frame, ThreadFrame } from "../asl/execution.ts";
import { type Json, parseJson, readJson, writeJson } from "../asl/json.ts";
import { type ExecutionRow, frameKey, frameTable, headTable, inputTable } from "../tables.ts";

/** An execution in memory, with what of it is known to be stored. */
export interface Live {
  readonly row: ExecutionRow;
  readonly execution: Execution;
  mockCalls: Record<string, number>;
  /** Inputs as they are stored, by frame: they are written again only when they change. */
  readonly inputs: Map<string, Json>;
}

export function metaOf(row: ExecutionRow, machineName: string): ExecutionMeta {
  return {
    arn: row.arn,
    name: row.name,
    type: "STANDARD",
    roleArn: row.roleArn,
    startedAtMs: row.startedMs,
    inputText: row.input,
    stateMachineArn: row.machine,
    stateMachineName: machineName,
    ...(row.versionArn === undefined ? {} : { stateMachineVersionArn: row.versionArn }),
    ...(row.aliasArn === undefined ? {} : { stateMachineAliasArn: row.aliasArn }),
  };
}

export class Frames {
  readonly heads;
  readonly #frames;
  readonly #inputs;

  constructor(store: Store) {
    this.heads = store.table(headTable);
    this.#frames = store.table(frameTable);
    this.#inputs = store.table(inputTable);
  }

  /** Inside a transaction. */
  store(live: Live, touched: readonly string[], removed: readonly string[]): void {
    const { execution, row } = live;
    const { arn, account } = row;
    for (const id of touched) {
      const frame = execution.frames[id];
      if (frame === undefined) continue;
      if (frame.kind !== "thread") {
        this.#frames.put({ id, account, execution: arn, text: writeJson(frame) });
        continue;
      }
      const { input, ...rest } = frame;
      this.#frames.put({ id, account, execution: arn, text: writeJson(rest) });
      if (live.inputs.has(id) && live.inputs.get(id) === input) continue;
      this.#inputs.put({ id, account, execution: arn, text: writeJson(input) });
      live.inputs.set(id, input);
    }
    for (const id of removed) {
      this.#frames.delete(frameKey(arn, id));
      if (live.inputs.delete(id)) this.#inputs.delete(frameKey(arn, id));
    }
    const head = { ...execution.head, ready: [...execution.head.ready] };
    this.heads.put({ execution: arn, account, head, mockCalls: { ...live.mockCalls } });
  }

  /** Reads an execution back from its rows; undefined when it cannot go on any more. */
  load(row: ExecutionRow, machineName: string): Live | undefined {
    const kept = this.heads.get(row.arn);
    if (kept === undefined) return undefined;
    const inputs = new Map<string, Json>();
    for (const one of this.#inputs.by.execution.range(row.arn)) inputs.set(one.id, readJson(one.text) as Json);
    const frames: Record<string, Frame> = {};
    for (const one of this.#frames.by.execution.range(row.arn)) {
      const { id } = one;
      const frame = readJson(one.text) as Frame;
      if (frame.kind === "thread") (frame as ThreadFrame).input = inputs.get(id) ?? null;
      frames[id] = frame;
    }
    const head = { ...kept.head, ready: [...kept.head.ready] };
    const execution = { meta: metaOf(row, machineName), input: parseJson(row.input), head, frames };
    return { row, execution, mockCalls: { ...kept.mockCalls }, inputs };
  }

  /** Inside a transaction: an execution that is over for good needs them no more. */
  forget(arn: string): void {
    this.heads.delete(arn);
    for (const one of this.#frames.by.execution.range(arn)) this.#frames.delete(frameKey(arn, one.id));
    for (const one of this.#inputs.by.execution.range(arn)) this.#inputs.delete(frameKey(arn, one.id));
  }
}
