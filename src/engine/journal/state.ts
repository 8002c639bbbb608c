import { Rows } from "../rows.ts";
import { SerialMap } from "../serial-map.ts";
import { ByteReader } from "./bytes.ts";
import { SECTION } from "./frame.ts";
import type { ReadSection } from "./frame-file.ts";
import { RowsReader } from "./rows-reader.ts";

/**
 * Where the text of a packed row is, as one number: a flag that distinguishes it from no place, the journal's number,
 * and the offset. A journal is far smaller than 4 GiB.
 */
export type TextPlace = number;

const FILE_UNIT = 2 ** 32;
const MOST_FILES = 2 ** 20;

export function placeOf(file: number, at: number): TextPlace {
  if (file >= MOST_FILES || at >= FILE_UNIT) throw new Error(`no place for byte ${at} of journal ${file}`);
  return file * FILE_UNIT + at;
}

export function fileOf(place: TextPlace): number {
  return Math.floor(place / FILE_UNIT);
}

export function byteOf(place: TextPlace): number {
  return place % FILE_UNIT;
}

/** What is known about the texts in one journal. */
export interface TextCount {
  /** Texts ever written there, and those still needed. */
  total: number;
  live: number;
}

/** The state in a data directory, built section by section. */
export class LoadedState {
  readonly tables = new Map<string, Rows<object>>();
  readonly places = new Map<string, SerialMap>();
  readonly texts = new Map<number, TextCount>();
  /** Lengths, by number, of journals that are not read at start. */
  readonly lengths = new Map<number, number>();
  readonly #rowsReader = new RowsReader();
  serialLimit = 0;
  ended = false;

  /** @param file the number of the file that has the section. */
  apply({ kind, table, bytes }: ReadSection, file: number): void {
    const reader = new ByteReader(bytes);
    if (kind === SECTION.rows) this.#rows(table, bytes);
    else if (kind === SECTION.packed) this.#packed(table, reader, file);
    else if (kind === SECTION.places) this.#places(table, reader);
    else if (kind === SECTION.reset) this.#reset(reader);
    else if (kind === SECTION.serials) this.serialLimit = reader.integer();
    else if (kind === SECTION.journals) this.#journals(reader);
    else if (kind === SECTION.end) this.ended = true;
  }

  textsOf(file: number): TextCount {
    let count = this.texts.get(file);
    if (count === undefined) {
      count = { total: 0, live: 0 };
      this.texts.set(file, count);
    }
    return count;
  }

  #rows(table: string, bytes: Buffer): void {
    const rows = getOrMake(this.tables, table, () => new Rows<object>());
    this.#rowsReader.read(bytes, rows);
  }

  #packed(table: string, reader: ByteReader, file: number): void {
    const places = getOrMake(this.places, table, () => new SerialMap());
    const texts = this.textsOf(file);
    while (reader.at < reader.end) {
      const serial = reader.integer();
      const at = reader.integer();
      const before = places.get(serial);
      if (before !== undefined) this.textsOf(fileOf(before)).live -= 1;
      if (at === 0) {
        places.delete(serial);
        continue;
      }
      places.set(serial, placeOf(file, at));
      texts.total += 1;
      texts.live += 1;
    }
  }

  #places(table: string, reader: ByteReader): void {
    const places = getOrMake(this.places, table, () => new SerialMap());
    while (reader.at < reader.end) {
      const serial = reader.integer();
      const file = reader.integer();
      places.set(serial, placeOf(file, reader.integer()));
      this.textsOf(file).live += 1;
    }
  }

  #journals(reader: ByteReader): void {
    while (reader.at < reader.end) {
      const file = reader.integer();
      this.textsOf(file).total = reader.integer();
      this.lengths.set(file, reader.integer());
    }
  }

  #reset(reader: ByteReader): void {
    const kept = new Set<string>();
    while (reader.at < reader.end) kept.add(reader.text());
    for (const [name, rows] of this.tables) if (!kept.has(name)) rows.clear();
    this.places.clear();
    for (const texts of this.texts.values()) texts.live = 0;
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
