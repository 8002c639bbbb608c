/** Calls under way; once answered, each is its own record in the request log. */

import type { AwsError } from "../../protocols/error.ts";
import type { Claim, ErrorProtocol, Unclaimed, WireRequest } from "../../protocols/protocol.ts";
import type { OperationModel, ServiceModel } from "../../protocols/schema.ts";
import { performance } from "../engine/real-time.ts";
import type { Identity } from "./identity.ts";
import type { Invocation } from "./invocation.ts";
import type { RequestRecord } from "./request-log.ts";
import { type Input, parametersOf, resourceOf, resourcesOf } from "./shown-call.ts";

const mostKeptBytes = 2048;

/** What every call has. */
export class Call implements RequestRecord {
  readonly model: ServiceModel | undefined;
  readonly operation: string | undefined;
  readonly caller: Pick<Identity, "account" | "region">;
  readonly requestId: string;
  readonly time: number;
  readonly startedAt = performance.now();
  status = 0;
  durationMs = 0;
  failure: AwsError | undefined;
  hint: string | undefined;
  #input: Input | undefined;
  #model: OperationModel | undefined;
  #resource: string | undefined;

  constructor(
    model: ServiceModel | undefined,
    operation: string | undefined,
    caller: Call["caller"],
    requestId: string,
    time: number,
  ) {
    this.model = model;
    this.operation = operation;
    this.caller = caller;
    this.requestId = requestId;
    this.time = time;
  }

  get service(): string | undefined {
    return this.model?.name;
  }

  get account(): string {
    return this.caller.account;
  }

  get region(): string {
    return this.caller.region;
  }

  /** Remembers what it was given; of a large input the resource alone, since a thousand of them are kept. */
  given(input: Input, operation: OperationModel, bytes: number): void {
    if (bytes > mostKeptBytes) this.#resource = resourceOf(input);
    else {
      this.#input = input;
      this.#model = operation;
    }
  }

  get input(): Input | undefined {
    return this.#input;
  }

  get resource(): string | undefined {
    return this.#input === undefined ? this.#resource : resourceOf(this.#input);
  }

  /** Whatever the call names, by name or ARN. */
  get resources(): readonly string[] {
    return this.#input === undefined ? [this.#resource ?? ""] : resourcesOf(this.#input);
  }

  get parameters(): Readonly<Record<string, string>> | undefined {
    if (this.#input === undefined || this.#model === undefined) return undefined;
    return parametersOf(this.#model, this.#input);
  }

  get errorName(): string | undefined {
    return this.failure?.name;
  }

  get error(): string | undefined {
    return this.failure?.queryCode;
  }

  get message(): string | undefined {
    return this.failure?.message;
  }

  get cause(): string | undefined {
    return undefined;
  }

  /** Of a client's call. */
  readonly method?: string | undefined;
  readonly host?: string | undefined;
  readonly path?: string | undefined;
}

/** A client's call. */
export class Request extends Call {
  readonly protocol: ErrorProtocol;
  readonly identity: Identity;
  override readonly method: string;
  override readonly host: string;
  override readonly path: string;
  readonly #foreign: string | undefined;

  constructor(claimed: Claim | Unclaimed, request: WireRequest, identity: Identity, requestId: string, time: number) {
    const foreign = "error" in claimed ? claimed.foreign : undefined;
    const operation = "error" in claimed ? foreign?.operation : claimed.operation.name;
    super(claimed.service, operation, identity, requestId, time);
    this.protocol = claimed.protocol;
    this.identity = identity;
    this.method = request.method;
    this.host = String(request.headers["host"] ?? request.headers[":authority"] ?? "");
    this.path = request.path;
    this.#foreign = foreign?.service.name;
  }

  /** Whether it is for a service of AWS that Busbar does not have. */
  get isForeign(): boolean {
    return this.#foreign !== undefined;
  }

  override get service(): string | undefined {
    return this.model?.name ?? this.#foreign;
  }
}

/** A request that one service sends another. */
export class RelayedRequest extends Request {
  readonly #invocation: Invocation;

  constructor(
    claimed: Claim | Unclaimed,
    request: WireRequest,
    invocation: Invocation,
    requestId: string,
    time: number,
  ) {
    super(claimed, request, invocation, requestId, time);
    this.#invocation = invocation;
  }

  override get cause(): string {
    return this.#invocation.cause.chain;
  }
}

/** A call between services. */
export class InnerCall extends Call {
  readonly #invocation: Invocation;

  constructor({ service, name }: OperationModel, invocation: Invocation, requestId: string, time: number) {
    super(service, name, invocation, requestId, time);
    this.#invocation = invocation;
  }

  override get cause(): string {
    return this.#invocation.cause.chain;
  }
}
