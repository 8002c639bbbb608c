import { AwsError } from "../../protocols/error.ts";
import { type JsonDecoder, jsonDecoder } from "../../protocols/json-shape.ts";
import type { Claim, OperationCodec, Unclaimed, WireRequest, WireResponse } from "../../protocols/protocol.ts";
import type { OperationModel } from "../../protocols/schema.ts";
import type { AccountResets } from "../engine/account-resets.ts";
import type { Clock } from "../engine/clock.ts";
import type { Memory } from "../engine/memory.ts";
import type { Random } from "../engine/random.ts";
import type { Store } from "../engine/store.ts";
import { type AnswerDependencies, Answers } from "./answers.ts";
import { Call, Request } from "./call.ts";
import { Cause } from "./cause.ts";
import { BodyTooLarge } from "./door.ts";
import type { Identities } from "./identity.ts";
import { Invocation } from "./invocation.ts";
import { outOfMemory } from "./new-work.ts";
import { OperationContext } from "./operation.ts";
import { Passages, unreachable } from "./passages.ts";
import { bodyTooLarge, expiredToken, notBuilt } from "./refusals.ts";
import { type Route, Routes, type Services } from "./routes.ts";
import type { InputForm } from "./service.ts";

/** Readers for JSON that users write as an operation's input, compiled at the first such call. */
const jsonReaders = new WeakMap<OperationModel, JsonDecoder>();

/** An answer that is not there yet, and a way to cancel it. */
export interface PendingResponse {
  readonly response: Promise<WireResponse>;
  /** The client has gone: a long poll ends and takes no messages. */
  abort(): void;
}

export interface DispatcherDependencies extends AnswerDependencies {
  readonly resets: AccountResets;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly identities: Identities;
  /** Where to forward calls of services that Busbar does not implement, by service. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** New work is refused when memory runs short; no limit when absent. */
  readonly memory?: Memory | undefined;
}

/**
 * Takes a request from claim to answer: claim, decode, validate, run in one transaction, wait until durable, encode.
 * Services call one another through it too (`call`), without encoding.
 */
export class Dispatcher {
  /** The server's own address, for URLs we mint when no client is behind a call. */
  address = "http://localhost:4566";
  readonly #deps: DispatcherDependencies;
  readonly #services: Services;
  readonly #routes: Routes;
  readonly #answers: Answers;
  readonly #passages: Passages;

  constructor(dependencies: DispatcherDependencies, services: Services) {
    this.#deps = dependencies;
    this.#services = services;
    this.#routes = new Routes(services);
    this.#answers = new Answers(dependencies, this.#routes);
    this.#passages = new Passages(dependencies.endpoints, services);
  }

  /**
   * Answers a request. In memory mode most answers are ready at once; what has to wait (for a long poll or the disk) is
   * returned as a promise that can be cancelled.
   */
  handle(request: WireRequest, origin: string): WireResponse | PendingResponse {
    const claimed = this.#services.claim(request);
    const call = this.#begin(request, claimed);
    if ("error" in claimed) return this.#answers.fail(claimed.error, call, request);
    if (call.identity.expired) return this.#answers.fail(expiredToken(claimed.protocol.name), call, request);
    const cause = Cause.ofRequest(call.requestId, call.time, origin, request.headers["x-amzn-trace-id"]);
    const invocation = new Invocation(call.identity, cause);
    const reset = this.#deps.resets.ended(invocation.account);
    if (reset === undefined) return this.#perform(request, claimed, call, invocation, origin);
    return pending(this.#performAfter(reset, request, claimed, call, invocation, origin), invocation);
  }

  /**
   * Answers a request that one of our services sends to another over the wire, as an integration of API Gateway does:
   * in the other service's own format, errors included, once it is durable. The caller is the invocation's, not the
   * signature's.
   */
  relay(request: WireRequest, invocation: Invocation): WireResponse | Promise<WireResponse> {
    const rest = this.#deps.clock.turns.rest();
    return rest === undefined
      ? this.#relayed(request, invocation)
      : rest.then(() => this.#relayed(request, invocation));
  }

  #relayed(request: WireRequest, invocation: Invocation): WireResponse | Promise<WireResponse> {
    const { random, clock } = this.#deps;
    const claimed = this.#services.claim(request);
    const requestId = random.fork("between services").uuid();
    const call = new Request(claimed, request, invocation, requestId, clock.now(), invocation.cause);
    if ("error" in claimed) return this.#answers.fail(claimed.error, call, request);
    const answer = this.#perform(request, claimed, call, invocation, invocation.origin ?? this.address);
    return "status" in answer ? answer : answer.response;
  }

  async #performAfter(
    reset: Promise<void>,
    request: WireRequest,
    claimed: Claim,
    call: Request,
    invocation: Invocation,
    origin: string,
  ): Promise<WireResponse> {
    await reset;
    const performed = this.#perform(request, claimed, call, invocation, origin);
    return "status" in performed ? performed : performed.response;
  }

