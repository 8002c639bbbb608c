import type { WireRequest, WireResponse } from "../../protocols/protocol.ts";
import type { ServiceModel } from "../../protocols/schema.ts";
import type { Guard } from "../access/guard.ts";
import type { Apis } from "../apis/apis.ts";
import type { DeliveryEngine } from "../delivery/engine.ts";
import type { Mailbox } from "../delivery/mailbox.ts";
import type { Clock } from "../engine/clock.ts";
import type { Memory } from "../engine/memory.ts";
import type { Processes } from "../engine/processes.ts";
import type { Random } from "../engine/random.ts";
import type { Store } from "../engine/store.ts";
import type { Timers } from "../engine/timers.ts";
import type { AwsEvents } from "../events/aws-events.ts";
import type { Functions } from "../functions/functions.ts";
import type { FunctionRuntime } from "../functions/runtime/function-runtime.ts";
import type { Connections } from "../outside/connections.ts";
import type { Arrivals } from "../sources/arrivals.ts";
import type { Door } from "./door.ts";
import type { NamedResource } from "./elsewhere.ts";
import type { Identity } from "./identity.ts";
import type { Invocation } from "./invocation.ts";
import type { OperationDefinition } from "./operation.ts";

/** Choices of the person who starts the emulator that change how services behave. */
export interface ServiceOptions {
  /** Do as AWS where that only slows tests down (waits after deletion and between purges, throughput limits). */
  readonly strict: boolean;
  /** How long Kinesis streams, consumers and channels say CREATING, UPDATING or DELETING, in ms of the clock. */
  readonly streamDelayMs: number;
  /** Outcomes of Step Functions tasks, in the format of Step Functions Local's mock configuration file. */
  readonly mocks?: unknown;
  /** A directory whose folders stand for S3 buckets. */
  readonly s3Root?: string | undefined;
  /** URLs of services that Busbar does not have, by the name Step Functions calls them. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
}

/** What a service is given to live on. */
export interface ServiceDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly options: ServiceOptions;
  /** Tells when memory is short, for work that no request asks for; nobody looks where there is no limit. */
  readonly memory: Memory | undefined;
  /** Calls another service's operation as a client would; see `Dispatcher.call`. */
  readonly call: Call;
  /** Sends another service a request over the wire; see `Dispatcher.relay`. */
  readonly relay: Relay;
  /** Asks resources' policies who may do what. */
  readonly guard: Guard;
  /** Whose a request is, by its signature; see `Identities.of`. */
  readonly identityOf: (request: WireRequest) => Identity;
  /** Takes whatever a service pushes elsewhere, and has it delivered. */
  readonly delivery: DeliveryEngine;
  /** APIs that are called, whichever service they belong to. */
  readonly apis: Apis;
  /** Keeps what would leave AWS, to be looked at. */
  readonly mailbox: Mailbox;
  /** Lambda functions that can be invoked and waited for. */
  readonly functions: Functions;
  /** Runs functions that are code. */
  readonly runtime: FunctionRuntime;
  /** Processes that end with us, and a directory that goes with them. */
  readonly processes: Processes;
  /** Where services send events about themselves: the default bus. */
  readonly awsEvents: AwsEvents;
  /** News that a queue or a stream has something to read. */
  readonly arrivals: Arrivals;
  /** What EventBridge's connections add to calls of HTTP endpoints. */
  readonly connections: Connections;
  /** Tells whoever runs Busbar something that no answer can say. */
  readonly onNotice: (text: string) => void;
  /** The models of all services by name, for whoever calls operations it learns at run time. */
  readonly models: ReadonlyMap<string, ServiceModel>;
}

/** What a call's input is: values as the SDK has them, or JSON of the SDK's members that a user wrote. */
export type InputForm = "sdk" | "json";

export type Call = (
  service: string,
  operation: string,
  input: unknown,
  invocation: Invocation,
  form?: InputForm,
) => Promise<object>;

export type Relay = (request: WireRequest, invocation: Invocation) => Promise<WireResponse>;

/** One AWS service: its model, its operations, and the state they work on. */
export interface ServiceDefinition<State = unknown> {
  readonly model: ServiceModel;
  readonly operations: readonly OperationDefinition<State>[];
  /** Opens the service's tables and registers its timers; called once per emulator. */
  create(dependencies: ServiceDependencies): State;
  /** What there is to look at besides the operations, by name; control routes and the embedding API show it. */
  readonly views?: Readonly<Record<string, (state: State, filter: object) => unknown>>;
  /** Drops what the state keeps outside the store, after a reset of all accounts or of one. */
  reset?(state: State, account?: string): void;
  /** A way into the service besides its API: files it publishes, addresses it hands out. */
  door?(state: State): Door;
  /**
   * What the world does to a service without an operation of AWS's, under `POST /_busbar/{service}/{lever}`. Each runs
   * in a transaction and answers JSON; an AwsError is answered with its message.
   */
  readonly levers?: Readonly<Record<string, Lever<State>>>;
  /** What users name, in all accounts and regions; where one is, is told to whoever did not find it. */
  named?(state: State): readonly Iterable<NamedResource>[];
  /** Ends what waits (long polls return empty) so that the emulator can stop. */
  stop?(state: State): void;
}

export type Lever<State> = (
  state: State,
  body: Readonly<Record<string, unknown>> & { readonly account: string; readonly region: string },
) => object;

/** Checks a definition's types and forgets its state type, so that services of all kinds fit one list. */
export function defineService<State>(definition: ServiceDefinition<State>): ServiceDefinition {
  return definition as ServiceDefinition;
}

export interface ServiceCoverage {
  readonly service: string;
  /** Operations that are built, and all that the service's model knows. */
  readonly built: readonly string[];
  readonly known: readonly string[];
}
