import type { Blob64, FromWire } from "../../protocols/blob.ts";
import type { ProtocolName, WireRequest } from "../../protocols/protocol.ts";
import type { OperationSchema } from "../../protocols/schema.ts";
import type { Store } from "../engine/store.ts";
import { partitionOf } from "./arn.ts";
import type { Principal } from "./identity.ts";
import type { Invocation } from "./invocation.ts";

/** What comes with a call besides its invocation. */
export interface CallDetails {
  readonly requestId: string;
  /** `SendMessage`. */
  readonly operation: string;
  /** For URLs we mint; see `OperationContext.origin`. */
  readonly origin: string;
  readonly protocol?: ProtocolName | undefined;
  readonly request?: WireRequest | undefined;
}

/** What an operation knows of the call besides its input. */
export class OperationContext<State = unknown> {
  /** The state of the operation's own service, one per emulator. */
  readonly service: State;
  readonly invocation: Invocation;
  readonly account: string;
  readonly region: string;
  readonly principal: Principal;
  /**
   * Scheme, host and port for URLs we mint, `http://localhost:4566`: those by which the outermost client reaches us, or
   * the server's own address where no client is behind the call.
   */
  readonly origin: string;
  readonly requestId: string;
  readonly operation: string;
  /** The client's protocol; absent in calls between services. A few messages depend on it. */
  readonly protocol: ProtocolName | undefined;
  /** The raw request, for the few operations that read its headers; absent in calls between services. */
  readonly request: WireRequest | undefined;

  constructor(service: State, invocation: Invocation, details: CallDetails) {
    const { requestId, operation, origin, protocol, request } = details;
    this.service = service;
    this.invocation = invocation;
    this.account = invocation.account;
    this.region = invocation.region;
    this.principal = invocation.principal;
    this.origin = origin;
    this.requestId = requestId;
    this.operation = operation;
    this.protocol = protocol;
    this.request = request;
  }

  get partition(): string {
    return partitionOf(this.region);
  }

  /** Aborted when the client has gone or the call was cancelled: pending work then ends and takes nothing. */
  get signal(): AbortSignal {
    return this.invocation.signal;
  }
}

/** Runs what an operation does after an `await` as its synchronous part is run: with its cause, in one transaction. */
export function inTransaction<Result>(
  { service, invocation }: OperationContext<{ readonly deps: { readonly store: Store } }>,
  run: () => Result,
): Result {
  return invocation.cause.run(() => service.deps.store.transaction(run));
}

type InputOf<Command> = Command extends { input: infer Input } ? Input : never;
type OutputOf<Command> = Command extends {
  resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: infer Output }>;
}
  ? Omit<Output, "$metadata">
  : never;

/** An output as an operation may return it: blobs in any form, and members may be undefined. */
export type ToWire<T> = T extends Uint8Array
  ? Uint8Array | Blob64
  : T extends Date
    ? Date
    : T extends AsyncIterable<infer Event>
      ? AsyncIterable<ToWire<Event>>
      : T extends readonly (infer Item)[]
        ? readonly ToWire<Item>[]
        : T extends object
          ? { [Key in keyof T]: ToWire<T[Key]> | undefined }
          : T;

export interface OperationDefinition<State> {
  readonly kind: "operation";
  readonly name: string;
  run(input: object, context: OperationContext<State>): object | undefined | Promise<object | undefined>;
}

/**
 * Makes the `operation` function of one service: `operation<SendMessageCommand>(SendMessage$, (input, context) => …)`.
 * Input and output types come from the SDK's command class. The synchronous part of the body is one transaction:
 * when it throws, nothing it wrote stays. What follows an `await` opens transactions of its own on the store.
 */
export function operationsOf<State>() {
  return <Command>(
    schema: OperationSchema | readonly unknown[],
    run: (
      input: FromWire<InputOf<Command>>,
      context: OperationContext<State>,
    ) => ToWire<OutputOf<Command>> | undefined | void | Promise<ToWire<OutputOf<Command>> | undefined | void>,
  ): OperationDefinition<State> => ({
    kind: "operation",
    name: schema[2] as string,
    run: run as OperationDefinition<State>["run"],
  });
}

/** The operations among a module's exports, so that an exported operation needs no registration. */
export function operationsIn<State>(...modules: object[]): OperationDefinition<State>[] {
  return modules.flatMap((module) =>
    Object.values(module).filter(
      (value): value is OperationDefinition<State> => typeof value === "object" && value?.kind === "operation",
    ),
  );
}
