/**
 * Users' zips: checked before they are stored, and unpacked file by file. Names and links that lead out of the
 * directory, and files larger than declared, are refused (APPNOTE.TXT, "ZIP File Format Specification"; Lambda quotas
 * for the size).
 */
import { createWriteStream } from "node:fs";
import { mkdir, realpath, rm, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type Entry, fromBuffer, type ZipFile } from "yauzl";
import { invalidParameter } from "./errors.ts";

/** Maximum total bytes of a function's files, including its layers. */
export const maxUnzippedBytes = 262_144_000;
const maxEntries = 100_000;

const [fileTypes, directoryType, regularType, linkType] = [0o170000, 0o040000, 0o100000, 0o120000];
const maxLinkBytes = 4096;

/** Total bytes of all files once unpacked. @throws AwsError InvalidParameterValueException */
export async function unzippedSize(zip: Buffer): Promise<number> {
  let size = 0;
  let entries = 0;
  await eachEntry(zip, async (entry, file) => {
    size += entry.uncompressedSize;
    entries += 1;
    if (size > maxUnzippedBytes) throw invalidParameter(`Unzipped size must be smaller than ${maxUnzippedBytes} bytes`);
    if (entries > maxEntries) throw cannotUnzip();
    if (isLink(entry)) await linkTarget(entry, file);
    else if (!isPlain(entry)) throw cannotUnzip();
  });
  return size;
}

/** Unpacks a zip over the contents of a directory. @throws AwsError InvalidParameterValueException */
export async function unzip(zip: Buffer, directory: string): Promise<void> {
  const links: { readonly path: string; readonly target: string }[] = [];
  await eachEntry(zip, async (entry, file) => {
    const path = join(directory, entry.fileName);
    if (isLink(entry)) {
      links.push({ path, target: await linkTarget(entry, file) });
      return;
    }
    if (!isPlain(entry)) throw cannotUnzip();
    if (entry.fileName.endsWith("/")) {
      await mkdir(path, { recursive: true });
      return;
    }
    await mkdir(dirname(path), { recursive: true });
    const isExecutable = ((entry.externalFileAttributes >>> 16) & 0o111) !== 0;
    await pipeline(await contentsOf(entry, file), createWriteStream(path, { mode: isExecutable ? 0o755 : 0o644 }));
  });
  // Links last, so that nothing is written through them.
  for (const { path, target } of links) await makeLink(directory, path, target);
}

async function contentsOf(entry: Entry, file: ZipFile): Promise<Readable> {
  const contents = await new Promise<Readable>((resolve, reject) => {
    file.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
  // On Node 24 the inflater may continue after its reader has failed, and fail itself.
  contents.on("error", () => {});
  return contents;
}

function isLink(entry: Entry): boolean {
  return ((entry.externalFileAttributes >>> 16) & fileTypes) === linkType;
}

/**
 * The target of a symbolic link in a zip, such as those in `node_modules/.bin`.
 * @throws AwsError InvalidParameterValueException for one that leads out of the zip, or back through another link.
 */
async function linkTarget(entry: Entry, file: ZipFile): Promise<string> {
  if (entry.uncompressedSize > maxLinkBytes) throw cannotUnzip();
  const target = await text(await contentsOf(entry, file));
  const place = posix.join(posix.dirname(entry.fileName), target);
  const isOutside = posix.isAbsolute(target) || place === ".." || place.startsWith("../");
  // After a name that is itself a link, `..` would not lead where it seems to.
  const names = target.split("/").filter((name) => name !== "" && name !== ".");
  const firstName = names.findIndex((name) => name !== "..");
  const turnsBack = firstName >= 0 && names.includes("..", firstName);
  if (target === "" || target.includes("\0") || isOutside || turnsBack) throw cannotUnzip();
  return target;
}

/** @throws AwsError InvalidParameterValueException for a link in a directory that is reached through another one. */
async function makeLink(root: string, path: string, target: string): Promise<void> {
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  if ((await realpath(parent)) !== join(await realpath(root), parent.slice(root.length))) throw cannotUnzip();
  await rm(path, { force: true, recursive: true });
  await symlink(target, path);
}

/** A file or a directory, not a device. Zips not made on Unix have no type. */
function isPlain(entry: Entry): boolean {
  const type = (entry.externalFileAttributes >>> 16) & fileTypes;
  return type === 0 || type === directoryType || type === regularType;
}

/** The reader checks names: none is absolute or contains `..`. */
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
