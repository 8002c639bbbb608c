/** DescribeMapRun, ListMapRuns and UpdateMapRun. */
import {
  DescribeMapRun$,
  type DescribeMapRunCommand,
  ListMapRuns$,
  type ListMapRunsCommand,
  UpdateMapRun$,
  type UpdateMapRunCommand,
} from "@aws-sdk/client-sfn";
import { checkMapRunArn } from "../arns.ts";
import { resourceNotFound, validation } from "../errors.ts";
import { executionNamed } from "../executions/executions.ts";
import { pageOf, placeIn } from "../pages.ts";
import { operation, type StepFunctions } from "../stepfunctions.ts";
import { isUnsuccessful } from "./map-children.ts";
import type { MapChildStatus, MapRunRow } from "./map-run-tables.ts";

function mapRunNamed(service: StepFunctions, arn: string): MapRunRow {
  const run = service.mapRuns.runs.get(checkMapRunArn(arn));
  if (run === undefined) throw resourceNotFound();
  return run;
}

const statuses: readonly MapChildStatus[] = [
  "PENDING",
  "PENDING_REDRIVE",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "TIMED_OUT",
  "ABORTED",
];

/** The counts of a run, which may have a million children: where each must be looked up, others get turns in between. */
async function counts(service: StepFunctions, run: MapRunRow) {
  const { mapRuns, turns } = service;
  const { children } = mapRuns;
  const executions = Object.fromEntries(statuses.map((status) => [status, children.count(run.arn, status)]));
  const total = children.rows.by.run.size(run.arn);
  const batched = total !== run.totalItems;
  const items = { ...executions };
  let notRedrivable = 0;
  let itemsNotRedrivable = 0;
  // Successful children are most of them, so their items are calculated as the rest.
  let succeeded = run.totalItems;
  for (const status of statuses) {
    if (status === "SUCCEEDED") continue;
    const needsLookup = isUnsuccessful(status) && run.executionType === "STANDARD";
    if (batched || needsLookup) {
      let count = 0;
      for (const child of children.rows.by.status.range(`${run.arn} ${status}`)) {
        count += child.itemCount;
        if (needsLookup && !mapRuns.isRedrivable(run, child)) {
          notRedrivable += 1;
          itemsNotRedrivable += child.itemCount;
        }
        await turns.rest();
      }
      items[status] = count;
    }
    succeeded -= items[status] as number;
  }
  if (batched) items["SUCCEEDED"] = succeeded;
  const started = total - mapRuns.children.count(run.arn, "PENDING", "PENDING_REDRIVE");
  const shown = (of: Record<string, number>, all: number, resultsWritten: number, failuresNotRedrivable: number) => ({
    pending: of["PENDING"],
    running: of["RUNNING"],
    succeeded: of["SUCCEEDED"],
    failed: of["FAILED"],
    timedOut: of["TIMED_OUT"],
    aborted: of["ABORTED"],
    total: all,
    resultsWritten,
    failuresNotRedrivable,
    pendingRedrive: of["PENDING_REDRIVE"],
  });
  return {
    itemCounts: shown(items, run.totalItems, run.resultsWritten, itemsNotRedrivable),
    executionCounts: shown(executions, total, run.resultsWritten === 0 ? 0 : started, notRedrivable),
  };
}

export const describeMapRun = operation<DescribeMapRunCommand>(DescribeMapRun$, async (input, { service }) => {
  const run = mapRunNamed(service, input.mapRunArn as string);
  return {
    mapRunArn: run.arn,
    executionArn: run.execution,
    status: run.status,
    startDate: new Date(run.startedMs),
    stopDate: run.stoppedMs === undefined ? undefined : new Date(run.stoppedMs),
    maxConcurrency: run.maxConcurrency,
    toleratedFailurePercentage: run.toleratedFailurePercentage,
    toleratedFailureCount: run.toleratedFailureCount,
    ...(await counts(service, run)),
    redriveCount: run.redriveCount,
    redriveDate: run.redrivenMs === undefined ? undefined : new Date(run.redrivenMs),
  };
});

export const listMapRuns = operation<ListMapRunsCommand>(ListMapRuns$, (input, { service }) => {
  const { arn } = executionNamed(service, input.executionArn as string);
  const after = placeIn(input, "mapRuns", "number");
  const rows = service.mapRuns.runs.by.execution.range(arn, after === undefined ? {} : { gt: after });
  const { items, nextToken } = pageOf(input, "mapRuns", rows, ({ serial }) => serial);
  const mapRuns = items.map((run) => ({
    executionArn: run.execution,
    mapRunArn: run.arn,
    stateMachineArn: run.machine,
    startDate: new Date(run.startedMs),
    stopDate: run.stoppedMs === undefined ? undefined : new Date(run.stoppedMs),
  }));
  return { mapRuns, nextToken };
});

export const updateMapRun = operation<UpdateMapRunCommand>(UpdateMapRun$, (input, { service }) => {
  const run = mapRunNamed(service, input.mapRunArn as string);
  if (run.status !== "RUNNING") {
    throw validation("Cannot update a Map Run that has completed", "CANNOT_UPDATE_COMPLETED_MAP_RUN");
  }
  service.mapRuns.runs.put({
    ...run,
    maxConcurrency: input.maxConcurrency ?? run.maxConcurrency,
    toleratedFailurePercentage: input.toleratedFailurePercentage ?? run.toleratedFailurePercentage,
    toleratedFailureCount: input.toleratedFailureCount ?? run.toleratedFailureCount,
  });
  service.mapRuns.schedule(run.arn);
  return {};
});
