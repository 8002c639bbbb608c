/** Executions: start, describe, list, stop, redrive. */
import {
  DescribeExecution$,
  type DescribeExecutionCommand,
  DescribeStateMachineForExecution$,
  type DescribeStateMachineForExecutionCommand,
  ListExecutions$,
  type ListExecutionsCommand,
  RedriveExecution$,
  type RedriveExecutionCommand,
  StartExecution$,
  type StartExecutionCommand,
  StartSyncExecution$,
  type StartSyncExecutionCommand,
  StopExecution$,
  type StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { encodeToken, filtered, takePage } from "../../../calls/page.ts";
import type { Bounds } from "../../../engine/table.ts";
import { checkExecutionArn, checkMapRunArn, machineArnOf } from "../arns.ts";
import { errorDetails } from "../asl/history.ts";
import { writeJson } from "../asl/json.ts";
import {
  executionAlreadyExists,
  executionDoesNotExist,
  machineDoesNotExist,
  notRedrivable,
  resourceNotFound,
  typeNotSupported,
  validation,
} from "../errors.ts";
import { shownLogging } from "../machines/configurations.ts";
import { referencesOf } from "../machines/state-machines.ts";
import { placeIn } from "../pages.ts";
import { operation, type StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { payloadsOf } from "./execution-row.ts";
import { redriveState } from "./redrive-state.ts";
import { chooseRevision, inputOf, newExecution } from "./start.ts";

export const startExecution = operation<StartExecutionCommand>(StartExecution$, (input, context) => {
  const { service } = context;
  const chosen = chooseRevision(service, input.stateMachineArn as string);
  const row = newExecution(context, chosen, input);
  const value = inputOf(row.input);
  if (chosen.machine.type === "EXPRESS") {
    service.deps.store.afterCommit(() => service.express.start(row, value, () => {}));
    return { executionArn: row.arn, startDate: new Date(row.startedMs) };
  }
  const existing = service.runner.executions.get(row.arn);
  if (existing) {
    if (existing.status !== "RUNNING" || service.runner.texts.read(existing.input) !== row.input)
      throw executionAlreadyExists(row.arn);
    return { executionArn: existing.arn, startDate: new Date(existing.startedMs) };
  }
  service.runner.start(row, value);
  return { executionArn: row.arn, startDate: new Date(row.startedMs) };
});

export const startSyncExecution = operation<StartSyncExecutionCommand>(StartSyncExecution$, (input, context) => {
  const { service } = context;
  const chosen = chooseRevision(service, input.stateMachineArn as string);
  if (chosen.machine.type === "STANDARD") throw typeNotSupported();
  const row = newExecution(context, chosen, input);
  const value = inputOf(row.input);
  const metadataOnly = input.includedData === "METADATA_ONLY";
  let ended: ExecutionRow | undefined;
  let tell: ((row: ExecutionRow) => void) | undefined;
  const onEnd = (end: ExecutionRow) => {
    ended = end;
    tell?.(end);
  };
  service.express.start(row, value, onEnd, true);
  if (ended !== undefined) return syncResult(service, ended, metadataOnly);
  return new Promise<ExecutionRow>((resolve) => {
    tell = resolve;
  }).then((end) => syncResult(service, end, metadataOnly));
});

function syncResult(service: StepFunctions, row: ExecutionRow, metadataOnly: boolean) {
  const { input, output } = payloadsOf(service, row);
  const { status, error, cause, startedMs, stoppedMs = startedMs } = row;
  const details = { included: !metadataOnly };
  const durationMs = Math.max(100, Math.ceil((stoppedMs - startedMs) / 100) * 100);
  return {
    executionArn: row.arn,
    stateMachineArn: row.machine,
    name: row.name,
    startDate: new Date(startedMs),
    stopDate: new Date(stoppedMs),
    status: (status === "ABORTED" ? "FAILED" : status) as "SUCCEEDED" | "FAILED" | "TIMED_OUT",
    error,
    cause: metadataOnly ? undefined : cause,
    input: metadataOnly ? undefined : input,
    inputDetails: details,
    output: metadataOnly ? undefined : output,
    outputDetails: details,
    traceHeader: row.traceHeader,
    billingDetails: { billedMemoryUsedInMB: 64, billedDurationInMilliseconds: durationMs },
  };
}

/** @throws AwsError InvalidArn, ExecutionDoesNotExist */
export function executionNamed(service: StepFunctions, arn: string): ExecutionRow {
  const row = service.runner.executions.get(checkExecutionArn(arn));
  if (row === undefined) throw executionDoesNotExist(arn);
  return row;
}

export const describeExecution = operation<DescribeExecutionCommand>(DescribeExecution$, (input, { service }) => {
  const row = executionNamed(service, input.executionArn as string);
  const metadataOnly = input.includedData === "METADATA_ONLY";
  const { input: given, output } = metadataOnly ? {} : payloadsOf(service, row);
  const redrive = redriveState(service, row);
  const details = { included: !metadataOnly };
  return {
    executionArn: row.arn,
    stateMachineArn: row.machine,
    stateMachineVersionArn: row.versionArn,
    stateMachineAliasArn: row.aliasArn,
    name: row.name,
    status: row.status,
    startDate: new Date(row.startedMs),
    stopDate: row.stoppedMs === undefined ? undefined : new Date(row.stoppedMs),
    input: given,
    inputDetails: details,
    output,
    outputDetails: row.output === undefined ? undefined : details,
    traceHeader: row.traceHeader,
    mapRunArn: row.mapRun,
    error: row.error,
    cause: metadataOnly ? undefined : row.cause,
    redriveCount: row.redriveCount,
    redriveDate: row.redrivenMs === undefined ? undefined : new Date(row.redrivenMs),
    redriveStatus: redrive.status,
    redriveStatusReason: redrive.reason,
  };
});

export const describeStateMachineForExecution = operation<DescribeStateMachineForExecutionCommand>(
  DescribeStateMachineForExecution$,
  (input, { service }) => {
    const row = executionNamed(service, input.executionArn as string);
    const revision = service.revisionOf(row.revision);
    const { label } = machineArnOf(row.machine);
    const metadataOnly = input.includedData === "METADATA_ONLY";
    return {
      stateMachineArn: row.machine,
      name: service.machineNameOf(row),
      definition: metadataOnly ? "{}" : definitionOf(service, row),
      roleArn: revision.roleArn,
      updateDate: new Date(revision.updatedMs),
      loggingConfiguration: shownLogging(revision.logging),
      tracingConfiguration: { enabled: revision.tracing },
      revisionId: revision.revisionId,
      mapRunArn: row.mapRun,
      label,
      encryptionConfiguration: revision.encryption,
      variableReferences: metadataOnly ? undefined : referencesOf(service, revision),
    };
  },
);

/** The definition that an execution runs; for a child of a map run, the Map's item processor. */
function definitionOf(service: StepFunctions, row: ExecutionRow): string {
  const { definition, key } = service.revisionOf(row.revision);
  if (row.mapState === undefined) return definition;
  const { fields } = service.machineOf({ revision: key, mapState: undefined }).states.get(row.mapState) ?? {};
  return writeJson(fields?.["ItemProcessor"] ?? fields?.["Iterator"] ?? {});
}

export const listExecutions = operation<ListExecutionsCommand>(ListExecutions$, (input, { service }) => {
  const { stateMachineArn, mapRunArn, statusFilter, redriveFilter } = input;
  if ((stateMachineArn === undefined) === (mapRunArn === undefined)) {
    throw validation("Must provide exactly one of the following parameters: stateMachineArn, mapRunArn");
  }
  if (stateMachineArn !== undefined && (statusFilter === "PENDING_REDRIVE" || redriveFilter !== undefined)) {
    throw validation("PENDING_REDRIVE and redriveFilter can only be used with mapRunArn");
  }
  const list = `executions ${stateMachineArn ?? mapRunArn} ${statusFilter ?? ""} ${redriveFilter ?? ""}`;
  const before = placeIn(input, list, "number");
  const bounds: Bounds = { reverse: true, ...(before === undefined ? {} : { lt: before }) };
  const rows =
    mapRunArn === undefined
      ? executionsOfMachine(service, stateMachineArn as string, statusFilter, bounds)
      : executionsOfMapRun(service, mapRunArn, statusFilter, bounds);
  const wanted = filtered(rows, ({ redriveCount }) =>
    redriveFilter === undefined ? true : redriveFilter === "REDRIVEN" ? redriveCount > 0 : redriveCount === 0,
  );
  const { items, more } = takePage(wanted, input.maxResults || 100);
  const last = items.at(-1);
  const executions = items.map((row) => ({
    executionArn: row.arn,
    stateMachineArn: row.machine,
    stateMachineVersionArn: row.versionArn,
    stateMachineAliasArn: row.aliasArn,
    name: row.name,
    status: row.status,
    startDate: new Date(row.startedMs),
    stopDate: row.stoppedMs === undefined ? undefined : new Date(row.stoppedMs),
    mapRunArn: row.mapRun,
    itemCount: row.itemCount,
    redriveCount: row.redriveCount,
    redriveDate: row.redrivenMs === undefined ? undefined : new Date(row.redrivenMs),
  }));
  return { executions, nextToken: more && last ? encodeToken([list, last.serial]) : undefined };
});

function executionsOfMachine(
  service: StepFunctions,
  given: string,
  status: string | undefined,
  bounds: Bounds,
): Iterable<ExecutionRow> {
  const { arn, qualifier } = machineArnOf(given);
  const machine = service.machines.get(arn);
  if (machine === undefined) throw machineDoesNotExist(given);
  if (machine.type === "EXPRESS") throw typeNotSupported();
  const { by } = service.runner.executions;
  if (qualifier === undefined) {
    return status === undefined ? by.machine.range(arn, bounds) : by.machineStatus.range(`${arn} ${status}`, bounds);
  }
  const isVersion = service.versions.has(given);
  if (!isVersion && !service.aliases.has(given)) throw machineDoesNotExist(given);
  const rows = (isVersion ? by.version : by.alias).range(given, bounds);
  return filtered(rows, (row) => status === undefined || row.status === status);
}

function executionsOfMapRun(
  service: StepFunctions,
  arn: string,
  status: string | undefined,
  bounds: Bounds,
): Iterable<ExecutionRow> {
  if (!service.mapRuns.runs.has(checkMapRunArn(arn))) throw resourceNotFound();
  const { by } = service.runner.executions;
  return status === undefined ? by.mapRun.range(arn, bounds) : by.mapRunStatus.range(`${arn} ${status}`, bounds);
}

export const stopExecution = operation<StopExecutionCommand>(StopExecution$, (input, { service }) => {
  const row = executionNamed(service, input.executionArn as string);
  if (row.status === "RUNNING") {
    service.signal(row.arn, { type: "abort", ...errorDetails(input.error, input.cause) });
  }
  const stopped = service.runner.executions.get(row.arn);
  return { stopDate: new Date(stopped?.stoppedMs ?? service.now) };
});

/** How many client tokens of redrives are kept, and for how long. */
const keptTokens = 10;
const tokenMs = 15 * 60_000;

export const redriveExecution = operation<RedriveExecutionCommand>(RedriveExecution$, (input, { service }) => {
  const row = executionNamed(service, input.executionArn as string);
  const now = service.now;
  const known = row.redriveTokens.filter(({ atMs }) => now - atMs < tokenMs);
  const repeated = known.find(({ token }) => token === input.clientToken);
  if (repeated !== undefined) return { redriveDate: new Date(repeated.atMs) };
  const { status, reason } = redriveState(service, row);
  if (status === "NOT_REDRIVABLE") throw notRedrivable(reason as string);
  if (status === "REDRIVABLE_BY_MAP_RUN") {
    throw notRedrivable("Execution is a child of a Map Run and can only be redriven by redriving its parent execution");
  }
  const tokens = input.clientToken === undefined ? known : [...known, { token: input.clientToken, atMs: now }];
  service.runner.redrive({
    ...row,
    status: "RUNNING",
    stoppedMs: undefined,
    error: undefined,
    cause: undefined,
    redriveCount: row.redriveCount + 1,
    redrivenMs: now,
    redriveTokens: tokens.slice(-keptTokens),
  });
  return { redriveDate: new Date(now) };
});
