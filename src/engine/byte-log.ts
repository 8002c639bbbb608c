import { isWide } from "./journal/bytes.ts";
import { OverflowFile } from "./overflow-file.ts";

/** Where an entry is: a whole number of 0 or more. */
export type Place = number;

/** An entry: a short head, and a text that may be long. */
export interface Entry {
  readonly head: string;
  readonly text: string;
}

/** Entries are packed into blocks of this size; a larger entry has a block of its own, a multiple as long. */
const BLOCK_BYTES = 32_768;

/** Entries begin at multiples of this, which is also the size of their header. */
const UNIT_BYTES = 16;
const UNITS = BLOCK_BYTES / UNIT_BYTES;

/** Full blocks beyond this go to the overflow file. */
const RESIDENT_BYTES = 2 * 1024 * 1024;

/** Blocks read back from the file that stay cached: readers go from entry to entry. */
const READ_BLOCKS = 4;

/** Freed pages kept for reuse. */
const SPARE_PAGES = 8;

/** The bytes of a block, and its headers as numbers. */
class Page {
  readonly bytes: Buffer;
  /** Words 0 and 1 of an entry: the lengths of head and text in bytes, doubled; odd means UTF-16. */
  readonly words: Uint32Array;
  /** Double 1 of an entry: the place of the entry that holds its text, or NOWHERE. */
  readonly doubles: Float64Array;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.words = new Uint32Array(this.bytes.buffer);
    this.doubles = new Float64Array(this.bytes.buffer);
  }
}

const NOWHERE = -1;

interface Block {
  readonly id: number;
  readonly size: number;
  /** Undefined while the block is only in the file. */
  page: Page | undefined;
  slots: readonly number[] | undefined;
  /** Live entries here, plus entries elsewhere whose text is in this block. */
  live: number;
}

/**
 * Keeps texts as bytes outside the JavaScript heap, where they cost the garbage collector nothing, and above a few
 * megabytes in a temporary file. A block is freed with its last entry; a text equal to the previous one is stored once.
 */
export class ByteLog {
  readonly #blocks = new Map<number, Block>();
  /** Full blocks in memory, oldest first. */
  readonly #resident = new Set<Block>();
  #residentBytes = 0;
  /** Blocks read back from the file, least recently read first. */
  readonly #read = new Map<Block, Page>();
  readonly #spare: Page[] = [];
  readonly #file = new OverflowFile(BLOCK_BYTES);
  #nextId = 0;
  /** The block being filled, and how far. */
  #open: Block | undefined;
  #fill = 0;
  #lastText = "";
  #lastTextPlace: Place = NOWHERE;

  /** Blocks that are held, in memory or in the file. */
  get blockCount(): number {
    return this.#blocks.size;
  }

