/**
 * Busbar inside a Node process: `const bus = await createBusbar()`, spread `bus.clientConfig()` into any AWS SDK v3
 * client, and move time with `bus.clock.advance("15m")`.
 */

import { busbarOf, epochMs } from "./busbar.ts";
import { defaultAccount } from "./calls/identity.ts";
import type { RequestFilter, RequestRecord } from "./calls/request-log.ts";
import type { DeliveryCounts } from "./delivery/history.ts";
import type { MailboxFilter, MailboxMessage } from "./delivery/mailbox.ts";
import type { DeliveryFilter, DeliveryRecord } from "./delivery/types.ts";
import { checkBusbarOptions } from "./embedding-options.ts";
import type { EventViews, ExecutionViews, QueueViews, StreamViews } from "./embedding-views.ts";
import { Emulator } from "./emulator.ts";
import type { EmulatorOptions } from "./emulator-options.ts";
import { parseDuration } from "./engine/duration.ts";
import type { EventFilter, EventRecord } from "./events/event-records.ts";
import type { FunctionHandler } from "./functions/handlers.ts";
import { type InProcessHandler, inProcessHandler } from "./in-process.ts";
import { readResources } from "./init/hooks.ts";
import { createResources, type Resources } from "./init/resources.ts";
import type { LogEvent, LogFilter } from "./logs/log-groups.ts";
import { parseCorsOrigin, parseHostName } from "./server/admission.ts";
import { originOf, type RunningServer, startServer } from "./server/server.ts";

export type { RequestFilter, RequestRecord } from "./calls/request-log.ts";
export type { DeliveryCounts } from "./delivery/history.ts";
export type { MailboxFilter, MailboxMessage } from "./delivery/mailbox.ts";
export type { Attempt, DeliveryFilter, DeliveryRecord, DeliveryStatus } from "./delivery/types.ts";
export type {
  EventViews,
  ExecutionViews,
  PeekOptions,
  QueuedMessage,
  QueueViews,
  ShardRecords,
  ShownExecution,
  StreamRecord,
  StreamViews,
  WaitOptions,
} from "./embedding-views.ts";
export type { EventFilter, EventRecord, NearMiss } from "./events/event-records.ts";
export type { FunctionCallback, FunctionContext, FunctionHandler } from "./functions/handlers.ts";
export type { InProcessHandler } from "./in-process.ts";
export type { Resources } from "./init/resources.ts";
export type { LogEvent, LogFilter } from "./logs/log-groups.ts";

