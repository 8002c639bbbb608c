/** Reads the command line and its environment variables; a flag wins over its variable. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type PolicyMode, policyModes } from "./access/guard.ts";
import { parseDuration } from "./engine/duration.ts";
import { statsOf } from "./engine/file-stats.ts";
import { defaultMaxMemory } from "./engine/memory.ts";
import { isFunctionUrl, parseHandlerFile } from "./functions/handler-files.ts";
import { fromLocalstack } from "./localstack-environment.ts";
import { parseCorsOrigin, parseHostName } from "./server/admission.ts";
import { parseJson } from "./services/stepfunctions/asl/json.ts";

/** A command line that makes no sense; the message is one line that says what to change. */
export class OptionError extends Error {}

export interface CliOptions {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string | undefined;
  readonly defaultRegion: string;
  readonly clock: "real" | "virtual";
  readonly seed: string | undefined;
  readonly strict: boolean;
  readonly policies: PolicyMode;
  readonly streamDelayMs: number;
  /** Bytes. */
  readonly maxMemory: number;
  readonly logLevel: string;
  readonly tls: boolean;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Origins whose pages may call the server; `*` stands for all. */
  readonly corsOrigins: readonly string[];
  /** Further host names by which clients reach the server. */
  readonly hostNames: readonly string[];
  /** Path of the Node that runs functions. */
  readonly lambdaNode: string | undefined;
  /** Handler files and URLs of functions by name or ARN. */
  readonly functions: Readonly<Record<string, string>>;
  /** URLs of services Busbar does not have, by the name Step Functions calls them; `*` is for all others. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** URLs of key sets, by token issuer. */
  readonly jwks: Readonly<Record<string, string>>;
  /** A directory whose folders act as S3 buckets. */
  readonly s3Root: string | undefined;
  /** The contents of the mock configuration file. */
  readonly mocks: unknown;
  /** Files and directories with resources and scripts to apply while the server starts and stops. */
  readonly init: readonly string[];
  /** What the user should know about environment variables that were set. */
  readonly notices: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
}

const flags = {
  port: { type: "string" },
  host: { type: "string" },
  "data-dir": { type: "string" },
  "default-region": { type: "string" },
  "virtual-clock": { type: "boolean" },
  seed: { type: "string" },
  strict: { type: "boolean" },
  policies: { type: "string" },
  "stream-delay": { type: "string" },
  "max-memory": { type: "string" },
  "log-level": { type: "string" },
  tls: { type: "boolean" },
  cert: { type: "string" },
  key: { type: "string" },
  "cors-origin": { type: "string", multiple: true },
  "host-name": { type: "string", multiple: true },
  endpoint: { type: "string", multiple: true },
  init: { type: "string", multiple: true },
  jwks: { type: "string", multiple: true },
  "s3-root": { type: "string" },
  mocks: { type: "string" },
  function: { type: "string", multiple: true },
  "lambda-node": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"];

/** @throws OptionError for an unknown option or a value out of range. */
export function readOptions(args: string[], environment: NodeJS.ProcessEnv): CliOptions {
  const values = parse(args);
  // An empty variable counts as unset, as in compose files; an empty flag is an error, since it usually comes from an
  // unset variable.
  const text = (name: keyof typeof flags): string | undefined => {
    const flag = values[name];
    if (flag === "") throw new OptionError(`--${name} needs a value; --help lists the options.`);
    if (typeof flag === "string") return flag;
    return environment[variableOf(name)] || undefined;
  };
  const list = (name: "function" | "endpoint" | "init" | "jwks" | "cors-origin" | "host-name"): readonly string[] =>
    values[name] ?? environment[variableOf(name)]?.split(",").filter((one) => one !== "") ?? [];
  const on = (name: keyof typeof flags): boolean => {
    if (values[name] !== undefined) return values[name] === true;
    const variable = environment[variableOf(name)];
    if (variable === undefined || ["", "0", "false", "no"].includes(variable.toLowerCase())) return false;
    if (["1", "true", "yes"].includes(variable.toLowerCase())) return true;
    throw new OptionError(`${variableOf(name)} must be 1 or 0, not ${variable}.`);
  };
  const theirs = fromLocalstack(environment);
  const logLevel = text("log-level") ?? theirs.logLevel ?? "warn";
  if (!logLevels.includes(logLevel))
    throw new OptionError(`--log-level must be one of ${logLevels.join(", ")}, not ${logLevel}.`);
  const cert = text("cert");
  const key = text("key");
  if ((cert === undefined) !== (key === undefined)) throw new OptionError("--cert and --key go together.");
  return {
    port: portOf(text("port") ?? (environment["PORT"] || theirs.port || "4566")),
    host: text("host") ?? theirs.host ?? "127.0.0.1",
    dataDir: text("data-dir"),
    defaultRegion: regionOf(text("default-region") ?? "us-east-1"),
    clock: on("virtual-clock") ? "virtual" : "real",
    seed: text("seed"),
    strict: on("strict"),
    policies: policiesOf(text("policies") ?? "audit"),
    streamDelayMs: delayOf(text("stream-delay") ?? "0ms"),
    maxMemory: sizeOf(text("max-memory")) ?? defaultMaxMemory(),
    logLevel,
    tls: on("tls") || cert !== undefined,
    cert,
    key,
    corsOrigins: eachOf("--cors-origin", list("cors-origin"), parseCorsOrigin),
    hostNames: [
      ...eachOf("--host-name", list("host-name"), parseHostName),
      ...eachOf("LOCALSTACK_HOST", theirs.hostName === undefined ? [] : [theirs.hostName], parseHostName),
    ],
    functions: functionsOf(list("function")),
    lambdaNode: text("lambda-node"),
    endpoints: urlsOf(list("endpoint"), "--endpoint needs service=url, for example dynamodb=http://localhost:8000"),
    jwks: urlsOf(
      list("jwks"),
      "--jwks needs issuer=url, for example https://issuer.example=http://localhost:9000/jwks",
    ),
    init: list("init"),
    notices: theirs.notices,
    s3Root: directoryOf("--s3-root", text("s3-root")),
    mocks: mocksIn(text("mocks") ?? environment["SFN_MOCK_CONFIG"]),
    help: values.help === true,
    version: values.version === true,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: flags, allowPositionals: false }).values;
  } catch (error) {
    const first = (error as Error).message.split(/\.\s/)[0]?.replace(/\.$/, "");
    throw new OptionError(`${first}; --help lists the options.`);
  }
}

