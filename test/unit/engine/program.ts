import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Bundles a TypeScript program that stands beside this file, to be run by `run`. */
export async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
  });
  return outputFiles[0]!.text;
}

export interface Running {
  process: ChildProcess;
  /** Lines of standard output so far. */
  lines: string[];
  /** Resolves when there are that many lines, or the program has ended. */
  reached(lines: number): Promise<void>;
  ended: Promise<number | null>;
}

/** Runs a bundled program in a process of its own; `shellPrefix` goes before it in a shell, such as a ulimit. */
export function run(code: string, args: string[], shellPrefix?: string): Running {
  const nodeArgs = ["--input-type=module", "-", ...args];
  const child =
    shellPrefix === undefined
      ? spawn(process.execPath, nodeArgs, { cwd: ROOT, stdio: ["pipe", "pipe", "ignore"] })
      : spawn("sh", ["-c", `${shellPrefix}; exec "$0" "$@"`, process.execPath, ...nodeArgs], {
          cwd: ROOT,
          stdio: ["pipe", "pipe", "ignore"],
        });
  const lines: string[] = [];
  let partial = "";
  let tell = () => {};
  let hasEnded = false;
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    const parts = (partial + text).split("\n");
    partial = parts.pop()!;
    lines.push(...parts);
    tell();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (exitCode) => {
      hasEnded = true;
      tell();
      resolve(exitCode);
    });
  });
  child.stdin!.on("error", () => {});
  child.stdin!.end(code);
  const reached = (count: number) =>
    new Promise<void>((resolve) => {
      tell = () => {
        if (lines.length >= count || hasEnded) resolve();
      };
      tell();
    });
  return { process: child, lines, reached, ended };
}
