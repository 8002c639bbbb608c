/** A listening server and its orderly end. */
import type { AddressInfo } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { realDelay } from "../engine/real-time.ts";
import { createApp, type ServedEmulator } from "./app.ts";
import type { TlsFiles } from "./listener.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
}

export interface RunningServer {
  readonly port: number;
  /** Stops accepting, lets what is under way be answered for up to `graceMs`, then ends all connections. */
  close(graceMs: number): Promise<void>;
}

/** @throws NodeJS.ErrnoException when the address cannot be bound (`EADDRINUSE`, `EACCES`, …). */
export async function startServer(emulator: ServedEmulator, options: ServerOptions): Promise<RunningServer> {
  const { app, listener } = createApp(emulator, options);
  await app.ready();
  const { server } = listener;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      let closed = false;
      server.once("close", () => {
        closed = true;
      });
      const deadline = performance.now() + graceMs;
      listener.drain();
      while (!closed && performance.now() < deadline) {
        await realDelay(5);
        listener.closeIdle();
      }
      listener.destroy();
      await app.close();
    },
  };
}
