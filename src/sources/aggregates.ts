/**
 * Records that a producer library has packed into one (Kinesis Producer Library, "Aggregation format": a magic number,
 * a protobuf message, and its MD5).
 */
import { createHash } from "node:crypto";
import { base64Of, type StreamItem } from "./records.ts";

const magic = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const digestBytes = 16;

/**
 * The records in a record: with its sequence number and time, and their own keys and data. An ordinary record yields
 * itself.
 */
export function recordsIn(item: StreamItem): readonly StreamItem[] {
  const bytes = item.Data === undefined ? undefined : aggregateIn(item.Data);
  if (bytes === undefined) return [item];
  try {
    const { keys, records } = readAggregate(bytes);
    return records.map(({ key, data }) => ({
      ...item,
      PartitionKey: keys[key] ?? item.PartitionKey ?? "",
      Data: data,
    }));
  } catch {
    // It only looks like an aggregate.
    return [item];
  }
}

/** The protobuf message; undefined for what is not an aggregate. */
function aggregateIn(data: NonNullable<StreamItem["Data"]>): Buffer | undefined {
  if (data.length < magic.length + digestBytes) return undefined;
  const bytes = Buffer.from(base64Of(data), "base64");
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const message = bytes.subarray(magic.length, bytes.length - digestBytes);
  const digest = createHash("md5").update(message).digest();
  return digest.equals(bytes.subarray(bytes.length - digestBytes)) ? message : undefined;
}

interface Packed {
  readonly key: number;
  readonly data: Buffer;
}

/** Field 1: partition keys; field 3: records, each with field 1, the index of its key, and field 3, its data. */
function readAggregate(message: Buffer): { keys: readonly string[]; records: readonly Packed[] } {
  const keys: string[] = [];
  const records: Packed[] = [];
  for (const [field, value] of fieldsOf(message)) {
    if (typeof value === "number") continue;
    if (field === 1) keys.push(value.toString());
    if (field === 3) records.push(readRecord(value));
  }
  return { keys, records };
}

function readRecord(message: Buffer): Packed {
  let [key, data]: [number, Buffer] = [0, Buffer.alloc(0)];
  for (const [field, value] of fieldsOf(message)) {
    if (field === 1 && typeof value === "number") key = value;
    if (field === 3 && typeof value !== "number") data = value;
  }
  return { key, data };
}

/** The fields of a protobuf message: numbers and byte strings. @throws RangeError for anything else. */
function* fieldsOf(message: Buffer): Iterable<[number, number | Buffer]> {
  let at = 0;
  const varint = (): number => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at);
      at += 1;
      value += (byte & 0x7f) * factor;
      if (!Number.isSafeInteger(value)) throw new RangeError("a number is too large");
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) yield [field, varint()];
    else if (type === 2) {
      const length = varint();
      if (at + length > message.length) throw new RangeError("a field is cut off");
      at += length;
      yield [field, message.subarray(at - length, at)];
    } else throw new RangeError(`a field of type ${type}`);
  }
}
