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

export const helpText = `busbar: AWS application integration on your own machine, on one endpoint

Usage: busbar [options]
       busbar repair <path>    makes a damaged data directory one that can be opened, and lists what is lost

  --port <n>             port to listen on; 0 takes a free one (4566)
  --host <address>       address to bind (127.0.0.1)
  --data-dir <path>      keep state in this directory across restarts (in memory)
  --default-region <r>   region of requests that name none (us-east-1)
  --virtual-clock        time stands still until POST /_busbar/clock moves it
  --seed <text>          the same seed gives the same ids
  --strict               do as AWS where that only slows tests down
  --policies <mode>      what becomes of what the policy of a queue, topic, stream or bus does not allow: audit lets it
                         through and notes it on the request or delivery, enforce refuses it, off does not look (audit)
  --stream-delay <time>  how long Kinesis streams are CREATING, UPDATING or DELETING, such as 500ms (0)
  --max-memory <size>    what the process may use before new work is refused as throttled, such as 512m or 4g (nine tenths
                         of what the container or machine has)
  --log-level <level>    silent, error, warn, info, debug or trace (warn); info prints a line for each request
  --tls                  also serve https on the port, with a self-signed certificate made on first use
  --cert <file>          use this certificate (PEM) instead, with --key
  --key <file>           its private key (PEM)
  --cors-origin <origin> let pages of this origin call the server, besides those of this machine (https://app.example);
                         * lets in every page; may be repeated
  --host-name <name>     a name by which clients reach the server, where it is none of localhost, its address, a name
                         without dots, *.localhost.localstack.cloud or *.amazonaws.com; may be repeated
  --endpoint <name=url>  where a service is that Busbar does not have (dynamodb=http://localhost:8000): clients' calls of it are
                         passed on, tasks call it there; functions (lambda=url), API Gateway for rules and pipes
                         (execute-api=url), KMS for encrypted queues (kms=url); *=url for all others; may be repeated
  --jwks <issuer=url>    where the keys of a token issuer are, for authorizers of APIs, if not at the issuer itself
                         (https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc=http://localhost:9000/jwks.json);
                         may be repeated
  --init <path>          what to have and do at the start: resources (busbar.yaml), a script (.sh), a module (.mjs, .ts), or a
                         directory with such files or with boot.d, start.d, ready.d and shutdown.d; may be repeated
  --s3-root <path>       a directory whose folders stand for S3 buckets, for distributed Maps
  --mocks <file>         mocked task outcomes, in the format of Step Functions Local's mock configuration file
  --function <name=at>   this Lambda function (name or ARN) is a handler in a file (f=./dir/index.mjs#handler), run again after
                         each change, or at a URL that speaks Lambda's Invoke API; may be repeated
  --lambda-node <path>   the Node that runs functions of Node runtimes (the one that runs Busbar)
  --version              print the version
  --help                 print this

Each option can be an environment variable: BUSBAR_PORT, BUSBAR_HOST, BUSBAR_DATA_DIR, BUSBAR_DEFAULT_REGION,
BUSBAR_VIRTUAL_CLOCK=1, BUSBAR_SEED, BUSBAR_STRICT=1, BUSBAR_POLICIES, BUSBAR_STREAM_DELAY, BUSBAR_MAX_MEMORY,
BUSBAR_LOG_LEVEL, BUSBAR_TLS=1, BUSBAR_CERT, BUSBAR_KEY, BUSBAR_LAMBDA_NODE, BUSBAR_S3_ROOT, BUSBAR_MOCKS, and with several
values divided by commas BUSBAR_CORS_ORIGIN, BUSBAR_HOST_NAME, BUSBAR_FUNCTION, BUSBAR_ENDPOINT, BUSBAR_JWKS and BUSBAR_INIT.
PORT is honoured too.

Then point any AWS client at it:

  export AWS_ENDPOINT_URL=http://localhost:4566 AWS_DISABLE_HOST_PREFIX_INJECTION=true
  export AWS_ACCESS_KEY_ID=000000000000 AWS_SECRET_ACCESS_KEY=any
  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1

Any credentials will do; an access key id of 12 digits is the account. Why a message did not arrive, and what else there is to
look at and to move: http://localhost:4566/_busbar/deliveries, requests, events, clock, reset and more, as docs/control.md describes.`;

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
