/**
 * What runtimes need besides Node: an interpreter on the PATH, and for compiled languages a runtime client in the
 * function's own code.
 */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import type { CodeRoots } from "./launch.ts";

/** Where to look for interpreters. */
export function searchPath(): string {
  return process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
}

/** A runtime client, which AWS's images contain and which packages must contain here. */
interface Client {
  /** Files that identify it, in the code or inside a jar. */
  readonly files: readonly string[];
  readonly what: string;
  readonly advice: string;
}

const clients: Readonly<Record<string, Client>> = {
  java: {
    files: [
      "com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class",
      "aws-lambda-java-runtime-interface-client",
    ],
    what: "AWS's runtime interface client",
    advice: "Add com.amazonaws:aws-lambda-java-runtime-interface-client to the jar, to lib/ of the zip or to a layer.",
  },
  dotnet: {
    files: ["Amazon.Lambda.RuntimeSupport.dll"],
    what: "Amazon.Lambda.RuntimeSupport",
    advice:
      "Add the NuGet package Amazon.Lambda.RuntimeSupport, publish an executable assembly, and name that as the handler.",
  },
};

/** Whether a command exists on the PATH. */
export function isOnPath(command: string): boolean {
  return searchPath()
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, command)));
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What keeps all functions of a runtime from running here, and how to fix it; undefined when nothing does. */
export function missingInterpreter(runtime: string): string | undefined {
  const interpreter = /^(python3|java|ruby|dotnet)/.exec(runtime)?.[1];
  if (interpreter === undefined || isOnPath(interpreter)) return undefined;
  return `${runtime} needs ${interpreter}, which is not on the PATH of Busbar's process. Install it, or let something that runs stand for the function (--function name=url).`;
}

/** Whether functions of the runtime need a client that only their code can contain. */
export function needsClient(runtime: string): boolean {
  return clientOf(runtime) !== undefined;
}

/**
 * What keeps a function from running because its runtime client is missing, and how to fix it; undefined when it is
 * there.
 */
export function missingClient(runtime: string, { task, layers }: CodeRoots): string | undefined {
  const client = clientOf(runtime);
  if (client === undefined) return undefined;
  const jars = [join(task, "lib"), ...(layers === undefined ? [] : [join(layers, "java", "lib")])].flatMap(jarsIn);
  const isThere = client.files.some((file) => existsSync(join(task, file)) || jars.some((jar) => hasFile(jar, file)));
  if (isThere) return undefined;
  return `${runtime} runs here by ${client.what}, which neither the function's code nor a layer brings. ${client.advice}`;
}

function clientOf(runtime: string): Client | undefined {
  return clients[/^(java|dotnet)/.exec(runtime)?.[1] ?? ""];
}

function jarsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".jar"))
    .map((file) => join(folder, file));
}

/** A jar is identified by its own name or by names of its files, which it contains uncompressed. */
function hasFile(jar: string, file: string): boolean {
  return basename(jar).startsWith(file) || readFileSync(jar).includes(file);
}
