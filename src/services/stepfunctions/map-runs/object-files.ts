/** A local directory that stands for S3: each folder in it is a bucket, each file below an object. */
import { createHash } from "node:crypto";
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { JsonObject } from "../asl/json.ts";

/** Largest object that is read. */
const maxObjectBytes = 256 * 1024 * 1024;
/** Most objects that are listed. */
const mostObjects = 1_000_000;

/** An object that cannot be read or written; the message says why, as S3 would. */
export class ObjectError extends Error {}

export class ObjectFiles {
  readonly #root: string | undefined;

  constructor(root: string | undefined) {
    this.#root = root === undefined ? undefined : resolve(root);
  }

  /** @throws ObjectError */
  read(bucket: string, key: string): Buffer {
    const path = this.#path(bucket, key);
    try {
      if (!this.#isInside(path)) throw new ObjectError(leadsOut(bucket, key));
      if (statSync(path).size > maxObjectBytes) throw new ObjectError("The object is too large.");
      return readFileSync(path);
    } catch (error) {
      if (error instanceof ObjectError) throw error;
      throw new ObjectError(`The specified key does not exist. (Bucket: ${bucket}, Key: ${key})`);
    }
  }

  /** @throws ObjectError */
  write(bucket: string, key: string, text: string): void {
    const path = this.#path(bucket, key);
    try {
      statSync(this.#path(bucket, ""));
      if (!this.#isInside(path)) throw new ObjectError(leadsOut(bucket, key));
      mkdirSync(resolve(path, ".."), { recursive: true });
      writeFileSync(path, text);
    } catch (error) {
      if (error instanceof ObjectError) throw error;
      throw new ObjectError(`${bucket}/${key} cannot be written: ${(error as Error).message}`);
    }
  }

  /** The objects of a bucket whose key begins with the prefix, as listObjectsV2 items, in order of their keys. @throws ObjectError */
  list(bucket: string, prefix: string): JsonObject[] {
    const root = this.#path(bucket, "");
    let entries: Dirent[];
    try {
      if (!this.#isInside(root)) throw new Error("no bucket");
      // With types it does not go into directories that are links, and so into none that contains itself.
      entries = readdirSync(root, { recursive: true, withFileTypes: true });
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
    const found: JsonObject[] = [];
    for (const key of keys.sort()) {
      const path = join(root, key);
      const file = statSync(path, { throwIfNoEntry: false });
      if (!file?.isFile() || (links.has(key) && !this.#isInside(path))) continue;
      const etag = createHash("md5").update(`${key} ${file.size} ${file.mtimeMs}`).digest("hex");
      found.push({
        Etag: `"${etag}"`,
        Key: key,
        LastModified: Math.floor(file.mtimeMs / 1000),
        Size: file.size,
        StorageClass: "STANDARD",
      });
      if (found.length === mostObjects) break;
    }
    return found;
  }

  /** Whether links on the way to a path, or to as much of it as exists, stay within the directory. */
  #isInside(path: string): boolean {
    const root = realpathSync(this.#root as string);
    for (let at = path; ; at = dirname(at)) {
      // A link to nothing is there, though what it points to is not.
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

function leadsOut(bucket: string, key: string): string {
  return `Access Denied: a link leads out of the directory of --s3-root. (Bucket: ${bucket}, Key: ${key})`;
}
