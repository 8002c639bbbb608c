/** Types of functions: what they are asked, what they answer, and who may provide them. */
import type { Invocation } from "../calls/invocation.ts";
import type { EventValue } from "./event-value.ts";

/** The answer of an invocation. */
export interface FunctionAnswer {
  /** What the function returned, usually JSON text. */
  readonly payload: string;
  /** What a process returned, as it came: also what is not text. */
  readonly bytes?: Uint8Array | undefined;
  /** Content type of a streamed answer. */
  readonly contentType?: string | undefined;
  /** `Unhandled` or `Handled`: the payload is then an error, `{"errorMessage","errorType"}`. */
  readonly functionError?: string | undefined;
  readonly requestId: string;
  /** The trace header the function saw, where it is not the caller's. */
  readonly trace?: string | undefined;
  /** The version that ran; `$LATEST` for functions without versions. */
  readonly executedVersion: string;
  /** The last 4 KB of the log. */
  readonly logTail?: string | undefined;
  /** Only for durable functions: the execution that answered. */
  readonly durableExecutionArn?: string | undefined;
}

/** Receives what a function streams, as it arrives. */
export interface ResponseSink {
  /** Called once, before the first bytes. */
  begin(contentType: string | undefined, executedVersion: string): void;
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void> | undefined;
}

export interface InvokeOptions {
  /** The same for all attempts at one event. Default: a new one. */
  readonly requestId?: string | undefined;
  /** `ClientContext` as sent by the client, decoded: JSON text. */
  readonly clientContext?: string | undefined;
  /** Where a streaming function sends its answer; otherwise it is collected. */
  readonly sink?: ResponseSink | undefined;
  /** Name of the execution that a durable function begins, unless one with this name exists. */
  readonly executionName?: string | undefined;
}

/** One invocation, as passed to the function's provider. */
export interface FunctionCall extends InvokeOptions {
  /** ARN, qualified or not, or name, as requested. */
  readonly arn: string;
  /** The event as JSON text; empty for who takes it as a value. */
  readonly payload: string;
  /** Absent where it came as text. */
  readonly event?: EventValue | undefined;
  readonly invocation: Invocation;
  readonly requestId: string;
  /** The delivery or request on which a policy's objection is noted. Default: the request id. */
  readonly notedAs?: string | undefined;
}

/** The data for a check of permissions. */
export type Asking = Pick<FunctionCall, "invocation" | "requestId" | "notedAs">;

/** A function that a provider has found. */
export interface FoundFunction {
  readonly takesValues?: true;
  /** @throws AwsError when it was not invoked: throttled, not ready. */
  invoke(call: FunctionCall): FunctionAnswer | Promise<FunctionAnswer>;
  /** Checks permissions; when absent, anybody may invoke it. @throws AwsError AccessDeniedException */
  check?(asking: Asking): void;
  /**
   * Accepts an event to run later, with retries and destinations. Inside a transaction. When absent, the caller
   * retries.
   */
  accept?(call: FunctionCall): void;
}

export interface FunctionProvider {
  /**
   * The function with this ARN or name; undefined when this provider does not have it.
   * @throws AwsError for a version that does not exist.
   */
  find(arn: string, invocation: Invocation): FoundFunction | undefined;
}