export interface BusbarOptions {
  /**
   * Where to listen. Default: a free port on 127.0.0.1. `false`: no socket; clients made with `clientConfig()` reach
   * the emulator inside the process.
   */
  readonly port?: number | false;
  /** Address to bind. Default: 127.0.0.1. */
  readonly host?: string;
  /**
   * Further origins whose pages may call the server, such as `https://app.example`, besides those of this machine; `*`
   * for all.
   */
  readonly corsOrigins?: readonly string[];
  /** Further host names by which clients reach the server, such as `busbar.example`. */
  readonly hostNames?: readonly string[];
  /** Keeps state in this directory across restarts. Default: in memory. */
  readonly dataDir?: string;
  /** Account that `clientConfig()` signs for: 12 digits. Default: `000000000000`. */
  readonly account?: string;
  /** Region of `clientConfig()` and of requests that name none. Default: `us-east-1`. */
  readonly region?: string;
  /**
   * `virtual`: time stands still until it is moved. `real` (the default) follows the machine's clock and can be
   * advanced too.
   */
  readonly clock?: "real" | "virtual";
  /** When time starts: a Date, epoch milliseconds or ISO 8601 text. Default: now. */
  readonly startTime?: Date | number | string;
  /** The same seed produces the same ids. */
  readonly seed?: string;
  /** Imitates AWS's waits and limits even where they only slow tests down. */
  readonly strict?: boolean;
  /**
   * What happens to calls that the policy of a queue, topic, stream or bus does not allow: `audit` (the default) lets
   * them through and notes it on the request or the delivery (`policy`), `enforce` refuses them, `off` does not check.
   */
  readonly policies?: "audit" | "enforce" | "off";
  /**
   * How long Kinesis streams and consumers stay CREATING, UPDATING or DELETING on the clock: `"500ms"`. Default: no
   * time.
   */
  readonly streamDelay?: string | number;
  /**
   * Functions by name or ARN: handler files, which are loaded again after each change (`{ worker:
   * "./worker/index.mjs#handler" }`, `"./worker#index.handler"`), or URLs that speak Lambda's Invoke API (`{ worker:
   * "http://localhost:9000" }`).
   */
  readonly functions?: Readonly<Record<string, string>>;
  /** Path of the Node that runs functions. Default: the one that runs this process. */
  readonly lambdaNode?: string;
  /**
   * URLs of services that Busbar does not implement, by their names in `aws-sdk:<service>` (`{ dynamodb:
   * "http://localhost:8000" }`; `"*"` for all others). Clients' requests to them are forwarded unchanged. Step
   * Functions tasks call them there, through the services' own SDK clients when those are installed in the working
   * directory. `lambda` serves functions that are not registered here, `execute-api` is API Gateway for rules and
   * pipes, and `kms` is asked for the keys of encrypted queues.
   */
  readonly endpoints?: Readonly<Record<string, string>>;
  /**
   * Where to find the keys of token issuers (`{ "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc":
   * "http://localhost:9000/jwks.json" }`), for API authorizers. Default: at the issuer itself.
   */
  readonly jwks?: Readonly<Record<string, string>>;
  /** A directory whose folders act as S3 buckets, for distributed Maps. */
  readonly s3Root?: string;
  /** Outcomes of Step Functions tasks, in the format of Step Functions Local's mock configuration file. */
  readonly mocks?: object;
  /**
   * Queues, topics, streams, rules and other resources to create at start, by their AWS property names; or the file
   * that lists them.
   */
  readonly resources?: Resources | string;
}

/** Spread this into the options of an AWS SDK v3 client. */
export interface ClientConfig {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Keeps the `sync-` host prefix (StartSyncExecution, TestState) from sending requests to AWS. */
  disableHostPrefix: boolean;
  /** Only without a socket: carries requests inside the process. */
  requestHandler?: InProcessHandler;
}

export interface BusbarClock {
  readonly mode: "real" | "virtual";
  /** Epoch milliseconds. */
  now(): number;
  /** Moves time forward and runs everything that falls due, in order. `"15m"`, `"4d"`, `"1h30m"` or milliseconds. */
  advance(duration: string | number): Promise<void>;
  /** Moves time to a date: forward as `advance` does, backward without undoing anything. */
  set(time: Date | number | string): Promise<void>;
  setMode(mode: "real" | "virtual"): void;
}

