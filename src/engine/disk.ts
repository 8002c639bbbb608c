import { chmodSync, closeSync, openSync, readSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { RootDatabase } from "lmdb";
import { type Lock, lockDirectory } from "./lock.ts";
import { StoreError } from "./store-error.ts";

/** What one write takes to the disk, wholly or not at all. */
export interface Batch {
  /** By table, then by key; undefined: the row is deleted. */
  readonly rows: Map<string, Map<string, object | undefined>>;
  /** Serials below this may have been handed out. */
  serialLimit: number | undefined;
  /** Deletes the rows of all tables but these, ahead of everything else. */
  onlyTables: ReadonlySet<string> | undefined;
}

/** Where a durable store keeps its rows. */
export interface Disk {
  /** The rows of one table with the keys they are kept under. */
  load(table: string): Iterable<[key: string, row: object]>;
  /** The last serial limit written; 0 at first. */
  readonly serialLimit: number;
  /** Resolves when the batch would survive a loss of power; rejects with StoreError, nothing of it being written. */
  write(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

/** Raised when rows of an earlier version would be misunderstood. */
const FORMAT = 2;
const FORMAT_KEY = Buffer.from("\tformat");
const SERIAL_KEY = Buffer.from("\tserial");

/** What each LMDB file holds in its first page, in the byte order of the machines lmdb has binaries for. */
const LMDB_MAGIC = 0xbeefc0de;
const LMDB_MAGIC_AT = 24;

/** Stands between table and key, so that a table is one range of keys; table names have no control characters. */
const SEPARATOR = "\t";
const BEHIND_SEPARATOR = "\n";

/**
 * Opens the LMDB environment of a directory, taking the directory for this process.
 * @throws StoreError with one line that helps.
 */
export async function openDisk(directory: string): Promise<Disk> {
  const lock = lockDirectory(directory);
  try {
    checkFile(directory);
    const { open, asBinary } = await import("lmdb");
    const database: RootDatabase<unknown, Uint8Array> = open({
      path: directory,
      // Also for a directory with a dot in its name.
      noSubdir: false,
      encoding: "msgpack",
      // Bytes as they are: lmdb's own encoding makes strings longer, by how much depends on their characters.
      keyEncoding: "binary",
      // Each value for itself, so that no write has to wait for a shared dictionary of structures.
      useRecords: false,
      useBigIntExtension: true,
      // A commit then is LMDB's classic one, synced before it counts: what has resolved survives a loss of power.
      overlappingSync: false,
      // We batch ourselves.
      eventTurnBatching: false,
    } as Parameters<typeof open>[0]);
    // lmdb makes its files readable for all; nobody else can pass the directory meanwhile.
    for (const name of ["data.mdb", "lock.mdb"]) chmodSync(join(directory, name), 0o600);
    const format = database.get(FORMAT_KEY);
    if (format === undefined) await database.put(FORMAT_KEY, FORMAT);
    else if (format !== FORMAT) {
      await database.close();
      throw new StoreError(
        `The data directory ${directory} was written by another version of Busbar (format ${format}): choose another, or delete it.`,
      );
    }
    return new LmdbDisk(directory, database, asBinary, lock);
  } catch (error) {
    lock.release();
    if (error instanceof StoreError) throw error;
    throw new StoreError(`The data directory ${directory} cannot be opened: ${await reasonOf(directory, error)}.`);
  }
}

/** LMDB's own check of a file that is no database ends the whole process, so look first. */
function checkFile(directory: string): void {
  const head = Buffer.alloc(LMDB_MAGIC_AT + 4);
  let length: number;
  try {
    const file = openSync(join(directory, "data.mdb"), "r");
    length = readSync(file, head);
    closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (length === 0 || head.readUInt32LE(LMDB_MAGIC_AT) === LMDB_MAGIC) return;
  throw new StoreError(`The data directory ${directory} cannot be opened: its data.mdb is not a database of Busbar.`);
}

class LmdbDisk implements Disk {
  readonly serialLimit: number;
  readonly #directory: string;
  readonly #database: RootDatabase<unknown, Uint8Array>;
  readonly #encoder: { encode(row: object): Uint8Array };
  readonly #asBinary: (buffer: Uint8Array) => unknown;
  readonly #lock: Lock;

  constructor(
    directory: string,
    database: RootDatabase<unknown, Uint8Array>,
    asBinary: (buffer: Uint8Array) => unknown,
    lock: Lock,
  ) {
    this.#directory = directory;
    this.#database = database;
    // lmdb's types leave it out, its documentation does not.
    this.#encoder = (database as unknown as { encoder: { encode(row: object): Uint8Array } }).encoder;
    this.#asBinary = asBinary;
    this.#lock = lock;
    const limit = database.get(SERIAL_KEY);
    this.serialLimit = typeof limit === "number" ? limit : 0;
  }

  *load(table: string): Generator<[string, object], undefined, undefined> {
    const start = Buffer.from(table + SEPARATOR);
    const end = Buffer.from(table + BEHIND_SEPARATOR);
    for (const { key, value } of this.#database.getRange({ start, end })) {
      yield [textOf(key).slice(table.length + 1), value as object];
    }
  }

  async write(batch: Batch): Promise<void> {
    // All that can throw comes before the first write: a batch left in the middle would be written in part.
    const removals = batch.onlyTables === undefined ? [] : this.#keysOutside(batch.onlyTables);
    const rows: [key: Uint8Array, value: unknown][] = [];
    for (const [table, changes] of batch.rows) {
      for (const [key, row] of changes) {
        rows.push([Buffer.from(table + SEPARATOR + key), this.#encode(table, key, row)]);
      }
    }
    const database = this.#database;
    try {
      await database.batch(() => {
        for (const key of removals) database.remove(key);
        for (const [key, value] of rows) {
          if (value === undefined) database.remove(key);
          else database.put(key, value);
        }
        if (batch.serialLimit !== undefined) database.put(SERIAL_KEY, batch.serialLimit);
      });
    } catch (error) {
      throw new StoreError(
        `The disk does not take what is written to ${this.#directory}: ${await reasonOf(this.#directory, error)}.`,
      );
    }
  }

  async close(): Promise<void> {
    try {
      await this.#database.close();
    } finally {
      this.#lock.release();
    }
  }

  #encode(table: string, key: string, row: object | undefined): unknown {
    if (row === undefined) return undefined;
    try {
      return this.#asBinary(this.#encoder.encode(row));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreError(`The row ${key} of the table ${table} cannot be put on disk: ${reason}.`);
    }
  }

  #keysOutside(tables: ReadonlySet<string>): Uint8Array[] {
    const keys: Uint8Array[] = [];
    for (const key of this.#database.getKeys({ start: Buffer.from(BEHIND_SEPARATOR) })) {
      const text = textOf(key);
      if (!tables.has(text.slice(0, text.indexOf(SEPARATOR)))) keys.push(key);
    }
    return keys;
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString();
}

/** Why LMDB failed. It reports a full disk as an input/output error, so the file system is asked first. */
async function reasonOf(directory: string, error: unknown): Promise<string> {
  const { commitError } = error as { commitError?: Promise<never> };
  // lmdb tells the cause in a promise that rejects in the same turn of the event loop, or never; it must find a listener.
  const told = Promise.resolve(commitError).catch((rejected: unknown) => rejected);
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < 1_000_000) return "it is full";
  const cause =
    (await Promise.race([
      told,
      new Promise<undefined>((resolve) => {
        setImmediate(() => resolve(undefined));
      }),
    ])) ?? error;
  // What lmdb adds after a colon are addresses and sizes.
  return (cause instanceof Error ? cause.message : String(cause)).split(": ")[0]!;
}
