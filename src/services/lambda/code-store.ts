/** Code of functions and layers: zips, stored outside the heap, and the directories they are unpacked into. */
import { createHash } from "node:crypto";
import { existsSync, statSync, symlinkSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Blob64 } from "../../../protocols/blob.ts";
import type { Processes } from "../../engine/processes.ts";
import type { Store } from "../../engine/store.ts";
import type { Turns } from "../../engine/turns.ts";
import {
  codePieceTable,
  codeTable,
  heldCodeTable,
  layerVersionTable,
  type UploadRow,
  uploadTable,
} from "./code-tables.ts";
import { invalidParameter } from "./errors.ts";
import { type CodePlace, versionTable } from "./tables.ts";
import { unzip, unzippedSize } from "./zips.ts";

/**
 * What is hashed, stored or read at once, in bytes; a multiple of 3. As base64 it fits into V8's young generation: a
 * longer text gets new pages from the operating system each time, which cost more than everything else.
 */
export const pieceBytes = 90 * 1024;
/** Total size of all zips of an account (Lambda quotas). */
export const maxTotalBytes = 80_530_636_800;

/** A zip that was checked and may be stored. */
export interface CheckedZip {
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly unzippedSize: number;
}

/** A zip whose pieces are stored, for `put` to keep. */
export interface UploadedZip extends CheckedZip {
  /** Serial of its upload; undefined for a zip that was stored before. */
  readonly upload: number | undefined;
}

export class CodeStore {
  readonly #store: Store;
  readonly #turns: Turns;
  readonly #processes: Processes;
  readonly #codes;
  readonly #pieces;
  readonly #uploads;
  readonly #versions;
  readonly #layers;
  readonly #held;
  /** Directories by their contents: the ids of zips, one over the other. */
  readonly #directories = new Map<string, Promise<string>>();
  #made = 0;

  constructor(store: Store, turns: Turns, processes: Processes) {
    this.#store = store;
    this.#turns = turns;
    this.#processes = processes;
    this.#codes = store.table(codeTable);
    this.#pieces = store.packedTable(codePieceTable);
    this.#versions = store.table(versionTable);
    this.#layers = store.table(layerVersionTable);
    this.#held = store.table(heldCodeTable);
    this.#uploads = store.table(uploadTable);
    this.#dropUploads();
  }

  /** @throws AwsError InvalidParameterValueException for what is not a zip, or one that must not be unpacked. */
  async check(blob: Blob64): Promise<CheckedZip> {
    const bytes = Buffer.allocUnsafe(blob.length);
    const hash = createHash("sha256");
    let at = 0;
    for (const piece of blob.pieces(pieceBytes)) {
      bytes.set(piece, at);
      hash.update(piece);
      at += piece.length;
      await this.#turns.rest();
    }
    return { bytes, sha256: hash.digest("base64"), unzippedSize: await unzippedSize(bytes) };
  }