/** Values of the form `name=url`; an ARN has no equals sign, so the first one separates. */
function urlsOf(given: readonly string[], advice: string): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const one of given) {
    const at = one.indexOf("=");
    const url = one.slice(at + 1);
    if (at < 1 || !/^https?:\/\//.test(url) || !URL.canParse(url)) throw new OptionError(`${advice}, not ${one}.`);
    urls[one.slice(0, at)] = url;
  }
  return urls;
}

function directoryOf(flag: string, path: string | undefined): string | undefined {
  if (path === undefined || statsOf(path)?.isDirectory()) return path;
  throw new OptionError(`${flag} must be a directory, but ${path} is not one.`);
}

/** Values of the form `name=url` or `name=file#handler`. */
function functionsOf(given: readonly string[]): Record<string, string> {
  const functions: Record<string, string> = {};
  for (const one of given) {
    const at = one.indexOf("=");
    const place = one.slice(at + 1);
    if (at < 1 || place === "") {
      const example = "worker=http://localhost:9000 or worker=./worker/index.mjs#handler";
      throw new OptionError(`--function needs name=url or name=file#handler, for example ${example}, not ${one}.`);
    }
    try {
      if (!isFunctionUrl(place)) parseHandlerFile(place);
    } catch (error) {
      throw new OptionError(`--function ${one}: ${(error as Error).message}.`);
    }
    functions[one.slice(0, at)] = place;
  }
  return functions;
}

function mocksIn(file: string | undefined): unknown {
  if (file === undefined || file === "") return undefined;
  try {
    return parseJson(readFileSync(file, "utf8"));
  } catch (error) {
    throw new OptionError(`The mocks in ${file} cannot be read: ${(error as Error).message}`);
  }
}

function variableOf(flag: string): string {
  return `BUSBAR_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** @throws OptionError that names the flag, when `parse` refuses a value. */
function eachOf(flag: string, texts: readonly string[], parse: (text: string) => string): string[] {
  try {
    return texts.map(parse);
  } catch (error) {
    throw new OptionError(`${flag}: ${(error as Error).message}.`);
  }
}

function delayOf(text: string): number {
  try {
    return parseDuration(text === "0" ? "0ms" : text);
  } catch (error) {
    throw new OptionError(`--stream-delay: ${(error as Error).message}`);
  }
}

/** About what an idle server uses, in bytes. */
const leastMemory = 64 * 1024 * 1024;

/** A size in bytes, from a number with k, m or g; binary multiples, as is usual for memory. */
function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = ""] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** ["", "k", "m", "g"].indexOf(unit.toLowerCase());
  if (!(bytes >= leastMemory))
    throw new OptionError(`--max-memory must be a size from 64m, such as 512m or 4g, not ${text}.`);
  return bytes;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new OptionError(
      `the port must be a whole number from 0 to 65535, not ${text}; see --port, BUSBAR_PORT and PORT.`,
    );
  return port;
}

function policiesOf(text: string): PolicyMode {
  const mode = policyModes.find((one) => one === text);
  if (mode === undefined) throw new OptionError(`--policies must be one of ${policyModes.join(", ")}, not ${text}.`);
  return mode;
}

/** A region becomes part of every ARN, so it must look like one. */
function regionOf(text: string): string {
  if (!/^[a-z0-9-]{1,64}$/.test(text))
    throw new OptionError(`--default-region must be a region such as eu-central-1, not ${text}.`);
  return text;
}
