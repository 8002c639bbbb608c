import type { MapRunRequest } from "../execution.ts";
import { type Json, type JsonObject, maxPayloadBytes, writeJson } from "../json.ts";

type Limits = NonNullable<MapRunRequest["itemBatcher"]>;

/**
 * Groups a distributed Map's items into the inputs of its children: `{"BatchInput": …, "Items": […]}`, each as large as
 * ItemBatcher and the payload limit allow and never empty. Bytes are counted on the compact JSON text of the whole input.
 */
export class Batches {
  readonly #head: JsonObject;
  readonly #emptyBytes: number;
  readonly #mostItems: number;
  readonly #mostBytes: number;
  #items: Json[] = [];
  #bytes: number;

  constructor({ batchInput, maxItemsPerBatch, maxInputBytesPerBatch }: Limits) {
    this.#head = batchInput === undefined ? {} : { BatchInput: batchInput };
    this.#emptyBytes = Buffer.byteLength(writeJson({ ...this.#head, Items: [] }));
    this.#mostItems = maxItemsPerBatch ?? Infinity;
    this.#mostBytes = Math.min(maxInputBytesPerBatch ?? maxPayloadBytes, maxPayloadBytes);
    this.#bytes = this.#emptyBytes;
  }

  /** Items in the batch that is not full yet. */
  get open(): number {
    return this.#items.length;
  }

  /** Answers the batch before, when the item begins another one. */
  add(item: Json): JsonObject | undefined {
    const size = Buffer.byteLength(writeJson(item)) + 1;
    const isFull = this.#items.length >= this.#mostItems || this.#bytes + size > this.#mostBytes + 1;
    const full = isFull ? this.end() : undefined;
    this.#items.push(item);
    this.#bytes += size;
    return full;
  }

  /** The last batch, if there is anything in it. */
  end(): JsonObject | undefined {
    if (this.#items.length === 0) return undefined;
    const batch = { ...this.#head, Items: this.#items };
    this.#items = [];
    this.#bytes = this.#emptyBytes;
    return batch;
  }
}

export function batchItems(items: readonly Json[], limits: Limits): JsonObject[] {
  const batches = new Batches(limits);
  return [...items.map((item) => batches.add(item)), batches.end()].filter((batch) => batch !== undefined);
}