  /**
   * Stores the pieces of a zip for a transaction that will keep it by `put`, each in a transaction of its own, since a
   * large zip takes longer than others can wait. Whoever gets one calls `drop` in the end.
   */
  async upload(account: string, zip: CheckedZip): Promise<UploadedZip> {
    if (this.#codes.has(idOf(account, zip))) return { ...zip, upload: undefined };
    const upload = this.#store.nextSerial();
    this.#store.transaction(() => this.#uploads.put({ serial: upload, account, pieces: [] }));
    try {
      for (const text of piecesOf(zip.bytes)) {
        await this.#turns.rest();
        const row = this.#uploads.get(upload);
        // A reset has removed it, and would not know of further pieces.
        if (row === undefined) break;
        this.#store.transaction(() => {
          this.#uploads.put({ ...row, pieces: [...row.pieces, this.#putPiece(account, text)] });
        });
      }
    } catch (error) {
      this.drop(upload);
      throw error;
    }
    return { ...zip, upload };
  }

  /** Deletes the pieces of a zip unless a transaction has kept it. */
  drop(upload: number | undefined): void {
    const row = upload === undefined ? undefined : this.#uploads.get(upload);
    if (row !== undefined) this.#store.transaction(() => this.#dropUpload(row));
  }

  /** Keeps a zip for an account, once. Inside a transaction. */
  put(account: string, zip: UploadedZip): CodePlace {
    const { bytes, sha256, unzippedSize, upload } = zip;
    const id = idOf(account, zip);
    const place = { id, sha256, size: bytes.length };
    if (this.#codes.has(id)) return place;
    const pieces = this.#takePieces(upload) ?? Array.from(piecesOf(bytes), (text) => this.#putPiece(account, text));
    this.#codes.put({ id, account, sha256, size: bytes.length, unzippedSize, pieces });
    return place;
  }

  /** Undefined when a reset, or the deletion of the zip that made an upload needless, came in between. */
  #takePieces(upload: number | undefined): readonly number[] | undefined {
    const row = upload === undefined ? undefined : this.#uploads.get(upload);
    if (row === undefined || !row.pieces.every((piece) => this.#pieces.has(piece))) return undefined;
    this.#uploads.delete(row.serial);
    return row.pieces;
  }

  #putPiece(account: string, text: string): number {
    const serial = this.#store.nextSerial();
    this.#pieces.put({ serial, account, text });
    return serial;
  }

  #dropUpload({ serial, pieces }: UploadRow): void {
    for (const piece of pieces) this.#pieces.delete(piece);
    this.#uploads.delete(serial);
  }

  /** Drops what the last run was storing when it ended. */
  #dropUploads(): void {
    const rows = [...this.#uploads.values()];
    if (rows.length > 0)
      this.#store.transaction(() => {
        for (const row of rows) this.#dropUpload(row);
      });
  }

  /** A directory used as code. @throws AwsError InvalidParameterValueException */
  directory(path: string): CodePlace {
    if (!isAbsolute(path) || !existsSync(path) || !statSync(path).isDirectory()) {
      throw invalidParameter(
        `A hot-reload key is the absolute path of a directory on Busbar's machine, which ${path} is not.`,
      );
    }
    return { id: "", sha256: digest(Buffer.from(path)), size: 0, directory: path };
  }

  /** Deletes a zip that is not used any more. Inside a transaction, after its last user was deleted. */
  release(id: string): void {
    const row = this.#codes.get(id);
    if (row === undefined) return;
    if (this.#versions.by.code.size(id) + this.#layers.by.code.size(id) + this.#held.by.code.size(id) > 0) return;
    for (const serial of row.pieces) this.#pieces.delete(serial);
    this.#codes.delete(id);
    this.#store.afterCommit(() => this.#forget(id));
  }

  unzippedSize(id: string): number {
    return this.#codes.get(id)?.unzippedSize ?? 0;
  }

  /** Total bytes of all zips of an account. */
  totalSize(account: string): number {
    let size = 0;
    for (const row of this.#codes.by.account.range(account)) size += row.size;
    return size;
  }

  /** Undefined when there is none, also when it is deleted meanwhile. */
  async zip(id: string): Promise<Buffer | undefined> {
    const row = this.#codes.get(id);
    if (row === undefined) return undefined;
    const bytes = Buffer.allocUnsafe(row.size);
    let at = 0;
    for (const serial of row.pieces) {
      const piece = this.#pieces.get(serial);
      if (piece === undefined) return undefined;
      at += bytes.write(piece.text, at, "base64");
      await this.#turns.rest();
    }
    return bytes;
  }

  /** A directory with these zips unpacked one over the other; the same one at each call. */
  unpacked(ids: readonly string[]): Promise<string> {
    const key = ids.join("\t");
    let directory = this.#directories.get(key);
    if (directory === undefined) {
      directory = this.#unpack(ids);
      this.#directories.set(key, directory);
      directory.catch(() => this.#directories.delete(key));
    }
    return directory;
  }

  async #unpack(ids: readonly string[]): Promise<string> {
    const home = join(this.#processes.scratch, "code");
    await mkdir(home, { recursive: true });
    this.#lendModules();
    const directory = join(home, String(++this.#made));
    // A directory only gets its name once it is complete.
    const partial = `${directory}.part`;
    await mkdir(partial);
    for (const id of ids) await unzip((await this.zip(id)) ?? Buffer.alloc(0), partial);
    await rename(partial, directory);
    return directory;
  }

  /** AWS's runtimes contain the SDKs: here those of the directory Busbar was started in are used, if it has any. */
  #lendModules(): void {
    const modules = join(process.cwd(), "node_modules");
    const lent = join(this.#processes.scratch, "node_modules");
    if (existsSync(modules) && !existsSync(lent)) symlinkSync(modules, lent, "dir");
  }

  #forget(id: string): void {
    for (const [key, directory] of this.#directories) {
      if (!key.split("\t").includes(id)) continue;
      this.#directories.delete(key);
      void directory.then((path) => rm(path, { recursive: true, force: true })).catch(() => {});
    }
  }
}

function idOf(account: string, { sha256 }: CheckedZip): string {
  return `${account}\n${sha256}`;
}

function* piecesOf(bytes: Buffer): Generator<string> {
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    yield bytes.toString("base64", from, Math.min(from + pieceBytes, bytes.length));
  }
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64");
}
