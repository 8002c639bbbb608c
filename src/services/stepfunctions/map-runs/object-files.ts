/** A local directory that replaces S3: each folder in it is a bucket, each file below that an object. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  type Dirent,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { statsOf } from "../../../engine/file-stats.ts";
import type { JsonObject } from "../asl/json.ts";

/** Bytes read at once: about a thousand small items. */
const pieceBytes = 64 * 1024;
/** Most objects that are listed. */
const maxObjects = 1_000_000;

/** For an object that cannot be read or written; the message says why, if possible in S3's words. */
export class ObjectError extends Error {}

export class ObjectFiles {
  readonly #root: string | undefined;

  constructor(root: string | undefined) {
    this.#root = root === undefined ? undefined : resolve(root);
  }

  /** The text of an object in pieces, decompressed if it is gzipped. The file is not kept open. @throws ObjectError */
  async *texts(bucket: string, key: string): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    const pieces = this.#pieces(bucket, key);
    const first = pieces.next().value;
    const isGzipped = key.endsWith(".gz") || (first?.[0] === 0x1f && first[1] === 0x8b);
    const all = startingWith(first, pieces);
    for await (const piece of isGzipped ? gunzipped(all, `${bucket}/${key}`) : all) {
      yield decoder.decode(piece, { stream: true });
    }
    yield decoder.decode();
  }

  *#pieces(bucket: string, key: string): Generator<Buffer, undefined> {
    const path = this.#path(bucket, key);
    const seen = this.#stat(path, bucket, key);
    for (let at = 0; at < seen.size; ) {
      const piece = this.#piece(path, at, seen);
      if (piece === undefined) throw new ObjectError(`${bucket}/${key} was changed while it was read.`);
      at += piece.length;
      yield piece;
    }
  }

  #stat(path: string, bucket: string, key: string): Stats {
    let file: Stats | undefined;
    try {
      if (!this.#isInside(path)) throw new ObjectError(linkLeadsOut(bucket, key));
      file = statSync(path);
    } catch (error) {
      if (error instanceof ObjectError) throw error;
    }
    if (file?.isFile()) return file;
    throw new ObjectError(`The specified key does not exist. (Bucket: ${bucket}, Key: ${key})`);
  }

  /** A part of a file; undefined if the file has changed. */
  #piece(path: string, at: number, seen: Stats): Buffer | undefined {
    let file: number;
    try {
      file = openSync(path, "r");
    } catch {
      return undefined;
    }
    try {
      const { ino, size, mtimeMs } = fstatSync(file);
      if (ino !== seen.ino || size !== seen.size || mtimeMs !== seen.mtimeMs) return undefined;
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, size - at));
      const length = readSync(file, buffer, 0, buffer.length, at);
      return length === 0 ? undefined : buffer.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }

  /** Writes an object piece by piece; returns its size in bytes. @throws ObjectError */
  async write(bucket: string, key: string, texts: AsyncIterable<string> | Iterable<string>): Promise<number> {
    const path = this.#path(bucket, key);
    try {
      statSync(this.#path(bucket, ""));
      if (!this.#isInside(path)) throw new ObjectError(linkLeadsOut(bucket, key));
      mkdirSync(resolve(path, ".."), { recursive: true });
      writeFileSync(path, "");
    } catch (error) {
      throw cannotWrite(bucket, key, error);
    }
    let bytes = 0;
    for await (const text of texts) {
      try {
        appendFileSync(path, text);
      } catch (error) {
        throw cannotWrite(bucket, key, error);
      }
      bytes += Buffer.byteLength(text);
    }
    return bytes;
  }

  /**
   * The objects of a bucket whose keys start with a prefix, in order, in the format of listObjectsV2. @throws
   * ObjectError
   */
  *list(bucket: string, prefix: string): Generator<JsonObject> {
    const root = this.#path(bucket, "");
    let entries: Dirent[];
    try {
      if (!this.#isInside(root)) throw new Error("no bucket");
      entries = entriesBelow(root);
    } catch {
      throw new ObjectError(`The specified bucket does not exist. (Bucket: ${bucket})`);
    }
    const links = new Set<string>();
    const keys: string[] = [];
    for (const entry of entries) {
      const key = relative(root, join(entry.parentPath, entry.name)).split(sep).join("/");
      if (!key.startsWith(prefix)) continue;
      keys.push(key);
      if (entry.isSymbolicLink()) links.add(key);
    }
    let found = 0;
    for (const key of keys.sort()) {
      const path = join(root, key);
      const file = statsOf(path);
      if (!file?.isFile() || (links.has(key) && !this.#isInside(path))) continue;
      const etag = createHash("md5").update(`${key} ${file.size} ${file.mtimeMs}`).digest("hex");
      yield {
        Etag: `"${etag}"`,
        Key: key,
        LastModified: Math.floor(file.mtimeMs / 1000),
        Size: file.size,
        StorageClass: "STANDARD",
      };
      found += 1;
      if (found === maxObjects) break;
    }
  }

  /** Whether a path, or as much of it as exists, stays within the directory when links are followed. */
  #isInside(path: string): boolean {
    const root = realpathSync(this.#root as string);
    for (let at = path; ; at = dirname(at)) {
      // A dangling link exists, although its target does not.
      if (lstatSync(at, { throwIfNoEntry: false }) === undefined) continue;
      try {
        return `${realpathSync(at)}${sep}`.startsWith(`${root}${sep}`);
      } catch {
        return false;
      }
    }
  }

  #path(bucket: string, key: string): string {
    if (this.#root === undefined) {
      throw new ObjectError("Busbar has no S3: start it with --s3-root <directory>, whose folders are buckets.");
    }
    const path = resolve(this.#root, bucket, key);
    const inside = path.startsWith(`${resolve(this.#root, bucket)}${sep}`) || key === "";
    if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket) || !inside)
      throw new ObjectError(`Invalid bucket or key: ${bucket}/${key}`);
    return path;
  }
}

/**
 * All entries below a directory, without following links, by which a directory may contain itself. Node's own recursive
 * reading follows links from Node 22 on.
 */
function entriesBelow(root: string): Dirent[] {
  const found: Dirent[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      found.push(entry);
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return found;
}

function linkLeadsOut(bucket: string, key: string): string {
  return `Access Denied: a link leads out of the directory of --s3-root. (Bucket: ${bucket}, Key: ${key})`;
}

function cannotWrite(bucket: string, key: string, error: unknown): ObjectError {
  if (error instanceof ObjectError) return error;
  return new ObjectError(`${bucket}/${key} cannot be written: ${(error as Error).message}`);
}

function* startingWith(first: Buffer | undefined, rest: Iterable<Buffer>): Generator<Buffer> {
  if (first === undefined) return;
  yield first;
  yield* rest;
}

/** @throws ObjectError */
async function* gunzipped(pieces: Iterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // Errors are thrown where the result is read.
  pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 1 }), gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw error instanceof ObjectError
      ? error
      : new ObjectError(`${name} cannot be decompressed: ${(error as Error).message}`);
  }
}
