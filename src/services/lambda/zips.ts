/**
 * Zips of users: looked at before they are kept, and unpacked file by file. What leads out of its directory, links, and
 * what is larger than it says is refused (APPNOTE.TXT, "ZIP File Format Specification"; Lambda quotas for the size).
 */
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Entry, fromBuffer, type ZipFile } from "yauzl";
import { invalidParameter } from "./errors.ts";

/** Bytes of all files of a function with its layers. */
export const maxUnzippedBytes = 262_144_000;
const maxEntries = 100_000;

const [fileTypes, directoryType, regularType] = [0o170000, 0o040000, 0o100000];

/** Bytes of all files when it is unpacked. @throws AwsError InvalidParameterValueException */
export async function unzippedSize(zip: Buffer): Promise<number> {
  let size = 0;
  let entries = 0;
  await eachEntry(zip, async (entry) => {
    size += entry.uncompressedSize;
    entries += 1;
    if (size > maxUnzippedBytes) throw invalidParameter(`Unzipped size must be smaller than ${maxUnzippedBytes} bytes`);
    if (entries > maxEntries || !isPlain(entry)) throw cannotUnzip();
  });
  return size;
}

/** Unpacks a zip over what a directory has. @throws AwsError InvalidParameterValueException */
export async function unzip(zip: Buffer, directory: string): Promise<void> {
  await eachEntry(zip, async (entry, file) => {
    if (!isPlain(entry)) throw cannotUnzip();
    const path = join(directory, entry.fileName);
    if (entry.fileName.endsWith("/")) {
      await mkdir(path, { recursive: true });
      return;
    }
    await mkdir(dirname(path), { recursive: true });
    const isExecutable = ((entry.externalFileAttributes >>> 16) & 0o111) !== 0;
    const contents = await new Promise<Readable>((resolve, reject) => {
      file.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
    });
    // On Node 24 the inflater may go on after the pipeline has ended in an error, and end in one of its own.
    contents.on("error", () => {});
    await pipeline(contents, createWriteStream(path, { mode: isExecutable ? 0o755 : 0o644 }));
  });
}

/** A file or a directory: no link, no device. Zips that are not made on Unix tell no type. */
function isPlain(entry: Entry): boolean {
  const type = (entry.externalFileAttributes >>> 16) & fileTypes;
  return type === 0 || type === directoryType || type === regularType;
}

/** Names are checked by the reader: none is absolute or has `..` in it. */
function eachEntry(zip: Buffer, take: (entry: Entry, file: ZipFile) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    fromBuffer(zip, { lazyEntries: true, strictFileNames: true }, (error, file) => {
      if (error !== null) return reject(cannotUnzip());
      const fail = (reason: Error) => {
        file.close();
        reject(reason.name === "InvalidParameterValueException" ? reason : cannotUnzip());
      };
      file.on("error", fail);
      file.on("end", () => resolve());
      file.on("entry", (entry: Entry) => {
        take(entry, file).then(() => file.readEntry(), fail);
      });
      file.readEntry();
    });
  });
}

function cannotUnzip(): Error {
  return invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.");
}