  #perform(
    request: WireRequest,
    claimed: Claim,
    call: Request,
    invocation: Invocation,
    origin: string,
  ): WireResponse | PendingResponse {
    const deps = this.#deps;
    const { maxBodyBytes } = claimed.service;
    if (request.body.length > maxBodyBytes)
      return this.#answers.fail(bodyTooLarge(new BodyTooLarge(maxBodyBytes), claimed), call, request);
    let codec: OperationCodec;
    try {
      const route = this.#routes.of(claimed.operation);
      if (route.run === undefined) throw notBuilt(claimed.service.name, claimed.operation.name);
      this.#admit(route, request.body.length);
      codec = route.codecs[claimed.protocol.name] ??= claimed.protocol.compile(claimed.operation);
      const input = codec.decode(request);
      call.given(input, claimed.operation, codec, request.body.length);
      route.validate(input);
      const { requestId } = call;
      const operation = claimed.operation.name;
      const details = { requestId, operation, origin, protocol: claimed.protocol.name, request };
      const context = new OperationContext(route.state, invocation, details);
      const { commits } = deps.store;
      let result: object | undefined | Promise<object | undefined>;
      try {
        result = this.#run(route, input, context);
      } catch (error) {
        // The operation may have been refused because of state ("already exists") that a crash could still undo.
        const flushed = deps.store.flushedSince(commits);
        if (flushed === undefined) throw error;
        return this.#pending(errorAfter(flushed, error), codec, call, request, invocation);
      }
      if (!(result instanceof Promise)) {
        const flushed = deps.store.flushedSince(commits);
        if (flushed === undefined) return this.#answers.succeed(codec, result, call, request);
        return this.#pending(resultAfter(flushed, result), codec, call, request, invocation);
      }
      return this.#pending(this.#afterFlush(result, commits), codec, call, request, invocation);
    } catch (error) {
      return this.#answers.fail(error, call, request);
    }
  }

  /**
   * Answers a request that never became a call (too large, unreadable) with this error, in the caller's protocol.
   * Anything but an AwsError or a BodyTooLarge is reported as a bug.
   */
  refuse(request: WireRequest, error: unknown): WireResponse {
    const claimed = this.#services.claim(request);
    const call = this.#begin(request, claimed);
    const told = error instanceof BodyTooLarge ? bodyTooLarge(error, "error" in claimed ? undefined : claimed) : error;
    // We cannot know what a service that Busbar does not implement would have answered.
    return this.#answers.fail("error" in claimed && claimed.foreign ? claimed.error : told, call, request);
  }

  /** A request id for an answer to something that is not a call. */
  requestId(): string {
    return this.#deps.random.uuid();
  }

  /** Where to forward a request that another server must answer; undefined for requests answered here. */
  passedOn(request: WireRequest) {
    const passage = this.#passages.of(request);
    if (passage === undefined) return undefined;
    const call = this.#begin(request, passage.claimed);
    return {
      url: passage.url,
      answered: (status: number) => this.#answers.record(call, status, undefined),
      failed: ({ message }: Error) => this.#answers.fail(unreachable(passage, message), call, request),
    };
  }

  /**
   * Runs an operation as a client would, SDK-shaped input to SDK-shaped output; resolves when what it changed is durable.
   * @param action name of the operation, its first letter in either case.
   * @param form `json`: the input is JSON of the SDK's request members that a user wrote, as a universal target has it.
   * @throws AwsError whatever the operation answers; NotImplemented for what Busbar does not have, SerializationException
   * for JSON members of another type.
   */
  async call(
    service: string,
    action: string,
    input: unknown,
    invocation: Invocation,
    form: InputForm = "sdk",
  ): Promise<object> {
    const operation = action.charAt(0).toUpperCase() + action.slice(1);
    const route = this.#routes.named(service, operation);
    const model = route.operation;
    const { random, store, clock } = this.#deps;
    // Calls cause calls: a long chain of them must not block the event loop.
    const rest = clock.turns.rest();
    if (rest !== undefined) await rest;
    const reset = this.#deps.resets.ended(invocation.account);
    if (reset !== undefined) await reset;
    const requestId = random.fork("between services").uuid();
    const call = new Call(model.service, model.name, invocation, requestId, clock.now(), invocation.cause);
    const details = { requestId, operation, origin: invocation.origin ?? this.address };
    try {
      this.#admit(route, 0);
      const given = (form === "json" ? jsonReader(model)(input ?? {}) : input) as Record<string, unknown>;
      route.validate(given);
      const { commits } = store;
      const result = (await this.#run(route, given, new OperationContext(route.state, invocation, details))) ?? {};
      await store.flushedSince(commits);
      this.#answers.record(call, 200, undefined);
      return result;
    } catch (error) {
      const failure = error instanceof AwsError ? error : undefined;
      this.#answers.record(call, failure?.status ?? 500, failure);
      throw error;
    }
  }

  #begin(request: WireRequest, claimed: Claim | Unclaimed): Request {
    const { identities, random, clock } = this.#deps;
    return new Request(claimed, request, identities.of(request), random.uuid(), clock.now());
  }

  #run(route: Route, input: object, context: OperationContext): object | undefined | Promise<object | undefined> {
    const run = route.run;
    if (run === undefined) throw notBuilt(route.operation.service.name, route.operation.name);
    return context.invocation.cause.run(() => this.#deps.store.transaction(() => run(input, context)));
  }

  /** The result, or its error, once what it reports is durable. @param commits before the operation ran. */
  async #afterFlush(result: Promise<object | undefined>, commits: number): Promise<object | undefined> {
    const { store } = this.#deps;
    try {
      const output = await result;
      await store.flushed();
      return output;
    } catch (error) {
      await store.flushedSince(commits);
      throw error;
    }
  }

  #pending(
    output: Promise<object | undefined>,
    codec: OperationCodec,
    call: Request,
    request: WireRequest,
    invocation: Invocation,
  ): PendingResponse {
    const response = output.then(
      (value) => this.#answers.succeed(codec, value, call, request),
      (error) => this.#answers.fail(error, call, request),
    );
    return pending(response, invocation);
  }

  /** Refuses new work when memory is short. @throws AwsError the service's throttling error */
  #admit({ isNewWork, operation }: Route, bytes: number): void {
    if (isNewWork && this.#deps.memory?.isShort(bytes)) throw outOfMemory(operation.service);
  }
}

// What has to wait is handled by methods of their own: a function that creates closures pays for them at every call,
// even when none is used.

function pending(response: Promise<WireResponse>, invocation: Invocation): PendingResponse {
  return { response, abort: () => invocation.abort() };
}

async function resultAfter(flushed: Promise<void>, result: object | undefined): Promise<object | undefined> {
  await flushed;
  return result;
}

async function errorAfter(flushed: Promise<void>, error: unknown): Promise<never> {
  await flushed;
  throw error;
}

function jsonReader(model: OperationModel): JsonDecoder {
  let decode = jsonReaders.get(model);
  if (decode === undefined) {
    decode = jsonDecoder(model.input, { constraints: model.service.constraints, written: true });
    jsonReaders.set(model, decode);
  }
  return decode;
}
