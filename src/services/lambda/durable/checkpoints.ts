/** What functions call while they run: CheckpointDurableExecution and GetDurableExecutionState. */
import {
  CheckpointDurableExecution$,
  type CheckpointDurableExecutionCommand,
  GetDurableExecutionState$,
  type GetDurableExecutionStateCommand,
} from "@aws-sdk/client-lambda";
import { invalidParameter } from "../errors.ts";
import { type Lambda, operation } from "../lambda.ts";
import { shownOperation } from "./shown.ts";
import { type ExecutionRow, type OperationRow, partKey } from "./tables.ts";
import { checkpointToken, checkToken } from "./tokens.ts";
import { type Update, updated } from "./updates.ts";

export const checkpointDurableExecution = operation<CheckpointDurableExecutionCommand>(
  CheckpointDurableExecution$,
  (input, { service }) => {
    const { state } = service.durable;
    const { ClientToken: clientToken, CheckpointToken: token } = input;
    const found = state.executions.get(input.DurableExecutionArn as string);
    const last = found?.lastCheckpoint;
    if (found !== undefined && last !== undefined && last.clientToken === clientToken) {
      if (token === checkpointToken(found.arn, last.token)) return answerOf(service, found, []);
    }
    const before = checkToken(found, token as string);
    const touched: string[] = [];
    let row = before;
    for (const update of input.Updates ?? []) {
      row = applied(service, row, update);
      touched.push(update.Id as string);
    }
    const kept = service.durable.state.executions.get(row.arn) ?? row;
    const next: ExecutionRow = {
      ...kept,
      token: kept.token + 1,
      changed: [],
      lastCheckpoint: clientToken === undefined ? undefined : { clientToken, token: before.token },
    };
    state.executions.put(next);
    return answerOf(service, next, [...new Set([...touched, ...before.changed])]);
  },
);

export const getDurableExecutionState = operation<GetDurableExecutionStateCommand>(
  GetDurableExecutionState$,
  (input, { service }) => {
    const { state } = service.durable;
    const row = checkToken(state.executions.get(input.DurableExecutionArn as string), input.CheckpointToken as string);
    const { Marker: marker = "", MaxItems: most } = input;
    if (!/^\d{0,6}$/.test(marker)) throw invalidParameter("Invalid pagination key.");
    const { operations, next } = state.page(row.arn, marker === "" ? undefined : Number(marker), most || undefined);
    return { Operations: operations, NextMarker: next === undefined ? undefined : String(next) };
  },
);

function applied(service: Lambda, row: ExecutionRow, update: Update): ExecutionRow {
  const { state } = service.durable;
  const { now } = service;
  if (update.ParentId !== undefined && !state.operations.has(partKey(row.arn, update.ParentId))) {
    throw invalidParameter(`There is no operation ${update.ParentId} to be the parent of ${update.Id}.`);
  }
  // A result that is too large for an answer arrives before it.
  if (update.Type === "EXECUTION" && (update.Action === "SUCCEED" || update.Action === "FAIL")) {
    return update.Action === "SUCCEED"
      ? service.durable.finish(row, "SUCCEEDED", { result: update.Payload })
      : service.durable.finish(row, "FAILED", { error: update.Error ?? {} });
  }
  const newCallback = () => service.deps.random.fork("durable").text(64, callbackLetters);
  const change = updated(update, state.operation(row.arn, update.Id as string), now, newCallback);
  const changed = state.change(row, change, now);
  service.durable.await(changed, state.operation(row.arn, update.Id as string) as OperationRow);
  return changed;
}

const callbackLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function answerOf(service: Lambda, row: ExecutionRow, ids: readonly string[]) {
  const { state } = service.durable;
  const rows = ids.flatMap((id) => state.operation(row.arn, id) ?? []);
  return {
    CheckpointToken: checkpointToken(row.arn, row.token),
    NewExecutionState: { Operations: rows.map((one) => shownOperation(one, state.textOf)) },
  };
}
