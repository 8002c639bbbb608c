import { isDeepStrictEqual } from "node:util";
import type { Key, Order } from "./table.ts";

/** An index's entries of one group, and its own count of them. */
export interface GroupEntries {
  readonly entries: readonly (readonly [Order, Key])[];
  readonly size: number;
}

/** Where an index's groups disagree with the rows, one sentence each. */
export function indexFaults(
  name: string,
  wanted: ReadonlyMap<string, readonly (readonly [Order, Key])[]>,
  held: ReadonlyMap<string, GroupEntries>,
): string[] {
  const faults: string[] = [];
  for (const [group, { entries, size }] of held) {
    const rows = wanted.get(group) ?? [];
    if (size !== rows.length) faults.push(`${name}: ${group} counts ${size}, ${rows.length} rows belong to it`);
    if (!isDeepStrictEqual(entries, rows)) faults.push(`${name}: ${group} holds ${entries}, the rows say ${rows}`);
  }
  for (const group of wanted.keys()) if (!held.has(group)) faults.push(`${name}: ${group} is missing`);
  return faults;
}

/** Where a table's rows on disk disagree with those in memory, one sentence each. */
export function diskFaults(name: string, memory: ReadonlyMap<Key, object>, onDisk: ReadonlyMap<Key, object>): string[] {
  const faults: string[] = [];
  for (const [key, row] of memory) {
    const kept = onDisk.get(key);
    if (kept === undefined) faults.push(`${name}: ${key} is not on disk`);
    else if (!isDeepStrictEqual(plain(kept), plain(row))) faults.push(`${name}: ${key} is another on disk`);
  }
  for (const key of onDisk.keys()) if (!memory.has(key)) faults.push(`${name}: ${key} is on disk only`);
  return faults;
}

/** The value without what storing it may change: undefined members, and the class of bytes. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}
