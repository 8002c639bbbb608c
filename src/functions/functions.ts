/**
 * Lambda functions without Lambda: a function ARN stands for a handler in this process, or for a URL that speaks
 * Lambda's Invoke API.
 */

import { AwsError } from "../../protocols/error.ts";
import { textOf } from "../../protocols/unknown-json.ts";
import { parseArn } from "../calls/arn.ts";
import type { Invocation } from "../calls/invocation.ts";
import { type DeliverTo, DeliveryFailure, FailedAfterTaking, type RetryPolicy } from "../delivery/types.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import { HttpCallError, httpCall } from "../outside/http-client.ts";
import { scopeHeaders } from "../outside/scope-headers.ts";
import { withoutSecrets } from "../outside/secrets.ts";

export interface FunctionContext {
  readonly functionName: string;
  readonly invokedFunctionArn: string;
  readonly awsRequestId: string;
  /** The trace of the invocation, which Lambda puts into the environment as `_X_AMZN_TRACE_ID`. */
  readonly traceHeader: string;
}

/** Gets the event as Lambda would hand it over; what it returns is the answer, what it throws a function error. */
export type FunctionHandler = (event: unknown, context: FunctionContext) => unknown;

/** What an invocation answered: JSON texts. */
export interface FunctionAnswer {
  readonly payload: string;
  /** `Unhandled` or `Handled`: the payload then tells the error as `{"errorMessage","errorType"}`. */
  readonly functionError?: string | undefined;
  readonly requestId: string;
}

/** `url` is an Invoke API's; `all` says that it has more functions than this one, with their versions. */
type Provider = { readonly handler: FunctionHandler } | { readonly url: string; readonly all?: boolean };

/** Lambda's limit for the time a function may take, which is the time-out of all functions here. */
const invokeTimeoutMs = 900_000;
/** Lambda's limit for what a function may answer. */
const maxAnswerBytes = 6 * 1024 * 1024;

/** Lambda tries an asynchronous invocation that ends in an error twice more, after one minute and after two. */
const asynchronousRetry: RetryPolicy = {
  phases: [
    { count: 1, minMs: 60_000, maxMs: 60_000, curve: "constant" },
    { count: 1, minMs: 120_000, maxMs: 120_000, curve: "constant" },
  ],
};

export class Functions {
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #elsewhere: Provider | undefined;
  readonly #providers = new Map<string, Provider>();

  /** @param elsewhere URL of a Lambda that has the functions nobody registers. */
  constructor(random: Random, clock: Clock, elsewhere?: string) {
    this.#random = random;
    this.#clock = clock;
    this.#elsewhere = elsewhere === undefined ? undefined : { url: elsewhere, all: true };
  }

  /** @param nameOrArn a bare name serves every account and region; an ARN only itself. */
  register(nameOrArn: string, handler: FunctionHandler): void {
    this.#providers.set(unqualified(nameOrArn), { handler });
  }

  /** @param url base of an Invoke API, or the whole address of one function's invocations. */
  registerUrl(nameOrArn: string, url: string): void {
    this.#providers.set(unqualified(nameOrArn), { url });
  }

  has(arn: string): boolean {
    return this.#providerOf(arn) !== undefined;
  }

