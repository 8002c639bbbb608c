/** The state of Scheduler: its tables, default groups, and client tokens. */

import { createHash } from "node:crypto";
import { formatArn } from "../../calls/arn.ts";
import { type OperationContext, operationsOf } from "../../calls/operation.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { Sweep } from "../../engine/sweep.ts";
import { conflict, groupDoesNotExist } from "./errors.ts";
import { GroupDeletions } from "./group-deletions.ts";
import { Invocations } from "./invocations.ts";
import { Runs } from "./runs.ts";
import { type GroupRow, groupTable, scheduleTable, type TokenRow, tokenTable } from "./tables.ts";

export const defaultGroup = "default";
/** How long a client token is remembered. */
const tokenLifeMs = 3_600_000;

export class Scheduler {
  readonly deps: ServiceDependencies;
  readonly groups;
  readonly schedules;
  readonly #tokens;
  readonly #expiredTokens: Sweep<TokenRow>;
  readonly invocations: Invocations;
  readonly runs: Runs;
  readonly groupDeletions: GroupDeletions;

  constructor(dependencies: ServiceDependencies) {
    const { store, clock } = dependencies;
    this.deps = dependencies;
    this.groups = store.table(groupTable);
    this.schedules = store.table(scheduleTable);
    const tokens = store.table(tokenTable);
    this.#tokens = tokens;
    this.#expiredTokens = new Sweep(store, clock, {
      first: (key) => tokens.by.expiry.first(key),
      endMs: (row) => row.expiresMs,
      drop: (row) => tokens.delete(row.key),
      keys: () => tokens.by.expiry.groups(),
    });
    this.invocations = new Invocations(this);
    this.runs = new Runs(this);
    this.groupDeletions = new GroupDeletions(this);
  }

  get now(): number {
    return this.deps.clock.now();
  }

  groupArn({ account, region }: Place, name: string): string {
    return formatArn("scheduler", region, account, `schedule-group/${name}`);
  }

  scheduleArn({ account, region }: Place, group: string, name: string): string {
    return formatArn("scheduler", region, account, `schedule/${group}/${name}`);
  }

  /**
   * A schedule group; `default` exists in every region from its first use. Inside a transaction.
   * @throws AwsError ResourceNotFoundException
   */
  group(place: Place, name: string): GroupRow {
    if (name === defaultGroup) this.makeDefaultGroup(place);
    const group = this.groups.get(this.groupArn(place, name));
    if (group === undefined) throw groupDoesNotExist(name);
    return group;
  }

  makeDefaultGroup(place: Place): void {
    if (!this.groups.has(this.groupArn(place, defaultGroup))) this.putNewGroup(place, defaultGroup, {});
  }

  putNewGroup({ account, region }: Place, name: string, tags: Readonly<Record<string, string>>): GroupRow {
    const arn = this.groupArn({ account, region }, name);
    const { now } = this;
    const group: GroupRow = { arn, account, region, name, state: "ACTIVE", createdMs: now, modifiedMs: now, tags };
    this.groups.put(group);
    return group;
  }

  /** The number of schedule groups in a region, `default` included. */
  groupCount({ account, region }: Place): number {
    return this.groups.by.name.size(placeKey({ account, region }));
  }

  /**
   * Carries out a request, unless it repeats one with the same client token, whose ARN it then returns.
   * @throws AwsError ConflictException for a token that was used for another request.
   */
  once(
    context: OperationContext<Scheduler>,
    operation: string,
    input: { readonly ClientToken?: string | undefined },
    run: () => string,
  ): string {
    const { ClientToken: token, ...asked } = input;
    if (token === undefined) return run();
    const { now } = this;
    const key = `${context.account}\n${context.region}\n${operation}\n${token}`;
    const request = createHash("sha256").update(JSON.stringify(asked)).digest("base64");
    const known = this.#tokens.get(key);
    if (known !== undefined && known.expiresMs > now) {
      if (known.request === request) return known.arn;
      throw conflict(`The client token ${token} was used before with other parameters.`);
    }
    const arn = run();
    const expiresMs = now + tokenLifeMs;
    this.#tokens.put({ key, account: context.account, request, arn, expiresMs });
    this.#expiredTokens.expect("", expiresMs);
    return arn;
  }
}

export const operation = operationsOf<Scheduler>();
