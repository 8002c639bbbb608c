/**
 * Hash keys: unsigned 128-bit numbers stored as 32 hexadecimal digits, which is what MD5 returns and which sort as text
 * like the numbers. AWS shows them in decimal.
 */
import { hash } from "node:crypto";

export const hashSpace = 2n ** 128n;
export const highestHash = "f".repeat(32);

/** The hash key of a partition key: MD5 of its UTF-8 bytes. */
export function hashOf(partitionKey: string): string {
  return hash("md5", partitionKey);
}

export function hashFrom(number: bigint): string {
  return number.toString(16).padStart(32, "0");
}

export function numberOf(hash: string): bigint {
  return BigInt(`0x${hash}`);
}

/** The hash key of a decimal text of at most 39 digits, or undefined when it is 2^128 or more. */
export function hashFromDecimal(text: string): string | undefined {
  const number = BigInt(text);
  return number < hashSpace ? hashFrom(number) : undefined;
}

export function decimalOf(hash: string): string {
  return numberOf(hash).toString();
}

/** The first hash keys of `count` shards of equal width that cover the space; any remainder goes to the last. */
export function evenStarts(count: number): bigint[] {
  const width = hashSpace / BigInt(count);
  return Array.from({ length: count }, (_, i) => BigInt(i) * width);
}
