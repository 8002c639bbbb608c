#!/usr/bin/env node
/** The command `busbar`: options, banner, signals. */
import { homedir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { type CliOptions, helpText, OptionError, readOptions } from "./cli-options.ts";
import { Emulator } from "./emulator.ts";
import { repairDirectory } from "./engine/journal/repair.ts";
import { loadTls } from "./server/certificate.ts";
import { originOf, type RunningServer, startServer } from "./server/server.ts";
import { version } from "./version.ts";

/** Time that requests under way have after a signal, so that the whole end stays within a second. */
const graceMs = 600;
/** Longer than clients at work take from an answer to their next request. */
const idleMs = 100;

async function main(): Promise<void> {
  if (process.argv[2] === "repair") return repair(process.argv.slice(3));
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) return print(helpText);
  if (options.version) return print(version);
  const logger = pino({ level: options.logLevel });
  const onBug = (error: unknown, where: string) =>
    logger.error({ err: error, where }, "a bug in Busbar; please report it with this stack");
  // One forgotten promise must not take everybody's queues along.
  process.on("unhandledRejection", (error) => onBug(error, "a promise nobody waits for"));
  const emulator = await Emulator.start({
    ...options,
    onBug,
    onNotice: (text) => logger.warn(text),
    onRefusal: (text) => logger.warn(`policies ${options.policies}: ${text}`),
    onMemory: (_isShort, text) => logger.warn(text),
    onTrouble: (reason) =>
      reason === undefined
        ? logger.warn("the data directory takes writes again: all that was in doubt is on disk")
        : logger.error(`${reason.message} Until then changes are answered with 503.`),
  });
  let server: RunningServer;
  try {
    const tls = options.tls
      ? await loadTls({
          cert: options.cert,
          key: options.key,
          directory: options.dataDir ?? join(homedir(), ".busbar"),
          names: [options.host, ...options.hostNames],
        })
      : undefined;
    const { host, port, corsOrigins, hostNames } = options;
    server = await startServer(emulator, { host, port, corsOrigins, hostNames, tls, logger });
  } catch (error) {
    await emulator.close();
    throw error;
  }
  const stop = () => {
    logger.info("stopping: what is under way is answered first");
    process.removeAllListeners("SIGTERM").removeAllListeners("SIGINT");
    emulator.stop();
    server
      .close(graceMs, idleMs)
      .then(() => emulator.close())
      .then(
        () => process.exit(0),
        (error) => fail(error),
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  logger.info({ port: server.port, storage: options.dataDir ?? "memory", clock: emulator.clock.mode }, "listening");
  // Last: whoever waits for the banner may send a signal at once.
  print(banner(options, server.port));
}

/** `busbar repair <directory>`: says what was kept and what was not. */
async function repair(args: readonly string[]): Promise<void> {
  const [directory] = args;
  if (directory === undefined || args.length > 1 || directory.startsWith("-")) {
    throw new OptionError("repair needs the data directory, and nothing else: busbar repair <path>.");
  }
  const { kept, lost, copies } = await repairDirectory(directory);
  const tables = Object.entries(kept).map(([table, rows]) => `  ${table}: ${rows} rows`);
  print([`Kept in ${directory}:`, ...tables].join("\n"));
  if (lost.length === 0) return print("Nothing is damaged.");
  print(["Damaged and left out:", ...lost.map((line) => `  ${line}`)].join("\n"));
  print(`The damaged files as they were are in ${copies}. Busbar can be started again.`);
}

function banner(options: CliOptions, port: number): string {
  const host = ["127.0.0.1", "0.0.0.0", "::"].includes(options.host) ? "localhost" : options.host;
  const endpoint = originOf(options.tls ? "https" : "http", host, port);
  const trust =
    options.tls && !options.cert ? "\n  The certificate is self-signed: clients must be told to trust it." : "";
  return `Busbar ${version} is listening on ${endpoint} (${options.dataDir ? `state in ${options.dataDir}` : "state in memory"}, ${options.clock} clock)${trust}

  export AWS_ENDPOINT_URL=${endpoint}

  Any credentials will do; a 12-digit access key id chooses the account. Look inside: ${endpoint}/_busbar/health`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One line on stderr that says what to do; 2 for a wrong command line, 1 for everything else. */
function fail(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  const { port, address, hostname } = error as { port?: number; address?: string; hostname?: string };
  const text =
    code === "EADDRINUSE"
      ? `port ${port} on ${address} is in use; stop what uses it or choose another with --port.`
      : code === "EACCES" && port !== undefined
        ? `port ${port} may not be bound by this user; choose one above 1023 with --port.`
        : code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN"
          ? `this machine has no address ${address ?? hostname}; choose another with --host.`
          : message;
  process.stderr.write(`busbar: ${text}\n`);
  process.exit(error instanceof OptionError ? 2 : 1);
}

main().catch(fail);
