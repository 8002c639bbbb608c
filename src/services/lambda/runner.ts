/** Runs created functions: chooses the version, checks concurrency, and passes the event to a process. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { RecursiveInvocationException$ } from "@aws-sdk/client-lambda";
import { AwsError } from "../../../protocols/error.ts";
import { parseArn } from "../../calls/arn.ts";
import type { Invocation } from "../../calls/invocation.ts";
import type { Place } from "../../calls/place.ts";
import { sha256Hex } from "../../engine/digest.ts";
import { nameOf, qualifierOf } from "../../functions/names.ts";
import { filesSignature } from "../../functions/runtime/files-signature.ts";
import type { CodeRoots, RuntimeSpec } from "../../functions/runtime/launch.ts";
import { missingClient, missingInterpreter, needsClient } from "../../functions/runtime/requirements.ts";
import type { FoundFunction, FunctionAnswer, FunctionCall, FunctionProvider } from "../../functions/types.ts";
import { checkService } from "./access.ts";
import { conflict, functionNotFound, tooManyRequests } from "./errors.ts";
import type { Lambda, Target } from "./lambda.ts";
import { logOf, runtimeVersionOf } from "./shown.ts";
import type { FunctionRow, VersionRow } from "./tables.ts";

/** Concurrent executions per account (Lambda quotas). */
export const accountConcurrency = 1000;

/** Runs in one chain before the next is dropped (Lambda developer guide, "Recursive loop detection"). */
const maxRuns = 16;

/** What is under way for one function. */
interface Load {
  /** Not counting provisioned capacity. */
  shared: number;
  readonly provisioned: Map<string, number>;
}

export class Runner implements FunctionProvider {
  readonly #lambda: Lambda;
  readonly #loads = new Map<string, Load>();
  /** By row, since rows never change. */
  readonly #specs = new WeakMap<VersionRow, RuntimeSpec>();

  constructor(lambda: Lambda) {
    this.#lambda = lambda;
  }

