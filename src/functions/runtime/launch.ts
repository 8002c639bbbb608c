/** How a runtime's processes are started, with the command and environment that AWS uses. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isExecutable, missingClient, missingInterpreter, searchPath } from "./requirements.ts";

/** What is needed to run a version of a function. */
export interface RuntimeSpec {
  /** Changes with everything that makes running processes outdated. */
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly account: string;
  readonly region: string;
  readonly runtime: string;
  readonly runtimeVersionArn?: string;
  readonly handler: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  /** Set by the user. */
  readonly variables: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly isJsonLog?: boolean;
  readonly initialization?: "on-demand" | "provisioned-concurrency";
  /** The directories of the code; unpacks it if necessary. */
  prepare(): Promise<CodeRoots>;
}

export interface CodeRoots {
  /** Takes the place of /var/task. */
  readonly task: string;
  /** Takes the place of /opt: the layers, one over the other. */
  readonly layers?: string | undefined;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Programs from layers to run beside it. */
  readonly extensions?: readonly string[];
}

/** A function that cannot run here; the message says what is missing. */
export class CannotRun extends Error {
  readonly errorType: string;

  constructor(message: string, errorType = "Runtime.InvalidEntrypoint") {
    super(message);
    this.errorType = errorType;
  }
}

/** What functions are run with, and how they reach us. */
export interface Workshop {
  /** Path of the Node that runs functions. Default: the one that runs Busbar. */
  readonly node: string | undefined;
  /** Our own address, for the SDKs in functions. */
  endpoint(): string;
}

/** @throws CannotRun */
export async function launchOf(spec: RuntimeSpec, logStream: string, workshop: Workshop): Promise<Launch> {
  const interpreter = missingInterpreter(spec.runtime);
  if (interpreter !== undefined) throw new CannotRun(interpreter, "Runtime.Unavailable");
  const roots = await spec.prepare();
  const client = missingClient(spec.runtime, roots);
  if (client !== undefined) throw new CannotRun(client, "Runtime.Unavailable");
  const [command, ...args] = commandOf(spec, roots, workshop);
  const env = environmentOf(spec, roots, logStream, workshop);
  const wrapper = spec.variables["AWS_LAMBDA_EXEC_WRAPPER"];
  const words =
    wrapper === undefined || wrapper === "" ? [command, ...args] : [underRoot(wrapper, roots), command, ...args];
  return {
    command: words[0] as string,
    args: words.slice(1),
    env,
    directory: roots.task,
    extensions: programsIn(roots),
  };
}

/** The programs in a layer's folder of extensions. */
function programsIn({ layers }: CodeRoots): string[] {
  const folder = layers === undefined ? undefined : join(layers, "extensions");
  if (folder === undefined || !existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => join(folder, name)).sort();
}

/** Users' scripts name the paths they know from AWS. */
function underRoot(file: string, { task, layers }: CodeRoots): string {
  if (layers !== undefined && file.startsWith("/opt/")) return join(layers, file.slice("/opt/".length));
  return file.startsWith("/var/task/") ? join(task, file.slice("/var/task/".length)) : file;
}

function commandOf(spec: RuntimeSpec, { task, layers }: CodeRoots, { node }: Workshop): [string, ...string[]] {
  const { runtime, handler, memoryMb } = spec;
  if (runtime.startsWith("nodejs")) {
    // Half of a function's memory is for things other than V8's old generation.
    const heap = `--max-old-space-size=${Math.max(64, Math.floor(memoryMb * 0.9))}`;
    return [node ?? process.execPath, heap, bootstrap("node.mjs")];
  }
  if (runtime.startsWith("python")) return ["python3", "-u", bootstrap("python.py")];
  if (runtime.startsWith("java")) {
    const classes = [task, join(task, "lib", "*"), ...(layers === undefined ? [] : [join(layers, "java", "lib", "*")])];
    const client = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";
    return ["java", `-Xmx${memoryMb}m`, "-cp", classes.join(":"), client, handler];
  }
  if (runtime.startsWith("ruby")) return ["ruby", bootstrap("ruby.rb")];
  if (runtime.startsWith("dotnet")) return ["dotnet", join(task, `${handler.split("::")[0]}.dll`)];
  const own = [task, layers].map((root) => join(root ?? task, "bootstrap")).find(isExecutable);
  if (own === undefined) {
    throw new CannotRun("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
  }
  return [own];
}

function environmentOf(
  spec: RuntimeSpec,
  { task, layers }: CodeRoots,
  logStream: string,
  workshop: Workshop,
): Record<string, string> {
  const { name, version, account, region, runtime, handler, memoryMb, logGroup } = spec;
  const inLayers = (...places: string[]) => (layers === undefined ? [] : places.map((place) => join(layers, place)));
  const own: Record<string, string> = {
    AWS_ENDPOINT_URL: workshop.endpoint(),
    // No `sync-` in front of our host name, which would not resolve.
    AWS_DISABLE_HOST_PREFIX_INJECTION: "true",
    ...spec.variables,
    _HANDLER: handler,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_LAMBDA_INITIALIZATION_TYPE: spec.initialization ?? "on-demand",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    // The access key identifies the account.
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: "busbar",
    AWS_SESSION_TOKEN: "busbar",
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    AWS_XRAY_DAEMON_ADDRESS: "169.254.79.129:2000",
    LAMBDA_TASK_ROOT: task,
    LAMBDA_RUNTIME_DIR: fileURLToPath(new URL(".", bootstrapUrl("node.mjs"))),
    TZ: spec.variables["TZ"] ?? ":UTC",
    LANG: "en_US.UTF-8",
    PATH: [...inLayers("bin"), spec.variables["PATH"] ?? searchPath()].join(":"),
    LD_LIBRARY_PATH: [...inLayers("lib"), task, join(task, "lib")].join(":"),
  };
  if (spec.isJsonLog === true) own["AWS_LAMBDA_LOG_FORMAT"] = "JSON";
  if (!runtime.startsWith("provided")) own["AWS_EXECUTION_ENV"] = `AWS_Lambda_${runtime}`;
  if (runtime.startsWith("nodejs")) {
    const major = /^nodejs(\d+)/.exec(runtime)?.[1];
    const modules = inLayers(`nodejs/node${major}/node_modules`, "nodejs/node_modules");
    own["NODE_PATH"] = [spec.variables["NODE_PATH"], ...modules].filter((one) => one !== undefined).join(":");
  }
  if (runtime.startsWith("python")) {
    const modules = inLayers("python", `python/lib/${runtime}/site-packages`);
    own["PYTHONPATH"] = [spec.variables["PYTHONPATH"], ...modules].filter((one) => one !== undefined).join(":");
    own["PYTHONDONTWRITEBYTECODE"] = "1";
  }
  return own;
}

function bootstrap(file: string): string {
  return fileURLToPath(bootstrapUrl(file));
}

/** Next to this module, or next to the parts of the bundle. */
function bootstrapUrl(file: string): URL {
  const beside = new URL(`./bootstraps/${file}`, import.meta.url);
  return existsSync(beside) ? beside : new URL(`../bootstraps/${file}`, import.meta.url);
}
