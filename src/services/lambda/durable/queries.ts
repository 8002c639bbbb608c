/** Operations that show durable executions, and StopDurableExecution. */
import {
  GetDurableExecution$,
  type GetDurableExecutionCommand,
  GetDurableExecutionHistory$,
  type GetDurableExecutionHistoryCommand,
  ListDurableExecutionsByFunction$,
  type ListDurableExecutionsByFunctionCommand,
  StopDurableExecution$,
  type StopDurableExecutionCommand,
} from "@aws-sdk/client-lambda";
import { takePage } from "../../../calls/page.ts";
import { notFound } from "../errors.ts";
import { type Lambda, operation } from "../lambda.ts";
import { nextMarker, positionIn } from "../pages.ts";
import { shownEvent } from "./history.ts";
import { describedExecution, shownExecution } from "./shown.ts";
import type { ExecutionRow } from "./tables.ts";

/** Maximum and default number of entries per page. */
const [maxOfPage, defaultPage] = [1000, 100];
const sizeOf = (asked: number | undefined) =>
  asked === undefined || asked === 0 ? defaultPage : Math.min(asked, maxOfPage);

export const getDurableExecution = operation<GetDurableExecutionCommand>(
  GetDurableExecution$,
  (input, { service, account }) => {
    const row = executionOf(service, input.DurableExecutionArn as string, account);
    return describedExecution(row, service.durable.state.textOf, input.IncludeExecutionData ?? true);
  },
);

export const getDurableExecutionHistory = operation<GetDurableExecutionHistoryCommand>(
  GetDurableExecutionHistory$,
  (input, { service, account }) => {
    const { state } = service.durable;
    const { arn } = executionOf(service, input.DurableExecutionArn as string, account);
    const after = positionIn(input.Marker)?.[0];
    const reverse = input.ReverseOrder === true;
    const from = after === undefined ? {} : reverse ? { lt: Number(after) } : { gt: Number(after) };
    const rows = state.histories.by.execution.range(arn, { ...from, reverse });
    const { items, more } = takePage(rows, sizeOf(input.MaxItems));
    const withData = input.IncludeExecutionData ?? true;
    return {
      Events: items.map((row) => shownEvent(row, withData ? state.textOf(row.payload) : undefined)),
      NextMarker: nextMarker(more, [items.at(-1)?.number ?? 0]),
    };
  },
);

export const listDurableExecutionsByFunction = operation<ListDurableExecutionsByFunctionCommand>(
  ListDurableExecutionsByFunction$,
  (input, context) => {
    const { service } = context;
    const { row: found, qualifier } = service.functionNamed(input.FunctionName, input.Qualifier, context);
    const version = qualifier === undefined ? undefined : service.target(input.FunctionName, input.Qualifier, context);
    const { DurableExecutionName: name, Statuses: statuses, StartedAfter: after, StartedBefore: before } = input;
    const position = positionIn(input.Marker)?.[0];
    // Latest first, unless reverse order is requested.
    const reverse = input.ReverseOrder !== true;
    const from = position === undefined ? {} : reverse ? { lt: Number(position) } : { gt: Number(position) };
    function* rows(): Iterable<ExecutionRow> {
      for (const row of service.durable.state.executions.by.function.range(found.arn, { ...from, reverse })) {
        if (version !== undefined && row.versionArn !== version.version.arn) continue;
        if (name !== undefined && row.name !== name) continue;
        if (statuses !== undefined && !statuses.includes(row.status)) continue;
        if (after !== undefined && row.startedMs < after.getTime()) continue;
        if (before !== undefined && row.startedMs > before.getTime()) continue;
        yield row;
      }
    }
    const { items, more } = takePage(rows(), sizeOf(input.MaxItems));
    return {
      DurableExecutions: items.map(shownExecution),
      NextMarker: nextMarker(more, [items.at(-1)?.serial ?? 0]),
    };
  },
);

export const stopDurableExecution = operation<StopDurableExecutionCommand>(
  StopDurableExecution$,
  (input, { service, account }) => {
    const row = executionOf(service, input.DurableExecutionArn as string, account);
    const ended = row.status === "RUNNING" ? service.durable.finish(row, "STOPPED", { error: input.Error ?? {} }) : row;
    return { StopTimestamp: new Date(ended.endedMs ?? service.now) };
  },
);

/** @throws AwsError ResourceNotFoundException */
function executionOf({ durable }: Lambda, arn: string, account: string): ExecutionRow {
  const row = durable.state.executions.get(arn);
  if (row === undefined || row.account !== account) throw notFound(`Durable execution not found: ${arn}`);
  return row;
}
