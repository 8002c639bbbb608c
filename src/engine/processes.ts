/**
 * Child processes: the only file that spawns. They end when we do, however that happens: a guard, a shell of about a
 * megabyte, holds the other end of a pipe, and when the pipe breaks it kills every process group it was told of and
 * removes the scratch directory.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { performance } from "./real-time.ts";

/** Real milliseconds between two measurements of a process's memory. */
const peakLookMs = 20;

export interface ProcessRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Gets what the process writes to stdout and stderr, as it comes. */
  readonly onOutput: (chunk: Buffer) => void;
}

export interface ProcessEnd {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  readonly failure?: string;
}

export interface RunningProcess {
  readonly pid: number | undefined;
  /** Resolves once the process has ended and all it wrote was read. */
  readonly ended: Promise<ProcessEnd>;
  /** Kills it together with all processes it has started. */
  kill(): void;
  /** Asks it to end. */
  terminate(): void;
  /** The highest memory use in bytes, up to some milliseconds ago; undefined where the system does not say. */
  peakBytes(): number | undefined;
}

/**
 * Reads process groups from the pipe, and kills them all when it breaks. Signals sent by a terminal, which reach every
 * process in it, must not end the guard before us.
 */
const guardScript = `trap '' HUP INT TERM
groups=
while read -r word group; do
  if [ "$word" = begun ]; then groups="$groups $group"; continue; fi
  rest=
  for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
  groups=$rest
done
for group in $groups; do kill -KILL "-$group"; done
rm -rf "$1"`;

/** Starts the program only once the guard knows of it; its input is empty. */
const startScript = `read -r go || exit 0; exec "$@" </dev/null`;

export class Processes {
  readonly #running = new Set<ChildProcess>();
  #guard: ChildProcess | undefined;
  #scratch: string | undefined;
  #closed = false;

  /** A directory for files of child processes, removed with them. Created at the first call. */
  get scratch(): string {
    this.#scratch ??= mkdtempSync(join(tmpdir(), "busbar-"));
    return this.#scratch;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Starts a process in a group of its own. It does not keep the event loop alive. */
  start({ command, args, env, directory, onOutput }: ProcessRequest): RunningProcess {
    if (this.#closed) throw new Error("processes were asked for after their end");
    const guard = this.#guarded();
    const child = spawn("/bin/sh", ["-c", startScript, "busbar", command, ...args], {
      cwd: directory,
      env,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#running.add(child);
    release(child);
    for (const stream of [child.stdout, child.stderr] as Readable[]) stream.on("data", onOutput).on("error", () => {});
    child.stdin?.on("error", () => {});
    const ended = new Promise<ProcessEnd>((resolve) => {
      child.once("error", (error) => {
        this.#running.delete(child);
        resolve({ code: null, signal: null, failure: error.message });
      });
      child.once("exit", () => {
        // Everything it started ends with it; afterwards its group's number may be reused by others.
        signalGroup(child, "SIGKILL");
        guard.stdin?.write(`ended ${child.pid}\n`);
      });
      child.once("close", (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal });
      });
    });
    if (child.pid !== undefined) {
      guard.stdin?.write(`begun ${child.pid}\n`);
      child.stdin?.end("go\n");
    }
    return {
      pid: child.pid,
      ended,
      kill: () => signalGroup(child, "SIGKILL"),
      terminate: () => signalGroup(child, "SIGTERM"),
      peakBytes: peakReader(child.pid),
    };
  }

  /** Ends all processes and the guard, and removes the scratch directory. */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = [...this.#running].map((child) => new Promise((resolve) => child.once("close", resolve)));
    for (const child of this.#running) signalGroup(child, "SIGKILL");
    await Promise.all(ends);
    const guard = this.#guard;
    if (guard !== undefined && guard.exitCode === null && guard.signalCode === null) {
      const gone = new Promise((resolve) => guard.once("exit", resolve));
      guard.ref();
      guard.stdin?.end();
      await gone;
    }
    if (this.#scratch !== undefined) rmSync(this.#scratch, { recursive: true, force: true });
  }

  #guarded(): ChildProcess {
    const guard = this.#guard;
    if (guard !== undefined && guard.exitCode === null && guard.signalCode === null) return guard;
    const fresh = spawn("/bin/sh", ["-c", guardScript, "busbar", this.scratch], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    release(fresh);
    fresh.on("error", () => {});
    fresh.stdin?.on("error", () => {});
    for (const { pid } of this.#running) fresh.stdin?.write(`begun ${pid}\n`);
    this.#guard = fresh;
    return fresh;
  }
}

function release(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/**
 * Reads the peak memory of a process, which only rises. Reading costs as much as a small invocation, and in so little
 * time a process cannot fill much memory.
 */
function peakReader(pid: number | undefined): () => number | undefined {
  let peak: number | undefined;
  let nextLookAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now < nextLookAt) return peak;
    nextLookAt = now + peakLookMs;
    peak = peakBytesOf(pid) ?? peak;
    return peak;
  };
}

function peakBytesOf(pid: number | undefined): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return match ? Number(match[1]) * 1024 : undefined;
  } catch {
    // Only Linux has it, and only of processes that run.
    return undefined;
  }
}
