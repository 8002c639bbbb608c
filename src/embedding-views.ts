/** What the embedding API shows of queues, streams, buses and executions, and how it waits for them. */
import type { Emulator } from "./emulator.ts";
import { parseDuration } from "./engine/duration.ts";
import { performance, realDelay } from "./engine/real-time.ts";
import type { EventRecord } from "./events/event-records.ts";
import type { ShardRecords } from "./services/kinesis/peek.ts";
import type { QueuedMessage } from "./services/sqs/peek.ts";
import type { ShownExecution } from "./services/stepfunctions/executions/peek.ts";

export type { ShardRecords, StreamRecord } from "./services/kinesis/peek.ts";
export type { QueuedMessage } from "./services/sqs/peek.ts";
export type { ShownExecution } from "./services/stepfunctions/executions/peek.ts";

export interface WaitOptions {
  /** Real time to wait, whatever the emulator's clock says: `"5s"` (the default) or milliseconds. */
  readonly timeout?: string | number;
}

export interface PeekOptions {
  /** Default: 100. */
  readonly limit?: number;
}

export interface QueueViews {
  /**
   * The messages of a queue, oldest first: visible, delayed and in flight. Looking does not receive them.
   * @param queue its URL or its ARN.
   * @throws RangeError when there is no such queue.
   */
  messages(queue: string, options?: PeekOptions & { readonly state?: QueuedMessage["state"] }): QueuedMessage[];
  /**
   * Resolves with the first message that satisfies the predicate, or with any message when there is none, as soon as
   * the queue has it.
   * @throws Error that lists what the queue holds when no such message arrives in time.
   */
  waitForMessage(
    queue: string,
    predicate?: (message: QueuedMessage) => boolean,
    options?: WaitOptions,
  ): Promise<QueuedMessage>;
}

export interface StreamViews {
  /**
   * The latest records of a stream by shard.
   * @param stream its ARN, or its name in the instance's account and region.
   * @throws RangeError when there is no such stream.
   */
  records(stream: string, options?: PeekOptions & { readonly shard?: string }): ShardRecords[];
}

export interface EventViews {
  /**
   * The last events that came to a bus, newest first, with the rules they matched and why the nearest others did not.
   * @param bus its ARN, or its name in the instance's account and region.
   * @throws RangeError when there is no such bus.
   */
  events(
    bus: string,
    options?: PeekOptions & { readonly source?: string; readonly detailType?: string; readonly matched?: boolean },
  ): EventRecord[];
}

export interface ExecutionViews {
  /**
   * Executions of a standard state machine, newest first.
   * @throws RangeError when there is no such machine.
   */
  executions(machineArn: string, options?: PeekOptions & { readonly status?: string }): ShownExecution[];
  /**
   * Resolves with an execution once it has ended, however it ended.
   * @throws Error that names its status when it does not end in time, RangeError when it does not exist.
   */
  waitForExecution(executionArn: string, options?: WaitOptions): Promise<ShownExecution>;
}

/** How often a condition without notifications is polled. */
const pollMs = 10;
const maxMessages = 10_000;

/** @param home account and region of resources that are named without them. */
export function queueViews(
  emulator: Emulator,
  home: { readonly region: string; readonly account: string },
): QueueViews {
  const look = (queue: string, filter: object): QueuedMessage[] => {
    const at = placeOfQueue(queue, home.account);
    const see = (place: object) =>
      emulator.look("sqs", "messages", { ...place, ...filter }) as QueuedMessage[] | undefined;
    const found = "queue" in at ? see(at) : (see({ region: home.region, ...at }) ?? see(at));
    if (found === undefined) throw new RangeError(`There is no queue ${queue}.`);
    return found;
  };
  return {
    messages: (queue, options = {}) => look(queue, options),
    async waitForMessage(queue, predicate = () => true, options = {}) {
      const seen = (): QueuedMessage[] => look(queue, { limit: maxMessages });
      return waitUntil(
        emulator,
        () => seen().find(predicate),
        options,
        () => {
          const states = seen().map(({ state }) => state);
          const count = (state: QueuedMessage["state"]) => states.filter((one) => one === state).length;
          return `No message that fits came to ${queue}; it has ${count("visible")} visible, ${count("delayed")} delayed and ${count("inFlight")} in flight.`;
        },
      );
    },
  };
}

export function streamViews(
  emulator: Emulator,
  home: { readonly region: string; readonly account: string },
): StreamViews {
  return {
    records(stream, options = {}) {
      const found = emulator.look("kinesis", "records", { ...home, stream, ...options });
      if (found === undefined) throw new RangeError(`There is no stream ${stream}.`);
      return found as ShardRecords[];
    },
  };
}

export function eventViews(
  emulator: Emulator,
  home: { readonly region: string; readonly account: string },
): EventViews {
  return {
    events(bus, options = {}) {
      const found = emulator.look("eventbridge", "events", { ...home, bus, ...options });
      if (found === undefined) throw new RangeError(`There is no event bus ${bus}.`);
      return found as EventRecord[];
    },
  };
}

export function executionViews(emulator: Emulator): ExecutionViews {
  const look = (filter: object, what: string): ShownExecution[] => {
    const found = emulator.look("stepfunctions", "executions", filter);
    if (found === undefined) throw new RangeError(`There is no ${what}.`);
    return found as ShownExecution[];
  };
  return {
    executions: (machine, options = {}) => look({ machine, ...options }, `state machine ${machine}`),
    async waitForExecution(execution, options = {}) {
      const now = () => look({ execution }, `execution ${execution}`)[0] as ShownExecution;
      return waitUntil(
        emulator,
        () => (now().stoppedAt === undefined ? undefined : now()),
        options,
        () => `The execution ${execution} is still ${now().status}.`,
      );
    },
  };
}

/** @throws Error with the text of `missing` when the condition does not become true in time. */
async function waitUntil<Found>(
  emulator: Emulator,
  condition: () => Found | undefined,
  { timeout = "5s" }: WaitOptions,
  missing: () => string,
): Promise<Found> {
  const timeoutMs = parseDuration(timeout);
  const until = performance.now() + timeoutMs;
  for (let seen = -1, seenMs = -1; ; ) {
    const { commits } = emulator.store;
    const now = emulator.clock.now();
    if (commits !== seen || now !== seenMs) {
      const found = condition();
      if (found !== undefined) return found;
      [seen, seenMs] = [commits, now];
    }
    if (performance.now() >= until) break;
    await realDelay(pollMs);
  }
  const pending = emulator.deliveries.counts().pending;
  const waits = pending === 0 ? "" : ` ${pending} deliveries wait; bus.deliveries() tells for what.`;
  const clock = emulator.clock.mode === "virtual" ? " The clock is virtual: bus.clock.advance() moves it." : "";
  throw new Error(`${missing()} Waited ${timeoutMs} ms of the machine's time.${waits}${clock}`);
}

/** A queue's ARN, or the account and name in its URL, with the region where the host name has one. */
function placeOfQueue(
  queue: string,
  account: string,
): { queue: string } | { account: string; name: string; region?: string } {
  if (queue.startsWith("arn:")) return { queue };
  if (!URL.canParse(queue)) return { account, name: queue };
  const { hostname, pathname } = new URL(queue);
  const [name = "", owner = account] = pathname.split("/").filter(Boolean).reverse();
  const [, region] = /^(?:sqs\.)?([a-z]{2,}(?:-[a-z]+)+-\d)\./.exec(hostname) ?? [];
  return { account: owner, name, ...(region === undefined ? {} : { region }) };
}
