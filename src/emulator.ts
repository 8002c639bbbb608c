/** The composition root: the only file that knows everything. */
import type { WireRequest, WireResponse } from "../protocols/protocol.ts";
import { Guard } from "./access/guard.ts";
import { Apis } from "./apis/apis.ts";
import { ApiDoor } from "./apis/door.ts";
import { Cause, timerCauses } from "./calls/cause.ts";
import { Dispatcher, type PendingResponse } from "./calls/dispatcher.ts";
import type { Door } from "./calls/door.ts";
import { defaultAccount, Identities } from "./calls/identity.ts";
import { Invocation } from "./calls/invocation.ts";
import { Notes } from "./calls/notes.ts";
import type { Place } from "./calls/place.ts";
import { RequestLog } from "./calls/request-log.ts";
import type { ServiceCoverage } from "./calls/service.ts";
import coverage from "./coverage.json" with { type: "json" };
import { DeliveryEngine } from "./delivery/engine.ts";
import { Mailbox } from "./delivery/mailbox.ts";
import { registerTargets } from "./delivery-targets.ts";
import type { EmulatorOptions } from "./emulator-options.ts";
import { AccountResets } from "./engine/account-resets.ts";
import { Clock } from "./engine/clock.ts";
import { restoreClock } from "./engine/clock-row.ts";
import { Memory } from "./engine/memory.ts";
import { Processes } from "./engine/processes.ts";
import { Random } from "./engine/random.ts";
import { Store } from "./engine/store.ts";
import { Timers } from "./engine/timers.ts";
import { AwsEvents } from "./events/aws-events.ts";
import type { EventFilter, EventRecord } from "./events/event-records.ts";
import { Functions } from "./functions/functions.ts";
import { fileFunction, isFunctionUrl, parseHandlerFile } from "./functions/handler-files.ts";
import { FunctionRuntime, type WriteLog } from "./functions/runtime/function-runtime.ts";
import { LogGroups } from "./logs/log-groups.ts";
import { Connections } from "./outside/connections.ts";
import { RunningServices } from "./running-services.ts";
import { catalog } from "./services.ts";
import { Arrivals } from "./sources/arrivals.ts";
import { version } from "./version.ts";

/** One emulator with its own state and time; any number can live side by side in a process. */
export class Emulator {
  readonly store: Store;
  readonly clock: Clock;
  readonly version = version;
  readonly requests: RequestLog;
  readonly deliveries: DeliveryEngine;
  readonly mailbox: Mailbox;
  readonly logs: LogGroups;
  readonly functions: Functions;
  readonly apis: Apis;
  /** The services' entry points besides their APIs, in the order in which they are asked. */
  readonly doors: readonly Door[];
  readonly #endClock: () => void;
  readonly #onNotice: (text: string) => void;
  readonly #onBug: (error: unknown, where: string) => void;
  readonly #dispatcher: Dispatcher;
  readonly #defaultRegion: string;
  readonly #identities: Identities;
  readonly #services: RunningServices;
  readonly #resets: AccountResets;
  readonly #memory: Memory | undefined;
  readonly #processes = new Processes();
  readonly #runtime: FunctionRuntime;
  #functionsEnded: Promise<void> | undefined;
  /** The address that functions call; nothing listens on it until the server does, or ever when there is no server. */
  #ownAddress = "http://127.0.0.1:1";
  #closed = false;

