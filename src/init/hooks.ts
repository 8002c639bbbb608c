/**
 * What a user wants done while the server starts and stops: resource files, shell scripts and modules, given by
 * `--init` or found where LocalStack looks for them.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { textOf } from "../../protocols/unknown-json.ts";
import type { InitStage, InitState } from "../server/localstack/door.ts";

export type Stage = InitStage["name"];
type ScriptState = InitStage["scripts"][number]["state"];

interface Hook {
  readonly file: string;
  state: ScriptState;
}

/** What hooks need to run. */
export interface HookRunner {
  /** Creates the resources in a file. @throws Error that names the entry. */
  createResources(resources: unknown, file: string): Promise<void>;
  /** Runs a shell script to its end; its output is shown. */
  runScript(file: string): Promise<{ readonly code: number | null; readonly failure?: string }>;
  /** The argument of a module's default export. */
  readonly api: unknown;
  /** Called for a hook that failed. */
  onFailure(text: string): void;
}

const stages: readonly Stage[] = ["BOOT", "START", "READY", "SHUTDOWN"];
/** Where LocalStack's image has them. */
export const defaultDirectory = "/etc/localstack/init";

const resourceFiles = new Set([".yaml", ".yml", ".json"]);
const modules = new Set([".mjs", ".js", ".ts", ".mts"]);

export class Hooks implements InitState {
  readonly #hooks: Readonly<Record<Stage, readonly Hook[]>>;
  readonly #completed = new Set<Stage>();

  /** @param paths files and directories. @throws Error for one that does not exist or cannot be run. */
  constructor(paths: readonly string[]) {
    const hooks: Record<Stage, Hook[]> = { BOOT: [], START: [], READY: [], SHUTDOWN: [] };
    for (const path of paths) {
      for (const [stage, file] of hooksAt(resolve(path))) hooks[stage].push({ file, state: "UNKNOWN" });
    }
    this.#hooks = hooks;
  }

  get isReady(): boolean {
    return this.#completed.has("READY");
  }

  get stages(): readonly InitStage[] {
    return stages.map((name) => ({
      name,
      completed: this.#completed.has(name),
      scripts: this.#hooks[name].map(({ file, state }) => ({ name: basename(file), state })),
    }));
  }

  /**
   * Runs the hooks of a stage one after the other. A script or module that fails is reported, and the others go on.
   * @throws Error when a resource file cannot be applied: the server would not be what was asked for.
   */
  async run(stage: Stage, runner: HookRunner): Promise<void> {
    for (const hook of this.#hooks[stage]) {
      hook.state = "RUNNING";
      const failure = await runHook(hook.file, runner);
      hook.state = failure === undefined ? "SUCCESSFUL" : "ERROR";
      if (failure !== undefined) runner.onFailure(`The ${stage.toLowerCase()} hook ${hook.file} failed: ${failure}`);
    }
    this.#completed.add(stage);
  }
}

/** The files at a path by stage: of a directory with `ready.d` and the like, of one without, or the file itself. */
function hooksAt(path: string): [Stage, string][] {
  if (!existsSync(path)) throw new Error(`--init ${path} is not there.`);
  if (!statSync(path).isDirectory()) {
    if (isHook(path)) return [[defaultStage(path), path]];
    throw new Error(`--init ${path} is not something Busbar can run: .sh, .mjs, .ts, or resources in .yaml or .json.`);
  }
  const ofStages = stages.flatMap((stage) =>
    filesIn(join(path, `${stage.toLowerCase()}.d`)).map((file): [Stage, string] => [stage, file]),
  );
  return [...filesIn(path).map((file): [Stage, string] => [defaultStage(file), file]), ...ofStages];
}

/** Resources exist before the server reports that it is ready; scripts may need to talk to it. */
function defaultStage(file: string): Stage {
  return resourceFiles.has(extname(file)) ? "START" : "READY";
}

/** Sorted by name, as people number them: `01-queues.sh`. */
function filesIn(directory: string): string[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) return [];
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name))
    .filter((file) => isHook(file) && statSync(file).isFile());
}

function isHook(file: string): boolean {
  const extension = extname(file);
  return extension === ".sh" || resourceFiles.has(extension) || modules.has(extension);
}

/** Undefined on success, else the reason. @throws Error for resources. */
async function runHook(file: string, runner: HookRunner): Promise<string | undefined> {
  if (resourceFiles.has(extname(file))) {
    await runner.createResources(await readResources(file), file);
    return undefined;
  }
  if (extname(file) === ".sh") {
    const { code, failure } = await runner.runScript(file);
    return code === 0 ? undefined : (failure ?? `it ended with ${code === null ? "a signal" : `code ${code}`}.`);
  }
  try {
    await runModule(file, runner.api);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : textOf(error);
  }
}

/** The contents of a resource file. @throws Error that names the file. */
export async function readResources(file: string): Promise<unknown> {
  try {
    const text = readFileSync(file, "utf8");
    if (extname(file) === ".json") return JSON.parse(text) as unknown;
    const { parseYaml } = await import("./yaml.ts");
    return parseYaml(text) as unknown;
  } catch (error) {
    throw new Error(`The resources in ${file} cannot be read: ${(error as Error).message}`);
  }
}

async function runModule(file: string, api: unknown): Promise<void> {
  const isTypeScript = /\.m?ts$/.test(file);
  if (isTypeScript && !(process.features as { typescript?: unknown }).typescript) {
    throw new Error(`TypeScript is run by Node 22.18 and newer, not by ${process.version}; write it as .mjs.`);
  }
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (typeof module.default === "function") await (module.default as (api: unknown) => unknown)(api);
}
