/**
 * Where the outcome of an asynchronous invocation is sent: a dead-letter queue, and destinations for success and
 * failure.
 */

import type { AwsError } from "../../../protocols/error.ts";
import { isJson } from "../../../protocols/unknown-json.ts";
import { parseArn } from "../../calls/arn.ts";
import { currentCause } from "../../calls/cause.ts";
import type { Way } from "../../delivery/types.ts";
import type { FunctionAnswer } from "../../functions/types.ts";
import type { EventRow } from "./event-tables.ts";
import type { Lambda } from "./lambda.ts";
import { type InvokeConfigRow, latest } from "./tables.ts";

export type Condition = "Success" | "RetriesExhausted" | "EventAgeExceeded" | "ZeroReservedConcurrency";

export interface Ending {
  readonly row: EventRow;
  /** The event, unchanged. */
  readonly payload: string;
  readonly condition: Condition;
  /** The last attempt's answer, if the function ran. */
  readonly answer: FunctionAnswer | undefined;
  /** The last attempt's error, if it did not. */
  readonly failure: AwsError | undefined;
  readonly config: InvokeConfigRow | undefined;
}

/**
 * How many characters of a function's message a dead letter contains (Lambda developer guide, "Dead-letter queues").
 */
const maxMessageChars = 1024;

export class Destinations {
  readonly #lambda: Lambda;

  constructor(lambda: Lambda) {
    this.#lambda = lambda;
  }

  /** Sends an outcome to whoever wants it. Inside a transaction. */
  send(ending: Ending): void {
    const { condition, config } = ending;
    if (condition !== "Success") this.#sendDeadLetter(ending);
    const arn = condition === "Success" ? config?.onSuccess : config?.onFailure;
    if (arn !== undefined) this.#submit(ending, arn, this.#wayTo(arn, ending), this.#recordFor(arn, ending));
  }

  #sendDeadLetter(ending: Ending): void {
    const { row, payload, answer, failure } = ending;
    const arn = this.#versionOf(row)?.settings.DeadLetterConfig?.TargetArn;
    if (arn === undefined) return;
    const text = (StringValue: string) => ({ DataType: "String", StringValue });
    const message = answer === undefined ? (failure?.message ?? "Rate Exceeded.") : messageOf(answer.payload);
    const messageAttributes = {
      RequestID: text(row.requestId),
      ErrorCode: { DataType: "Number", StringValue: String(answer === undefined ? (failure?.status ?? 429) : 200) },
      ...(message === "" ? {} : { ErrorMessage: text(message.slice(0, maxMessageChars)) }),
    };
    const kind = parseArn(arn)?.service === "sns" ? "sns" : "sqs";
    this.#submit(ending, arn, { kind, parameters: { messageAttributes } }, payload || "{}");
  }

  #submit({ row }: Ending, target: string, way: Way, payload: string): void {
    const { account, region, functionArn: source } = row;
    const roleArn = this.#versionOf(row)?.settings.Role;
    const order = { account, region, service: "lambda", source, roleArn, target, payload, retry: { phases: [] } };
    this.#lambda.deps.delivery.submit({ ...order, ...way });
  }

  #wayTo(arn: string, ending: Ending): Way {
    const { service } = parseArn(arn) ?? {};
    if (service === "sns") return { kind: "sns", parameters: {} };
    if (service === "lambda") return { kind: "lambda", parameters: {} };
    if (service === "events") {
      const outcome = ending.condition === "Success" ? "Success" : "Failure";
      const detailType = `Lambda Function Invocation Result - ${outcome}`;
      return { kind: "events", parameters: { source: "lambda", detailType, resources: [arn, qualified(ending.row)] } };
    }
    if (service === "s3") return { kind: "mailbox", parameters: { channel: "s3", key: this.#objectKey(ending.row) } };
    // A function that never ran has no place in a chain of runs.
    const trace = ending.answer?.trace ?? currentCause()?.trace.replace(/;Lineage=[^;]*/, "");
    return { kind: "sqs", parameters: { traceHeader: trace } };
  }

  #objectKey({ functionArn, requestId }: EventRow): string {
    const name = functionArn.slice(functionArn.lastIndexOf(":") + 1);
    const time = new Date(this.#lambda.now).toISOString();
    return `aws/lambda/async/${name}/${time.slice(0, 10).replaceAll("-", "/")}/${time.slice(0, 19).replaceAll(":", ".")}-${requestId}`;
  }

  /**
   * Queues get both payloads exactly as the caller and the function wrote them, a bus gets them without white space.
   */
  #recordFor(arn: string, { row, payload, condition, answer, failure }: Ending): string {
    const context = {
      requestId: row.requestId,
      functionArn: qualified(row),
      condition,
      approximateInvokeCount: row.attempts,
    };
    const response =
      answer !== undefined
        ? {
            statusCode: 200,
            executedVersion: answer.executedVersion,
            ...(answer.functionError === undefined ? {} : { functionError: answer.functionError }),
          }
        : failure === undefined
          ? undefined
          : { statusCode: failure.status };
    const members = [
      `"version":"1.0"`,
      `"timestamp":${JSON.stringify(new Date(this.#lambda.now).toISOString())}`,
      `"requestContext":${JSON.stringify(context)}`,
      `"requestPayload":${payload === "" ? "{}" : payload}`,
    ];
    if (response !== undefined) members.push(`"responseContext":${JSON.stringify(response)}`);
    if (answer !== undefined)
      members.push(`"responsePayload":${isJson(answer.payload) ? answer.payload : JSON.stringify(answer.payload)}`);
    const text = `{${members.join(",")}}`;
    if (parseArn(arn)?.service !== "events") return text;
    const record: unknown = JSON.parse(text);
    return JSON.stringify(record);
  }

  #versionOf({ arn, functionArn }: EventRow) {
    const alias = this.#lambda.aliases.get(arn);
    const version = alias === undefined ? arn : `${functionArn}:${alias.version}`;
    return this.#lambda.versions.get(version === functionArn ? `${functionArn}:${latest}` : version);
  }
}

function qualified({ arn, functionArn }: EventRow): string {
  return arn === functionArn ? `${arn}:${latest}` : arn;
}

/** The errorMessage of a function's error. */
function messageOf(payload: string): string {
  try {
    const error: unknown = JSON.parse(payload);
    const { errorMessage }: { errorMessage?: unknown } = error ?? {};
    return typeof errorMessage === "string" ? errorMessage : "";
  } catch {
    return "";
  }
}
