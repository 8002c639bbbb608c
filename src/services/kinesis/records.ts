/**
 * Records packed one after the other. Each has a header of 13 bytes, big-endian (length of the data, 4; of the
 * partition key, 2; flags, 1; arrival in epoch ms, 6), its partition key in UTF-8 and its data.
 */
import { type Blob64, bufferOf } from "../../../protocols/blob.ts";

export interface NewRecord {
  /** Absent where the stream distributes records by itself. */
  readonly partitionKey: string | undefined;
  readonly data: Blob64;
}

export interface StoredRecord {
  readonly counter: number;
  readonly arrivalMs: number;
  readonly encrypted: boolean;
  readonly partitionKey: string | undefined;
  /** A view of the packed bytes: to be passed on, not stored. */
  readonly data: Buffer;
}

const headLength = 13;
const encryptedFlag = 1;
const withoutKeyFlag = 2;

/** Packs records that arrive together into a buffer of exact size. */
export function pack(records: readonly NewRecord[], arrivalMs: number, encrypted: boolean): Buffer {
  let length = 0;
  for (const { partitionKey, data } of records) {
    length += headLength + (partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey)) + data.length;
  }
  // Not from Node's pool: a slice of the pool would keep all of it alive.
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const { partitionKey, data } of records) {
    const keyLength = partitionKey === undefined ? 0 : bytes.write(partitionKey, at + headLength);
    bytes.writeUInt32BE(data.length, at);
    bytes.writeUInt16BE(keyLength, at + 4);
    bytes[at + 6] = (encrypted ? encryptedFlag : 0) | (partitionKey === undefined ? withoutKeyFlag : 0);
    bytes.writeUIntBE(Math.max(0, Math.floor(arrivalMs)), at + 7, 6);
    at += headLength + keyLength;
    data.copyTo(bytes, at);
    at += data.length;
  }
  return bytes;
}

/** Walks through packed records, decoding only what is read. */
export class RecordCursor {
  readonly #bytes: Buffer;
  #at = 0;
  counter: number;

  /** @param first the counter of the first record. */
  constructor(bytes: Uint8Array, first: number) {
    this.#bytes = bufferOf(bytes);
    this.counter = first;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get arrivalMs(): number {
    return this.#bytes.readUIntBE(this.#at + 7, 6);
  }

  /** Bytes of data and partition key, as limits count them. */
  get size(): number {
    return this.#bytes.readUInt32BE(this.#at) + this.#bytes.readUInt16BE(this.#at + 4);
  }

  read(): StoredRecord {
    const [bytes, at] = [this.#bytes, this.#at];
    const flags = bytes[at + 6] as number;
    const dataAt = at + headLength + bytes.readUInt16BE(at + 4);
    return {
      counter: this.counter,
      arrivalMs: this.arrivalMs,
      encrypted: (flags & encryptedFlag) !== 0,
      partitionKey: (flags & withoutKeyFlag) !== 0 ? undefined : bytes.toString("utf8", at + headLength, dataAt),
      data: bytes.subarray(dataAt, dataAt + bytes.readUInt32BE(at)),
    };
  }

  next(): void {
    this.#at += headLength + this.size;
    this.counter += 1;
  }
}
