/** The state of Scheduler: its tables, the groups every region has, and requests that may be repeated. */
import { createHash } from "node:crypto";
import { formatArn } from "../../calls/arn.ts";
import { type OperationContext, operationsOf } from "../../calls/operation.ts";
import { takePage } from "../../calls/page.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { conflict, groupDoesNotExist } from "./errors.ts";
import { GroupDeletions } from "./group-deletions.ts";
import { Invocations } from "./invocations.ts";
import { Runs } from "./runs.ts";
import { type GroupRow, groupTable, placeOf, scheduleTable, tokenTable } from "./tables.ts";

export const defaultGroup = "default";
/** How long a client token is remembered. */
const tokenLifeMs = 3_600_000;
/** Old tokens dropped with each request, so that none pays for a long time of many. */
const mostForgotten = 100;

export interface Place {
  readonly account: string;
  readonly region: string;
}

export class Scheduler {
  readonly deps: ServiceDependencies;
  readonly groups;
  readonly schedules;
  readonly #tokens;
  readonly invocations: Invocations;
  readonly runs: Runs;
  readonly groupDeletions: GroupDeletions;

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.groups = store.table(groupTable);
    this.schedules = store.table(scheduleTable);
    this.#tokens = store.table(tokenTable);
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
   * A schedule group; `default` is there in every region from the first look at it. Inside a transaction.
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
    return this.groups.by.name.size(placeOf(account, region));
  }

  /**
   * Carries out a request, or when it repeats one of the same client token answers that one's ARN.
   * @throws AwsError ConflictException for a token that came with another request.
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
    for (const { key } of takePage(this.#tokens.by.expiry.range("", { lte: now }), mostForgotten).items) {
      this.#tokens.delete(key);
    }
    const key = `${context.account}\n${context.region}\n${operation}\n${token}`;
    const request = createHash("sha256").update(JSON.stringify(asked)).digest("base64");
    const known = this.#tokens.get(key);
    if (known !== undefined && known.expiresMs > now) {
      if (known.request === request) return known.arn;
      throw conflict(`The client token ${token} was used before with other parameters.`);
    }
    const arn = run();
    this.#tokens.put({ key, account: context.account, request, arn, expiresMs: now + tokenLifeMs });
    return arn;
  }
}

export const operation = operationsOf<Scheduler>();
