/**
 * Sequence numbers in AWS's layout. In hexadecimal one has 47 digits: `2`, the shard's creation time in epoch seconds
 * (9), the low digit of the shard's index (1), a counter per shard (16), `00`, the record's time in epoch seconds (9),
 * the shard's index (8) and `2`. So they increase along a shard and from parents to children, as big integers and,
 * having 56 decimal digits, as text. Older numbers had 32 digits: `1`, 27 others and the shard's index (4); AWS still
 * accepts them, and adds a missing `1`.
 */

/** What the numbers of a shard have in common. */
export interface NumberedShard {
  readonly index: number;
  readonly createdSeconds: number;
}

export interface SequenceNumber {
  /** As AWS prints it. */
  readonly text: string;
  readonly shardIndex: number;
  /** Absent in a number of the old layout, which no stream here has returned. */
  readonly place: PlaceInShard | undefined;
}

export interface PlaceInShard {
  readonly createdSeconds: number;
  /** Records count from 1; 0 is the start of the shard, Infinity the end of a closed one. */
  readonly counter: number;
  /** Of the record, epoch seconds. */
  readonly seconds: number;
}

const secondsLimit = 2 ** 36 - 1;
const endCounter = 0x7fffffffffffffffn;
const layout = /^2([0-9a-f]{9})([0-9a-f])([0-7][0-9a-f]{15})00([0-9a-f]{9})([0-9a-f]{8})2$/;
const oldLayout = /^1[0-9a-f]{27}([0-9a-f]{4})$/;
const oldBase = 2n ** 124n;
/** Java's greatest integer. */
const maxIndex = 2 ** 31 - 1;

export function sequenceNumber(shard: NumberedShard, counter: number, timeMs: number): string {
  return numbering(shard)(counter, timeMs);
}

/** A function that makes numbers of one shard; their common part is computed once. */
export function numbering(shard: NumberedShard): (counter: number, timeMs: number) => string {
  const base = baseOf(shard);
  return (counter, timeMs) => format(base, BigInt(counter), timeMs);
}

/** The number before all records of the shard. */
export function startingSequenceNumber(shard: NumberedShard): string {
  return format(baseOf(shard), 0n, shard.createdSeconds * 1000);
}

/** The number after all records of a shard that was closed at this time. */
export function endingSequenceNumber(shard: NumberedShard, closedMs: number): string {
  return format(baseOf(shard), endCounter, closedMs);
}

/** A number after a record and before the next one, which no record has: where a subscription can continue. */
export function continuationNumber(shard: NumberedShard, counter: number, recordMs: number): string {
  return sequenceNumber(shard, counter, recordMs + 1000);
}

/** @param text decimal digits. Undefined for a number in neither layout. */
export function parseSequenceNumber(text: string): SequenceNumber | undefined {
  if (text.length !== 56) return parseOldNumber(text);
  const match = layout.exec(BigInt(text).toString(16));
  if (!match) return undefined;
  const [, created = "", nibble = "", counter = "", seconds = "", index = ""] = match;
  if (nibble !== index.at(-1)) return undefined;
  const exact = BigInt(`0x${counter}`);
  return {
    text,
    // A signed 32-bit number.
    shardIndex: Number.parseInt(index, 16) | 0,
    place: {
      createdSeconds: Number.parseInt(created, 16),
      counter: exact > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(exact),
      seconds: Number.parseInt(seconds, 16),
    },
  };
}

function parseOldNumber(text: string): SequenceNumber | undefined {
  if (text.length > 38) return undefined;
  const given = BigInt(text);
  const number = given < oldBase ? given + oldBase : given;
  const index = oldLayout.exec(number.toString(16))?.[1];
  return index === undefined
    ? undefined
    : { text: number.toString(), shardIndex: Number.parseInt(index, 16), place: undefined };
}

function baseOf({ index, createdSeconds }: NumberedShard): bigint {
  const created = BigInt(clampSeconds(createdSeconds));
  return (2n << 184n) | (created << 148n) | (BigInt(index & 15) << 144n) | (BigInt(index) << 4n) | 2n;
}

function format(base: bigint, counter: bigint, timeMs: number): string {
  return (base | (counter << 80n) | (BigInt(clampSeconds(Math.floor(timeMs / 1000))) << 36n)).toString();
}

/** The layout covers the years 1970 to 4147. */
function clampSeconds(seconds: number): number {
  return Math.max(0, Math.min(seconds, secondsLimit));
}

export function shardIdOf(index: number): string {
  const digits = String(Math.abs(index));
  return index < 0 ? `shardId--${digits.padStart(11, "0")}` : `shardId-${digits.padStart(12, "0")}`;
}

/** The index in a shard id: a number after any prefix and a hyphen, or by itself; undefined for any other text. */
export function shardIndexOf(shardId: string): number | undefined {
  const index = Number(/^(?:[^-]*-)?(\d+)$/.exec(shardId)?.[1] ?? Number.NaN);
  return index <= maxIndex ? index : undefined;
}
