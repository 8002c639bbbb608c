/** Hints for a caller who did not find a resource: another account or region has one of that name. */
import type { AwsError } from "../../protocols/error.ts";
import { parseArn } from "./arn.ts";
import { type Place, placeKey } from "./place.ts";

export interface NamedResource extends Place {
  /** The usual word for it: `queue`, `state machine`. */
  readonly kind: string;
  readonly name: string;
}

/** How many resources a failed call searches at most. */
const maxLookedAt = 10_000;

/** Rows of one kind by their names. */
export function* named<Row extends Place>(
  kind: string,
  rows: Iterable<Row>,
  name: (row: Row) => string,
): IterableIterator<NamedResource> {
  for (const row of rows) yield { kind, name: name(row), account: row.account, region: row.region };
}

/**
 * One sentence that says where a resource exists that the caller's account lacks in its region.
 * @param asked what the call named: names, or ARNs that contain them.
 */
export function elsewhere(
  { name: error, status }: AwsError,
  asked: readonly string[],
  caller: Place,
  resources: readonly Iterable<NamedResource>[],
): string | undefined {
  const isLost = status === 404 || /NotFound|NotExist/.test(error);
  if (!isLost && asked.every((one) => (parseArn(one)?.region || caller.region) === caller.region)) return undefined;
  const names = new Set(asked.flatMap((one) => one.split(/[:/]/)));
  const here = placeKey(caller);
  const kindsHere = new Set<string>();
  let found: NamedResource | undefined;
  for (const one of firstOf(resources)) {
    if (!names.has(one.name)) continue;
    if (placeKey(one) === here) kindsHere.add(one.kind);
    else if (found === undefined || kindsHere.has(found.kind)) found = one;
  }
  if (found === undefined || kindsHere.has(found.kind)) return undefined;
  const { kind, name, account, region } = found;
  const article = /^[aeiou]/i.test(kind) ? "an" : "a";
  return `There is ${article} ${kind} ${name} in account ${account} and ${region}; this call was for account ${caller.account} and ${caller.region}.`;
}

function* firstOf(resources: readonly Iterable<NamedResource>[]): IterableIterator<NamedResource> {
  let left = maxLookedAt;
  for (const some of resources) {
    for (const one of some) {
      if (left === 0) return;
      left -= 1;
      yield one;
    }
  }
}
