import type { Blob64, FromWire } from "../../protocols/blob.ts";
import type { ProtocolName, WireRequest } from "../../protocols/protocol.ts";
import type { OperationSchema } from "../../protocols/schema.ts";
import { partitionOf } from "./arn.ts";
import type { Identity, Principal } from "./identity.ts";

/** What an operation knows of the call besides its input. */
export class OperationContext<State = unknown> {
  /** The state of the operation's own service, one per emulator. */
  readonly service: State;
  readonly account: string;
  readonly region: string;
  readonly principal: Principal;
  /** Scheme, host and port by which this client reaches us, for URLs that are minted: `http://localhost:4566`. */
  readonly origin: string;
  readonly requestId: string;
  /** How the client speaks; absent in calls between services. A few messages differ by it. */
  readonly protocol: ProtocolName | undefined;
  /** The request as it came, for the few operations that look at its headers; absent in calls between services. */
  readonly request: WireRequest | undefined;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(
    service: State,
    identity: Identity,
    origin: string,
    requestId: string,
    protocol?: ProtocolName,
    request?: WireRequest,
  ) {
    this.service = service;
    this.account = identity.account;
    this.region = identity.region;
    this.principal = identity.principal;
    this.origin = origin;
    this.requestId = requestId;
    this.protocol = protocol;
    this.request = request;
  }

  get partition(): string {
    return partitionOf(this.region);
  }

  /** Aborted when the client has gone or the emulator is stopping: whoever waits gives up and takes nothing. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}

type InputOf<Command> = Command extends { input: infer Input } ? Input : never;
type OutputOf<Command> = Command extends {
  resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: infer Output }>;
}
  ? Omit<Output, "$metadata">
  : never;

/** An output as an operation may return it: blobs as they are at hand, members left undefined. */
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

/** The operations among a module's exports, so that adding one is one export. */
export function operationsIn<State>(...modules: object[]): OperationDefinition<State>[] {
  return modules.flatMap((module) =>
    Object.values(module).filter(
      (value): value is OperationDefinition<State> => typeof value === "object" && value?.kind === "operation",
    ),
  );
}