  private constructor(store: Store, options: EmulatorOptions) {
    const onBug = options.onBug ?? ((error, where) => console.error(`busbar: bug in ${where}:`, error));
    this.#onBug = onBug;
    const random = new Random(options.seed === undefined ? undefined : seedOf(options.seed, store));
    this.store = store;
    this.clock = new Clock({
      mode: options.clock ?? "real",
      ...(options.startMs === undefined ? {} : { startMs: options.startMs }),
      untimed: options.untimed ?? false,
      onError: (error) => onBug(error, "a timer"),
    });
    store.watchedBy(this.clock);
    this.#endClock = restoreClock(store, this.clock);
    // A clock from an earlier run continues where it stood, in the mode asked for this time.
    if (options.clock !== undefined) this.clock.setMode(options.clock);
    const timers = new Timers(
      store,
      this.clock,
      timerCauses(() => this.clock.now()),
    );
    this.#defaultRegion = options.defaultRegion ?? "us-east-1";
    const notes = new Notes();
    this.requests = new RequestLog(notes);
    const { policies: mode = "audit", onRefusal } = options;
    const guard = new Guard({ mode, clock: this.clock, notes, onRefusal });
    const identities = new Identities(store, this.clock, this.#defaultRegion);
    this.#identities = identities;
    const { clock, requests } = this;
    const onNotice = options.onNotice ?? ((text) => process.emitWarning(text));
    this.#onNotice = onNotice;
    const endpoints = options.endpoints ?? {};
    const onMemory = options.onMemory ?? ((_isShort, text) => process.emitWarning(text));
    const memory = options.maxMemory === undefined ? undefined : new Memory(options.maxMemory, { onChange: onMemory });
    this.#memory = memory;
    this.#resets = new AccountResets(store, clock, (account) => this.#afterReset(account));
    this.#services = new RunningServices(catalog, (definition) =>
      definition.create({ ...dependencies, random: random.fork(definition.model.name) }),
    );
    this.#dispatcher = new Dispatcher(
      {
        resets: this.#resets,
        store,
        clock,
        random: random.fork("calls"),
        identities,
        requests,
        onBug,
        onNotice,
        endpoints,
        memory,
      },
      this.#services,
    );
    const call = this.#dispatcher.call.bind(this.#dispatcher);
    const relay = this.#dispatcher.relay.bind(this.#dispatcher);
    const delivery = new DeliveryEngine({ store, clock, random: random.fork("deliveries"), notes });
    this.deliveries = delivery;
    this.mailbox = new Mailbox(store, clock);
    this.logs = new LogGroups(store, clock);
    this.functions = new Functions({ random: random.fork("functions"), clock, store, elsewhere: endpoints["lambda"] });
    this.#runtime = new FunctionRuntime({
      clock,
      random: random.fork("runtimes"),
      processes: this.#processes,
      workshop: { node: options.lambdaNode, endpoint: () => this.#ownAddress },
      writeLog: (log) => this.#writeLog(log, random.fork("logs")),
    });
    for (const [name, place] of Object.entries(options.functions ?? {})) {
      if (isFunctionUrl(place)) this.functions.registerUrl(name, place);
      else this.functions.registerNamed(name, fileFunction(name, parseHandlerFile(place), this.#runtime));
    }
    this.apis = new Apis({ store, clock, identities }, options.jwks);
    const { functions, mailbox, logs, apis } = this;
    registerTargets(delivery, { random, functions, mailbox, logs, apis, apiEndpoint: endpoints["execute-api"] });
    const awsEvents = new AwsEvents();
    const arrivals = new Arrivals();
    const connections = new Connections();
    const dependencies = {
      store,
      clock: this.clock,
      timers,
      options: {
        strict: options.strict ?? false,
        mocks: options.mocks,
        s3Root: options.s3Root,
        endpoints: options.endpoints,
        streamDelayMs: options.streamDelayMs ?? 0,
      },
      memory,
      call,
      relay,
      identityOf: (request: WireRequest) => identities.of(request),
      guard,
      delivery,
      functions: this.functions,
      runtime: this.#runtime,
      processes: this.#processes,
      awsEvents,
      apis: this.apis,
      mailbox: this.mailbox,
      onNotice,
      arrivals,
      connections,
      models: catalog,
    };
    this.#services.start(() => store.unopened());
    this.doors = [new ApiDoor(this.apis), ...this.#services.doors()];
    this.#resets.resume();
    timers.start();
    delivery.start();
  }

  /** @throws StoreError when the data directory is unusable or in use by another process. */
  static async start(options: EmulatorOptions = {}): Promise<Emulator> {
    const { dataDir, disk, onTrouble } = options;
    if (disk !== undefined) return new Emulator(Store.on(disk, onTrouble), options);
    return new Emulator(dataDir === undefined ? Store.memory() : await Store.open(dataDir, onTrouble), options);
  }

  /** Whether a host name is a custom domain of an API. */
  isNamed(name: string): boolean {
    return this.apis.domains.at(name) !== undefined;
  }

  /** Tells the emulator under which address it is reached, once the server listens. */
  listensAt(origin: string): void {
    this.#dispatcher.address = origin;
    // The port also accepts plain HTTP, for which nobody has to trust a certificate.
    this.#ownAddress = origin.replace(/^https:/, "http:");
  }

  /** Functions write their logs when they finish, whether or not anybody waits for the answer. */
  readonly #writeLog = (log: Parameters<WriteLog>[0], random: Random): void => {
    if (this.#closed) return;
    const { account, region, group, stream, source, lines } = log;
    this.store.transaction(() => {
      for (const { timeMs: timestampMs, message } of lines) {
        this.logs.put({ id: random.uuid(), account, region, group, stream, source, timestampMs, message });
      }
    });
  };

  handle(request: WireRequest, origin: string): WireResponse | PendingResponse {
    return this.#dispatcher.handle(request, origin);
  }

  /** Where to forward a request that another server must answer; undefined for requests answered here. */
  passedOn(request: WireRequest) {
    return this.#dispatcher.passedOn(request);
  }

  /** Calls an operation as the account's own user would, with JSON of its members. @throws AwsError */
  call(service: string, operation: string, input: object, { account, region }: Place): Promise<object> {
    const cause = Cause.beginning("run", `${service}/${operation}`, this.clock.now());
    const invocation = new Invocation(this.#identities.user(account, region), cause);
    return this.#dispatcher.call(service, operation, input, invocation, "json");
  }

  /** Runs a service's lever; undefined when it has none of that name. @throws AwsError */
  async pull(service: string, lever: string, body: Record<string, unknown>): Promise<object | undefined> {
    const run = this.#services.lever(service, lever);
    if (run === undefined) return undefined;
    const place = { account: defaultAccount, region: this.#defaultRegion };
    const cause = Cause.beginning("lever", `${service}/${lever}`, this.clock.now());
    const result = cause.run(() => this.store.transaction(() => run({ ...place, ...body })));
    await this.store.flushed();
    return result;
  }

  /** Tells the user what no answer can say. */
  notice(text: string): void {
    this.#onNotice(text);
  }

  /** Reports a thrown error that is not an AWS answer. */
  reportBug(error: unknown, where: string): void {
    this.#onBug(error, where);
  }

  /**
   * Answers a request that never became a call. An AwsError is answered as it is; anything else is reported as a bug.
   */
  refuse(request: WireRequest, error: unknown): WireResponse {
    return this.#dispatcher.refuse(request, error);
  }

  /** An id for an answer to what is no call. */
  requestId(): string {
    return this.#dispatcher.requestId();
  }

  /** How many operations are implemented, per service; known without loading the services. */
  get coverage(): readonly ServiceCoverage[] {
    return coverage;
  }

  /** The latest events on the buses, newest first, with the rules they matched. */
  events(filter: EventFilter = {}): EventRecord[] {
    return this.look("eventbridge", "recentEvents", filter) as EventRecord[];
  }

  /** What a service's view shows; undefined when there is no such service, view or resource. */
  look(service: string, view: string, filter: object): unknown {
    return this.#services.look(service, view, filter);
  }

  /** Deletes all state, or all that belongs to one account. */
  async reset(account?: string): Promise<void> {
    if (account === undefined) {
      this.store.reset();
      this.#resets.forgetAll();
      this.#afterReset(undefined);
    } else await this.#resets.run(account);
    await this.store.flushed();
  }

  #afterReset(account: string | undefined): void {
    this.#services.reset(account);
    this.deliveries.reset(account);
    this.logs.recount();
    this.requests.clear(account === undefined ? undefined : (request) => request.account !== account);
  }

  /** Ends whatever is waiting: long polls return empty; deliveries under way are left to the next run. */
  stop(): void {
    this.clock.turns.stop();
    this.deliveries.stop();
    this.#services.stop();
    this.#functionsEnded = this.#runtime.pools.close();
    this.#memory?.stop();
  }

  /** Stops, flushes and releases the data directory. */
  async close(): Promise<void> {
    this.stop();
    this.#closed = true;
    await this.#functionsEnded;
    await this.#processes.close();
    this.#endClock();
    this.clock.close();
    await this.store.close();
  }
}

/** The next run on a data directory must not repeat ids of earlier runs, which may be in use. */
function seedOf(seed: string, store: Store): string {
  const serial = store.durable ? store.nextSerial() : 1;
  return serial === 1 ? seed : `${seed}\n${serial}`;
}
