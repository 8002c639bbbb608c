import { protocols } from "../../protocols/all.ts";
import { claim } from "../../protocols/claim.ts";
import { AwsError } from "../../protocols/error.ts";
import { type JsonDecoder, jsonDecoder } from "../../protocols/json-shape.ts";
import type {
  Claim,
  OperationCodec,
  ProtocolName,
  Unclaimed,
  WireRequest,
  WireResponse,
} from "../../protocols/protocol.ts";
import type { OperationModel, ServiceModel } from "../../protocols/schema.ts";
import { compileValidator, type Validator } from "../../protocols/validate.ts";
import type { AccountResets } from "../engine/account-resets.ts";
import type { Clock } from "../engine/clock.ts";
import type { Memory } from "../engine/memory.ts";
import type { Random } from "../engine/random.ts";
import { performance } from "../engine/real-time.ts";
import type { Store } from "../engine/store.ts";
import { type Call, InnerCall, RelayedRequest, Request } from "./call.ts";
import { Cause } from "./cause.ts";
import { BodyTooLarge } from "./door.ts";
import type { Identities } from "./identity.ts";
import { Invocation } from "./invocation.ts";
import { isNewWork, outOfMemory } from "./new-work.ts";
import { OperationContext, type OperationDefinition } from "./operation.ts";
import { Passages, unreachable } from "./passages.ts";
import type { RequestLog } from "./request-log.ts";
import type { InputForm, ServiceDefinition } from "./service.ts";

/** A service with its state, as one emulator runs it. */
export interface RunningService {
  readonly definition: ServiceDefinition;
  readonly state: unknown;
}

/** What is compiled for an operation at its first call, whichever emulator it reaches. */
interface Compiled {
  readonly validate: Validator;
  readonly codecs: Partial<Record<ProtocolName, OperationCodec>>;
}

const compiledOperations = new WeakMap<OperationModel, Compiled>();
/** Clients can sign for services nobody has heard of. */
const mostTold = 500;
const jsonReaders = new WeakMap<OperationModel, JsonDecoder>();

/** One operation of one emulator. */
interface Route extends Compiled {
  readonly operation: OperationModel;
  readonly state: unknown;
  readonly run: OperationDefinition<unknown>["run"] | undefined;
  readonly isNewWork: boolean;
}

/** An answer that is not there yet, and the way to give it up. */
export interface PendingResponse {
  readonly response: Promise<WireResponse>;
  /** The client has gone: a long poll ends and takes nothing. */
  abort(): void;
}

export interface DispatcherDependencies {
  readonly resets: AccountResets;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly identities: Identities;
  readonly requests: RequestLog;
  /** Told of everything that is a bug of ours: thrown, but no AwsError. */
  readonly onBug: (error: unknown, where: string) => void;
  /** Told once of what a person should know and no answer can say. */
  readonly onNotice: (text: string) => void;
  /** Where calls of services that Busbar has not are passed on to, by service. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** New work is refused when there is not enough of it; absent, nobody looks. */
  readonly memory?: Memory | undefined;
}

/**
 * Takes a request from claim to answer: claim, decode, validate, run in one transaction, wait until durable, encode.
 * Services call one another through it too (`call`), without the bytes.
 */
export class Dispatcher {
  /** The server's own address, for URLs that are minted where no client is behind a call. */
  address = "http://localhost:4566";
  readonly #deps: DispatcherDependencies;
  readonly #models: readonly ServiceModel[];
  readonly #services = new Map<string, RunningService>();
  readonly #routes = new Map<OperationModel, Route>();
  readonly #passages: Passages;
  /** Services that Busbar has not and that were told of. */
  readonly #told = new Set<string>();

  /** @param models of all services, in an array that is the same for all emulators: claims are indexed by it. */
  constructor(dependencies: DispatcherDependencies, models: readonly ServiceModel[]) {
    this.#deps = dependencies;
    this.#models = models;
    this.#passages = new Passages(dependencies.endpoints, models);
  }

  add(service: RunningService): void {
    this.#services.set(service.definition.model.name, service);
  }

