/** The built command as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";

export const cliFile = resolve(import.meta.dirname, "../../dist/cli.js");

/** Long enough for any machine: what takes longer hangs. */
const startLimitMs = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  /** What the banner says to export. */
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  readonly banner: string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

const children = new Set<ChildProcess>();

/** Kills what a test left behind. */
export async function stopAll(): Promise<void> {
  await Promise.all(
    [...children].map(
      (child) =>
        new Promise<void>((done) => {
          child.once("close", () => done());
          child.kill("SIGKILL");
        }),
    ),
  );
}

function launch(args: readonly string[], env: Record<string, string>): { child: ChildProcess; ended: Promise<Ended> } {
  if (!existsSync(cliFile)) throw new Error("dist/cli.js is not there: run `node scripts/build.mjs` first");
  const child = spawn(process.execPath, [cliFile, ...args], {
    // Nothing of the environment the tests run in, so that no variable of it is an option.
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => (stdout += chunk));
  child.stderr?.on("data", (chunk) => (stderr += chunk));
  const ended = new Promise<Ended>((done) => {
    child.once("close", (code, signal) => {
      children.delete(child);
      done({ code, signal, stdout, stderr });
    });
  });
  return { child, ended };
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return launch(args, env).ended;
}

/** Starts the command and kills it after so many milliseconds, however far it is. */
export async function crashAtStart(args: readonly string[], afterMs: number): Promise<void> {
  const { child, ended } = launch([...args, "--port", "0"], {});
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  await ended;
  clearTimeout(timer);
}

/** Starts the command and comes back when its banner is there. @throws Error when it ends instead. */
export async function startCli(args: readonly string[] = [], env: Record<string, string> = {}): Promise<RunningCli> {
  const withPort = args.includes("--port") || "BUSBAR_PORT" in env || "PORT" in env ? args : [...args, "--port", "0"];
  const { child, ended } = launch(withPort, env);
  const banner = await new Promise<string>((done, failed) => {
    let text = "";
    const limit = setTimeout(() => failed(new Error(`no banner, only: ${text}`)), startLimitMs);
    child.stdout?.on("data", (chunk) => {
      text += chunk;
      if (!text.includes("/_busbar/health\n")) return;
      clearTimeout(limit);
      done(text);
    });
    void ended.then(({ code, stderr }) => {
      clearTimeout(limit);
      failed(new Error(`it ended with code ${code}: ${stderr}`));
    });
  });
  const endpoint = /export AWS_ENDPOINT_URL=(\S+)/.exec(banner)?.[1] ?? "";
  return {
    endpoint,
    port: Number(new URL(endpoint).port),
    pid: child.pid as number,
    banner,
    kill: (signal) => child.kill(signal),
    ended,
  };
}
