/**
 * What the children of a distributed Map are given: its items, read, selected and put into batches as children need
 * them.
 */

import { performance } from "../../../engine/real-time.ts";
import { StateError } from "../asl/errors.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { mapRunItem } from "../asl/interpreter.ts";
import { isObject, type Json, readJson } from "../asl/json.ts";
import { Batches } from "../asl/states/batches.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type ReadItem, readItems } from "./item-reader.ts";
import type { MapRunRow } from "./map-run-tables.ts";
import type { ObjectFiles } from "./object-files.ts";

export interface ChildInput {
  readonly value: Json;
  readonly itemCount: number;
}

/** The items of a Map that has no reader. */
export type GivenItems = Pick<MapRunRequest, "items" | "keys">;

/** Items without a reader in one piece. */
const itemsAtOnce = 1000;

/** A reader of a run's items on its way. It lives in memory: a new one begins after the items that children have. */
export class ChildInputs {
  readonly #service: StepFunctions;
  readonly #run: MapRunRow;
  readonly #batches: Batches | undefined;
  readonly #pieces: AsyncGenerator<readonly ReadItem[]>;
  /** What was read and not yet used: from a place in a piece on. */
  #piece: readonly ReadItem[] = [];
  #at = 0;
  /** Of the next item, among all. */
  #index = 0;
  #isRead = false;

  /** @param given text of {@link GivenItems} when there is no reader. */
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

  /** Reads on, unless something read is still there to be used. @throws ItemReaderError */
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

  /** Makes some inputs of what was read, as long as others can wait. @throws StateError */
  take(most: number): ChildInput[] {
    const { runner, turns } = this.#service;
    const live = runner.liveOf(this.#run.execution);
    if (live === undefined) throw new StateError("States.Runtime", "The execution does not exist any more.");
    const machine = this.#service.machineOf(live.row);
    const env = runner.envOf(live.row);
    const taken: ChildInput[] = [];
    const endsAt = turns.endOfWork();
    while (taken.length < most && this.#at < this.#piece.length) {
      const { value, key, source } = this.#piece[this.#at]!;
      const item = { Index: this.#index, Value: value, Source: source, ...(key === undefined ? {} : { Key: key }) };
      const selected = mapRunItem(machine, live.execution, this.#run.mapRunId, item, env);
      this.#at += 1;
      this.#index += 1;
      if (this.#batches === undefined) taken.push({ value: selected, itemCount: 1 });
      else taken.push(...batched(this.#batches.add(selected)));
      if (performance.now() >= endsAt) break;
    }
    if (this.#isRead && this.#at === this.#piece.length) taken.push(...batched(this.#batches?.end()));
    return taken;
  }

  /** Lets go of the file. */
  close(): void {
    void this.#pieces.return(undefined);
  }
}

function batched(batch: Json | undefined): ChildInput[] {
  if (batch === undefined) return [];
  return [{ value: batch, itemCount: isObject(batch) && Array.isArray(batch["Items"]) ? batch["Items"].length : 1 }];
}

async function* itemsIn(given: string | undefined): AsyncGenerator<ReadItem[]> {
  const { items = [], keys } = readJson(given ?? "{}") as GivenItems;
  for (let at = 0; at < items.length; at += itemsAtOnce) {
    yield items.slice(at, at + itemsAtOnce).map((value, index) => {
      const key = keys?.[at + index];
      return { value, source: "STATE_DATA", ...(key === undefined ? {} : { key }) };
    });
  }
}
