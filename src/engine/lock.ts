import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { StoreError } from "./store-error.ts";

/** Holds a directory for this process until released. */
export interface Lock {
  release(): void;
}

/** Who took the lock: the pid alone would not do, since pids are used again (in a container it is always 1). */
interface Holder {
  pid: number;
  /** When that process began, from /proc; empty where there is none. */
  started: string;
}

const FILE_NAME = "process.lock";

/** Somebody who has created the lock file writes into it at once; longer than this it stays empty only after a crash. */
const EMPTY_GRACE_MS = 200;

/** Real paths of the directories this program holds: where there is no /proc, the only way to know our own locks. */
const heldHere = new Set<string>();

/**
 * Makes the directory if need be and takes it for this process; a lock left by a process that is gone does not count.
 * @throws StoreError when another process (or this one) has it, or when it cannot be made or written to.
 */
export function lockDirectory(directory: string): Lock {
  try {
    makeDirectory(directory);
    const real = realpathSync(directory);
    const path = join(real, FILE_NAME);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      if (create(path)) {
        heldHere.add(real);
        return { release: () => release(real, path) };
      }
      removeStale(directory, real, path);
    }
    throw new StoreError(`The data directory ${directory} is wanted by several processes at once.`);
  } catch (error) {
    throw error instanceof StoreError ? error : refusal(directory, error);
  }
}

function create(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  const holder: Holder = { pid: process.pid, started: startOf(process.pid) };
  writeSync(file, JSON.stringify(holder));
  closeSync(file);
  return true;
}

function release(real: string, path: string): void {
  if (!heldHere.delete(real)) return;
  if (read(path)?.pid === process.pid) rmSync(path, { force: true });
}

function removeStale(directory: string, real: string, path: string): void {
  let holder = read(path);
  if (holder === undefined) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EMPTY_GRACE_MS);
    holder = read(path);
  }
  if (holder !== undefined && isHolding(holder, real)) {
    const who = holder.pid === process.pid ? "this process already" : `another process (pid ${holder.pid})`;
    throw new StoreError(`The data directory ${directory} is in use by ${who}.`);
  }
  takeAside(real, path);
}

/** Moves the lock away before deleting it: another process may have put its own there since we looked. */
function takeAside(real: string, path: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const moved = read(aside);
  if (moved !== undefined && isHolding(moved, real)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

function isHolding(holder: Holder, real: string): boolean {
  const started = startOf(holder.pid);
  if (holder.pid === process.pid) {
    // With /proc: also a lock taken by another thread of this process. Without: only what this program knows of.
    return started === "" ? heldHere.has(real) : started === holder.started;
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  return started === holder.started || started === "" || holder.started === "";
}

/** The start of a process, good for telling apart two processes of one pid: the boot, and the ticks from it. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2, the command, may hold spaces and brackets; starttime is field 22 (proc(5)).
    return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return "";
  }
}

function read(path: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, "utf8")) as Partial<Holder>;
    return Number.isSafeInteger(pid) && pid! > 0 && typeof started === "string" ? { pid: pid!, started } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function refusal(directory: string, error: unknown): StoreError {
  const code = codeOf(error);
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new StoreError(`The data directory ${directory} cannot be made: a file stands in its way.`);
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new StoreError(
      `The data directory ${directory} cannot be written to: check its owner and permissions (${code}).`,
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreError(`The data directory ${directory} cannot be used: ${reason}.`);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** With its parents, one by one: Node's recursive way never ends where a file system takes no directories (`/proc`). */
function makeDirectory(directory: string): void {
  const path = resolve(directory);
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
