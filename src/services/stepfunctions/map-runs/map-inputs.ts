/** What the children of a distributed Map are given: its items, read, selected and put into batches. */

import { performance } from "../../../engine/real-time.ts";
import { StateError } from "../asl/errors.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { mapRunItem } from "../asl/interpreter.ts";
import { isObject, type Json } from "../asl/json.ts";
import { batchItems } from "../asl/states/batches.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type ReadItem, readItems } from "./item-reader.ts";
import type { MapRunRow } from "./map-run-tables.ts";
import type { ObjectFiles } from "./object-files.ts";

export interface ChildInput {
  readonly value: Json;
  readonly itemCount: number;
}

/** Items selected in one turn, and the real milliseconds it may take: a selector can be slow. */
const itemsPerTurn = 200;
const turnMs = 100;

/** The inputs of a run's children on the way to be made. They are in memory alone: after a restart they are made anew. */
export class ChildInputs {
  readonly #service: StepFunctions;
  readonly #run: MapRunRow;
  readonly #request: MapRunRequest;
  readonly #items: readonly ReadItem[];
  readonly #values: Json[] = [];

  /** Reads the items. @throws ItemReaderError */
  constructor(service: StepFunctions, files: ObjectFiles, run: MapRunRow, request: MapRunRequest) {
    this.#service = service;
    this.#run = run;
    this.#request = request;
    this.#items = request.itemReader ? readItems(files, request.itemReader) : itemsIn(request);
  }

  /** Makes some more; answers them when all are made. @throws StateError */
  more(): ChildInput[] | undefined {
    const { runner } = this.#service;
    const live = runner.liveOf(this.#run.execution);
    if (live === undefined) throw new StateError("States.Runtime", "The execution does not exist any more.");
    const machine = this.#service.machineOf(live.row);
    const env = runner.envOf(live.row);
    const last = Math.min(this.#values.length + itemsPerTurn, this.#items.length);
    const endsAt = performance.now() + turnMs;
    while (this.#values.length < last && performance.now() < endsAt) {
      const index = this.#values.length;
      const { value, key, source } = this.#items[index]!;
      const item = { Index: index, Value: value, Source: source, ...(key === undefined ? {} : { Key: key }) };
      this.#values.push(mapRunItem(machine, live.execution, this.#run.mapRunId, item, env));
    }
    return this.#values.length < this.#items.length ? undefined : this.#batched();
  }

  #batched(): ChildInput[] {
    const { itemBatcher } = this.#request;
    if (itemBatcher === undefined) return this.#values.map((value) => ({ value, itemCount: 1 }));
    return batchItems(this.#values, itemBatcher).map((value) => ({
      value,
      itemCount: isObject(value) && Array.isArray(value["Items"]) ? value["Items"].length : 1,
    }));
  }
}

function itemsIn({ items = [], keys }: MapRunRequest): ReadItem[] {
  return items.map((value, index) => {
    const key = keys?.[index];
    return { value, source: "STATE_DATA", ...(key === undefined ? {} : { key }) };
  });
}
