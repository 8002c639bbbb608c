/**
 * Invokes functions, wherever they are: first handlers in this process, then those named by options, then those of
 * providers (created functions), then those of a Lambda elsewhere.
 */

import { AwsError } from "../../protocols/error.ts";
import type { Invocation } from "../calls/invocation.ts";
import { type DeliverTo, DeliveryFailure, FailedAfterTaking, type RetryPolicy } from "../delivery/types.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import type { Store } from "../engine/store.ts";
import type { EventValue } from "./event-value.ts";
import { callHandler, type FunctionHandler } from "./handlers.ts";
import { functionVersion, nameOf, unqualified } from "./names.ts";
import { callUrl, type RemoteFunctions } from "./remote.ts";
import type { Asking, FoundFunction, FunctionAnswer, FunctionCall, FunctionProvider, InvokeOptions } from "./types.ts";

/** Lambda's limit for the duration of a function, and the time-out of functions without one of their own. */
const invokeTimeoutMs = 900_000;

/** Lambda retries an asynchronous invocation that fails twice, after one and two minutes. */
const asynchronousRetry: RetryPolicy = {
  phases: [
    { count: 1, minMs: 60_000, maxMs: 60_000, curve: "constant" },
    { count: 1, minMs: 120_000, maxMs: 120_000, curve: "constant" },
  ],
};

export interface FunctionsDependencies {
  readonly random: Random;
  readonly clock: Clock;
  readonly store: Store;
  /** URL of a Lambda for functions that are not found here. */
  readonly elsewhere?: string | undefined;
}

export class Functions {
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #elsewhere: FoundFunction | undefined;
  readonly #handlers = new Map<string, FoundFunction>();
  readonly #named = new Map<string, FoundFunction>();
  readonly #providers: FunctionProvider[] = [];

  constructor({ random, clock, store, elsewhere }: FunctionsDependencies) {
    this.#random = random;
    this.#clock = clock;
    this.#store = store;
    this.#elsewhere = elsewhere === undefined ? undefined : this.#remote({ url: elsewhere, all: true });
  }

