/** Invoke and InvokeAsync. */

import { isUtf8 } from "node:buffer";
import {
  InvalidRequestContentException$,
  Invoke$,
  InvokeAsync$,
  type InvokeAsyncCommand,
  type InvokeCommand,
} from "@aws-sdk/client-lambda";
import { type Blob64, bufferOf } from "../../../protocols/blob.ts";
import { AwsError } from "../../../protocols/error.ts";
import { endOf, isBlankFrom, scanJson, scanValues } from "../../../protocols/json-scan.ts";
import { withHeaders } from "../../../protocols/rest-json.ts";
import { isJson } from "../../../protocols/unknown-json.ts";
import type { OperationContext } from "../../calls/operation.ts";
import type { Turns } from "../../engine/turns.ts";
import { JsonReadError, readLeadingJson } from "../../events/pattern/index.ts";
import { checkMayInvoke } from "./access.ts";
import { accessDenied, functionNotFound, payloadTooLarge, tooLarge } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { ownersPlace, parseName } from "./names.ts";
import { latest } from "./tables.ts";

/** Bytes of an event (Lambda quotas). */
export const maxSyncBytes = 6 * 1024 * 1024;
const maxEventBytes = 1024 * 1024;
const maxOldEventBytes = 262_144;

export const invoke = operation<InvokeCommand>(Invoke$, async (input, context) => {
  const { InvocationType: type = "RequestResponse", LogType, ClientContext } = input;
  const { service, invocation, requestId } = context;
  const given = input.Payload as Blob64 | undefined;
  const event = type === "Event" ? payloadOf(given, maxEventBytes) : syncPayloadOf(given, service.deps.clock.turns);
  const payload = typeof event === "string" ? event : await event;
  const arn = invokedArn(input.FunctionName as string, input.Qualifier, context);
  const options = { clientContext: clientContextOf(ClientContext), executionName: input.DurableExecutionName };
  if (type === "DryRun") return { StatusCode: 204 };
  if (type === "Event") {
    const DurableExecutionArn = service.accept(arn, payload, context, options);
    return withHeaders(
      { StatusCode: 202, DurableExecutionArn },
      {
        "X-Amzn-Remapped-Content-Length": "0",
        // With lower-case parts here, and without a lineage.
        "X-Amzn-Trace-Id": invocation.trace
          .replace(/;Lineage=[^;]*/, "")
          .replace(/\b(?:Root|Parent|Sampled)=/g, (name) => name.toLowerCase()),
      },
    );
  }
  await service.deps.store.untilDurable();
  const answer = await service.deps.functions.invoke(arn, payload, invocation, {
    requestId,
    ...options,
  });
  return withHeaders(
    {
      StatusCode: 200,
      FunctionError: answer.functionError,
      LogResult:
        LogType === "Tail" && answer.logTail !== undefined ? Buffer.from(answer.logTail).toString("base64") : undefined,
      Payload: answer.bytes ?? Buffer.from(answer.payload),
      ExecutedVersion: answer.executedVersion,
      DurableExecutionArn: answer.durableExecutionArn,
    },
    {
      "content-type": answer.contentType ?? "application/json",
      "X-Amzn-Remapped-Content-Length": "0",
      "X-Amzn-Trace-Id": answer.trace ?? invocation.trace,
    },
  );
});

export const invokeAsync = operation<InvokeAsyncCommand>(InvokeAsync$, (input, context) => {
  const bytes = (input.InvokeArgs as Blob64 | undefined)?.length ?? 0;
  if (bytes > maxOldEventBytes) {
    const message = `${bytes} byte payload is too large for the Event invocation type (limit ${maxOldEventBytes} bytes)`;
    throw payloadTooLarge(message);
  }
  const payload = payloadOf(input.InvokeArgs as Blob64 | undefined, maxOldEventBytes);
  context.service.accept(invokedArn(input.FunctionName as string, undefined, context), payload, context, {});
  return { Status: 202 };
});

/**
 * The ARN to invoke, with the requested qualifier.
 * @throws AwsError ResourceNotFoundException when nobody has such a function, AccessDeniedException when its policy
 * does not allow the caller.
 */
export function invokedArn(text: string, qualifier: string | undefined, context: OperationContext<Lambda>): string {
  const { service, invocation } = context;
  const owner = ownersPlace(text, context);
  const named = parseName(text, qualifier, owner);
  if (service.functions.has(named.arn)) checkMayInvoke(service, named.asked, owner.account, context);
  else if (owner.account !== context.account) throw accessDenied();
  const { functions } = service.deps;
  if (!functions.has(named.asked, invocation)) {
    throw functionNotFound(named.qualifier === undefined ? `${named.arn}:${latest}` : named.asked);
  }
  return named.asked;
}

/** @throws AwsError RequestEntityTooLargeException, InvalidRequestContentException */
export function payloadOf(payload: Blob64 | undefined, maxBytes: number): string {
  if (payload === undefined || payload.length === 0) return "";
  if (payload.length > maxBytes) throw tooLarge(maxBytes, "InvokeFunction");
  const bytes = bufferOf(payload.bytes);
  const text = bytes.toString();
  if (isUtf8(bytes) && isJson(text)) return text;
  throw notJson(endOf(parserText(text)));
}

/**
 * The event of a call that waits for the answer. It may have several megabytes, which take turns.
 * @throws AwsError RequestEntityTooLargeException, InvalidRequestContentException
 */
export function syncPayloadOf(payload: Blob64 | undefined, turns: Turns): string | Promise<string> {
  const isLarge = payload !== undefined && payload.length > maxEventBytes && payload.length <= maxSyncBytes;
  return isLarge ? largePayloadOf(bufferOf(payload.bytes), turns) : payloadOf(payload, maxSyncBytes);
}

async function largePayloadOf(bytes: Buffer, turns: Turns): Promise<string> {
  const text = bytes.toString();
  await turns.rest();
  const end = await inTurns(scanJson(text, 0), turns);
  if (end >= 0 && isBlankFrom(text, end) && isUtf8(bytes)) return text;
  throw notJson(await inTurns(parserText(text), turns));
}

async function inTurns<Result>(scan: Generator<undefined, Result>, turns: Turns): Promise<Result> {
  for (;;) {
    const { done, value } = scan.next();
    if (done) return value;
    await turns.rest();
  }
}

function notJson(reason: string): AwsError {
  return AwsError.of(
    InvalidRequestContentException$,
    `Could not parse request body into json: Could not parse payload into json: ${reason}`,
    { Type: "User" },
  );
}

/** The message of AWS's parser for a text that is not JSON, about what follows the values it begins with. */
function* parserText(text: string): Generator<undefined, string> {
  const from = yield* scanValues(text);
  try {
    return yield* readLeadingJson(text.slice(from));
  } catch (error) {
    if (error instanceof JsonReadError) return error.message;
    throw error;
  }
}

/** The client context for runtimes: JSON. Anything else is dropped. */
export function clientContextOf(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === "") return undefined;
  const text = Buffer.from(base64, "base64").toString();
  return isJson(text) ? text : undefined;
}
