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
   * Where to listen. Absent: a free port on 127.0.0.1. A number: that port. `false`: no socket at all; clients made
   * with `clientConfig()` reach the emulator inside the process.
   */
  readonly port?: number | false;
  /** Address to bind; 127.0.0.1 unless told. */
  readonly host?: string;
  /** Origins whose pages may call the server besides those of this machine, such as `https://app.example`; `*` for all. */
  readonly corsOrigins?: readonly string[];
  /** Names by which clients reach the server where it is none of the usual ones, such as `busbar.example`. */
  readonly hostNames?: readonly string[];
  /** Keeps state in this directory across restarts; in memory when absent. */
  readonly dataDir?: string;
  /** Account that `clientConfig()` signs for: 12 digits, `000000000000` unless told. */
  readonly account?: string;
  /** Region of `clientConfig()` and of requests that name none; `us-east-1` unless told. */
  readonly region?: string;
  /** `virtual`: time stands still until it is moved. `real` (the default) follows the machine and can be advanced too. */
  readonly clock?: "real" | "virtual";
  /** Where time starts: a Date, epoch milliseconds or ISO 8601 text. Now unless told. */
  readonly startTime?: Date | number | string;
  /** The same seed gives the same ids. */
  readonly seed?: string;
  /** Does as AWS where that only slows tests down. */
  readonly strict?: boolean;
  /**
   * What becomes of what the policy of a queue, topic, stream or bus does not allow: `audit` lets it through and notes it on
   * the request or the delivery (`policy`), `enforce` refuses it, `off` does not look. `audit` unless told.
   */
  readonly policies?: "audit" | "enforce" | "off";
  /** How long Kinesis streams and consumers are CREATING, UPDATING or DELETING on the clock: `"500ms"`; not at all unless told. */
  readonly streamDelay?: string | number;
  /**
   * Functions by name or ARN: handler files, which run again after each change (`{ worker: "./worker/index.mjs#handler" }`,
   * `"./worker#index.handler"`), or URLs that speak Lambda's Invoke API (`{ worker: "http://localhost:9000" }`).
   */
  readonly functions?: Readonly<Record<string, string>>;
  /** The Node that runs functions: a path. The one that runs this process unless told. */
  readonly lambdaNode?: string;
  /**
   * Where services are that Busbar does not have, by their names in `aws-sdk:<service>` (`{ dynamodb: "http://localhost:8000" }`;
   * `"*"` for all others). Clients' calls of them are passed on there as they come. Step Functions tasks call them there, through
   * the services' own clients when they are installed in the working directory.
   * `lambda` has the functions that nobody registers, `execute-api` is API Gateway for rules and pipes, `kms` is asked for the
   * keys of encrypted queues.
   */
  readonly endpoints?: Readonly<Record<string, string>>;
  /**
   * Where the keys of token issuers are (`{ "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc":
   * "http://localhost:9000/jwks.json" }`), for authorizers of APIs; at the issuer itself unless told.
   */
  readonly jwks?: Readonly<Record<string, string>>;
  /** A directory whose folders stand for S3 buckets, for distributed Maps. */
  readonly s3Root?: string;
  /** Outcomes of Step Functions tasks, in the format of Step Functions Local's mock configuration file. */
  readonly mocks?: object;
  /** Queues, topics, streams, rules and the like that are there when it starts, by their AWS property names; or the file they are in. */
  readonly resources?: Resources | string;
}

/** What to spread into an AWS SDK v3 client's options. */
export interface ClientConfig {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Keeps `sync-` host prefixes (StartSyncExecution, TestState) from leaving this machine. */
  disableHostPrefix: boolean;
  /** Present without a socket: carries requests inside the process. */
  requestHandler?: InProcessHandler;
}

export interface BusbarClock {
  readonly mode: "real" | "virtual";
  /** Epoch milliseconds. */
  now(): number;
  /** Moves time forward and lets everything due on the way happen, in order. `"15m"`, `"4d"`, `"1h30m"` or milliseconds. */
  advance(duration: string | number): Promise<void>;
  /** Moves time to a date; forward as `advance` does, backward without undoing anything. */
  set(time: Date | number | string): Promise<void>;
  setMode(mode: "real" | "virtual"): void;
}

export interface Busbar {
  /** `http://127.0.0.1:{port}`, or the endpoint clients use in process. */
  readonly endpoint: string;
  readonly clock: BusbarClock;
  /** Options for any AWS SDK v3 client: `new SQSClient({ ...bus.clientConfig() })`. */
  clientConfig(options?: { account?: string; region?: string }): ClientConfig;
  /** The last requests, newest first. */
  requests(filter?: RequestFilter): RequestRecord[];
  /** Queues: what lies in them, and waiting for a message. */
  readonly sqs: QueueViews;
  /** Streams: their records by shard. */
  readonly kinesis: StreamViews;
  /** Event buses: what came to them, and which rules took it. */
  readonly eventbridge: EventViews;
  /** State machines: their executions, and waiting for the end of one. */
  readonly stepfunctions: ExecutionViews;
  /** Resolves when nothing is being delivered and nothing is due now; retries that are due later do not count. */
  settled(): Promise<void>;
  /** What was delivered, is still to be, or could not be, and why; newest first. */
  deliveries(filter?: DeliveryFilter): DeliveryRecord[];
  /** How many deliveries wait, and how many deliveries and messages came to each end since the start or a full reset. */
  deliveryCounts(): DeliveryCounts;
  /** SMS, email, mobile push and Firehose records that were sent, newest first. */
  mailbox(filter?: MailboxFilter): MailboxMessage[];
  /** The last events on event buses with the rules they matched, and why the nearest others did not; newest first. */
  events(filter?: EventFilter): EventRecord[];
  /** What was written to CloudWatch Logs groups, newest first. */
  logs(filter?: LogFilter): LogEvent[];
  /**
   * Makes a function that every service and the Lambda API can invoke, of a handler such as `@types/aws-lambda` types.
   * A bare name serves every account and region.
   * The handler must not await `settled()`, which waits for it. Moves of time wait for a handler too, but for two seconds
   * of the machine's time at most: then time goes on without its answer.
   */
  registerFunction(nameOrArn: string, handler: FunctionHandler): void;
  /** Says whether a handler was registered under this name; a created function of the name answers again. */
  unregisterFunction(nameOrArn: string): boolean;
  /** Forgets everything, or all that belongs to one account. */
  reset(account?: string): Promise<void>;
  /** Ends long polls, answers what is under way, flushes and frees the port. */
  close(): Promise<void>;
}

/**
 * Starts an emulator of its own; dozens can live side by side.
 * @throws StoreError for an unusable data directory; NodeJS.ErrnoException when the port cannot be bound; RangeError for bad options.
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
      // Clients are near, and tests many: little is enough.
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

/** @param resources as they are written, or the file they are in. */
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
