/** Calls that both enrichments and targets make: synchronous executions, and HTTP through API destinations. */
import type { PipeTargetHttpParameters } from "@aws-sdk/client-pipes";
import type { Invocation } from "../../calls/invocation.ts";
import type { Order } from "../../delivery/types.ts";
import {
  type CompiledPath,
  decodePipeRecord,
  jsonText,
  parseJsonPath,
  resolvePath,
} from "../../events/input-transform/index.ts";
import type { EventValue } from "../../events/pattern/index.ts";
import { isPath } from "./definition-checks.ts";
import { PipeFailure } from "./errors.ts";
import type { Pipes } from "./pipes.ts";
import { targetPlace } from "./places.ts";
import type { PipeRow } from "./tables.ts";
import type { Item } from "./targets.ts";

/** Runs an express state machine to its end and returns its output. @throws PipeFailure when it fails. */
export async function startSync(
  pipes: Pipes,
  pipe: PipeRow,
  arn: string,
  input: string,
  invocation: Invocation,
): Promise<string> {
  const request = { ...orderOf(pipe, arn), payload: input, kind: "states", parameters: { sync: true } } as const;
  const answer = (await pipes.deps.delivery.attempt(request, invocation)) as {
    status?: string;
    output?: string;
    error?: string;
    cause?: string;
  };
  if (answer.status === "SUCCEEDED") return answer.output ?? "";
  throw new PipeFailure(answer.error ?? answer.status ?? "ExecutionFailed", answer.cause ?? "The execution failed.");
}

/** Invokes a function with a batch and returns its answer. @throws DeliveryFailure with the function's error */
export async function invokeSync(
  pipes: Pipes,
  pipe: PipeRow,
  arn: string,
  payload: string,
  invocation: Invocation,
): Promise<string> {
  const request = { ...orderOf(pipe, arn), payload, kind: "lambda", parameters: { sync: true } } as const;
  return ((await pipes.deps.delivery.attempt(request, invocation)) as { payload: string }).payload;
}

/** What all deliveries of a pipe to a target share; the pipe retries by itself. */
export function orderOf({ account, region, arn, roleArn }: PipeRow, target: string): Omit<Order, "payload"> {
  return { account, region, service: "pipes", source: arn, roleArn, target, retry: { phases: [] } };
}

/** Calls an API destination or an API with one record; returns the body of the response. */
export function httpCallOf(
  pipes: Pipes,
  pipe: PipeRow,
  arn: string,
  parameters: PipeTargetHttpParameters = {},
): (item: Item, invocation: Invocation) => Promise<string> {
  const path = (parameters.PathParameterValues ?? []).map(dynamic);
  const headers = Object.entries(parameters.HeaderParameters ?? {}).map(
    ([key, value]) => [key, dynamic(value)] as const,
  );
  const query = Object.entries(parameters.QueryStringParameters ?? {}).map(
    ([key, value]) => [key, dynamic(value)] as const,
  );
  const kind = targetPlace(arn)?.kind === "api-destination" ? "api-destination" : "execute-api";
  return async ({ record, text }, invocation) => {
    const filled = (pairs: readonly (readonly [string, Dynamic])[]) =>
      Object.fromEntries(pairs.map(([key, value]) => [key, value(record)]));
    const parameters = { path: path.map((value) => value(record)), headers: filled(headers), query: filled(query) };
    const request = { ...orderOf(pipe, arn), payload: text, kind, parameters } as const;
    const answer = (await pipes.deps.delivery.attempt(request, invocation)) as { body?: string } | undefined;
    return answer?.body ?? "";
  };
}

/** A parameter's value for one record. @throws PipeFailure when its path has no value. */
export type Dynamic = (record: EventValue) => string;

export function dynamic(text: string): Dynamic {
  if (!isPath(text)) return () => text;
  const path: CompiledPath = parseJsonPath(text);
  return (record) => {
    const value = resolvePath(path, decodePipeRecord(record));
    if (value === undefined)
      throw new PipeFailure("InvalidJsonPath", `The path ${text} leads to nothing in the record.`);
    return typeof value === "string" ? value : jsonText(value);
  };
}

export function optional(text: string | undefined): ((record: EventValue) => string | undefined) | undefined {
  return text === undefined ? undefined : dynamic(text);
}
