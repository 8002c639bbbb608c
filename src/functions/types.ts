/** The words of functions: what is asked of one, what it answers, and who may have one. */
import type { Invocation } from "../calls/invocation.ts";

/** What an invocation answered. */
export interface FunctionAnswer {
  /** What the function returned: JSON text, mostly. */
  readonly payload: string;
  /** What a function that streams gave, where it is no text. */
  readonly bytes?: Uint8Array | undefined;
  /** Content type of what a function streamed. */
  readonly contentType?: string | undefined;
  /** `Unhandled` or `Handled`: the payload then tells the error as `{"errorMessage","errorType"}`. */
  readonly functionError?: string | undefined;
  readonly requestId: string;
  /** The version that ran; `$LATEST` for functions that have none. */
  readonly executedVersion: string;
  /** The last 4 KB of its log. */
  readonly logTail?: string | undefined;
  /** Of the execution that answered, where the function is durable. */
  readonly durableExecutionArn?: string | undefined;
}

/** Gets what a function streams, as it comes. */
export interface ResponseSink {
  /** Once, before the first bytes. */
  begin(contentType: string | undefined, executedVersion: string): void;
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> | undefined;
}

export interface InvokeOptions {
  /** The same for all tries of one event; a new one unless told. */
  readonly requestId?: string | undefined;
  /** `ClientContext` as the client sent it, decoded: JSON text. */
  readonly clientContext?: string | undefined;
  /** Where a function that streams sends its answer; else it is collected. */
  readonly sink?: ResponseSink | undefined;
  /** Of the execution that a durable function begins, unless there is one of this name. */
  readonly executionName?: string | undefined;
}

/** One invocation as whoever has the function gets it. */
export interface FunctionCall extends InvokeOptions {
  /** ARN, qualified or not, or name, as it was asked for. */
  readonly arn: string;
  readonly payload: string;
  readonly invocation: Invocation;
  readonly requestId: string;
  /** Of the delivery or the request under which is noted what a policy has against the call; the request id unless told. */
  readonly notedAs?: string | undefined;
}

/** Who asks whether a call would be let. */
export type Asking = Pick<FunctionCall, "invocation" | "requestId" | "notedAs">;

/** A function that somebody has. */
export interface FoundFunction {
  /** @throws AwsError when it was not invoked: throttled, not ready. */
  invoke(call: FunctionCall): Promise<FunctionAnswer>;
  /** Absent: whoever may reach it may invoke it. @throws AwsError AccessDeniedException */
  check?(asking: Asking): void;
  /** Takes an event to run later, with its retries and destinations. Inside a transaction. Absent: the caller tries again. */
  accept?(call: FunctionCall): void;
}

export interface FunctionProvider {
  /** The function of this ARN or name; undefined when this provider has none. @throws AwsError for a version it does not have */
  find(arn: string, invocation: Invocation): FoundFunction | undefined;
}
