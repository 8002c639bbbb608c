import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A temporary file of equal slots for what should not stay in memory. It has no name once it is open, so nothing is
 * left behind however the process ends, and nobody else can read it.
 */
export class OverflowFile {
  readonly #slotBytes: number;
  readonly #free: number[] = [];
  #slots = 0;
  #descriptor: number | undefined;
  /** No directory accepts such a file; that does not change while a process runs. */
  #impossible = false;

  constructor(slotBytes: number) {
    this.#slotBytes = slotBytes;
  }

  /** Writes whole slots of bytes and returns their numbers, or undefined when the disk does not accept them. */
  write(bytes: Uint8Array): number[] | undefined {
    const slots: number[] = [];
    this.#open();
    if (this.#descriptor === undefined) return undefined;
    try {
      for (let from = 0; from < bytes.length; from += this.#slotBytes) {
        const slot = this.#free.pop() ?? this.#slots++;
        slots.push(slot);
        this.#writeAt(this.#descriptor, bytes, from, slot);
      }
      return slots;
    } catch {
      this.free(slots);
      return undefined;
    }
  }

  /** Reads back what `write` put into these slots. */
  read(slots: readonly number[], into: Uint8Array): void {
    for (const [index, slot] of slots.entries()) {
      const at = index * this.#slotBytes;
      const length = readSync(this.#descriptor as number, into, at, this.#slotBytes, slot * this.#slotBytes);
      if (length !== this.#slotBytes) throw new Error(`the overflow file ends within slot ${slot}`);
    }
  }

  /** Frees slots; the file shrinks when none is used. */
  free(slots: readonly number[]): void {
    this.#free.push(...slots);
    if (this.#free.length < this.#slots || this.#descriptor === undefined) return;
    this.#free.length = 0;
    this.#slots = 0;
    ftruncateSync(this.#descriptor, 0);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): void {
    if (this.#descriptor !== undefined || this.#impossible) return;
    try {
      this.#descriptor = openNameless();
    } catch {
      this.#impossible = true;
    }
  }

  #writeAt(descriptor: number, bytes: Uint8Array, from: number, slot: number): void {
    const end = from + this.#slotBytes;
    let at = from;
    // A disk that is nearly full accepts a part and refuses the rest at the next call.
    while (at < end) at += writeSync(descriptor, bytes, at, end - at, slot * this.#slotBytes + (at - from));
  }
}

/** @throws Error when there is no room for a file, or the file system cannot keep an open file without a name. */
function openNameless(): number {
  const directory = mkdtempSync(join(tmpdir(), "busbar-"));
  const descriptor = openSync(join(directory, "overflow"), "wx+", 0o600);
  try {
    rmSync(directory, { recursive: true });
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}
