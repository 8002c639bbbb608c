/** Resources declared in a file, or passed to `createBusbar`, and created when they do not exist yet. */

import { AwsError } from "../../protocols/error.ts";
import { isObject } from "../../protocols/unknown-json.ts";
import { type CallAws, kinds, type Written } from "./resource-kinds.ts";

/**
 * Lists of resources by kind, each by its AWS property names: CloudFormation's or those of the call that makes it
 * (`{ queues: [{ QueueName: "orders", VisibilityTimeout: 30 }] }`). `${AWS::AccountId}` and `${AWS::Region}` are filled in.
 */
export interface Resources {
  readonly queues?: readonly object[];
  readonly topics?: readonly object[];
  readonly subscriptions?: readonly object[];
  readonly streams?: readonly object[];
  readonly buses?: readonly object[];
  readonly rules?: readonly object[];
  readonly stateMachines?: readonly object[];
  readonly schedules?: readonly object[];
}

export interface ResourceCaller {
  readonly account: string;
  readonly region: string;
  readonly call: CallAws;
}

/**
 * Creates what does not exist and updates what exists; applying it twice changes nothing.
 * @param where the file, for error messages.
 * @throws Error that names the entry.
 */
export async function createResources(resources: unknown, where: string, caller: ResourceCaller): Promise<void> {
  if (!isObject(resources)) throw new Error(`${where} must hold lists of resources: ${[...kinds.keys()].join(", ")}.`);
  const unknown = Object.keys(resources).find((name) => !kinds.has(name));
  if (unknown !== undefined)
    throw new Error(`${where} has ${unknown}; what it can have is ${[...kinds.keys()].join(", ")}.`);
  for (const [name, kind] of kinds) {
    const list = Object.hasOwn(resources, name) ? (resources[name] ?? []) : [];
    if (!Array.isArray(list)) throw new Error(`${where}: ${name} must be a list.`);
    const entries = list.map((entry: unknown, index) => {
      if (!isObject(entry)) throw new Error(`${where}: ${name}[${index}] must have properties.`);
      return { at: `${where}: ${name}[${index}]`, entry: filledIn(entry, caller) as Written };
    });
    if (kind.before !== undefined)
      entries.sort((a, b) => Number(kind.before?.(b.entry)) - Number(kind.before?.(a.entry)));
    for (const { at, entry } of entries) {
      try {
        await kind.make(entry, caller);
      } catch (error) {
        if (!(error instanceof AwsError) && !(error instanceof RangeError)) throw error;
        const told = error instanceof AwsError ? `${error.name}: ${error.message}` : error.message;
        throw new Error(`${at}: ${told}`);
      }
    }
  }
}

/** Fills account and region into every text of an entry. */
function filledIn(value: unknown, place: Pick<ResourceCaller, "account" | "region">): unknown {
  if (typeof value === "string") {
    return value.replaceAll("${AWS::AccountId}", place.account).replaceAll("${AWS::Region}", place.region);
  }
  if (Array.isArray(value)) return value.map((one) => filledIn(one, place));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filledIn(one, place)]));
}
