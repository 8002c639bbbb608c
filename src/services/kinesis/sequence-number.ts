/**
 * Sequence numbers in AWS's layout. In hexadecimal one is 47 digits: `2`, the shard's creation time in epoch seconds
 * (9), the low digit of the shard's index (1), a counter of the shard (16), `00`, the record's time in epoch seconds
 * (9), the shard's index (8) and `2`. So they increase along a shard and from parents to children, as big integers and,
 * having 56 decimal digits, as text.
 */

/** What numbers of one shard have in common. */
export interface NumberedShard {
  readonly index: number;
  readonly createdSeconds: number;
}

export interface SequenceNumber {
  readonly createdSeconds: number;
  readonly shardIndex: number;
  /** Numbers of records begin with 1; 0 is the shard's start. Infinity: the end of a closed shard. */
  readonly counter: number;
}

const secondsLimit = 2 ** 36 - 1;
const endCounter = 0x7fffffffffffffffn;
const layout = /^2([0-9a-f]{9})([0-9a-f])([0-9a-f]{16})00[0-9a-f]{9}([0-9a-f]{8})2$/;

export function sequenceNumber(shard: NumberedShard, counter: number, timeMs: number): string {
  return numbering(shard)(counter, timeMs);
}

/** Makes many numbers of one shard: what they share is worked out once. */
export function numbering(shard: NumberedShard): (counter: number, timeMs: number) => string {
  const base = baseOf(shard);
  return (counter, timeMs) => format(base, BigInt(counter), timeMs);
}

/** The number before all records of the shard. */
export function startingSequenceNumber(shard: NumberedShard): string {
  return format(baseOf(shard), 0n, shard.createdSeconds * 1000);
}

/** The number behind all records of a shard that was closed at this time. */
export function endingSequenceNumber(shard: NumberedShard, closedMs: number): string {
  return format(baseOf(shard), endCounter, closedMs);
}

/** Undefined for a text that is not of this layout. */
export function parseSequenceNumber(text: string): SequenceNumber | undefined {
  if (text.length !== 56) return undefined;
  const match = layout.exec(BigInt(text).toString(16));
  if (!match) return undefined;
  const [, created = "", nibble = "", counter = "", index = ""] = match;
  if (nibble !== index.at(-1)) return undefined;
  const exact = BigInt(`0x${counter}`);
  return {
    createdSeconds: Number.parseInt(created, 16),
    shardIndex: Number.parseInt(index, 16),
    counter: exact > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(exact),
  };
}

function baseOf({ index, createdSeconds }: NumberedShard): bigint {
  const created = BigInt(clampSeconds(createdSeconds));
  return (2n << 184n) | (created << 148n) | (BigInt(index & 15) << 144n) | (BigInt(index) << 4n) | 2n;
}

function format(base: bigint, counter: bigint, timeMs: number): string {
  return (base | (counter << 80n) | (BigInt(clampSeconds(Math.floor(timeMs / 1000))) << 36n)).toString();
}

/** The layout has room for the years 1970 to 4147. */
function clampSeconds(seconds: number): number {
  return Math.max(0, Math.min(seconds, secondsLimit));
}

export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, "0")}`;
}

/** The index in a shard id, or undefined for a text that is none. */
export function shardIndexOf(shardId: string): number | undefined {
  return /^shardId-\d{12}$/.test(shardId) ? Number(shardId.slice(8)) : undefined;
}
