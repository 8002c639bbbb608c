import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Batch, Disk, KeptTable, Source } from "../disk.ts";
import type { Lock } from "../lock.ts";
import { Rows } from "../rows.ts";
import { SerialMap } from "../serial-map.ts";
import { StoreError } from "../store-error.ts";
import type { Key } from "../table.ts";
import { FILE_MODE, fileName, RESERVE_FILE } from "./files.ts";
import { FrameWriter } from "./frame.ts";
import type { Guard } from "./guard.ts";
import { JournalFile } from "./journal-file.ts";
import { type Loaded, load } from "./load.ts";
import type { MarkFile } from "./mark.ts";
import { damagedLine } from "./messages.ts";
import { OldJournals } from "./old-journals.ts";
import { writeSnapshot } from "./snapshot.ts";
import { fileOf, type LoadedState, placeOf } from "./state.ts";
import { TextFiles } from "./text-files.ts";
import { BatchWriter, type PlacedEntry } from "./writing.ts";

export interface Limits {
  /** Size at which the next journal begins. */
  readonly journalBytes: number;
  /**
   * The next snapshot is written after this many bytes of rows, or as many as the last snapshot has: a start reads
   * twice the state at most.
   */
  readonly snapshotAfterBytes: number;
}

export const DEFAULT_LIMITS: Limits = { journalBytes: 64 * 1024 * 1024, snapshotAfterBytes: 32 * 1024 * 1024 };

/** Space reserved on disk, so that a reset succeeds even on a full one. */
const RESERVE_BYTES = 256 * 1024;

export interface Opened {
  /** The directory as the user wrote it, for messages. */
  readonly name: string;
  readonly lock: Lock;
  readonly guard: Guard;
  readonly markFile: MarkFile;
  readonly loaded: Loaded;
  /** All existing journals. */
  readonly journals: readonly number[];
  readonly limits: Limits;
}

/**
 * Keeps rows in a journal and in snapshots, see `frame.ts`; nothing is memory-mapped, and nothing is used without its
 * checksum.
 */
export class JournalDisk implements Disk {
  readonly #name: string;
  readonly #limits: Limits;
  readonly #directory: string;
  readonly #lock: Lock;
  readonly #guard: Guard;
  readonly #markFile: MarkFile;
  readonly #state: LoadedState;
  readonly #texts: TextFiles;
  readonly #frame = new FrameWriter();
  readonly #batches = new BatchWriter(this.#frame);
  readonly #old: OldJournals;
  #journal: JournalFile;
  #source: Source | undefined;
  #snapshot: number;
  #snapshotBytes: number;
  #bytesSince: number;
  #wantsSnapshot = false;
  #background: Promise<void> | undefined;
  #isClosing = false;

  constructor({ name, lock, guard, markFile, loaded, journals, limits }: Opened) {
    this.#name = name;
    this.#limits = limits;
    this.#directory = lock.directory;
    this.#lock = lock;
    this.#guard = guard;
    this.#markFile = markFile;
    this.#state = loaded.state;
    this.#texts = new TextFiles(lock.directory);
    this.#snapshot = loaded.snapshot;
    this.#snapshotBytes = loaded.snapshotBytes;
    this.#bytesSince = loaded.readBytes;
    const older = journals.filter((number) => number < loaded.file);
    this.#old = new OldJournals(lock.directory, loaded.state, this.#texts, older);
    this.#journal = JournalFile.open(lock.directory, loaded.file, loaded.end);
    this.#grows(this.#journal);
    this.#mark();
    this.#keepReserve();
    this.#old.noteAllDead(this.#snapshot);
    this.#old.remove(this.#old.takeDead());
  }

  get serialLimit(): number {
    return this.#state.serialLimit;
  }

  take(table: string): Rows<object> {
    const rows = this.#state.tables.get(table);
    this.#state.tables.delete(table);
    return rows ?? new Rows();
  }

  takePacked(table: string): SerialMap {
    const places = this.#state.places.get(table);
    this.#state.places.delete(table);
    return places ?? new SerialMap();
  }

