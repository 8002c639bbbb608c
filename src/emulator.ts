/** The composition root: the only file that knows everything. */
import type { AwsError } from "../protocols/error.ts";
import type { WireRequest, WireResponse } from "../protocols/protocol.ts";
import { AwsEvents } from "./core/aws-events.ts";
import { Connections } from "./core/connections.ts";
import { DeliveryEngine } from "./core/delivery/engine.ts";
import { httpTarget } from "./core/delivery/http-target.ts";
import { Mailbox } from "./core/delivery/mailbox.ts";
import { Dispatcher, type PendingResponse, type RunningService } from "./core/dispatcher.ts";
import { Functions } from "./core/functions.ts";
import { Identities } from "./core/identity.ts";
import { RequestLog } from "./core/request-log.ts";
import type { ServiceCoverage, ServiceDefinition } from "./core/service.ts";
import { Clock, type ClockMode } from "./engine/clock.ts";
import { restoreClock } from "./engine/clock-row.ts";
import { Random } from "./engine/random.ts";
import { Store } from "./engine/store.ts";
import { Timers } from "./engine/timers.ts";
import { sqs } from "./services/sqs/index.ts";
import { stepfunctions } from "./services/stepfunctions/index.ts";
import { sts } from "./services/sts/index.ts";
import { version } from "./version.ts";

/** Every service Busbar has: adding one is its folder and a line here. */
export const services: readonly ServiceDefinition[] = [sqs, stepfunctions, sts];
const models = services.map(({ model }) => model);

/** What each service's model knows and what of it is built. */
export const coverage: readonly ServiceCoverage[] = services.map(({ model, operations }) => ({
  service: model.name,
  built: operations.map(({ name }) => name).sort(),
  known: [...model.operations.keys()].sort(),
}));

export interface EmulatorOptions {
  /** Keeps state in this directory (LMDB); in memory when absent. */
  readonly dataDir?: string | undefined;
  /** Region of requests that name none. */
  readonly defaultRegion?: string | undefined;
  /** `virtual` makes time stand still until it is moved. */
  readonly clock?: ClockMode | undefined;
  /** Epoch milliseconds at which the clock starts; now unless told. */
  readonly startMs?: number | undefined;
  /** Makes ids and every other random choice repeatable. */
  readonly seed?: string | undefined;
  /** Does as AWS where that only slows tests down. */
  readonly strict?: boolean | undefined;
  /** Outcomes of Step Functions tasks, in the format of Step Functions Local's mock configuration file. */
  readonly mocks?: unknown;
  /** A directory whose folders stand for S3 buckets. */
  readonly s3Root?: string | undefined;
  /** URLs of services that Busbar has not, by the name Step Functions calls them. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
  /** URLs that speak Lambda's Invoke API, by the name or ARN of their function. */
  readonly functions?: Readonly<Record<string, string>> | undefined;
  /** Told of bugs: an error that is not an answer of AWS, with the place it came from. */
  readonly onBug?: ((error: unknown, where: string) => void) | undefined;
}

/** One emulator with its own state and time; any number live side by side in a process. */
export class Emulator {
  readonly store: Store;
  readonly clock: Clock;
  readonly version = version;
  readonly requests = new RequestLog();
  readonly deliveries: DeliveryEngine;
  readonly mailbox: Mailbox;
  readonly functions: Functions;
  readonly #dispatcher: Dispatcher;
  readonly #running: RunningService[] = [];

  private constructor(store: Store, options: EmulatorOptions) {
    const onBug = options.onBug ?? ((error, where) => console.error(`busbar: bug in ${where}:`, error));
    const random = new Random(options.seed);
    this.store = store;
    this.clock = new Clock({
      mode: options.clock ?? "real",
      ...(options.startMs === undefined ? {} : { startMs: options.startMs }),
      onError: (error) => onBug(error, "a timer"),
    });
    restoreClock(store, this.clock);
    const timers = new Timers(store, this.clock);
    const identities = new Identities(store, options.defaultRegion ?? "us-east-1");
    const { clock, requests } = this;
    this.#dispatcher = new Dispatcher({ store, clock, random, identities, requests, onBug }, models);
    const call = this.#dispatcher.call.bind(this.#dispatcher);
    const delivery = new DeliveryEngine({ store, clock, random });
    this.deliveries = delivery;
    this.mailbox = new Mailbox(store, clock);
    this.functions = new Functions(random);
    for (const [name, url] of Object.entries(options.functions ?? {})) this.functions.registerUrl(name, url);
    delivery.register("http", httpTarget(random));
    delivery.register(
      "lambda",
      this.functions.target(delivery, (body) => store.transaction(body)),
    );
    for (const kind of ["mailbox", "firehose"]) delivery.registerLocal(kind, (one) => this.mailbox.deliver(one));
    const awsEvents = new AwsEvents();
    const connections = new Connections();
    for (const definition of services) {
      const state = definition.create({
        store,
        clock: this.clock,
        timers,
        random,
        options: {
          strict: options.strict ?? false,
          mocks: options.mocks,
          s3Root: options.s3Root,
          endpoints: options.endpoints,
        },
        call,
        delivery,
        functions: this.functions,
        awsEvents,
        connections,
        models: new Map(models.map((model) => [model.name, model])),
      });
      const running = { definition, state };
      this.#running.push(running);
      this.#dispatcher.add(running);
    }
    timers.start();
    delivery.start();
  }

  /** @throws StoreError when the data directory is unusable or in use by another process. */
  static async start(options: EmulatorOptions = {}): Promise<Emulator> {
    return new Emulator(options.dataDir === undefined ? Store.memory() : await Store.open(options.dataDir), options);
  }

  handle(request: WireRequest, origin: string): WireResponse | PendingResponse {
    return this.#dispatcher.handle(request, origin);
  }

  refuse(request: WireRequest, error: AwsError): WireResponse {
    return this.#dispatcher.refuse(request, error);
  }

  /** What is built of each service. */
  get coverage(): readonly ServiceCoverage[] {
    return coverage;
  }

  /** Forgets everything, or all that belongs to one account. */
  async reset(account?: string): Promise<void> {
    this.store.reset(account);
    for (const { definition, state } of this.#running) definition.reset?.(state, account);
    this.deliveries.reset(account);
    if (account === undefined) this.requests.clear();
    await this.store.flushed();
  }

  /** Ends what waits: long polls return empty, deliveries under way are left to the next run. */
  stop(): void {
    this.deliveries.stop();
    for (const { definition, state } of this.#running) definition.stop?.(state);
  }

  /** Stops, flushes and releases the data directory. */
  async close(): Promise<void> {
    this.stop();
    this.clock.close();
    await this.store.close();
  }
}
