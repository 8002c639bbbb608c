/**
 * The inputs of a distributed Map's children: its items, which are read, selected and batched as children need them.
 */

import { performance } from "../../../engine/real-time.ts";
import { StateError } from "../asl/errors.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { mapRunItem } from "../asl/interpreter.ts";
import { isObject, type Json, readJson } from "../asl/json.ts";
import { Batches } from "../asl/states/batches.ts";
import { envOf } from "../executions/env.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type ReadItem, readItems } from "./item-reader.ts";
import type { MapRunRow } from "./map-run-tables.ts";
import type { ObjectFiles } from "./object-files.ts";

export interface ChildInput {
  readonly value: Json;
  readonly itemCount: number;
}

/** The items of a Map without an ItemReader. */
export type GivenItems = Pick<MapRunRequest, "items" | "keys">;

/** Items in one piece, if there is no ItemReader. */
const itemsPerPiece = 1000;

/** A reader of a run's items. It only exists in memory: a new one skips the items that children already have. */
export class ChildInputs {
  readonly #service: StepFunctions;
  readonly #run: MapRunRow;
  readonly #batches: Batches | undefined;
  readonly #pieces: AsyncGenerator<readonly ReadItem[]>;
  /** The latest piece, which has been used up to `#at`. */
  #piece: readonly ReadItem[] = [];
  #at = 0;
  /** Index of the next item among all. */
  #index = 0;
  #isRead = false;

  /** @param given JSON text of {@link GivenItems}, if there is no ItemReader */
  constructor(service: StepFunctions, files: ObjectFiles, run: MapRunRow, given: string | undefined) {
    const { itemReader, itemBatcher } = readJson(run.request as string) as MapRunRequest;
    this.#service = service;
    this.#run = run;
    this.#batches = itemBatcher && new Batches(itemBatcher);
    this.#pieces = itemReader ? readItems(files, itemReader) : itemsIn(given);
  }

  /** Whether all items have become inputs. */
  get isOver(): boolean {
    return this.#isRead && this.#at === this.#piece.length && (this.#batches?.pending ?? 0) === 0;
  }

  /** Reads the next piece, unless the latest one has not been used up. @throws ItemReaderError */
  async read(): Promise<void> {
    const { turns } = this.#service;
    while (!this.#isRead && this.#at === this.#piece.length) {
      const { done = false, value } = await this.#pieces.next();
      this.#isRead = done;
      this.#piece = done ? [] : value;
      const earlier = Math.min(Math.max(this.#run.totalItems - this.#index, 0), this.#piece.length);
      this.#at = earlier;
      this.#index += earlier;
      await turns.rest();
    }
  }

  /** Makes inputs of the latest piece, at most `limit` and within the time of a turn. @throws StateError */
  take(limit: number): ChildInput[] {
    const { runner, turns } = this.#service;
    const live = runner.liveOf(this.#run.execution);
    if (live === undefined) throw new StateError("States.Runtime", "The execution no longer exists.");
    const machine = this.#service.machineOf(live.row);
    const env = envOf(this.#service, live.row);
    const taken: ChildInput[] = [];
    const endsAt = turns.endOfWork();
    while (taken.length < limit && this.#at < this.#piece.length) {
      const { value, key, source } = this.#piece[this.#at]!;
      const item = { Index: this.#index, Value: value, Source: source, ...(key === undefined ? {} : { Key: key }) };
      const selected = mapRunItem(machine, live.execution, this.#run.mapRunId, item, env);
      this.#at += 1;
      this.#index += 1;
      if (this.#batches === undefined) taken.push({ value: selected, itemCount: 1 });
      else taken.push(...batchInput(this.#batches.add(selected)));
      if (performance.now() >= endsAt) break;
    }
    if (this.#isRead && this.#at === this.#piece.length) taken.push(...batchInput(this.#batches?.end()));
    return taken;
  }

  /** Closes the file. */
  close(): void {
    void this.#pieces.return(undefined);
  }
}

function batchInput(batch: Json | undefined): ChildInput[] {
  if (batch === undefined) return [];
  return [{ value: batch, itemCount: isObject(batch) && Array.isArray(batch["Items"]) ? batch["Items"].length : 1 }];
}

async function* itemsIn(given: string | undefined): AsyncGenerator<ReadItem[]> {
  const { items = [], keys } = readJson(given ?? "{}") as GivenItems;
  for (let at = 0; at < items.length; at += itemsPerPiece) {
    yield items.slice(at, at + itemsPerPiece).map((value, index) => {
      const key = keys?.[at + index];
      return { value, source: "STATE_DATA", ...(key === undefined ? {} : { key }) };
    });
  }
}
