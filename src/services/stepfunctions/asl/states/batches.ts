import type { MapRunRequest } from "../execution.ts";
import { type Json, type JsonObject, maxPayloadBytes, writeJson } from "../json.ts";

type Limits = NonNullable<MapRunRequest["itemBatcher"]>;

/**
 * Groups a distributed Map's items into the inputs of its children: `{"BatchInput": …, "Items": […]}`, never empty and
 * each as large as ItemBatcher and the payload limit allow. Bytes are those of the input's compact JSON text.
 */
export class Batches {
  readonly #head: JsonObject;
  readonly #emptyBytes: number;
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #items: Json[] = [];
  #bytes: number;

  constructor({ batchInput, maxItemsPerBatch, maxInputBytesPerBatch }: Limits) {
    this.#head = batchInput === undefined ? {} : { BatchInput: batchInput };
    this.#emptyBytes = Buffer.byteLength(writeJson({ ...this.#head, Items: [] }));
    this.#maxItems = maxItemsPerBatch ?? Infinity;
    this.#maxBytes = Math.min(maxInputBytesPerBatch ?? maxPayloadBytes, maxPayloadBytes);
    this.#bytes = this.#emptyBytes;
  }

  /** Number of items in the unfinished batch. */
  get pending(): number {
    return this.#items.length;
  }

  /** Adds an item; returns the batch before it if the item starts a new one. */
  add(item: Json): JsonObject | undefined {
    const size = Buffer.byteLength(writeJson(item)) + 1;
    const isFull = this.#items.length >= this.#maxItems || this.#bytes + size > this.#maxBytes + 1;
    const full = isFull ? this.end() : undefined;
    this.#items.push(item);
    this.#bytes += size;
    return full;
  }

  /** Ends the last batch and returns it, unless it is empty. */
  end(): JsonObject | undefined {
    if (this.#items.length === 0) return undefined;
    const batch = { ...this.#head, Items: this.#items };
    this.#items = [];
    this.#bytes = this.#emptyBytes;
    return batch;
  }
}

/** All batches of the items. */
export function batchItems(items: readonly Json[], limits: Limits): JsonObject[] {
  const batches = new Batches(limits);
  return [...items.map((item) => batches.add(item)), batches.end()].filter((batch) => batch !== undefined);
}
