/** The last items added, in a ring buffer, so that the cost is the same however long the emulator runs. */
export class Ring<Item> {
  readonly #items: Item[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  /**
   * The item that the next one will replace; undefined while there is room. A caller that holds no other reference can
   * reuse it.
   */
  get next(): Item | undefined {
    return this.#items[this.#next];
  }

  add(item: Item): void {
    this.#items[this.#next] = item;
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1;
  }

  *newestFirst(): IterableIterator<Item> {
    const count = this.#items.length;
    for (let back = 1; back <= count; back++) yield this.#items[(this.#next - back + count) % count] as Item;
  }

  /** Forgets all items, or those the predicate does not keep. */
  clear(keep?: (item: Item) => boolean): void {
    const kept = keep === undefined ? [] : [...this.newestFirst()].filter(keep).reverse();
    this.#items.length = 0;
    this.#next = 0;
    for (const item of kept) this.add(item);
  }
}
