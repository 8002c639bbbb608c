import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Disk } from "../disk.ts";
import { type Lock, lockDirectory } from "../lock.ts";
import { StoreError } from "../store-error.ts";
import { FILE_HEADER_BYTES, fileName, numbersOf, RESERVE_FILE, syncDirectory } from "./files.ts";
import { Guard } from "./guard.ts";
import { DEFAULT_LIMITS, JournalDisk, type Limits } from "./journal-disk.ts";
import { JournalFile } from "./journal-file.ts";
import { type Loaded, load, OtherFormat } from "./load.ts";
import { type Mark, MarkFile } from "./mark.ts";
import { damagedLine } from "./messages.ts";
import { LoadedState } from "./state.ts";

/**
 * Opens a data directory for this process, and creates it if necessary. Other `limits` are for tests.
 * @throws StoreError with one line of advice: not writable, in use, written by an earlier version, damaged.
 */
export async function openDisk(directory: string, limits = DEFAULT_LIMITS): Promise<Disk> {
  const lock = takeLock(directory);
  try {
    return underLock(directory, lock, limits);
  } catch (error) {
    lock.release();
    if (error instanceof StoreError) throw error;
    if (error instanceof OtherFormat) throw otherVersion(directory, error.format);
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(`The data directory ${directory} cannot be opened: ${reason}.`);
  }
}

/** A full disk has no room for the lock except the reserve. */
function takeLock(directory: string): Lock {
  try {
    return lockDirectory(directory);
  } catch (error) {
    const reserve = join(directory, RESERVE_FILE);
    if (!String(error).includes("ENOSPC") || !existsSync(reserve)) throw error;
    rmSync(reserve);
    return lockDirectory(directory);
  }
}

function underLock(name: string, lock: Lock, limits: Limits): Disk {
  const { directory } = lock;
  refuseEarlier(name, directory);
  for (const file of readdirSync(directory)) {
    if (/^(snapshot-\d+|commit)\.new$/.test(file)) rmSync(join(directory, file));
  }
  const opened = MarkFile.open(directory);
  const { markFile, loaded } =
    opened === undefined && isNew(directory) ? begin(directory) : read(name, directory, opened);
  const guard = new Guard(name);
  guard.watchPath(lock.path);
  for (const number of numbersOf("snapshot", directory)) {
    if (number < loaded.snapshot) rmSync(join(directory, fileName("snapshot", number)));
  }
  return new JournalDisk({ name, lock, guard, markFile, loaded, journals: numbersOf("journal", directory), limits });
}

/** Whether nothing was ever written, or only an unfinished first write. */
function isNew(directory: string): boolean {
  if (numbersOf("snapshot", directory).length > 0) return false;
  return numbersOf("journal", directory).every(
    (number) => number === 1 && statSync(join(directory, fileName("journal", number))).size <= FILE_HEADER_BYTES,
  );
}

function begin(directory: string): { markFile: MarkFile; loaded: Loaded } {
  const journal = JournalFile.create(directory, 1);
  journal.close();
  const mark: Mark = { file: 1, at: journal.end, snapshot: 0 };
  const markFile = MarkFile.create(directory, mark);
  syncDirectory(directory);
  const state = new LoadedState();
  const loaded = { state, damages: [], file: 1, end: journal.end, snapshot: 0, snapshotBytes: 0, readBytes: 0 };
  return { markFile, loaded };
}

function read(
  name: string,
  directory: string,
  opened: { file: MarkFile; mark: Mark } | undefined,
): { markFile: MarkFile; loaded: Loaded } {
  const loaded = load(directory, opened?.mark);
  const [first, ...others] = loaded.damages;
  if (first !== undefined) {
    opened?.file.close();
    throw new StoreError(damagedLine(name, first, others.length));
  }
  return { markFile: (opened as { file: MarkFile }).file, loaded };
}

function refuseEarlier(name: string, directory: string): void {
  // Formats 1 and 2 were files of LMDB.
  if (existsSync(join(directory, "data.mdb"))) throw otherVersion(name, 2);
}

function otherVersion(name: string, format: number): StoreError {
  const which = format === 2 ? "an earlier" : "another";
  return new StoreError(
    `The data directory ${name} was written by ${which} version of Busbar (format ${format}): choose another, or delete it.`,
  );
}
