/** The state of Lambda: its tables, and what all operations on functions share. */
import { parseArn, partitionOf } from "../../calls/arn.ts";
import type { Invocation } from "../../calls/invocation.ts";
import { operationsOf } from "../../calls/operation.ts";
import type { Place } from "../../calls/place.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { qualifierOf } from "../../functions/names.ts";
import type { InvokeOptions } from "../../functions/types.ts";
import { CodeStore } from "./code-store.ts";
import { heldCodeTable, layerTable, layerVersionTable } from "./code-tables.ts";
import { DurableExecutions } from "./durable/executions.ts";
import { conflict, functionNotFound, notFound, staleRevision } from "./errors.ts";
import { EventSources } from "./event-sources/event-sources.ts";
import { Events, type TakenEvent } from "./events.ts";
import { isVersion, type Named, parseName } from "./names.ts";
import { Runner } from "./runner.ts";
import {
  type AliasRow,
  aliasTable,
  type CodePlace,
  capacityProviderTable,
  codeSigningTable,
  type FunctionRow,
  functionTable,
  invokeConfigTable,
  latest,
  policyTable,
  provisionedTable,
  type UrlRow,
  urlTable,
  type VersionRow,
  versionTable,
} from "./tables.ts";
import type { Tagged } from "./tags.ts";
import { codePath } from "./url-places.ts";

/** How long functions stay Pending or InProgress when AWS's delays are imitated, in ms of the clock. */
const settlingMs = 2000;

interface Accepted extends Place {
  readonly requestId: string;
  readonly invocation: Invocation;
}

/** A version as a request names it: directly, or through an alias. */
export interface Target {
  readonly function: FunctionRow;
  readonly version: VersionRow;
  readonly alias?: AliasRow | undefined;
  /** As requested. */
  readonly arn: string;
}

export class Lambda {
  readonly deps: ServiceDependencies;
  readonly functions;
  readonly versions;
  readonly aliases;
  readonly policies;
  readonly urls;
  readonly invokeConfigs;
  readonly provisioned;
  readonly layers;
  readonly layerVersions;
  readonly codeSigning;
  readonly heldCodes;
  readonly capacityProviders;
  readonly codes: CodeStore;
  readonly runner: Runner;
  readonly eventSources: EventSources;
  readonly events: Events;
  readonly durable: DurableExecutions;
  /** Finds tagged resources that are not functions: event source mappings. */
  readonly taggedElsewhere: ((arn: string) => Tagged | undefined)[] = [];

