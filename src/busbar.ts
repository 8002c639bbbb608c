/** The embedding API on top of one emulator: behind `createBusbar`, and behind the hooks of the command. */
import { checkAccount, checkBusbarOptions, checkClientOptions } from "./embedding-options.ts";
import { eventViews, executionViews, queueViews, streamViews } from "./embedding-views.ts";
import type { Emulator } from "./emulator.ts";
import { parseDuration } from "./engine/duration.ts";
import type { InProcessHandler } from "./in-process.ts";
import type { Busbar } from "./index.ts";

export interface BusbarParts {
  readonly emulator: Emulator;
  readonly endpoint: string;
  /** Account and region of clients that name none. */
  readonly home: { readonly account: string; readonly region: string };
  /** Only without a socket: carries requests inside the process. */
  readonly handler?: InProcessHandler | undefined;
  close(): Promise<void>;
}

export function busbarOf({ emulator, endpoint, home, handler, close }: BusbarParts): Busbar {
  const { clock } = emulator;
  return {
    endpoint,
    clock: {
      get mode() {
        return clock.mode;
      },
      now: () => clock.now(),
      advance: async (duration) => clock.advance(parseDuration(duration)),
      set: async (time) => clock.set(epochMs(time)),
      setMode: (mode) => {
        checkBusbarOptions({ clock: mode });
        clock.setMode(mode);
      },
    },
    clientConfig: (as = {}) => {
      checkClientOptions(as);
      return {
        endpoint,
        region: as.region ?? home.region,
        credentials: { accessKeyId: as.account ?? home.account, secretAccessKey: "busbar" },
        disableHostPrefix: true,
        ...(handler ? { requestHandler: handler } : {}),
      };
    },
    sqs: queueViews(emulator, home),
    kinesis: streamViews(emulator, home),
    eventbridge: eventViews(emulator, home),
    stepfunctions: executionViews(emulator),
    requests: (filter) => emulator.requests.list(filter),
    settled: () => emulator.deliveries.settled(),
    deliveries: (filter) => emulator.deliveries.list(filter),
    deliveryCounts: () => emulator.deliveries.counts(),
    mailbox: (filter) => emulator.mailbox.list(filter),
    events: (filter) => emulator.events(filter),
    logs: (filter) => emulator.logs.list(filter),
    registerFunction: (nameOrArn, handler) => emulator.functions.register(nameOrArn, handler),
    unregisterFunction: (nameOrArn) => emulator.functions.unregister(nameOrArn),
    reset: async (account) => {
      checkAccount(account);
      await emulator.reset(account);
    },
    close,
  };
}

/** @throws RangeError for what is not a time. */
export function epochMs(time: Date | number | string): number {
  const ms = typeof time === "number" ? time : new Date(time).getTime();
  if (!Number.isFinite(ms))
    throw new RangeError(`${JSON.stringify(time)} is not a time; use a Date, epoch milliseconds or ISO 8601.`);
  return ms;
}
