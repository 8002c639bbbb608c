import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fileName } from "./files.ts";
import { readText, type Text } from "./frame.ts";
import { byteOf, fileOf, type TextPlace } from "./state.ts";

/** Bytes read at once: whoever reads a text usually reads its neighbours next. */
const WINDOW_BYTES = 32 * 1024;
const WINDOWS = 4;
/** Files open at once. */
const MOST_OPEN = 64;

/** The bytes written last stay cached, since busy queues hand out what has just arrived. */
const RECENT_BYTES = 1024 * 1024;

export interface Window {
  readonly file: number;
  readonly at: number;
  readonly bytes: Buffer;
}

/** Reads the texts of packed rows from the journals. */
export class TextFiles {
  readonly #directory: string;
  /** Descriptors by journal number, least recently used first. */
  readonly #open = new Map<number, number>();
  #windows: Window[] = [];
  /** Cached windows of one journal, in order. */
  #recent: Window[] = [];
  #recentBytes = 0;
  /** The journal being written, and how much of it is final. */
  tail: { readonly file: number; readonly at: number } | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Undefined when the text is damaged or gone. @throws Error of the file system. */
  read(place: TextPlace, serial: number): Text | undefined {
    const file = fileOf(place);
    return readText((at, length) => this.#bytes(file, at, length), { file, at: byteOf(place) }, serial);
  }

  /** Caches what was just written. */
  remember(window: Window): void {
    if (this.#recent.at(-1)?.file !== window.file) this.#forgetRecent();
    this.#recent.push(window);
    this.#recentBytes += window.bytes.length;
    if (this.#recentBytes <= RECENT_BYTES) return;
    // All at once, since removing one moves all others.
    let from = 0;
    for (; this.#recentBytes > RECENT_BYTES / 2; from += 1) this.#recentBytes -= this.#recent[from]?.bytes.length ?? 0;
    this.#recent.splice(0, from);
  }

  #forgetRecent(): void {
    this.#recent = [];
    this.#recentBytes = 0;
  }

  #fromRecent(file: number, at: number): Buffer | undefined {
    const recent = this.#recent;
    const first = recent[0];
    if (first === undefined || first.file !== file || at < first.at) return undefined;
    let [low, high] = [0, recent.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((recent[middle] as Window).at <= at) low = middle;
      else high = middle;
    }
    const found = recent[low] as Window;
    return found.bytes.subarray(at - found.at);
  }

  /** Closes a file that is about to be deleted. */
  closeFile(file: number): void {
    const descriptor = this.#open.get(file);
    if (descriptor !== undefined) closeSync(descriptor);
    this.#open.delete(file);
    this.#windows = this.#windows.filter((window) => window.file !== file);
  }

  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
    this.#windows = [];
    this.#forgetRecent();
  }

  /** Up to `length` bytes; fewer at the end of the file. */
  #bytes(file: number, at: number, length: number): Buffer {
    const recent = this.#fromRecent(file, at);
    if (recent !== undefined && recent.length > 0) return recent.subarray(0, length);
    let fits: Window | undefined;
    for (const window of this.#windows) {
      if (window.file !== file || at < window.at) continue;
      const left = window.at + window.bytes.length - at;
      if (left >= length) return window.bytes.subarray(at - window.at, at - window.at + length);
      if (left > 0) fits = window;
    }
    const most = this.tail?.file === file ? this.tail.at - at : Number.POSITIVE_INFINITY;
    const bytes = this.#fromDisk(file, at, Math.min(Math.max(length, WINDOW_BYTES), most));
    if (bytes.length <= WINDOW_BYTES) {
      const others = this.#windows.filter((window) => window !== fits);
      if (others.length === WINDOWS) others.shift();
      this.#windows = [...others, { file, at, bytes }];
    }
    return bytes.subarray(0, length);
  }

  #fromDisk(file: number, at: number, length: number): Buffer {
    const descriptor = this.#descriptor(file);
    if (descriptor === undefined) return Buffer.alloc(0);
    // Node's strings end at 2 GiB; a text that claims to be longer is damaged, and a file that is too short simply
    // ends.
    const parts: Buffer[] = [];
    for (let got = 0; got < length; ) {
      const part = Buffer.allocUnsafeSlow(Math.min(length - got, 1 << 20));
      const count = readSync(descriptor, part, 0, part.length, at + got);
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      got += count;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  #descriptor(file: number): number | undefined {
    let descriptor = this.#open.get(file);
    if (descriptor !== undefined) {
      this.#open.delete(file);
      this.#open.set(file, descriptor);
      return descriptor;
    }
    try {
      descriptor = openSync(join(this.#directory, fileName("journal", file)), "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    if (this.#open.size === MOST_OPEN) {
      const [oldest] = this.#open;
      if (oldest !== undefined) {
        closeSync(oldest[1]);
        this.#open.delete(oldest[0]);
      }
    }
    this.#open.set(file, descriptor);
    return descriptor;
  }
}
