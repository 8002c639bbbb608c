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
import type { Models } from "./catalog.ts";
import type { Door } from "./door.ts";
import type { NamedResource } from "./elsewhere.ts";
import type { Identity } from "./identity.ts";
import type { Invocation } from "./invocation.ts";
import type { OperationDefinition } from "./operation.ts";

/** User options that change how services behave. */
export interface ServiceOptions {
  /** Imitate AWS where that only slows tests down (waits after deletion and between purges, throughput limits). */
  readonly strict: boolean;
  /** How long Kinesis streams, consumers and channels stay CREATING, UPDATING or DELETING, in ms of the clock. */
  readonly streamDelayMs: number;
  /** Outcomes of Step Functions tasks, in the format of Step Functions Local's mock configuration file. */
  readonly mocks?: unknown;
  /** A directory whose folders act as S3 buckets. */
  readonly s3Root?: string | undefined;
  /** URLs of services that Busbar does not implement, by the name Step Functions uses. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
}

/** What a service gets from the emulator. */
export interface ServiceDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly options: ServiceOptions;
  /** Says when memory is short, for work that no request asks for; absent when there is no limit. */
  readonly memory: Memory | undefined;
  /** Calls another service's operation as a client would; see `Dispatcher.call`. */
  readonly call: Call;
  /** Sends another service a request over the wire; see `Dispatcher.relay`. */
  readonly relay: Relay;
  /** Checks resource policies. */
  readonly guard: Guard;
  /** Finds who sent a request, by its signature; see `Identities.of`. */
  readonly identityOf: (request: WireRequest) => Identity;
  /** Takes what a service sends elsewhere and delivers it. */
  readonly delivery: DeliveryEngine;
  /** The APIs that can be called, whichever service they belong to. */
  readonly apis: Apis;
  /** Collects what would leave AWS (email, SMS, push), so that it can be looked at. */
  readonly mailbox: Mailbox;
  /** Lambda functions that can be invoked. */
  readonly functions: Functions;
  /** Runs functions that consist of code. */
  readonly runtime: FunctionRuntime;
  /** Child processes, which end when we do, and a scratch directory that is removed with them. */
  readonly processes: Processes;
  /** Where services publish events about themselves: the default bus. */
  readonly awsEvents: AwsEvents;
  /** Announces that a queue or a stream has something to read. */
  readonly arrivals: Arrivals;
  /** What EventBridge's connections add to calls of HTTP endpoints. */
  readonly connections: Connections;
  /** Tells the user what no answer can say. */
  readonly onNotice: (text: string) => void;
  readonly models: Models;
}

/** The form of a call's input: SDK values, or JSON of the SDK's members as a user wrote it. */
export type InputForm = "sdk" | "json";

export type Call = (
  service: string,
  operation: string,
  input: unknown,
  invocation: Invocation,
  form?: InputForm,
) => Promise<object>;

export type Relay = (request: WireRequest, invocation: Invocation) => WireResponse | Promise<WireResponse>;

/** One AWS service: its model, its operations, and the state they work on. */
export interface ServiceDefinition<State = unknown> {
  readonly model: ServiceModel;
  readonly operations: readonly OperationDefinition<State>[];
  /** Opens the service's tables and registers its timers; called once per emulator. */
  create(dependencies: ServiceDependencies): State;
  /** What there is to see besides the operations, by name; shown by control routes and the embedding API. */
  readonly views?: Readonly<Record<string, (state: State, filter: object) => unknown>>;
  /** Drops state kept outside the store, after a reset of all accounts or of one. */
  reset?(state: State, account?: string): void;
  /** A way into the service besides its API, such as files it publishes or addresses it hands out. */
  door?(state: State): Door;
  /**
   * Actions from outside that AWS has no operation for, under `POST /_busbar/{service}/{lever}`. Each runs in a
   * transaction and answers JSON; an AwsError is answered with its message.
   */
  readonly levers?: Readonly<Record<string, Lever<State>>>;
  /**
   * The resources that users name, in all accounts and regions; used for hints to callers who look in the wrong one.
   */
  named?(state: State): readonly Iterable<NamedResource>[];
  /** Ends whatever is waiting (long polls return empty) so that the emulator can stop. */
  stop?(state: State): void;
}

export type Lever<State> = (
  state: State,
  body: Readonly<Record<string, unknown>> & { readonly account: string; readonly region: string },
) => object;

/** Checks a definition's types and erases its state type, so that all services fit in one list. */
export function defineService<State>(definition: ServiceDefinition<State>): ServiceDefinition {
  return definition as ServiceDefinition;
}

export interface ServiceCoverage {
  readonly service: string;
  /** How many operations are implemented, and how many the service's model has. */
  readonly operations: number;
  readonly of: number;
}
