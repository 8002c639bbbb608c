/** Code of functions and layers: zips, stored outside the heap, and the directories they are unpacked into. */
import { createHash } from "node:crypto";
import { existsSync, statSync, symlinkSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Processes } from "../../engine/processes.ts";
import type { Store } from "../../engine/store.ts";
import { codePieceTable, codeTable, heldCodeTable, layerVersionTable } from "./code-tables.ts";
import { invalidParameter } from "./errors.ts";
import { type CodePlace, versionTable } from "./tables.ts";
import { unzip, unzippedSize } from "./zips.ts";

/** Size of a piece in bytes; in base64 a row of one megabyte. */
const pieceBytes = 768 * 1024;
/** Total size of all zips of an account (Lambda quotas). */
export const maxTotalBytes = 80_530_636_800;

/** A zip that was checked and may be stored. */
export interface CheckedZip {
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly unzippedSize: number;
}

export class CodeStore {
  readonly #store: Store;
  readonly #processes: Processes;
  readonly #codes;
  readonly #pieces;
  readonly #versions;
  readonly #layers;
  readonly #held;
  /** Directories by their contents: the ids of zips, one over the other. */
  readonly #directories = new Map<string, Promise<string>>();
  #made = 0;

  constructor(store: Store, processes: Processes) {
    this.#store = store;
    this.#processes = processes;
    this.#codes = store.table(codeTable);
    this.#pieces = store.packedTable(codePieceTable);
    this.#versions = store.table(versionTable);
    this.#layers = store.table(layerVersionTable);
    this.#held = store.table(heldCodeTable);
  }

  /** @throws AwsError InvalidParameterValueException for what is not a zip, or one that must not be unpacked. */
  async check(bytes: Buffer): Promise<CheckedZip> {
    return { bytes, sha256: digest(bytes), unzippedSize: await unzippedSize(bytes) };
  }

  /** Stores a zip for an account, once. Inside a transaction. */
  put(account: string, { bytes, sha256, unzippedSize }: CheckedZip): CodePlace {
    const id = `${account}\n${sha256}`;
    const place = { id, sha256, size: bytes.length };
    if (this.#codes.has(id)) return place;
    const pieces: number[] = [];
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      const serial = this.#store.nextSerial();
      this.#pieces.put({
        serial,
        account,
        text: bytes.toString("base64", from, Math.min(from + pieceBytes, bytes.length)),
      });
      pieces.push(serial);
    }
    this.#codes.put({ id, account, sha256, size: bytes.length, unzippedSize, pieces });
    return place;
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

  zip(id: string): Buffer {
    const row = this.#codes.get(id);
    return Buffer.concat(
      (row?.pieces ?? []).map((serial) => Buffer.from(this.#pieces.get(serial)?.text ?? "", "base64")),
    );
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
    for (const id of ids) await unzip(this.zip(id), partial);
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

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64");
}
