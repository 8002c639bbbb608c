/** The files of a data directory, and what each begins with. */
import { closeSync, fsyncSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** To be raised when earlier versions would misread what is written, or this one what they wrote. */
export const FORMAT = 3;

export type FileKind = "journal" | "snapshot";

export const FILE_HEADER_BYTES = 16;
const MAGIC = Buffer.from("busbar");
const KINDS: readonly FileKind[] = ["journal", "snapshot"];

/** Only the owner may read what messages contain. */
export const FILE_MODE = 0o600;

export const MARK_FILE = "commit";
export const RESERVE_FILE = "reserve";

/** `journal-00000007` holds everything written since the state in `snapshot-00000007`. */
export function fileName(kind: FileKind, number: number): string {
  return `${kind}-${String(number).padStart(8, "0")}`;
}

/** The numbers of a directory's files of one kind, rising. */
export function numbersOf(kind: FileKind, directory: string): number[] {
  const pattern = new RegExp(`^${kind}-(\\d{8,9})$`);
  return readdirSync(directory)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

export function fileHeader(kind: FileKind, number: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(header);
  header[6] = KINDS.indexOf(kind) + 1;
  header[7] = FORMAT;
  header.writeUInt32LE(number, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

/** The format of a file of this kind and number; undefined when its header is damaged or belongs to another file. */
export function formatOf(header: Buffer, kind: FileKind, number: number): number | undefined {
  const whole = header.length === FILE_HEADER_BYTES && header.readUInt32LE(12) === crc32(header.subarray(0, 12));
  if (!whole || !header.subarray(0, 6).equals(MAGIC)) return undefined;
  if (header[6] !== KINDS.indexOf(kind) + 1 || header.readUInt32LE(8) !== number) return undefined;
  return header[7];
}

/** Makes created, renamed and deleted files of a directory durable. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(join(directory, "."), "r");
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Windows cannot sync directories, and need not.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  } finally {
    closeSync(descriptor);
  }
}
