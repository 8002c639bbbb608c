/** Functions that are handlers in this process, with the signature of AWS's Node runtimes. */
import { AwsError } from "../../protocols/error.ts";
import { textOf } from "../../protocols/unknown-json.ts";
import type { Clock } from "../engine/clock.ts";
import { dayMs } from "../engine/duration.ts";
import { functionVersion, nameOf } from "./names.ts";
import type { FunctionAnswer, FunctionCall } from "./types.ts";

/** The mobile application that called, as reported by its SDK (Lambda developer guide, Node.js context object). */
export interface FunctionClientContext {
  readonly client: {
    readonly installationId: string;
    readonly appTitle: string;
    readonly appVersionName: string;
    readonly appVersionCode: string;
    readonly appPackageName: string;
  };
  readonly custom?: unknown;
  readonly env: {
    readonly platformVersion: string;
    readonly platform: string;
    readonly make: string;
    readonly model: string;
    readonly locale: string;
  };
}

/** The context object of Lambda's Node runtimes. */
export interface FunctionContext {
  callbackWaitsForEmptyEventLoop: boolean;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly clientContext?: FunctionClientContext | undefined;
  readonly identity?: undefined;
  /** The trace header of the invocation, which Lambda puts in the environment as `_X_AMZN_TRACE_ID`. */
  readonly traceHeader: string;
  /** Time left on the emulator's clock until the function times out. */
  getRemainingTimeInMillis(): number;
  done(error?: Error, result?: unknown): void;
  fail(error: Error | string): void;
  succeed(result: unknown): void;
}

export type FunctionCallback = (error?: Error | string | null, result?: unknown) => void;

interface Handles {
  handle(event: unknown, context: FunctionContext, callback: FunctionCallback): unknown;
}

/**
 * Receives the event as Lambda passes it, for example a `Handler` of `@types/aws-lambda`. What it returns or passes to
 * the callback is the answer; what it throws is a function error.
 */
export type FunctionHandler = Handles["handle"];

type Answered = Omit<FunctionAnswer, "requestId" | "executedVersion">;

/**
 * Runs a handler once. One that does not wait is answered for at once, without a promise.
 * @throws AwsError InvalidRequestContentException
 */
export function callHandler(
  handler: FunctionHandler,
  call: FunctionCall,
  clock: Clock,
  deadlineMs: number,
): Answered | Promise<Answered> {
  const event = call.event === undefined ? eventOf(call.payload) : call.event.make();
  const ending = new Ending();
  try {
    const returned = handler(event, contextOf(call, clock, deadlineMs, ending), ending.done);
    // A handler that takes the callback and returns no promise answers through the callback.
    if (handler.length < 3 || isPromise(returned)) ending.succeed(returned);
  } catch (error) {
    ending.fail(error);
  }
  return ending.answer;
}

/** What a handler answers in any of its ways; the first answer counts. */
class Ending {
  #answer: Answered | Promise<Answered> | undefined;
  #settle: ((answer: Answered | Promise<Answered>) => void) | undefined;

  readonly done: FunctionCallback = (error, result) => {
    if (error === undefined || error === null) this.succeed(result);
    else this.fail(error);
  };

  readonly fail = (error: unknown): void => this.#end(failure(error));

  readonly succeed = (result: unknown): void => {
    try {
      this.#end(isPromise(result) ? Promise.resolve(result).then(success).catch(failure) : success(result));
    } catch (error) {
      this.#end(failure(error));
    }
  };

  get answer(): Answered | Promise<Answered> {
    return this.#answer ?? new Promise((resolve) => (this.#settle = resolve));
  }

  #end(answer: Answered | Promise<Answered>): void {
    if (this.#answer !== undefined) return;
    this.#answer = answer;
    this.#settle?.(answer);
  }
}

function success(result: unknown): Answered {
  return { payload: JSON.stringify(result) ?? "null" };
}

/** @param error anything: a handler may throw whatever it likes. */
function failure(error: unknown): Answered {
  const { name = "Error", message = error }: { name?: unknown; message?: unknown } = error ?? {};
  const thrown = { errorType: textOf(name), errorMessage: textOf(message) };
  return { payload: JSON.stringify(thrown), functionError: "Unhandled" };
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === "function";
}

function contextOf(
  call: FunctionCall,
  clock: Clock,
  deadlineMs: number,
  { done, fail, succeed }: Pick<FunctionContext, "done" | "fail" | "succeed">,
): FunctionContext {
  const { arn, requestId, invocation, clientContext } = call;
  const functionName = nameOf(arn);
  const version = functionVersion(arn);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: version,
    invokedFunctionArn: arn,
    memoryLimitInMB: "128",
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `${dayText(clock.now())}/[${version}]00000000000000000000000000000000`,
    clientContext: clientContext === undefined ? undefined : clientContextOf(clientContext),
    traceHeader: invocation.trace,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - clock.now()),
    done,
    fail,
    succeed,
  };
}

let lastDay = { begins: Number.NaN, text: "" };

/** `2026/01/31`, the same for many calls. */
function dayText(nowMs: number): string {
  const begins = nowMs - (nowMs % dayMs);
  if (begins !== lastDay.begins) {
    lastDay = { begins, text: new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "/") };
  }
  return lastDay.text;
}

/** Whatever the client sent; checking it is up to the handler. */
function clientContextOf(json: string): FunctionClientContext {
  const given: unknown = JSON.parse(json);
  return given as FunctionClientContext;
}

/** @throws AwsError InvalidRequestContentException */
function eventOf(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    const message = "Could not parse request body into json: the payload is not valid JSON.";
    throw AwsError.unmodeled({ name: "InvalidRequestContentException", status: 400, message });
  }
}
