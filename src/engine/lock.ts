import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { monotonicNs } from "./real-time.ts";
import { StoreError } from "./store-error.ts";

/** Holds a directory for this process until released. */
export interface Lock {
  /** The directory, without links in its path. */
  readonly directory: string;
  /** The file that names the holder. */
  readonly path: string;
  release(): void;
}

/** Who took the lock. A pid is not enough, since pids are reused (in a container it is always 1). */
interface Holder {
  pid: number;
  /** When that process began, from /proc; empty where there is none. */
  started: string;
  /** Tells apart two locks of one process. */
  id: string;
}

const FILE_NAME = "process.lock";

/** Whoever creates the lock file writes to it at once; if it stays empty longer than this, its creator crashed. */
const EMPTY_GRACE_MS = 200;

const ATTEMPTS = 20;

/** The files that Busbar keeps in a data directory. */
const OURS = /^(process\.lock|journal-|snapshot-|commit$|reserve$|damaged$|data\.mdb$|lock\.mdb$|tls-(key|cert)\.pem)/;
/** Certificates are public: clients have to trust them. */
const PUBLIC = /^tls-cert\.pem$/;

/** Real paths of the directories this program holds; without /proc, the only way to recognize our own locks. */
const heldHere = new Set<string>();

/**
 * Makes the directory if need be and takes it for this process; a lock left by a process that is gone does not count.
 *
 * Files cannot be deleted on condition, so whoever takes a dead process's lock file away may find that it was replaced
 * meanwhile. Hence files are moved aside, under names used once, and one that has a living holder counts there as well:
 * who has created the lock file looks at those moved aside before believing that the directory is theirs. Of two who have
 * created one, the later came after the other's was moved, sees it and withdraws.
 * @throws StoreError when another process (or this one) has it, or when it cannot be made or written to.
 */
export function lockDirectory(directory: string): Lock {
  try {
    makeDirectory(directory);
    const real = realpathSync(directory);
    closeToOthers(real);
    const path = join(real, FILE_NAME);
    const own: Holder = {
      pid: process.pid,
      started: startOf(process.pid),
      id: `${process.pid}-${monotonicNs()}`,
    };
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const file = create(path);
      if (file === undefined) {
        const holder = readPatiently(path);
        if (holder !== undefined && isHolding(holder, real)) throw inUse(directory, holder);
        moveAside(path, real, own);
        continue;
      }
      const other = take(file, path, real, own);
      if (other === "lost") continue;
      if (other !== undefined) throw inUse(directory, other);
      heldHere.add(real);
      return { directory: real, path, release: () => release(real, path, own) };
    }
    throw new StoreError(`The data directory ${directory} is wanted by several processes at once.`);
  } catch (error) {
    throw error instanceof StoreError ? error : refusal(directory, error);
  }
}

function inUse(directory: string, { pid }: Holder): StoreError {
  const who = pid === process.pid ? "this process already" : `another process (pid ${pid})`;
  return new StoreError(`The data directory ${directory} is in use by ${who}.`);
}

/** The descriptor of the new lock file; undefined when one exists. */
function create(path: string): number | undefined {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return undefined;
    throw error;
  }
}

/**
 * Writes the holder, and returns who else holds the directory (then we do not), or that our file was mistaken for a
 * dead process's.
 */
function take(file: number, path: string, real: string, own: Holder): Holder | "lost" | undefined {
  try {
    writeSync(file, JSON.stringify(own));
    const other = holderAside(real, own);
    if (other !== undefined) moveAside(path, real, own);
    else if (fstatSync(file).nlink === 0) return "lost";
    return other;
  } finally {
    closeSync(file);
  }
}

/**
 * The living holder of a lock file that was moved aside; files of dead ones are deleted, as their names are never used
 * again.
 */
function holderAside(real: string, own: Holder): Holder | undefined {
  for (const name of readdirSync(real)) {
    if (!name.startsWith(`${FILE_NAME}.`)) continue;
    const aside = join(real, name);
    const holder = readPatiently(aside);
    if (holder?.id === own.id) continue;
    if (holder !== undefined && isHolding(holder, real)) return holder;
    rmSync(aside, { force: true });
  }
  return undefined;
}

/** Moves the lock file aside, and deletes it if it is our own or a dead process's. */
function moveAside(path: string, real: string, own: Holder): void {
  const aside = `${path}.${process.pid}.${monotonicNs()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const moved = readPatiently(aside);
  if (moved === undefined || moved.id === own.id || !isHolding(moved, real)) rmSync(aside, { force: true });
}

function release(real: string, path: string, own: Holder): void {
  if (!heldHere.delete(real) || !existsSync(real)) return;
  if (read(path)?.id === own.id) moveAside(path, real, own);
  for (const name of readdirSync(real)) {
    if (!name.startsWith(`${FILE_NAME}.`)) continue;
    const aside = join(real, name);
    if (read(aside)?.id === own.id) rmSync(aside, { force: true });
  }
}

function isHolding(holder: Holder, real: string): boolean {
  const started = startOf(holder.pid);
  if (holder.pid === process.pid) {
    // With /proc this includes locks taken by another thread of this process; without it, only those this program knows
    // of.
    return started === "" ? heldHere.has(real) : started === holder.started;
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  return started === holder.started || started === "" || holder.started === "";
}

/** The start of a process, which tells apart two processes with the same pid: the boot id, and the ticks since boot. */
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

/** As `read`, but gives a file that is still empty time to be written. */
function readPatiently(path: string): Holder | undefined {
  const holder = read(path);
  if (holder !== undefined || !existsSync(path)) return holder;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EMPTY_GRACE_MS);
  return read(path);
}

function read(path: string): Holder | undefined {
  try {
    const { pid, started, id = "" } = JSON.parse(readFileSync(path, "utf8")) as Partial<Holder>;
    return Number.isSafeInteger(pid) && pid! > 0 && typeof started === "string"
      ? { pid: pid!, started, id }
      : undefined;
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

/**
 * Creates the directory and its parents one by one: Node's recursive way never ends where a file system accepts no
 * directories (`/proc`).
 */
function makeDirectory(directory: string): void {
  const path = resolve(directory);
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Messages and secrets are private: a directory left readable by an earlier version is closed to others, and so are its
 * files. A directory that contains anything else was chosen by the user and stays as it is.
 */
function closeToOthers(real: string): void {
  const names = readdirSync(real);
  const ours = names.filter((name) => OURS.test(name));
  try {
    if (ours.length === names.length) chmodSync(real, 0o700);
    for (const name of ours)
      chmodSync(join(real, name), PUBLIC.test(name) ? 0o644 : name === "damaged" ? 0o700 : 0o600);
  } catch (error) {
    // Somebody else's directory that we may write to, such as a container's volume.
    if (codeOf(error) !== "EPERM" && codeOf(error) !== "EROFS" && codeOf(error) !== "ENOENT") throw error;
  }
}