  find(arn: string, invocation: Invocation): FoundFunction | undefined {
    const row = this.functionOf(arn, invocation);
    if (row === undefined) return undefined;
    const qualifier = qualifierOf(arn);
    const asked = qualifier === undefined ? row.arn : `${row.arn}:${qualifier}`;
    const target = this.#lambda.targetOf(row, qualifier, asked);
    const { account, region } = row;
    return {
      check: (asking) => checkService(this.#lambda, asked, account, asking),
      invoke: (call) => this.#invoke(target, { ...call, arn: asked }),
      accept: (call) => {
        checkService(this.#lambda, asked, account, call);
        const { payload, requestId, clientContext, executionName } = call;
        const event = { account, region, requestId, arn: asked, functionArn: row.arn, payload, clientContext };
        this.#lambda.take(target, { ...event, executionName });
      },
    };
  }

  /** The created function with an ARN or name. */
  functionOf(arn: string, place: Place): FunctionRow | undefined {
    const { region, account } = parseArn(arn) ?? place;
    return this.#lambda.functions.get(`arn:${partition(arn)}:lambda:${region}:${account}:function:${nameOf(arn)}`);
  }

  /** Ends the processes of a version that was changed or deleted. */
  retire(versionArn: string): void {
    this.#lambda.deps.runtime.pools.retire(`${versionArn} `);
  }

  /** Starts processes of a version ahead of events. */
  warm(version: VersionRow, count: number): void {
    const spec = { ...this.#specOf(version), initialization: "provisioned-concurrency" as const };
    this.#lambda.deps.runtime.pools.warm(spec, count);
  }

  /**
   * Once the code is there, reports what keeps it from running here: it is deployed all the same, and callers get an
   * error.
   */
  warnOfLacks(version: VersionRow): void {
    const { runtime, prepare } = this.#specOf(version);
    const warn = (lack: string | undefined) => {
      if (lack !== undefined) process.emitWarning(`${version.name} cannot run here: ${lack}`);
    };
    const interpreter = missingInterpreter(runtime);
    warn(interpreter);
    if (interpreter !== undefined || !needsClient(runtime)) return;
    this.#lambda.deps.store.afterCommit(() => {
      prepare().then(
        (roots) => warn(missingClient(runtime, roots)),
        // Code that cannot be unpacked is reported by the first invocation.
        () => {},
      );
    });
  }

  /** How many executions of the account may still start. */
  unreserved(account: string): number {
    let left = accountConcurrency;
    for (const row of this.#lambda.functions.values()) {
      if (row.account === account) left -= row.reservedConcurrency ?? 0;
    }
    return left;
  }

  async #invoke(target: Target, call: FunctionCall): Promise<FunctionAnswer> {
    checkService(this.#lambda, target.arn, target.function.account, call);
    const version = this.chosen(target);
    this.checkReady(version);
    if (version.settings.DurableConfig === undefined) return this.run(version, call);
    this.#lambda.durable.check(version, qualifierOf(target.arn) !== undefined, true);
    return this.#lambda.durable.invoke(version, call);
  }

  /** Runs a version in a process. @throws AwsError TooManyRequestsException */
  async run(version: VersionRow, call: FunctionCall): Promise<FunctionAnswer> {
    const row = this.#lambda.functions.get(version.functionArn);
    if (row === undefined) throw functionNotFound(version.functionArn);
    const trace = this.#traceOf(row, call.invocation.trace);
    const leave = this.#enter(row, version);
    try {
      return await this.#lambda.deps.runtime.invoke(this.#specOf(version), call, trace);
    } finally {
      leave();
    }
  }

  /** @throws AwsError ResourceConflictException for a function that is being created. */
  checkReady({ isPending }: VersionRow): void {
    if (!isPending) return;
    throw conflict(
      "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    );
  }

  /**
   * The trace of a run, with its position in a chain of runs that cause each other; SDKs in functions pass it on.
   * @throws AwsError RecursiveInvocationException for one run too many.
   */
  #traceOf({ arn, recursiveLoop }: FunctionRow, trace: string): string {
    const before = Number(/;Lineage=(\d+):/.exec(trace)?.[1] ?? 0);
    if (before >= maxRuns && recursiveLoop !== "Allow") {
      throw AwsError.of(RecursiveInvocationException$, "Recursive invocation detected.", { Type: "User" });
    }
    const id = sha256Hex(arn).slice(0, 8);
    return `${trace.replace(/;Lineage=[^;]*/, "")};Lineage=${before + 1}:${id}:${before}`;
  }

  /** The version to run; an alias with weights sends its share to another one. */
  chosen({ alias, version, function: { arn } }: Target): VersionRow {
    const [other] = Object.entries(alias?.weights ?? {});
    if (other === undefined || this.#lambda.deps.random.float() >= other[1]) return version;
    return this.#lambda.versions.get(`${arn}:${other[0]}`) ?? version;
  }

  /**
   * Takes a slot of the concurrency limit; the returned function releases it.
   * @throws AwsError TooManyRequestsException
   */
  #enter(row: FunctionRow, version: VersionRow): () => void {
    let load = this.#loads.get(row.arn);
    if (load === undefined) this.#loads.set(row.arn, (load = { shared: 0, provisioned: new Map() }));
    const own = load;
    const { versionCapacity, total } = this.#capacityOf(row, version);
    const busy = own.provisioned.get(version.version) ?? 0;
    if (busy < versionCapacity) {
      own.provisioned.set(version.version, busy + 1);
      return () => own.provisioned.set(version.version, (own.provisioned.get(version.version) ?? 1) - 1);
    }
    const { reservedConcurrency: reserved } = row;
    if (reserved !== undefined && own.shared >= reserved - total) {
      throw tooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded");
    }
    if (reserved === undefined && this.#inFlight() >= accountConcurrency) {
      throw tooManyRequests("ConcurrentInvocationLimitExceeded");
    }
    own.shared += 1;
    return () => {
      own.shared -= 1;
      if (own.shared === 0 && own.provisioned.size === 0) this.#loads.delete(row.arn);
    };
  }

  #inFlight(): number {
    let count = 0;
    for (const { shared } of this.#loads.values()) count += shared;
    return count;
  }

  #capacityOf(row: FunctionRow, { version }: VersionRow): { versionCapacity: number; total: number } {
    let [versionCapacity, total] = [0, 0];
    for (const config of this.#lambda.provisioned.by.function.range(row.arn)) {
      total += config.requested;
      if (config.version === version) versionCapacity += config.requested;
    }
    return { versionCapacity, total };
  }

  #specOf(row: VersionRow): RuntimeSpec {
    const known = this.#specs.get(row);
    if (known !== undefined && row.code.directory === undefined) return known;
    const { settings, code, layers, name, version, account, region } = row;
    const log = logOf(row);
    const files = code.directory === undefined ? code.sha256 : filesSignature(code.directory);
    const digest = createHash("sha256")
      .update(JSON.stringify([settings, files, layers]))
      .digest("hex");
    const key = `${row.arn} ${digest}`;
    if (known !== undefined && known.key !== key) this.retire(row.arn);
    const spec: RuntimeSpec = {
      key,
      name,
      version,
      account,
      region,
      runtime: settings.Runtime ?? "",
      runtimeVersionArn: runtimeVersionOf(row),
      handler: settings.Handler ?? "",
      memoryMb: settings.MemorySize ?? 128,
      timeoutMs: (settings.Timeout ?? 3) * 1000,
      variables: settings.Variables ?? {},
      logGroup: log.group,
      isJsonLog: log.isJson,
      prepare: () => this.#prepare(row),
    };
    this.#specs.set(row, spec);
    return spec;
  }

  async #prepare({ code, layers }: VersionRow): Promise<CodeRoots> {
    const { codes } = this.#lambda;
    return {
      task: code.directory === undefined ? await codes.unpacked([code.id]) : join(code.directory),
      layers: layers.length === 0 ? undefined : await codes.unpacked(layers.map(({ codeId }) => codeId)),
    };
  }
}

function partition(arn: string): string {
  return parseArn(arn)?.partition ?? "aws";
}
