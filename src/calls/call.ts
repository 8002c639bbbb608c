/** Calls under way. */
import type { Claim, ErrorProtocol, OperationCodec, Unclaimed, WireRequest } from "../../protocols/protocol.ts";
import type { OperationModel, ServiceModel } from "../../protocols/schema.ts";
import { performance } from "../engine/real-time.ts";
import type { Cause } from "./cause.ts";
import type { Identity } from "./identity.ts";
import type { Place } from "./place.ts";
import { type Input, resourceOf, resourcesOf } from "./shown-call.ts";

/** For larger inputs only the resource is remembered. */
const maxKeptBytes = 2048;

/** A call, from a client or between services. */
export class Call {
  readonly model: ServiceModel | undefined;
  readonly operation: string | undefined;
  readonly caller: Place;
  readonly requestId: string;
  readonly time: number;
  /** What caused it; undefined for a client's own call. */
  readonly cause: Cause | undefined;
  /** Only for a client's request, or one that came over the wire. */
  readonly request: WireRequest | undefined;
  readonly startedAt = performance.now();
  hint: string | undefined;
  input: Input | undefined;
  /** Says which parts of the input may be shown. */
  inputModel: OperationModel | undefined;
  /** Reads the input again. */
  codec: OperationCodec | undefined;
  /** What a large input is about; nothing else of it is kept. */
  resource: string | undefined;

  constructor(
    model: ServiceModel | undefined,
    operation: string | undefined,
    caller: Place,
    requestId: string,
    time: number,
    cause: Cause | undefined,
    request?: WireRequest,
  ) {
    this.model = model;
    this.operation = operation;
    this.caller = caller;
    this.requestId = requestId;
    this.time = time;
    this.cause = cause;
    this.request = request;
  }

  get service(): string | undefined {
    return this.model?.name;
  }

  /** Remembers the input; for a large input only the resource, since a thousand calls are kept. */
  given(input: Input, operation: OperationModel, codec: OperationCodec, bytes: number): void {
    if (bytes > maxKeptBytes) this.resource = resourceOf(input);
    else {
      this.input = input;
      this.inputModel = operation;
      this.codec = codec;
    }
  }

  /** Everything the call names, by name or ARN. */
  get resources(): readonly string[] {
    return this.input === undefined ? [this.resource ?? ""] : resourcesOf(this.input);
  }
}

/** A call that came over the wire. */
export class Request extends Call {
  readonly protocol: ErrorProtocol;
  readonly identity: Identity;
  readonly #foreign: string | undefined;

  constructor(
    claimed: Claim | Unclaimed,
    request: WireRequest,
    identity: Identity,
    requestId: string,
    time: number,
    cause?: Cause,
  ) {
    const foreign = "error" in claimed ? claimed.foreign : undefined;
    const operation = "error" in claimed ? foreign?.operation : claimed.operation.name;
    super(claimed.service, operation, identity, requestId, time, cause, request);
    this.protocol = claimed.protocol;
    this.identity = identity;
    this.#foreign = foreign?.service.name;
  }

  /** Whether it is for an AWS service that Busbar does not implement. */
  get isForeign(): boolean {
    return this.#foreign !== undefined;
  }

  override get service(): string | undefined {
    return this.model?.name ?? this.#foreign;
  }
}