  constructor(dependencies: ServiceDependencies) {
    const { store, clock, timers, functions, processes } = dependencies;
    this.deps = dependencies;
    this.functions = store.table(functionTable);
    this.versions = store.table(versionTable);
    this.aliases = store.table(aliasTable);
    this.policies = store.table(policyTable);
    this.urls = store.table(urlTable);
    this.invokeConfigs = store.table(invokeConfigTable);
    this.provisioned = store.table(provisionedTable);
    this.layers = store.table(layerTable);
    this.layerVersions = store.table(layerVersionTable);
    this.codeSigning = store.table(codeSigningTable);
    this.heldCodes = store.table(heldCodeTable);
    this.capacityProviders = store.table(capacityProviderTable);
    this.codes = new CodeStore(store, clock.turns, processes);
    this.runner = new Runner(this);
    this.eventSources = new EventSources(dependencies, (functionArn) => this.#roleOf(functionArn));
    this.taggedElsewhere.push((arn) => this.eventSources.tagged(arn));
    functions.provide(this.runner);
    this.events = new Events(this);
    this.durable = new DurableExecutions(this);
    timers.on("lambda.settle", ({ payload }) => this.#settle(payload as string));
  }

  get now(): number {
    return this.deps.clock.now();
  }

  newRevision(): string {
    return this.deps.random.fork("revisions").uuid();
  }

  /**
   * Accepts an event to run later. Inside a transaction.
   * @param arn with the requested qualifier.
   * @returns the ARN of the execution that a durable function has started.
   * @throws AwsError ResourceConflictException for a function that is being created.
   */
  accept(
    arn: string,
    payload: string,
    { account, region, requestId, invocation }: Accepted,
    { clientContext, executionName }: Pick<InvokeOptions, "clientContext" | "executionName">,
  ): string | undefined {
    const row = this.runner.functionOf(arn, invocation);
    if (row !== undefined) {
      const target = this.targetOf(row, qualifierOf(arn), arn);
      this.runner.checkReady(target.version);
      const owner = { account: row.account, region: row.region };
      const event = { ...owner, requestId, arn, functionArn: row.arn, payload, clientContext };
      return this.take(target, { ...event, executionName });
    }
    // A function served by somebody else has no row, and no settings here.
    const order = { account, region, service: "lambda", source: arn, target: arn, payload, retry: { phases: [] } };
    this.deps.delivery.submit({ ...order, kind: "lambda", parameters: {} });
    return undefined;
  }

  /**
   * Stores an event for later, or starts a durable function's execution, whose ARN it returns. Inside a transaction.
   */
  take(target: Target, event: TakenEvent & Pick<InvokeOptions, "executionName">): string | undefined {
    const { executionName, ...taken } = event;
    const version = this.runner.chosen(target);
    if (version.settings.DurableConfig === undefined) {
      this.events.accept(taken);
      return undefined;
    }
    this.durable.check(version, qualifierOf(target.arn) !== undefined, false);
    return this.durable.start(version, event).arn;
  }

  /** @throws AwsError ResourceNotFoundException, and what `parseName` throws. */
  functionNamed(text: string | undefined, qualifier: string | undefined, place: Place): Named & { row: FunctionRow } {
    const named = parseName(text as string, qualifier, place);
    const row = this.functions.get(named.arn);
    if (row === undefined) throw functionNotFound(named.asked);
    return { ...named, row };
  }

  /** The version that a request is about. @throws AwsError ResourceNotFoundException */
  target(text: string | undefined, qualifier: string | undefined, place: Place): Target {
    const named = this.functionNamed(text, qualifier, place);
    return this.targetOf(named.row, named.qualifier, named.asked);
  }

  targetOf(row: FunctionRow, qualifier: string | undefined, asked: string): Target {
    const alias =
      qualifier === undefined || isVersion(qualifier) ? undefined : this.aliases.get(`${row.arn}:${qualifier}`);
    if (qualifier !== undefined && !isVersion(qualifier) && alias === undefined) {
      throw notFound(`Cannot find alias arn: ${asked}`);
    }
    const version = this.versions.get(`${row.arn}:${alias?.version ?? qualifier ?? latest}`);
    if (version === undefined) throw functionNotFound(asked);
    return { function: row, version, alias, arn: asked };
  }

  latestOf({ arn }: FunctionRow): VersionRow {
    return this.versions.get(`${arn}:${latest}`) as VersionRow;
  }

  /** @throws AwsError PreconditionFailedException */
  checkRevision(given: string | undefined, row: { readonly revisionId: string }): void {
    if (given !== undefined && given !== row.revisionId) throw staleRevision("GetFunction/GetAlias");
  }

  /** @throws AwsError ResourceConflictException while the function is changing. */
  checkIdle({ isUpdating, isPending, functionArn }: VersionRow): void {
    if (!isUpdating && !isPending) return;
    throw conflict(
      `The operation cannot be performed at this time. An update is in progress for resource: ${functionArn}`,
    );
  }

  /** Stores a version together with the state change that takes time on AWS. Inside a transaction. */
  putChanging(row: VersionRow): VersionRow {
    const { strict } = this.deps.options;
    const kept = strict ? row : { ...row, isPending: false, isUpdating: false };
    this.putVersion(kept);
    if (strict) {
      const { arn, account } = row;
      this.deps.timers.schedule({
        id: `lambda.settle ${arn}`,
        account,
        dueMs: this.now + settlingMs,
        kind: "lambda.settle",
        payload: arn,
      });
    }
    return kept;
  }

  /** Stores a version, and releases the code and layers that it had. Inside a transaction. */
  putVersion(row: VersionRow): void {
    const before = this.versions.get(row.arn);
    this.versions.put(row);
    row.layers.forEach(({ codeId }, place) => {
      this.heldCodes.put({ key: `${row.arn}\n${place}`, account: row.account, codeId });
    });
    if (before === undefined) return;
    for (let place = row.layers.length; place < before.layers.length; place++) {
      this.heldCodes.delete(`${row.arn}\n${place}`);
    }
    this.#release(before);
    if (before.code !== row.code || before.settings !== row.settings || before.layers !== row.layers) {
      this.deps.store.afterCommit(() => this.runner.retire(row.arn));
    }
  }

  deleteVersion(row: VersionRow): void {
    this.versions.delete(row.arn);
    row.layers.forEach((_, place) => {
      this.heldCodes.delete(`${row.arn}\n${place}`);
    });
    this.#release(row);
    this.deps.timers.cancel(`lambda.settle ${row.arn}`);
    this.deps.store.afterCommit(() => this.runner.retire(row.arn));
  }

  /** Deletes a function with everything that belongs to it. Inside a transaction. */
  deleteFunction(row: FunctionRow): void {
    const { arn } = row;
    for (const version of this.versions.by.number.range(arn)) {
      this.deleteVersion(version);
      this.deleteQualified(version.arn);
    }
    for (const alias of this.aliases.by.name.range(arn)) {
      this.aliases.delete(alias.arn);
      this.deleteQualified(alias.arn);
    }
    this.deleteQualified(arn);
    this.functions.delete(arn);
  }

  /** Deletes what belongs to a function itself, a version or an alias. Inside a transaction. */
  deleteQualified(arn: string): void {
    this.policies.delete(arn);
    this.urls.delete(arn);
    this.invokeConfigs.delete(arn);
    this.provisioned.delete(arn);
  }

  /** The URL at which a client downloads a zip. */
  codeUrl(origin: string, { id }: Pick<CodePlace, "id">): string {
    return `${origin}${codePath}${encodeURIComponent(Buffer.from(id).toString("base64url"))}`;
  }

  /** A function's URL: under a host name that resolves to this machine, at the port that clients use. */
  functionUrl({ urlId, region }: UrlRow, origin: string): string {
    const { protocol, port } = new URL(origin);
    return `${protocol}//${urlId}.lambda-url.${region}.localhost.localstack.cloud${port === "" ? "" : `:${port}`}/`;
  }

  #release({ code, layers }: VersionRow): void {
    this.codes.release(code.id);
    for (const { codeId } of layers) this.codes.release(codeId);
  }

  /** The execution role of a function; a made-up one for a function that is not ours to run. */
  #roleOf(functionArn: string): string {
    const place = parseArn(functionArn) ?? { account: "", region: "" };
    const row = this.runner.functionOf(functionArn, place);
    const role = row === undefined ? undefined : this.latestOf(row)?.settings.Role;
    return role ?? `arn:${partitionOf(place.region)}:iam::${place.account}:role/lambda`;
  }

  #settle(arn: string): void {
    const row = this.versions.get(arn);
    if (row === undefined) return;
    this.versions.put({ ...row, isPending: false, isUpdating: false, revisionId: this.newRevision() });
  }
}

export const operation = operationsOf<Lambda>();
