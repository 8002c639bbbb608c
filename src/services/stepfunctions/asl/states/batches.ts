import type { MapRunRequest } from "../execution.ts";
import { type Json, type JsonObject, maxPayloadBytes, writeJson } from "../json.ts";

/**
 * Groups a distributed Map's items into the inputs of its children: `{"BatchInput": …, "Items": […]}`, each as large as
 * ItemBatcher and the payload limit allow and never empty. Bytes are counted on the compact JSON text of the whole input.
 */
export function batchItems(items: readonly Json[], batcher: NonNullable<MapRunRequest["itemBatcher"]>): JsonObject[] {
  const head: JsonObject = batcher.batchInput === undefined ? {} : { BatchInput: batcher.batchInput };
  const empty = Buffer.byteLength(writeJson({ ...head, Items: [] }));
  const mostItems = batcher.maxItemsPerBatch ?? Infinity;
  const mostBytes = Math.min(batcher.maxInputBytesPerBatch ?? maxPayloadBytes, maxPayloadBytes);
  const batches: JsonObject[] = [];
  let current: Json[] = [];
  let bytes = empty;
  for (const item of items) {
    const size = Buffer.byteLength(writeJson(item)) + 1;
    if (current.length > 0 && (current.length >= mostItems || bytes + size > mostBytes + 1)) {
      batches.push({ ...head, Items: current });
      current = [];
      bytes = empty;
    }
    current.push(item);
    bytes += size;
  }
  if (current.length > 0) batches.push({ ...head, Items: current });
  return batches;
}