  /**
   * Answers a request. Memory mode answers most calls at once; what waits (long polls, the disk) comes as a promise
   * with its way out.
   */
  handle(request: WireRequest, origin: string): WireResponse | PendingResponse {
    const claimed = claim(request, this.#models, protocols);
    const call = this.#begin(request, claimed);
    if ("error" in claimed) return this.#fail(claimed.error, call, request);
    if (call.identity.expired) return this.#fail(expiredToken(claimed.protocol.name), call, request);
    const cause = Cause.ofRequest(call.requestId, call.time, origin, request.headers["x-amzn-trace-id"]);
    const invocation = new Invocation(call.identity, cause);
    const perform = () => this.#perform(request, claimed, call, invocation, origin);
    const reset = this.#deps.resets.ended(invocation.account);
    if (reset === undefined) return perform();
    const answer = reset.then(() => {
      const performed = perform();
      return "status" in performed ? performed : performed.response;
    });
    return { response: answer, abort: () => invocation.abort() };
  }

  /**
   * Answers a request that a service of ours sends another one over the wire, as an integration of API Gateway does: in
   * the other service's own form, errors too, once it is durable. Whose call it is says the invocation, not a signature.
   */
  async relay(request: WireRequest, invocation: Invocation): Promise<WireResponse> {
    const { random, clock } = this.#deps;
    const rest = clock.turns.rest();
    if (rest !== undefined) await rest;
    const claimed = claim(request, this.#models, protocols);
    const requestId = random.fork("between services").uuid();
    const call = new RelayedRequest(claimed, request, invocation, requestId, clock.now());
    if ("error" in claimed) return this.#fail(claimed.error, call, request);
    const answer = this.#perform(request, claimed, call, invocation, invocation.origin ?? this.address);
    return "status" in answer ? answer : await answer.response;
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
      return this.#fail(bodyTooLarge(new BodyTooLarge(maxBodyBytes)), call, request);
    let codec: OperationCodec;
    try {
      const route = this.#route(claimed.operation);
      if (route.run === undefined) throw notBuilt(claimed.service.name, claimed.operation.name);
      this.#admit(route, request.body.length);
      codec = route.codecs[claimed.protocol.name] ??= claimed.protocol.compile(claimed.operation);
      const input = codec.decode(request);
      call.given(input, claimed.operation, request.body.length);
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
        // An operation refuses for the state it saw ("already exists"), which a crash could still undo.
        const flushed = deps.store.flushedSince(commits);
        if (flushed === undefined) throw error;
        return this.#pending(
          flushed.then(() => Promise.reject(error)),
          codec,
          call,
          request,
          invocation,
        );
      }
      if (!(result instanceof Promise)) {
        const flushed = deps.store.flushedSince(commits);
        if (flushed === undefined) return this.#succeed(codec, result, call, request);
        return this.#pending(
          flushed.then(() => result),
          codec,
          call,
          request,
          invocation,
        );
      }
      return this.#pending(this.#afterFlush(result, commits), codec, call, request, invocation);
    } catch (error) {
      return this.#fail(error, call, request);
    }
  }

  /**
   * Answers a request that never became a call (too large, unreadable) with this error, in the caller's protocol; one
   * that is no AwsError is a bug.
   */
  refuse(request: WireRequest, error: unknown): WireResponse {
    const claimed = claim(request, this.#models, protocols);
    const call = this.#begin(request, claimed);
    // What a service that Busbar has not would have made of it, Busbar cannot say.
    return this.#fail("error" in claimed && claimed.foreign ? claimed.error : error, call, request);
  }

  /** What becomes of a request that another server is to answer; undefined for what is answered here. */
  passedOn(request: WireRequest) {
    const passage = this.#passages.of(request);
    if (passage === undefined) return undefined;
    const call = this.#begin(request, passage.claimed);
    return {
      url: passage.url,
      answered: (status: number) => this.#record(call, status, undefined),
      failed: ({ message }: Error) => this.#fail(unreachable(passage, message), call, request),
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
    const model = this.#services.get(service)?.definition.model.operations.get(operation);
    if (!model) throw notBuilt(service, operation);
    const route = this.#route(model);
    const { random, store, clock } = this.#deps;
    // Calls cause calls: a chain of them must not keep the event loop from going round.
    const rest = clock.turns.rest();
    if (rest !== undefined) await rest;
    const reset = this.#deps.resets.ended(invocation.account);
    if (reset !== undefined) await reset;
    const call = new InnerCall(model, invocation, random.fork("between services").uuid(), clock.now());
    const details = { requestId: call.requestId, operation, origin: invocation.origin ?? this.address };
    try {
      this.#admit(route, 0);
      const given = (form === "json" ? jsonReader(model)(input ?? {}) : input) as Record<string, unknown>;
      route.validate(given);
      const { commits } = store;
      const result = (await this.#run(route, given, new OperationContext(route.state, invocation, details))) ?? {};
      await store.flushedSince(commits);
      this.#record(call, 200, undefined);
      return result;
    } catch (error) {
      const failure = error instanceof AwsError ? error : undefined;
      this.#record(call, failure?.status ?? 500, failure);
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

  /** The result, or its error, once what it tells of is durable. @param commits before the operation ran. */
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
    return {
      response: output.then(
        (value) => this.#succeed(codec, value, call, request),
        (error) => this.#fail(error, call, request),
      ),
      abort: () => invocation.abort(),
    };
  }

  /** @throws AwsError the service's throttling error for new work when memory is short. */
  #admit({ isNewWork, operation }: Route, bytes: number): void {
    if (isNewWork && this.#deps.memory?.isShort(bytes)) throw outOfMemory(operation.service);
  }

  #route(operation: OperationModel): Route {
    let route = this.#routes.get(operation);
    if (!route) {
      const running = this.#services.get(operation.service.name) as RunningService;
      let compiled = compiledOperations.get(operation);
      if (!compiled) {
        compiled = { validate: compileValidator(operation), codecs: {} };
        compiledOperations.set(operation, compiled);
      }
      route = {
        operation,
        state: running.state,
        run: running.definition.operations.find((candidate) => candidate.name === operation.name)?.run,
        isNewWork: isNewWork(operation.name),
        ...compiled,
      };
      this.#routes.set(operation, route);
    }
    return route;
  }

  #succeed(codec: OperationCodec, output: object | undefined, call: Request, request: WireRequest): WireResponse {
    let response: WireResponse;
    try {
      response = codec.encode(output, call.requestId, request);
    } catch (error) {
      return this.#fail(error, call, request);
    }
    this.#record(call, response.status, undefined);
    return response;
  }

  #fail(error: unknown, call: Request, request: WireRequest): WireResponse {
    const awsError = this.#awsError(error, call);
    const response = call.protocol.encodeError(awsError, call.requestId, call.model, request);
    if (call.isForeign) this.#tell(call.service as string, awsError, response);
    else this.#hint(call, awsError, response);
    this.#record(call, response.status, awsError);
    return response;
  }

  /** What AWS would not say, but whoever looks for the reason wants to know. */
  #hint(call: Request, error: AwsError, { headers }: WireResponse): void {
    const running = call.model && this.#services.get(call.model.name);
    call.hint = running?.definition.hint?.(running.state, { error, input: call.input ?? {}, ...call.caller });
    if (call.hint !== undefined) headers["x-busbar-hint"] = call.hint.replaceAll(/[^ -~]/g, "?");
  }

  /** An answer without a body must say it too, and whoever reads the log should not have to read it each time. */
  #tell(service: string, { message, status }: AwsError, { headers }: WireResponse): void {
    if (status !== 501) return;
    headers["x-busbar-hint"] = message;
    if (this.#told.has(service) || this.#told.size >= mostTold) return;
    this.#told.add(service);
    this.#deps.onNotice(message);
  }

  #awsError(error: unknown, call: Call): AwsError {
    if (error instanceof AwsError) return error;
    if (error instanceof Error && error.name === "StoreError") {
      return AwsError.unmodeled({ name: "ServiceUnavailable", status: 503, fault: "server", message: error.message });
    }
    this.#deps.onBug(error, `${call.service}:${call.operation}`);
    const message = "An internal error occurred. It is logged with its stack where Busbar runs.";
    return AwsError.unmodeled({ name: "InternalFailure", status: 500, fault: "server", message });
  }

  #record(call: Call, status: number, failure: AwsError | undefined): void {
    call.status = status;
    call.failure = failure;
    call.durationMs = performance.now() - call.startedAt;
    this.#deps.requests.add(call);
  }
}

function jsonReader(model: OperationModel): JsonDecoder {
  let decode = jsonReaders.get(model);
  if (decode === undefined) {
    decode = jsonDecoder(model.input, { constraints: model.service.constraints, written: true });
    jsonReaders.set(model, decode);
  }
  return decode;
}

/** AWS's answer to a body that no request of the service can have. */
export function bodyTooLarge({ message, statusCode }: BodyTooLarge): AwsError {
  return AwsError.unmodeled({ name: "RequestEntityTooLargeException", status: statusCode, message });
}

/** AWS's answer to temporary credentials past their end, which no operation looks behind. */
function expiredToken(protocol: ProtocolName): AwsError {
  return AwsError.unmodeled({
    name: "ExpiredTokenException",
    queryCode: "ExpiredToken",
    status: protocol === "awsQuery" || protocol === "restJson1" ? 403 : 400,
    message: "The security token included in the request is expired",
  });
}

function notBuilt(service: string, operation: string): AwsError {
  return AwsError.unmodeled({
    name: "NotImplemented",
    status: 501,
    fault: "server",
    message: `Busbar does not implement ${service}:${operation}.`,
  });
}
