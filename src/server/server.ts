/** A listening server and its orderly shutdown. */
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import type { Door } from "../calls/door.ts";
import { performance, realDelay } from "../engine/real-time.ts";
import { Admission, type AdmissionOptions } from "./admission.ts";
import { AwsDoor, type AwsEmulator } from "./aws-door.ts";
import type { ControlledEmulator } from "./control.ts";
import { controlDoor } from "./control-door.ts";
import { Entrance } from "./entrance.ts";
import { createListener, type TlsFiles } from "./listener.ts";
import { type InitState, localstackDoor } from "./localstack/door.ts";
import { type WatchedEmulator, watchDoor } from "./watch.ts";

/** What the server needs from the emulator it serves. */
export type ServedEmulator = AwsEmulator & ControlledEmulator & WatchedEmulator & OwnParts;

interface OwnParts {
  /** The doors of its services. */
  readonly doors: readonly Door[];
  /** Whether a host name was added at run time. */
  isNamed(name: string): boolean;
  /** Tells the user what no answer can say. */
  notice(text: string): void;
  /** Called with the origin by which clients on this machine reach it. */
  listensAt(origin: string): void;
}

export interface ServerOptions extends AdmissionOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  readonly logger?: Logger | undefined;
  /** What remains to be done before the server is ready. Default: nothing. */
  readonly init?: InitState | undefined;
}

export interface RunningServer {
  readonly port: number;
  /**
   * Stops accepting connections, keeps idle ones open for `idleMs` in case a request is on its way, lets requests under
   * way finish for up to `graceMs`, then ends all connections.
   */
  close(graceMs: number, idleMs: number): Promise<void>;
}

/** A start without hooks. */
const nothingToDo: InitState = {
  isReady: true,
  stages: [
    { name: "BOOT", completed: true, scripts: [] },
    { name: "START", completed: true, scripts: [] },
    { name: "READY", completed: true, scripts: [] },
    { name: "SHUTDOWN", completed: false, scripts: [] },
  ],
};

/** The URL of a host name or address and a port. */
export function originOf(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** @throws NodeJS.ErrnoException when the address cannot be bound (`EADDRINUSE`, `EACCES`, …). */
export async function startServer(emulator: ServedEmulator, options: ServerOptions): Promise<RunningServer> {
  const { init = nothingToDo } = options;
  const entrance = new Entrance({
    doors: [
      watchDoor(emulator),
      controlDoor(emulator, init),
      ...emulator.doors,
      localstackDoor(emulator, init),
      new AwsDoor(emulator),
    ],
    admission: new Admission({ ...options, isNamed: (name) => emulator.isNamed(name) }),
    reportBug: (error, where) => emulator.reportBug(error, where),
    logger: options.logger,
    onNotice: (text) => emulator.notice(text),
  });
  const listener = createListener(entrance, options.tls);
  const { server } = listener;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const anywhere = options.host === "0.0.0.0" || options.host === "::";
  emulator.listensAt(originOf(options.tls ? "https" : "http", anywhere ? "localhost" : options.host, port));
  return {
    port,
    async close(graceMs, idleMs) {
      let closed = false;
      server.once("close", () => {
        closed = true;
      });
      const startedAt = performance.now();
      const lasts = (ms: number) => !closed && performance.now() < startedAt + Math.min(ms, graceMs);
      listener.drain();
      // A busy client's next request is already on its way: closed now, it would see a reset.
      while (lasts(idleMs)) await realDelay(5);
      while (lasts(graceMs)) {
        listener.closeIdle();
        await realDelay(5);
      }
      listener.destroy();
    },
  };
}
