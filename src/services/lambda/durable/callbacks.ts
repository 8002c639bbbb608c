/** Operations that complete the callbacks of durable executions, or keep them alive. */
import {
  CallbackTimeoutException$,
  type ErrorObject,
  SendDurableExecutionCallbackFailure$,
  type SendDurableExecutionCallbackFailureCommand,
  SendDurableExecutionCallbackHeartbeat$,
  type SendDurableExecutionCallbackHeartbeatCommand,
  SendDurableExecutionCallbackSuccess$,
  type SendDurableExecutionCallbackSuccessCommand,
} from "@aws-sdk/client-lambda";
import type { Blob64 } from "../../../../protocols/blob.ts";
import { AwsError } from "../../../../protocols/error.ts";
import { invalidParameter } from "../errors.ts";
import { type Lambda, operation } from "../lambda.ts";
import type { ExecutionRow, OperationRow } from "./tables.ts";
import { isOpen } from "./updates.ts";

export const sendDurableExecutionCallbackSuccess = operation<SendDurableExecutionCallbackSuccessCommand>(
  SendDurableExecutionCallbackSuccess$,
  (input, { service }) => {
    const bytes = (input.Result as Blob64 | undefined)?.bytes;
    const result = bytes === undefined ? undefined : Buffer.from(bytes).toString();
    end(service, openCallback(service, input.CallbackId as string), { result });
    return {};
  },
);

export const sendDurableExecutionCallbackFailure = operation<SendDurableExecutionCallbackFailureCommand>(
  SendDurableExecutionCallbackFailure$,
  (input, { service }) => {
    end(service, openCallback(service, input.CallbackId as string), { error: input.Error ?? {} });
    return {};
  },
);

export const sendDurableExecutionCallbackHeartbeat = operation<SendDurableExecutionCallbackHeartbeatCommand>(
  SendDurableExecutionCallbackHeartbeat$,
  (input, { service }) => {
    const { execution, callback } = openCallback(service, input.CallbackId as string);
    service.durable.await(execution, callback);
    return {};
  },
);

interface OpenCallback {
  readonly execution: ExecutionRow;
  readonly callback: OperationRow;
}

/**
 * @throws AwsError InvalidParameterValueException for an unknown id, CallbackTimeoutException for one that has ended.
 */
function openCallback({ durable: { state } }: Lambda, id: string): OpenCallback {
  const [callback] = state.operations.by.callback.range(id);
  if (callback === undefined) throw invalidParameter("Invalid callback id.");
  const execution = state.executions.get(callback.execution);
  if (execution?.status === "RUNNING" && isOpen(callback)) return { execution, callback };
  const message =
    "The callback ID token has either expired or the callback associated with the token has already been closed.";
  throw AwsError.of(CallbackTimeoutException$, message, { Type: "User" });
}

function end(
  service: Lambda,
  { execution, callback }: OpenCallback,
  outcome: { readonly result?: string | undefined; readonly error?: ErrorObject },
): void {
  const { durable, now } = service;
  const { key: _key, account: _account, execution: _execution, place: _place, ...before } = callback;
  const status = outcome.error === undefined ? ("SUCCEEDED" as const) : ("FAILED" as const);
  const changed = durable.state.change(execution, { row: { ...before, status, endedMs: now }, ...outcome }, now);
  durable.await(changed, { ...callback, status });
  durable.hasChanged(changed, callback.id);
}
