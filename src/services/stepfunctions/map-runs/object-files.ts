/** A local directory that stands for S3: each folder in it is a bucket, each file below an object. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
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
      mkdirSync(resolve(path, ".."), { recursive: true });
      writeFileSync(path, text);
    } catch (error) {
      throw new ObjectError(`${bucket}/${key} cannot be written: ${(error as Error).message}`);
    }
  }

  /** The objects of a bucket whose key begins with the prefix, as listObjectsV2 items, in order of their keys. @throws ObjectError */
  list(bucket: string, prefix: string): JsonObject[] {
    const root = this.#path(bucket, "");
    let names: string[];
    try {
      names = readdirSync(root, { recursive: true, encoding: "utf8" });
    } catch {
      throw new ObjectError(`The specified bucket does not exist. (Bucket: ${bucket})`);
    }
    const keys = names.map((name) => name.split(sep).join("/")).filter((name) => name.startsWith(prefix));
    const found: JsonObject[] = [];
    for (const key of keys.sort()) {
      const file = statSync(join(root, key), { throwIfNoEntry: false });
      if (!file?.isFile()) continue;
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
