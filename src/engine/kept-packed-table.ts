import type { Change } from "./change.ts";
import type { Disk, PackedEntry } from "./disk.ts";
import type { AnyPackedDefinition, HeldPackedTable } from "./packed-table.ts";
import type { SerialMap } from "./serial-map.ts";

/** How many rows, and at most how many bytes, are rewritten in one transaction. */
const MOVED_AT_ONCE = 64;

/**
 * The rows of one packed table of a durable store: their texts are read from the journal; only their places are in
 * memory.
 */
export class KeptPackedTable implements HeldPackedTable {
  readonly definition: AnyPackedDefinition;
  readonly name: string;
  readonly isPacked = true;
  readonly #disk: Disk;
  readonly #places: SerialMap;
  /** Rows on their way to the disk. */
  readonly #pending = new Map<number, Entry>();
  readonly #journal: () => Change[];
  readonly #afterCommit: (action: () => void) => void;

  /** `journal` and `afterCommit` are as in StoredPackedTable. */
  constructor(
    definition: AnyPackedDefinition,
    disk: Disk,
    journal: () => Change[],
    afterCommit: (action: () => void) => void,
  ) {
    this.definition = definition;
    this.name = definition.name;
    this.#disk = disk;
    this.#places = disk.takePacked(definition.name);
    this.#journal = journal;
    this.#afterCommit = afterCommit;
  }

  get size(): number {
    return this.#places.size + this.#pending.size;
  }

  /** The places of texts that are on disk. */
  get places(): SerialMap {
    return this.#places;
  }

  /** @throws StoreError when the row is damaged. */
  get(serial: number): object | undefined {
    const { head, text } = this.#entry(serial) ?? {};
    return head === undefined || text === undefined ? undefined : this.definition.row(head, text);
  }

  has(serial: number): boolean {
    return this.#before(serial) !== undefined;
  }

  put(row: object): void {
    const { definition } = this;
    this.#replace(definition.serial(row), new Entry(this, definition.head(row), definition.text(row)));
  }

  delete(serial: number): boolean {
    if (this.#before(serial) === undefined) return false;
    this.#replace(serial, undefined);
    return true;
  }

  undo({ key, before }: Change): void {
    this.#set(key as number, before as Before);
  }

  *forget(account: string): Generator<undefined> {
    // Rows on their way may reach the disk meanwhile, at a place the walk has passed.
    for (const serial of [...this.#pending.keys()]) {
      this.#forgetOne(serial, account);
      yield;
    }
    for (const serial of this.#places.keys()) {
      this.#forgetOne(serial, account);
      yield;
    }
  }

  #forgetOne(serial: number, account: string): void {
    const row = this.get(serial);
    if (row !== undefined && this.definition.account(row) === account) this.delete(serial);
  }

  clear(): void {
    this.#places.clear();
    this.#pending.clear();
  }

  close(): void {}

  /** For tests: the head and the text of each row whose text is on disk. */
  entries(): Map<number, object> {
    const entries = new Map<number, object>();
    for (const [serial, place] of this.#places.entries()) {
      entries.set(serial, this.#disk.read(this.name, serial, place));
    }
    return entries;
  }

  /** The entry's text is durable at this place. */
  settled(entry: Entry, place: number): void {
    const { serial } = entry;
    if (this.#pending.get(serial) !== entry) {
      this.#disk.release(place);
      return;
    }
    this.#pending.delete(serial);
    this.#places.set(serial, place);
  }

  /** Rows whose texts are to be rewritten, in one list per transaction. */
  *sparse(isSparse: (place: number) => boolean): Generator<number[]> {
    let serials: number[] = [];
    for (const [serial, place] of this.#places.entries()) {
      if (isSparse(place)) serials.push(serial);
      if (serials.length < MOVED_AT_ONCE) continue;
      yield serials;
      serials = [];
    }
    if (serials.length > 0) yield serials;
  }

  /** Rewrites texts, in a transaction. A damaged one stays where it is, so that its reader learns of it. */
  rewrite(serials: readonly number[]): void {
    for (const serial of serials) {
      const place = this.#places.get(serial);
      if (place === undefined) continue;
      try {
        const { head, text } = this.#disk.read(this.name, serial, place);
        this.#replace(serial, new Entry(this, head, text));
      } catch {}
    }
  }

  #entry(serial: number): { readonly head: string; readonly text: string } | undefined {
    const pending = this.#pending.size === 0 ? undefined : this.#pending.get(serial);
    if (pending !== undefined) return pending;
    const place = this.#places.get(serial);
    return place === undefined ? undefined : this.#disk.read(this.name, serial, place);
  }

  #before(serial: number): Before {
    return this.#pending.get(serial) ?? this.#places.get(serial);
  }

  #replace(serial: number, after: Entry | undefined): void {
    const journal = this.#journal();
    const before = this.#before(serial);
    if (after !== undefined) after.serial = serial;
    this.#set(serial, after);
    journal.push({ table: this, key: serial, before, after });
    if (typeof before === "number") this.#afterCommit(() => this.#disk.release(before));
  }

  #set(serial: number, to: Before): void {
    if (typeof to === "object") this.#pending.set(serial, to);
    else this.#pending.delete(serial);
    if (typeof to === "number") this.#places.set(serial, to);
    else this.#places.delete(serial);
  }
}

/** What was stored under a serial: an entry on its way, a place on disk, or nothing. */
type Before = Entry | number | undefined;

class Entry implements PackedEntry {
  serial = 0;
  readonly head: string;
  readonly text: string;
  readonly #table: KeptPackedTable;

  constructor(table: KeptPackedTable, head: string, text: string) {
    this.#table = table;
    this.head = head;
    this.text = text;
  }

  written(place: number): void {
    this.#table.settled(this, place);
  }
}
