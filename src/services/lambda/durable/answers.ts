/** What a durable function answers to an invocation, and what an execution answers to those who wait for it. */
import type { ErrorObject } from "@aws-sdk/client-lambda";
import type { FunctionAnswer } from "../../../functions/types.ts";
import { errorIn, type TextOf } from "./shown.ts";
import type { ExecutionRow } from "./tables.ts";

/** The pauses after invocations that ended without an answer; each is twice as long. */
const [firstPauseMs, maxPauseMs] = [1000, 300_000];

export type Told =
  | { readonly status: "SUCCEEDED"; readonly result: string | undefined }
  | { readonly status: "FAILED"; readonly error: ErrorObject }
  | { readonly status: "PENDING" }
  /** The function ended in another way: it is invoked again. */
  | { readonly status: "none"; readonly error: ErrorObject };

/** @param failures consecutive failures before the last one. */
export function pauseAfter(failures: number): number {
  return Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(failures, 30));
}

export function answerIn(answer: FunctionAnswer | undefined, failure: ErrorObject | undefined): Told {
  if (answer === undefined) return { status: "none", error: failure ?? {} };
  const value = objectIn(answer.payload);
  if (answer.functionError !== undefined) return { status: "none", error: errorOf(value) };
  const { Status, Result, Error: error } = value;
  if (Status === "SUCCEEDED") return { status: Status, result: typeof Result === "string" ? Result : undefined };
  if (Status === "PENDING") return { status: Status };
  if (Status === "FAILED") return { status: Status, error: typeof error === "object" && error !== null ? error : {} };
  const ErrorMessage = "Invalid Status in invocation output.";
  return { status: "FAILED", error: { ErrorType: "InvalidParameterValueException", ErrorMessage } };
}

/** A runtime's error in the form of the API. */
export function errorOf({
  errorType,
  errorMessage,
  stackTrace,
  trace,
}: Readonly<Record<string, unknown>>): ErrorObject {
  const lines = stackTrace ?? trace;
  return {
    ErrorType: typeof errorType === "string" ? errorType : undefined,
    ErrorMessage: typeof errorMessage === "string" ? errorMessage : undefined,
    StackTrace: Array.isArray(lines) ? lines.filter((line) => typeof line === "string") : undefined,
  };
}

export function objectIn(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** @param row undefined for an execution deleted by a reset. */
export function answerOf(
  row: ExecutionRow | undefined,
  textOf: TextOf,
  requestId: string,
  executedVersion: string,
): FunctionAnswer {
  const base = { requestId, executedVersion, durableExecutionArn: row?.arn };
  if (row?.status === "SUCCEEDED") return { ...base, payload: textOf(row.result) || "null" };
  const error = errorIn(textOf(row?.error)) ?? { ErrorMessage: "The durable execution is gone." };
  const payload = JSON.stringify({
    errorType: error.ErrorType,
    errorMessage: error.ErrorMessage ?? (row?.status === "STOPPED" ? "The durable execution was stopped." : undefined),
    errorData: error.ErrorData,
    stackTrace: error.StackTrace,
  });
  return { ...base, payload, functionError: "Unhandled" };
}
