/** The texts of pending deliveries: each stored once for all copies of a fan-out, with a bound for their total size. */
import type { Store } from "../engine/store.ts";
import type { Index } from "../engine/table.ts";
import { type DeliveryRow, payloadTable } from "./tables.ts";

/** Deliveries beyond this are given up, since memory is limited. */
const maxPendingChars = 512 * 1024 * 1024;

export class Payloads {
  readonly #store: Store;
  readonly #rows;
  /** Pending deliveries by payload. */
  readonly #users: Index<DeliveryRow>;
  #pendingChars = 0;
  /** The text stored last: the copies of a fan-out are submitted one after the other. */
  #last: { readonly id: string; readonly text: string } | undefined;

  constructor(store: Store, users: Index<DeliveryRow>) {
    this.#store = store;
    this.#rows = store.table(payloadTable);
    this.#users = users;
  }

  textOf({ payloadId }: DeliveryRow): string {
    return (payloadId === undefined ? undefined : this.#rows.get(payloadId)?.text) ?? "";
  }

  hasRoomFor(text: string): boolean {
    return this.#pendingChars + text.length <= maxPendingChars;
  }

  /** Stores the text of a delivery and returns the row's id. Inside a transaction. */
  keep({ account, id }: DeliveryRow, text: string): string {
    this.#store.afterCommit(() => {
      this.#pendingChars += text.length;
    });
    const last = this.#last;
    if (last?.text === text && this.#rows.get(last.id)?.account === account) return last.id;
    this.#rows.put({ id, account, text });
    this.#last = { id, text };
    return id;
  }

  /** To be called when a delivery that used the text is gone. Inside a transaction. */
  release(payloadId: string, text: string): void {
    if (this.#users.size(payloadId) === 0) this.#rows.delete(payloadId);
    this.#store.afterCommit(() => {
      this.#pendingChars -= text.length;
    });
  }

  /** Recounts what is pending, after a start or a reset. */
  count(pending: Iterable<DeliveryRow>): void {
    this.#last = undefined;
    this.#pendingChars = 0;
    for (const row of pending) this.#pendingChars += this.textOf(row).length;
  }
}