  *untaken(): Generator<KeptTable> {
    for (const [name, rows] of this.#state.tables) yield { name, rows };
    for (const [name, rows] of this.#state.places) yield { name, rows };
  }

  attach(source: Source): void {
    this.#source = source;
  }

  async write(batch: Batch): Promise<void> {
    try {
      this.#guard.check();
      await this.#write(batch);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw new StoreError(`The disk does not take what is written to ${this.#name}: ${this.#reasonOf(error)}.`);
    }
  }

  read(table: string, serial: number, place: number): { readonly head: string; readonly text: string } {
    let text: { head: string; text: string } | undefined;
    try {
      text = this.#texts.read(place, serial);
    } catch (error) {
      throw new StoreError(`The data directory ${this.#name} cannot be read: ${(error as Error).message}.`);
    }
    if (text !== undefined) return text;
    const file = fileName("journal", fileOf(place));
    throw new StoreError(damagedLine(this.#name, { file, at: place % 2 ** 32, table }));
  }

  contents(): Map<string, ReadonlyMap<Key, object>> {
    const mark = { file: this.#journal.number, at: this.#journal.end, snapshot: this.#snapshot };
    const { state } = load(this.#directory, mark);
    const contents = new Map<string, ReadonlyMap<Key, object>>(state.tables);
    for (const [table, places] of state.places) {
      const rows = [...places.entries()].map(([serial, place]) => [serial, this.read(table, serial, place)] as const);
      contents.set(table, new Map(rows));
    }
    return contents;
  }

  release(place: number): void {
    const number = fileOf(place);
    this.#state.textsOf(number).live -= 1;
    this.#old.noteDead(number, this.#snapshot);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    try {
      await this.#background;
      await this.#old.removed();
      this.#texts.close();
      this.#journal.close();
      this.#markFile.close();
    } finally {
      this.#lock.release();
    }
  }

  async #write(batch: Batch): Promise<void> {
    const isReset = batch.onlyTables !== undefined;
    const begunSnapshot = this.#advance();
    // What a reset writes must fit on a full disk; the reserve is created again afterwards.
    if (isReset) rmSync(join(this.#directory, RESERVE_FILE), { force: true });
    const journal = this.#journal;
    const deadBefore = this.#old.takeDead();
    const at = journal.end;
    let placed: PlacedEntry[];
    let bytes: Buffer;
    try {
      this.#frame.begin({ file: journal.number, at });
      placed = this.#batches.write(batch);
      bytes = this.#frame.finish();
      await this.#append(journal, bytes);
    } catch (error) {
      this.#old.putBack(deadBefore);
      this.#wantsSnapshot ||= begunSnapshot !== undefined;
      throw error;
    }
    this.#mark();
    this.#settle(batch, placed);
    if (placed.length > 0) this.#texts.remember({ file: journal.number, at, bytes });
    this.#bytesSince += this.#frame.sections.at;
    // What made them unneeded was committed before this write began, so it is durable too.
    this.#old.remove(deadBefore);
    // A reset makes the older files useless: delete them at once.
    const snapshot = begunSnapshot ?? (isReset ? this.#advance() : undefined);
    if (snapshot !== undefined) this.#begin(snapshot);
  }

  async #append(journal: JournalFile, bytes: Buffer): Promise<void> {
    await journal.append(bytes);
    try {
      this.#guard.check();
    } catch (error) {
      journal.takeBack(bytes.length);
      throw error;
    }
  }

  /** Runs once a batch is durable. */
  #settle(batch: Batch, placed: readonly PlacedEntry[]): void {
    if (batch.serialLimit !== undefined) this.#state.serialLimit = batch.serialLimit;
    if (batch.onlyTables !== undefined) {
      for (const texts of this.#state.texts.values()) texts.live = 0;
      this.#wantsSnapshot = true;
    }
    const { number } = this.#journal;
    const texts = this.#state.textsOf(number);
    texts.total += placed.length;
    texts.live += placed.length;
    for (const [entry, at] of placed) entry.written(placeOf(number, at));
  }

  #mark(): void {
    this.#texts.tail = { file: this.#journal.number, at: this.#journal.end };
    this.#markFile.write({ file: this.#journal.number, at: this.#journal.end, snapshot: this.#snapshot });
  }

  /** Starts the next journal when it is time; returns its number when a snapshot must be written before it. */
  #advance(): number | undefined {
    const isDue =
      this.#wantsSnapshot || this.#bytesSince > Math.max(this.#limits.snapshotAfterBytes, this.#snapshotBytes);
    const begins = isDue && this.#background === undefined && this.#source !== undefined;
    if (!begins && this.#journal.end < this.#limits.journalBytes) return undefined;
    const { number, end } = this.#journal;
    let next: JournalFile;
    try {
      next = JournalFile.create(this.#directory, number + 1);
    } catch {
      // No room for another file: continue with this one.
      return undefined;
    }
    this.#old.add(number, end);
    this.#guard.forget(this.#journal.path);
    this.#journal.close();
    this.#journal = next;
    this.#grows(next);
    return begins ? next.number : undefined;
  }

  #grows(journal: JournalFile): void {
    this.#guard.watch(journal.path, journal.descriptor);
  }

  #begin(number: number): void {
    this.#wantsSnapshot = false;
    this.#bytesSince = 0;
    this.#background = this.#compact(number)
      .catch(() => {
        // The disk is full, or the files are gone; the next writes will report it. Another snapshot is tried when it is
        // due.
      })
      .finally(() => {
        this.#background = undefined;
      });
  }

  /** Writes the snapshot, releases what it replaces, and moves texts out of sparse journals. */
  async #compact(number: number): Promise<void> {
    const source = this.#source as Source;
    const contents = {
      source,
      serialLimit: () => this.serialLimit,
      journals: () => this.#old.before(number),
    };
    const length = await writeSnapshot(this.#directory, number, contents, () => this.#isClosing);
    if (length === undefined) return;
    const before = this.#snapshot;
    this.#snapshot = number;
    this.#snapshotBytes = length;
    this.#mark();
    if (before > 0) this.#old.removeFile(fileName("snapshot", before));
    this.#old.noteAllDead(number);
    // Nothing waits to be written, so what made them unneeded is durable.
    if (source.flushed() === undefined) this.#old.remove(this.#old.takeDead());
    this.#keepReserve();
    const sparse = new Set<number>();
    for (const { number: journal, live, total } of this.#old.before(number)) {
      if (live > 0 && live * 2 < total) sparse.add(journal);
    }
    if (sparse.size > 0) await source.moveTexts((place) => sparse.has(fileOf(place)));
  }

  #keepReserve(): void {
    try {
      writeFileSync(join(this.#directory, RESERVE_FILE), Buffer.alloc(RESERVE_BYTES, 1), {
        mode: FILE_MODE,
        flag: "wx",
      });
    } catch {
      // It exists, or there is no room for it: then a reset may fail on a full disk.
    }
  }

  #reasonOf(error: unknown): string {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") return "it is full";
    try {
      const { bavail, bsize } = statfsSync(this.#directory);
      if (bavail * bsize < 1_000_000) return "it is full";
    } catch {
      // The first error says more.
    }
    return (message ?? String(error)).split(",")[0] as string;
  }
}