  append(head: string, text: string): Place {
    const shared = text !== "" && text === this.#lastText ? this.#lastTextPlace : NOWHERE;
    const headWide = isWide(head);
    const textWide = shared === NOWHERE && isWide(text);
    const headBytes = headWide ? head.length * 2 : head.length;
    const textBytes = shared !== NOWHERE ? 0 : textWide ? text.length * 2 : text.length;
    const size = UNIT_BYTES + headBytes + textBytes;
    const block = this.#blockFor(size);
    const at = block === this.#open ? this.#fill : 0;
    const { bytes, words, doubles } = block.page as Page;
    words[at / 4] = headBytes * 2 + (headWide ? 1 : 0);
    words[at / 4 + 1] = textBytes * 2 + (textWide ? 1 : 0);
    doubles[at / 8 + 1] = shared;
    write(bytes, head, at + UNIT_BYTES, headWide);
    if (shared === NOWHERE) write(bytes, text, at + UNIT_BYTES + headBytes, textWide);
    const place = block.id * UNITS + at / UNIT_BYTES;
    block.live += 1;
    if (shared === NOWHERE) {
      this.#lastText = text;
      this.#lastTextPlace = place;
    } else {
      this.#blockOf(shared).live += 1;
    }
    if (block === this.#open) this.#fill = at + roundUp(size, UNIT_BYTES);
    else this.#seal(block);
    return place;
  }

  read(place: Place): Entry {
    const page = this.#pageOf(this.#blockOf(place));
    const unit = place % UNITS;
    const headLength = page.words[unit * 4] as number;
    const head = read(page.bytes, unit * UNIT_BYTES + UNIT_BYTES, headLength);
    const textPlace = page.doubles[unit * 2 + 1] as number;
    return { head, text: textPlace === NOWHERE ? textAt(page, unit) : this.#textOf(textPlace) };
  }

  /** Frees an entry: its place is invalid from now on. */
  release(place: Place): void {
    const block = this.#blockOf(place);
    const textPlace = this.#pageOf(block).doubles[(place % UNITS) * 2 + 1] as number;
    this.#drop(block);
    if (textPlace !== NOWHERE) this.#drop(this.#blockOf(textPlace));
  }

  /** Nothing may be appended or read afterwards. */
  close(): void {
    this.#file.close();
  }

  #textOf(place: Place): string {
    return textAt(this.#pageOf(this.#blockOf(place)), place % UNITS);
  }

  #blockOf(place: Place): Block {
    return this.#blocks.get(Math.floor(place / UNITS)) as Block;
  }

  /** A block with room for `size` bytes: the open one, or a block of its own for a large entry. */
  #blockFor(size: number): Block {
    if (size > BLOCK_BYTES) return this.#newBlock(new Page(roundUp(size, BLOCK_BYTES)));
    if (this.#open !== undefined) {
      if (this.#fill + size <= BLOCK_BYTES) return this.#open;
      this.#seal(this.#open);
    }
    this.#fill = 0;
    this.#open = this.#newBlock(this.#spare.pop() ?? new Page(BLOCK_BYTES));
    return this.#open;
  }

  #newBlock(page: Page): Block {
    const size = page.bytes.length;
    const block: Block = { id: this.#nextId, size, page, slots: undefined, live: 0 };
    this.#nextId += size / BLOCK_BYTES;
    this.#blocks.set(block.id, block);
    return block;
  }

  #seal(block: Block): void {
    if (block === this.#open) this.#open = undefined;
    this.#resident.add(block);
    this.#residentBytes += block.size;
    for (const oldest of this.#resident) {
      if (this.#residentBytes <= RESIDENT_BYTES) break;
      const page = oldest.page as Page;
      // When the disk refuses, the block stays in memory and is tried again with the next.
      oldest.slots = this.#file.write(page.bytes);
      if (oldest.slots === undefined) break;
      oldest.page = undefined;
      this.#leaveMemory(oldest, page);
    }
  }

  #leaveMemory(block: Block, page: Page): void {
    this.#resident.delete(block);
    this.#residentBytes -= block.size;
    this.#reuse(page);
  }

  #reuse(page: Page): void {
    if (page.bytes.length === BLOCK_BYTES && this.#spare.length < SPARE_PAGES) this.#spare.push(page);
  }

  #pageOf(block: Block): Page {
    if (block.page !== undefined) return block.page;
    let page = this.#read.get(block);
    if (page !== undefined) return page;
    if (this.#read.size === READ_BLOCKS) {
      for (const [oldest, itsPage] of this.#read) {
        this.#read.delete(oldest);
        this.#reuse(itsPage);
        break;
      }
    }
    page = (block.size === BLOCK_BYTES ? this.#spare.pop() : undefined) ?? new Page(block.size);
    this.#file.read(block.slots as readonly number[], page.bytes);
    this.#read.set(block, page);
    return page;
  }

  #drop(block: Block): void {
    block.live -= 1;
    if (block.live > 0) return;
    if (block === this.#open) {
      this.#forgetText(block);
      this.#fill = 0;
    } else {
      this.#forget(block);
    }
  }

  #forget(block: Block): void {
    this.#forgetText(block);
    this.#blocks.delete(block.id);
    if (block.page !== undefined) {
      this.#leaveMemory(block, block.page);
      return;
    }
    const page = this.#read.get(block);
    if (page !== undefined) this.#reuse(page);
    this.#read.delete(block);
    this.#file.free(block.slots as readonly number[]);
  }

  /** No later text may refer to bytes that are freed. */
  #forgetText(block: Block): void {
    if (this.#lastTextPlace === NOWHERE || Math.floor(this.#lastTextPlace / UNITS) !== block.id) return;
    this.#lastText = "";
    this.#lastTextPlace = NOWHERE;
  }
}

function roundUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit;
}

function write(bytes: Buffer, text: string, at: number, wide: boolean): void {
  bytes.write(text, at, wide ? "utf16le" : "latin1");
}

/** @param length as stored in a page's words. */
function read(bytes: Buffer, at: number, length: number): string {
  return bytes.toString(length % 2 === 1 ? "utf16le" : "latin1", at, at + (length >>> 1));
}

function textAt(page: Page, unit: number): string {
  const head = (page.words[unit * 4] as number) >>> 1;
  return read(page.bytes, unit * UNIT_BYTES + UNIT_BYTES + head, page.words[unit * 4 + 1] as number);
}