  /**
   * Invokes a function and waits for its answer.
   * @param arn of the function, qualified or not, or its name.
   * @param payload the event as JSON text.
   * @throws AwsError ResourceNotFoundException (404) for a function nobody has, ServiceException (500) when the URL behind
   * it does not answer.
   */
  async invoke(arn: string, payload: string, { signal, trace }: Invocation): Promise<FunctionAnswer> {
    const requestId = this.#random.uuid();
    const provider = this.#providerOf(arn);
    if (provider === undefined) {
      const message = `Function not found: ${arn}`;
      throw AwsError.unmodeled({ name: "ResourceNotFoundException", status: 404, message });
    }
    if ("handler" in provider) {
      const context = {
        functionName: nameOf(arn),
        invokedFunctionArn: arn,
        awsRequestId: requestId,
        traceHeader: trace,
      };
      return this.#inTime(requestId, callHandler(provider.handler, payload, context));
    }
    const called = parseArn(arn);
    const scope = called === undefined ? {} : scopeHeaders({ ...called, service: "lambda", nowMs: this.#clock.now() });
    const headers = { "X-Amzn-Trace-Id": trace, ...scope };
    return this.#inTime(requestId, callUrl(invokeUrl(provider, arn), { payload, headers, signal }));
  }

  /**
   * The target kind `lambda`: an asynchronous invocation unless the delivery waits for the answer. The source's part is
   * over once the function took the event; a function error is tried again as Lambda does.
   */
  readonly target: DeliverTo<"lambda"> = async (delivery, invocation) => {
    const { payload, functionError, requestId } = await this.invoke(delivery.target, delivery.payload, invocation);
    if (functionError === undefined) return { requestId, payload };
    const told = payload.slice(0, 1000);
    if (delivery.parameters.sync === true) throw new DeliveryFailure(functionError, told, true);
    const message = `The function ended with an error: ${told}`;
    if (delivery.taken === true) throw new DeliveryFailure(functionError, message, true);
    throw new FailedAfterTaking(functionError, message, delivery, asynchronousRetry, {
      requestId,
      functionError,
      payload,
    });
  };

  /** The function's answer, or Lambda's when the function takes too long on the clock: what it answers then is ignored. */
  #inTime(requestId: string, answer: Promise<Omit<FunctionAnswer, "requestId">>): Promise<FunctionAnswer> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(this.#clock.now() + invokeTimeoutMs, () => {
        const seconds = (invokeTimeoutMs / 1000).toFixed(2);
        const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`;
        const payload = JSON.stringify({ errorType: "Sandbox.Timedout", errorMessage });
        resolve({ payload, functionError: "Unhandled", requestId });
      });
      answer.finally(() => timer.cancel()).then((answered) => resolve({ ...answered, requestId }), reject);
    });
  }

  #providerOf(arn: string): Provider | undefined {
    return this.#providers.get(unqualified(arn)) ?? this.#providers.get(nameOf(arn)) ?? this.#elsewhere;
  }
}

/** Without version or alias. */
function unqualified(nameOrArn: string): string {
  return nameOrArn.startsWith("arn:") ? nameOrArn.split(":").slice(0, 7).join(":") : nameOrArn;
}

/** Of `arn:…:function:f:live`, `111122223333:function:f`, `f:live` or `f`. */
function nameOf(arn: string): string {
  return /(?:^|:)function:([^:]+)/.exec(arn)?.[1] ?? (arn.split(":", 1)[0] as string);
}

async function callHandler(
  handler: FunctionHandler,
  payload: string,
  context: FunctionContext,
): Promise<Omit<FunctionAnswer, "requestId">> {
  const event = eventOf(payload);
  try {
    const result = await handler(event, context);
    return { payload: JSON.stringify(result) ?? "null" };
  } catch (error) {
    // A handler may throw anything.
    const { name = "Error", message = error }: { name?: unknown; message?: unknown } = error ?? {};
    const thrown = { errorType: textOf(name), errorMessage: textOf(message) };
    return { payload: JSON.stringify(thrown), functionError: "Unhandled" };
  }
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

/** The address of a function's invocations (Lambda API, Invoke). */
function invokeUrl({ url, all = false }: { url: string; all?: boolean }, arn: string): URL {
  const whole = /\/2015-03-31\/functions\//.test(url);
  const path = `/2015-03-31/functions/${encodeURIComponent(nameOf(arn))}/invocations`;
  const address = new URL(whole ? url : `${url.replace(/\/$/, "")}${path}`);
  const qualifier = /(?:^|:)function:[^:]+:([^:]+)$/.exec(arn)?.[1];
  if (qualifier !== undefined && all) address.searchParams.set("Qualifier", qualifier);
  return address;
}

async function callUrl(
  url: URL,
  call: { payload: string; headers: Readonly<Record<string, string>>; signal: AbortSignal | undefined },
): Promise<Omit<FunctionAnswer, "requestId">> {
  const { payload, headers, signal } = call;
  try {
    const answer = await httpCall(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Amz-Invocation-Type": "RequestResponse", ...headers },
      body: payload,
      timeoutMs: invokeTimeoutMs,
      signal,
      maxBodyBytes: maxAnswerBytes,
    });
    if (answer.status >= 200 && answer.status < 300) {
      const functionError = answer.headers["x-amz-function-error"];
      return {
        payload: answer.body || "null",
        functionError: functionError === undefined ? undefined : textOf(functionError),
      };
    }
    throw refused(answer.status, String(answer.headers["x-amzn-errortype"] ?? ""), answer.body);
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const message = `The function behind ${withoutSecrets(url.href)} does not answer: ${error.message}`;
    throw AwsError.unmodeled({ name: "ServiceException", status: 500, fault: "server", message });
  }
}

function refused(status: number, type: string, body: string): AwsError {
  const fallback =
    status === 404 ? "ResourceNotFoundException" : status === 429 ? "TooManyRequestsException" : "ServiceException";
  return AwsError.unmodeled({ name: type.split(":")[0] || fallback, status, message: body.slice(0, 1000) });
}