export interface Busbar {
  /** `http://127.0.0.1:{port}`, or the endpoint that in-process clients use. */
  readonly endpoint: string;
  readonly clock: BusbarClock;
  /** Options for any AWS SDK v3 client: `new SQSClient({ ...bus.clientConfig() })`. */
  clientConfig(options?: { account?: string; region?: string }): ClientConfig;
  /** The latest requests, newest first. */
  requests(filter?: RequestFilter): RequestRecord[];
  /** Queues: look at their messages, and wait for one. */
  readonly sqs: QueueViews;
  /** Streams: look at their records by shard. */
  readonly kinesis: StreamViews;
  /** Event buses: what came to them, and which rules took it. */
  readonly eventbridge: EventViews;
  /** State machines: look at their executions, and wait for one to end. */
  readonly stepfunctions: ExecutionViews;
  /** Resolves when nothing is being delivered and nothing is due now; retries that are due later do not count. */
  settled(): Promise<void>;
  /** What was delivered, is still pending, or could not be delivered and why; newest first. */
  deliveries(filter?: DeliveryFilter): DeliveryRecord[];
  /**
   * How many deliveries are pending, and how many deliveries and messages ended in which way since the start or a full
   * reset.
   */
  deliveryCounts(): DeliveryCounts;
  /** SMS, email, mobile push messages and Firehose records that were sent, newest first. */
  mailbox(filter?: MailboxFilter): MailboxMessage[];
  /**
   * The latest events on event buses with the rules they matched, and why the closest others did not match; newest
   * first.
   */
  events(filter?: EventFilter): EventRecord[];
  /** What was written to CloudWatch Logs groups, newest first. */
  logs(filter?: LogFilter): LogEvent[];
  /**
   * Makes a handler, such as `@types/aws-lambda` describes, a function that every service and the Lambda API can
   * invoke. A bare name serves every account and region. The handler must not await `settled()`, which waits for the
   * handler. Moves of time wait for a handler too, but only for two seconds of real time: then time goes on without its
   * answer.
   */
  registerFunction(nameOrArn: string, handler: FunctionHandler): void;
  /** Returns whether a handler was registered under this name; a created function of that name answers again. */
  unregisterFunction(nameOrArn: string): boolean;
  /** Deletes all state, or all that belongs to one account. */
  reset(account?: string): Promise<void>;
  /** Ends long polls, finishes requests under way, flushes to disk and frees the port. */
  close(): Promise<void>;
}

/**
 * Starts an emulator of its own; dozens can run side by side.
 * @throws StoreError for an unusable data directory; NodeJS.ErrnoException when the port cannot be bound; RangeError
 * for bad options.
 */
export async function createBusbar(options: BusbarOptions = {}): Promise<Busbar> {
  checkBusbarOptions(options);
  const corsOrigins = options.corsOrigins?.map(parseCorsOrigin);
  const hostNames = options.hostNames?.map(parseHostName);
  const emulatorOptions: EmulatorOptions = {
    dataDir: options.dataDir,
    defaultRegion: options.region,
    clock: options.clock,
    startMs: options.startTime === undefined ? undefined : epochMs(options.startTime),
    seed: options.seed,
    strict: options.strict,
    policies: options.policies,
    streamDelayMs: options.streamDelay === undefined ? undefined : parseDuration(options.streamDelay),
    functions: options.functions,
    lambdaNode: options.lambdaNode,
    endpoints: options.endpoints,
    jwks: options.jwks,
    s3Root: options.s3Root,
    mocks: options.mocks,
  };
  const emulator = await Emulator.start(emulatorOptions);
  let server: RunningServer | undefined;
  if (options.port !== false) {
    try {
      const { host = "127.0.0.1", port = 0 } = options;
      server = await startServer(emulator, { host, port, corsOrigins, hostNames });
    } catch (error) {
      await emulator.close();
      throw error;
    }
  }
  const home = { account: options.account ?? defaultAccount, region: options.region ?? "us-east-1" };
  const endpoint = server ? originOf("http", options.host ?? "127.0.0.1", server.port) : "http://localhost:4566";
  let closed = false;
  const bus = busbarOf({
    emulator,
    endpoint,
    home,
    handler: server ? undefined : inProcessHandler(emulator, () => closed),
    async close() {
      closed = true;
      emulator.stop();
      // Clients are close by and tests are many: short waits are enough.
      await server?.close(500, 20);
      await emulator.close();
    },
  });
  try {
    if (options.resources !== undefined) await makeResources(options.resources, emulator, home);
  } catch (error) {
    await bus.close();
    throw error;
  }
  return bus;
}

/** @param resources the resources themselves, or the file that lists them. */
async function makeResources(
  resources: Resources | string,
  emulator: Emulator,
  home: { readonly account: string; readonly region: string },
): Promise<void> {
  const written = typeof resources === "string" ? await readResources(resources) : resources;
  const where = typeof resources === "string" ? resources : "resources";
  const call = (service: string, operation: string, input: object) => emulator.call(service, operation, input, home);
  await createResources(written, where, { ...home, call });
}
