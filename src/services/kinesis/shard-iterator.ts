/**
 * Shard iterators: opaque base64 texts that contain everything, so that they take no memory and outlive a restart. A
 * checksum detects damaged ones, and random bytes make each one different.
 */
import { createHash } from "node:crypto";

export interface ShardIterator {
  readonly streamArn: string;
  /** The stream's serial: an iterator of a deleted stream is invalid for the next one with that name. */
  readonly streamSerial: number;
  readonly shardIndex: number;
  /** Counter of the record to read next. */
  readonly counter: number;
  /** Epoch ms; iterators live for five minutes. */
  readonly createdMs: number;
}

export const iteratorLifeMs = 300_000;

const version = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]);
const checkAt = version.length;
const checkLength = 8;
const noiseAt = checkAt + checkLength;
const noiseLength = 8;
const numbersAt = noiseAt + noiseLength;
const arnAt = numbersAt + 4 * 6;
/** AWS's consist of the version and at least thirteen blocks of 16 bytes. */
const blockLength = 16;
const fewestBlocks = 13;

/** @param noise 8 random bytes. */
export function encodeIterator(iterator: ShardIterator, noise: Uint8Array): string {
  const arn = Buffer.from(iterator.streamArn);
  const blocks = Math.max(fewestBlocks, Math.ceil((arnAt - version.length + arn.length) / blockLength));
  const bytes = Buffer.alloc(version.length + blocks * blockLength);
  version.copy(bytes);
  bytes.set(noise, noiseAt);
  let at = numbersAt;
  for (const number of [iterator.streamSerial, iterator.shardIndex, iterator.counter, iterator.createdMs]) {
    at = bytes.writeUIntBE(Math.max(0, Math.floor(number)), at, 6);
  }
  arn.copy(bytes, at);
  bytes.set(checkOf(bytes), checkAt);
  return bytes.toString("base64");
}

/** Undefined for a text that is not ours. AWS tolerates an extra pair of double quotes around an iterator. */
export function decodeIterator(text: string): ShardIterator | undefined {
  const bare = /^"(.*)"$/s.exec(text)?.[1] ?? text;
  const bytes = Buffer.from(bare, "base64");
  if (bytes.length <= arnAt || bytes.toString("base64") !== bare) return undefined;
  if (!bytes.subarray(0, checkAt).equals(version)) return undefined;
  if (!checkOf(bytes).equals(bytes.subarray(checkAt, noiseAt))) return undefined;
  const number = (place: number) => bytes.readUIntBE(numbersAt + place * 6, 6);
  return {
    streamArn: bytes.toString("utf8", arnAt).replace(/\0+$/, ""),
    streamSerial: number(0),
    shardIndex: number(1),
    counter: number(2),
    createdMs: number(3),
  };
}

function checkOf(bytes: Buffer): Buffer {
  const hash = createHash("md5").update(bytes.subarray(noiseAt));
  return hash.digest().subarray(0, checkLength);
}
