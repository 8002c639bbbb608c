/** Executions as rows: stores what a step has changed, so that another process can continue. */
import type { Store } from "../../../engine/store.ts";
import type { Table } from "../../../engine/table.ts";
import type { Execution, ExecutionMeta, Frame, ThreadFrame } from "../asl/execution.ts";
import { type Json, parseJson, readJson, writeJson } from "../asl/json.ts";
import { rememberSource, sourceText } from "../asl/source-texts.ts";
import { type ExecutionRow, type FrameRow, frameKey, frameTable, headTable, inputTable } from "../tables.ts";
import type { Texts } from "../texts.ts";

/** An execution in memory, and which parts of it are stored. */
export interface Live {
  readonly row: ExecutionRow;
  readonly execution: Execution;
  mockCalls: Record<string, number>;
  /** Stored inputs by frame: written again only when they change. */
  readonly inputs: Map<string, Json>;
}

/** @param inputText the row's input as text. */
export function metaOf(
  row: ExecutionRow,
  inputText: string,
  machineName: string,
  { type = "STANDARD", sync = false }: Partial<Pick<ExecutionMeta, "type" | "sync">> = {},
): ExecutionMeta {
  return {
    arn: row.arn,
    name: row.name,
    type,
    sync,
    roleArn: row.roleArn,
    startedAtMs: row.startedMs,
    inputText,
    stateMachineArn: row.machine,
    stateMachineName: machineName,
    stateMachineVersionArn: row.versionArn,
    stateMachineAliasArn: row.aliasArn,
  };
}

export class Frames {
  readonly heads;
  readonly #frames;
  readonly #inputs;
  readonly #texts: Texts;

  /** @param texts where long texts are stored. */
  constructor(store: Store, texts: Texts) {
    this.#texts = texts;
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
        this.#put(this.#frames, row, id, writeJson(frame));
        continue;
      }
      const { input, ...rest } = frame;
      this.#put(this.#frames, row, id, writeJson(rest));
      if (live.inputs.has(id) && live.inputs.get(id) === input) continue;
      this.#put(this.#inputs, row, id, sourceText(input));
      live.inputs.set(id, input);
    }
    for (const id of removed) {
      this.#delete(this.#frames, arn, id);
      if (live.inputs.delete(id)) this.#delete(this.#inputs, arn, id);
    }
    const head = { ...execution.head, ready: [...execution.head.ready] };
    this.heads.put({ execution: arn, account, head, mockCalls: { ...live.mockCalls } });
  }

  /** Loads an execution from its rows; undefined when it cannot continue. */
  load(row: ExecutionRow, machineName: string): Live | undefined {
    const kept = this.heads.get(row.arn);
    if (kept === undefined) return undefined;
    const inputs = new Map<string, Json>();
    for (const one of this.#inputs.by.execution.range(row.arn)) {
      const text = this.#texts.read(one.text);
      const input = readJson(text) as Json;
      rememberSource(input, text);
      inputs.set(one.id, input);
    }
    const frames: Record<string, Frame> = {};
    for (const one of this.#frames.by.execution.range(row.arn)) {
      const { id } = one;
      const frame = readJson(this.#texts.read(one.text)) as Frame;
      if (frame.kind === "thread") (frame as ThreadFrame).input = inputs.get(id) ?? null;
      frames[id] = frame;
    }
    const head = { ...kept.head, ready: [...kept.head.ready] };
    const inputText = this.#texts.read(row.input);
    const execution = { meta: metaOf(row, inputText, machineName), input: parseJson(inputText), head, frames };
    return { row, execution, mockCalls: { ...kept.mockCalls }, inputs };
  }

  /** Inside a transaction: deletes the frames of an execution that has ended for good. */
  forget(arn: string): void {
    this.heads.delete(arn);
    for (const one of this.#frames.by.execution.range(arn)) this.#delete(this.#frames, arn, one.id);
    for (const one of this.#inputs.by.execution.range(arn)) this.#delete(this.#inputs, arn, one.id);
  }

  #put(table: Table<FrameRow, string>, { arn, account }: ExecutionRow, id: string, text: string): void {
    this.#texts.drop(table.get(frameKey(arn, id))?.text);
    table.put({ id, account, execution: arn, text: this.#texts.keep(account, text) });
  }

  #delete(table: Table<FrameRow, string>, execution: string, id: string): void {
    const key = frameKey(execution, id);
    this.#texts.drop(table.get(key)?.text);
    table.delete(key);
  }
}
