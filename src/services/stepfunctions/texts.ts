/** Users' JSON texts; long ones are stored outside the heap. */
import type { PackedTable, PackedTableDefinition, TextRow } from "../../engine/packed-table.ts";
import type { Store } from "../../engine/store.ts";

/** A text, or the serial under which a long one is stored. */
export type KeptText = string | number;

/** Longest text, in characters, that is stored in its row: about what a serial costs elsewhere. */
const maxLengthInRow = 128;

/** The texts that rows of one kind refer to. */
export class Texts {
  readonly #store: Store;
  readonly #table: PackedTable<TextRow>;

  constructor(store: Store, definition: PackedTableDefinition<TextRow>) {
    this.#store = store;
    this.#table = store.packedTable(definition);
  }

  /** Inside a transaction. */
  keep(account: string, text: string): KeptText {
    if (text.length <= maxLengthInRow) return text;
    const serial = this.#store.nextSerial();
    this.#table.put({ serial, account, text });
    return serial;
  }

  read(kept: KeptText): string {
    return typeof kept === "string" ? kept : (this.#table.get(kept)?.text ?? "");
  }

  /** Inside a transaction: call it when the row was deleted or refers to another text. */
  drop(kept: KeptText | undefined): void {
    if (typeof kept === "number") this.#table.delete(kept);
  }
}