  /** @param nameOrArn a bare name serves every account and region; an ARN only itself. */
  register(nameOrArn: string, handler: FunctionHandler): void {
    this.#handlers.set(unqualified(nameOrArn), {
      takesValues: true,
      invoke: (call) => {
        const deadlineMs = this.#clock.now() + invokeTimeoutMs;
        const answer = callHandler(handler, call, this.#clock, deadlineMs);
        if (answer instanceof Promise) return this.#inTime(call, answer);
        const { payload, functionError } = answer;
        return { payload, functionError, requestId: call.requestId, executedVersion: functionVersion(call.arn) };
      },
    });
  }

  /** Returns whether a handler was registered under this name. */
  unregister(nameOrArn: string): boolean {
    return this.#handlers.delete(unqualified(nameOrArn));
  }

  /** @param url base of an Invoke API, or the complete address of one function's invocations. */
  registerUrl(nameOrArn: string, url: string): void {
    this.#named.set(unqualified(nameOrArn), this.#remote({ url }));
  }

  /** A function that an option names, whatever runs it. */
  registerNamed(nameOrArn: string, found: FoundFunction): void {
    this.#named.set(unqualified(nameOrArn), found);
  }

  /** Adds a provider. Providers are asked in order for functions that have neither a handler nor an option. */
  provide(provider: FunctionProvider): void {
    this.#providers.push(provider);
  }

  /** Whether the function exists anywhere. @throws AwsError when it exists without this version. */
  has(arn: string, invocation: Invocation): boolean {
    return this.#look(arn, invocation) !== undefined;
  }

  /**
   * Checks, before an event is stored for later, whether the function would accept it.
   * @throws AwsError ResourceNotFoundException, AccessDeniedException
   */
  check(arn: string, asking: Asking): void {
    this.#find(arn, asking.invocation).check?.(asking);
  }

  /** Whether a handler or an option takes precedence over any other function of the name. */
  isOverridden(arn: string): boolean {
    return this.#override(arn) !== undefined;
  }

  /**
   * Invokes a function and waits for its answer, which a handler in this process may give at once.
   * @param arn of the function, qualified or not, or its name.
   * @param event JSON text, or what was made here.
   * @throws AwsError ResourceNotFoundException (404) when nobody has the function, TooManyRequestsException (429) when
   * it is at its concurrency limit, ServiceException (500) when the URL behind it does not answer.
   */
  invoke(
    arn: string,
    event: string | EventValue,
    invocation: Invocation,
    options: InvokeOptions = {},
  ): FunctionAnswer | Promise<FunctionAnswer> {
    const requestId = options.requestId ?? this.#random.uuid();
    const found = this.#find(arn, invocation);
    const { clientContext, sink, executionName } = options;
    const isText = typeof event === "string";
    return found.invoke({
      arn,
      payload: isText ? event : found.takesValues === true ? "" : event.text,
      event: isText ? undefined : event,
      invocation,
      requestId,
      clientContext,
      sink,
      executionName,
    });
  }

  /**
   * The target kind `lambda`: an asynchronous invocation unless the delivery waits for the answer. The source's part is
   * done once the function has accepted the event; from then on it is retried as Lambda does.
   */
  readonly target: DeliverTo<"lambda"> = async (delivery, invocation) => {
    const { target: arn, payload: event } = delivery;
    const found = this.#find(arn, invocation);
    const requestId = this.#random.uuid();
    const call: FunctionCall = { arn, payload: event, invocation, requestId, notedAs: delivery.id };
    const sync = delivery.parameters.sync === true;
    if (!sync && found.accept !== undefined) {
      invocation.cause.run(() => this.#store.transaction(() => found.accept?.(call)));
      return { requestId, payload: "" };
    }
    const { payload, functionError } = await found.invoke(call);
    if (functionError === undefined) return { requestId, payload };
    const told = payload.slice(0, 1000);
    if (sync) throw new DeliveryFailure(functionError, told, true);
    const message = `The function ended with an error: ${told}`;
    if (delivery.taken === true) throw new DeliveryFailure(functionError, message, true);
    throw new FailedAfterTaking(functionError, message, delivery, asynchronousRetry, {
      requestId,
      functionError,
      payload,
    });
  };

  #remote(remote: RemoteFunctions): FoundFunction {
    return { invoke: (call) => this.#inTime(call, callUrl(remote, call, this.#clock.now(), invokeTimeoutMs)) };
  }

  /** The function's answer, or a time-out when it takes too long on the clock; a later answer is ignored. */
  #inTime(
    { arn, requestId }: FunctionCall,
    answer: Promise<Omit<FunctionAnswer, "requestId" | "executedVersion"> & { executedVersion?: string }>,
  ): Promise<FunctionAnswer> {
    const executedVersion = functionVersion(arn);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(this.#clock.now() + invokeTimeoutMs, () => {
        resolve({ ...timedOut(requestId, invokeTimeoutMs), requestId, executedVersion });
      });
      answer.then(
        (answered) => {
          timer.cancel();
          resolve({ executedVersion, ...answered, requestId });
        },
        (error) => {
          timer.cancel();
          reject(error);
        },
      );
    });
  }

  #override(arn: string): FoundFunction | undefined {
    if (this.#handlers.size === 0 && this.#named.size === 0) return undefined;
    const full = unqualified(arn);
    const name = nameOf(arn);
    return this.#handlers.get(full) ?? this.#handlers.get(name) ?? this.#named.get(full) ?? this.#named.get(name);
  }

  #look(arn: string, invocation: Invocation): FoundFunction | undefined {
    const override = this.#override(arn);
    if (override !== undefined) return override;
    for (const provider of this.#providers) {
      const found = provider.find(arn, invocation);
      if (found !== undefined) return found;
    }
    return this.#elsewhere;
  }

  /** @throws AwsError ResourceNotFoundException */
  #find(arn: string, invocation: Invocation): FoundFunction {
    const found = this.#look(arn, invocation);
    if (found !== undefined) return found;
    const message = `Function not found: ${arn}`;
    throw AwsError.unmodeled({ name: "ResourceNotFoundException", status: 404, message });
  }
}

/** Lambda's answer for a function that times out. */
export function timedOut(requestId: string, timeoutMs: number): Pick<FunctionAnswer, "payload" | "functionError"> {
  const seconds = (timeoutMs / 1000).toFixed(2);
  const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`;
  return { payload: JSON.stringify({ errorType: "Sandbox.Timedout", errorMessage }), functionError: "Unhandled" };
}
