/** JSON texts of users, which are kept outside of the heap where they are long. */
import type { PackedTable, PackedTableDefinition, TextRow } from "../../engine/packed-table.ts";
import type { Store } from "../../engine/store.ts";

/** A text, or the serial under which a long one is packed. */
export type KeptText = string | number;

/** Characters a text may have to stand in a row: about what a serial costs elsewhere. */
const longestInRow = 128;

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
    if (text.length <= longestInRow) return text;
    const serial = this.#store.nextSerial();
    this.#table.put({ serial, account, text });
    return serial;
  }

  read(kept: KeptText): string {
    return typeof kept === "string" ? kept : (this.#table.get(kept)?.text ?? "");
  }

  /** Inside a transaction: its row is gone or has another one. */
  drop(kept: KeptText | undefined): void {
    if (typeof kept === "number") this.#table.delete(kept);
  }
}
