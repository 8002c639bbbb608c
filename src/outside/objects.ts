/** Reads whole S3 objects: from the directory whose folders act as buckets, or from an S3 elsewhere. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { statsOf } from "../engine/file-stats.ts";
import { HttpCallError, httpBytes } from "./http-client.ts";
import { scopeHeaders } from "./scope-headers.ts";
import { withoutSecrets } from "./secrets.ts";

/** Why an object cannot be read, in S3's words. */
export interface NoObject {
  readonly code: string;
  readonly message: string;
}

export interface ObjectPlaces {
  readonly s3Root?: string | undefined;
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
}

type Reader = Omit<Parameters<typeof scopeHeaders>[0], "service">;

const noBucket: NoObject = { code: "NoSuchBucket", message: "The specified bucket does not exist" };
const noKey: NoObject = { code: "NoSuchKey", message: "The specified key does not exist." };
const timeoutMs = 60_000;
/** The largest zip of a function (Lambda quotas). */
const maxObjectBytes = 250 * 1024 * 1024;

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  /** Directories have no versions; they return the current file. */
  readonly version?: string | undefined;
}

/** @param reader whose account and region the request to another S3 tells. */
export async function readObject(name: ObjectName, places: ObjectPlaces, reader: Reader): Promise<Buffer | NoObject> {
  const { s3Root, endpoints } = places;
  const local = s3Root === undefined ? noBucket : readLocal(resolve(s3Root), name);
  const url = endpoints?.["s3"];
  return Buffer.isBuffer(local) || url === undefined ? local : readRemote(url, name, reader);
}

function readLocal(root: string, { bucket, key }: ObjectName): Buffer | NoObject {
  const folder = join(root, bucket);
  if (bucket.includes(sep) || bucket.startsWith(".") || !isDirectory(folder)) return noBucket;
  try {
    const home = realpathSync(folder);
    const path = realpathSync(join(folder, key));
    // Neither `..` nor a link may lead out of the bucket.
    if (!path.startsWith(home + sep) || !statSync(path).isFile()) return noKey;
    if (statSync(path).size > maxObjectBytes) return { code: "EntityTooLarge", message: "The object is too large." };
    return readFileSync(path);
  } catch {
    return noKey;
  }
}

function isDirectory(path: string): boolean {
  return statsOf(path)?.isDirectory() === true;
}

async function readRemote(
  base: string,
  { bucket, key, version }: ObjectName,
  reader: Reader,
): Promise<Buffer | NoObject> {
  const path = [bucket, ...key.split("/")].map(encodeURIComponent).join("/");
  const url = new URL(`${base.replace(/\/$/, "")}/${path}`);
  if (version !== undefined) url.searchParams.set("versionId", version);
  try {
    const answer = await httpBytes(url, {
      method: "GET",
      headers: { ...scopeHeaders({ ...reader, service: "s3" }), "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" },
      body: "",
      timeoutMs,
      maxBodyBytes: maxObjectBytes,
    });
    if (answer.status === 200) return answer.body;
    const text = answer.body.toString();
    const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
    const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1];
    return { code: code ?? `Status ${answer.status}`, message: message ?? "S3 does not give the object." };
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    return { code: error.code, message: `The S3 at ${withoutSecrets(url.href)} does not answer: ${error.message}` };
  }
}
