#!/usr/bin/env node
/** The command `busbar`: options, banner, signals. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import pino, { type Logger } from "pino";
import { busbarOf } from "./busbar.ts";
import { defaultAccount } from "./calls/identity.ts";
import type { RequestRecord } from "./calls/request-log.ts";
import { helpText } from "./cli-help.ts";
import { type CliOptions, OptionError, readOptions } from "./cli-options.ts";
import { Emulator } from "./emulator.ts";
import { repairDirectory } from "./engine/journal/repair.ts";
import { Processes } from "./engine/processes.ts";
import { realDelay } from "./engine/real-time.ts";
import { defaultDirectory, type HookRunner, Hooks } from "./init/hooks.ts";
import { createResources } from "./init/resources.ts";
import { runScript } from "./init/scripts.ts";
import { loadTls } from "./server/certificate.ts";
import { originOf, type RunningServer, startServer } from "./server/server.ts";
import { terminalLine } from "./terminal-log.ts";
import { version } from "./version.ts";

/** How long requests under way may take after a signal, in ms; keeps the whole shutdown within a second. */
const graceMs = 600;
/** Longer than a busy client takes between an answer and its next request. */
const idleMs = 100;
/** When those who waited for the server have been answered, in ms after it was ready. */
const settledMs = 300;
/** How long shutdown hooks may take, in ms: containers have ten seconds in all. */
const shutdownMs = 5000;
/** LocalStack's public name for 127.0.0.1; clients also derive a name with `sync-` in front of it. */
const publicName = "localhost.localstack.cloud";
/** Addresses under which this machine is also reachable as localhost. */
const defaultHosts = ["127.0.0.1", "0.0.0.0", "::"];

async function main(): Promise<void> {
  if (process.argv[2] === "repair") return repair(process.argv.slice(3));
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) return print(helpText);
  if (options.version) return print(version);
  const logger = loggerFor(options);
  for (const notice of options.notices) logger.warn(notice);
  const hooks = hooksOf(options);
  const onBug = (error: unknown, where: string) =>
    logger.error({ err: error, where }, "a bug in Busbar; please report it with this stack");
  // One forgotten promise must not take everybody's queues down.
  process.on("unhandledRejection", (error) => onBug(error, "an unhandled promise rejection"));
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
  if (logger.isLevelEnabled("info")) emulator.requests.watch((record) => logRequest(logger, record));
  emulator.deliveries.watch((news) => {
    if (news.status === "failed") logger.warn(news, "a delivery failed for good");
  });
  let server: RunningServer;
  let boundPort = options.port;
  const onFailure = (text: string) => logger.error(text);
  const runner = hookRunner(emulator, options, onFailure, () => boundPort);
  try {
    await hooks.run("BOOT", runner);
    const tls = options.tls
      ? await loadTls({
          cert: options.cert,
          key: options.key,
          directory: certificateDirectory(options),
          names: [options.host, ...options.hostNames],
        })
      : undefined;
    const { host, port, corsOrigins, hostNames } = options;
    server = await startServer(emulator, { host, port, corsOrigins, hostNames, tls, logger, init: hooks });
    boundPort = server.port;
    await hooks.run("START", runner);
  } catch (error) {
    await runner.close();
    await emulator.close();
    throw error;
  }
  const stop = () => {
    logger.info("stopping: what is under way is answered first");
    process.removeAllListeners("SIGTERM").removeAllListeners("SIGINT");
    Promise.race([hooks.run("SHUTDOWN", runner), realDelay(shutdownMs)])
      .then(() => {
        emulator.stop();
        return Promise.all([server.close(graceMs, idleMs), runner.close()]);
      })
      .then(() => emulator.close())
      .then(
        () => process.exit(0),
        (error) => fail(error),
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  logger.info({ port: server.port, storage: options.dataDir ?? "memory", clock: emulator.clock.mode }, "listening");
  // Last: a program that waits for the banner may send a signal at once.
  print(banner(options, server.port));
  await hooks.run("READY", runner);
  print("Ready.");
  // A build may replace the files of a server that runs from a checkout, so that its own are read before long.
  await realDelay(settledMs);
  await import("./server/control.ts");
}

function hooksOf({ init }: CliOptions): Hooks {
  try {
    return new Hooks([...(existsSync(defaultDirectory) ? [defaultDirectory] : []), ...init]);
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

/** One line for a request. Calls between services are left out. */
function logRequest(logger: Logger, record: RequestRecord): void {
  const {
    status,
    service = "?",
    operation = "?",
    resource = "",
    account,
    region,
    durationMs,
    errorName,
    cause,
  } = record;
  if (cause !== undefined) return;
  logger.info({ status, service, operation, resource, account, region, durationMs, error: errorName }, "request");
}

/** A log for people on a terminal, and in JSON where programs read it. */
function loggerFor({ logLevel: level }: CliOptions): Logger {
  return process.stdout.isTTY ? pino({ level }, { write: (line) => print(terminalLine(line)) }) : pino({ level });
}

/** What hooks know about the running server; their own requests reach it over plain HTTP. */
function hookRunner(
  emulator: Emulator,
  { host, defaultRegion: region }: CliOptions,
  onFailure: (text: string) => void,
  port: () => number,
): HookRunner & { close(): Promise<void> } {
  const processes = new Processes();
  const home = { account: defaultAccount, region };
  const call = (service: string, operation: string, input: object) => emulator.call(service, operation, input, home);
  const endpoint = () => originOf("http", defaultHosts.includes(host) ? "localhost" : host, port());
  return {
    createResources: (resources, file) => createResources(resources, file, { ...home, call }),
    runScript: (file) => runScript(file, processes, { endpoint: endpoint(), ...home }),
    get api() {
      return busbarOf({ emulator, endpoint: endpoint(), home, close: async () => {} });
    },
    onFailure,
    close: () => processes.close(),
  };
}

/** `busbar repair <directory>`: prints what was kept and what was lost. */
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
  const host = defaultHosts.includes(options.host) ? "localhost" : options.host;
  const scheme = options.tls ? "https" : "http";
  const endpoint = originOf(scheme, host, port);
  const region = options.defaultRegion;
  const trust =
    options.tls && !options.cert
      ? `\n  The certificate is self-signed; clients must be told to trust ${join(certificateDirectory(options), "tls-cert.pem")}`
      : "";
  const forJavaScript =
    host === "localhost"
      ? `  For StartSyncExecution and TestState with the SDK for JavaScript, which reads no such setting:\n  export AWS_ENDPOINT_URL=${originOf(scheme, publicName, port)}\n\n`
      : "";
  return `Busbar ${version} is listening on ${endpoint} (${options.dataDir ? `state in ${options.dataDir}` : "state in memory"}, ${options.clock} clock)${trust}

  export AWS_ENDPOINT_URL=${endpoint} AWS_DISABLE_HOST_PREFIX_INJECTION=true
  export AWS_ACCESS_KEY_ID=${defaultAccount} AWS_SECRET_ACCESS_KEY=any
  export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}

${forJavaScript}  Any credentials will do; an access key id of 12 digits is the account.
  Look inside: ${endpoint}/_busbar/health
  APIs of API Gateway are called at ${endpoint}/_aws/execute-api/<api>/<stage>/…`;
}

function certificateDirectory({ dataDir }: CliOptions): string {
  return dataDir ?? join(homedir(), ".busbar");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints one line to stderr that says what to do. Exit code 2 for a wrong command line, 1 for everything else. */
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
