/** A timer as the heap holds it. */
export interface HeapTimer {
  readonly dueMs: number;
  readonly id: number;
  readonly action: () => void;
  /** Its slot in the heap; -1 when it is not in the heap. */
  slot: number;
}

/** A binary heap of timers by (due, id), from which any timer can be removed: O(log n) each. */
export class TimerHeap {
  readonly #slots: HeapTimer[] = [];

  first(): HeapTimer | undefined {
    return this.#slots[0];
  }

  add(timer: HeapTimer): void {
    this.#slots.push(timer);
    this.#rise(timer, this.#slots.length - 1);
  }

  remove(timer: HeapTimer): void {
    const { slot } = timer;
    if (slot < 0) return;
    timer.slot = -1;
    const moved = this.#slots.pop()!;
    if (moved === timer) return;
    this.#rise(moved, slot);
    this.#sink(moved, moved.slot);
  }

  clear(): void {
    for (const timer of this.#slots) timer.slot = -1;
    this.#slots.length = 0;
  }

  #rise(timer: HeapTimer, from: number): void {
    let slot = from;
    while (slot > 0) {
      const up = (slot - 1) >>> 1;
      const parent = this.#slots[up]!;
      if (isEarlier(parent, timer)) break;
      this.#place(parent, slot);
      slot = up;
    }
    this.#place(timer, slot);
  }

  #sink(timer: HeapTimer, from: number): void {
    let slot = from;
    for (;;) {
      let down = slot * 2 + 1;
      let child = this.#slots[down];
      if (child === undefined) break;
      const other = this.#slots[down + 1];
      if (other !== undefined && isEarlier(other, child)) {
        down += 1;
        child = other;
      }
      if (isEarlier(timer, child)) break;
      this.#place(child, slot);
      slot = down;
    }
    this.#place(timer, slot);
  }

  #place(timer: HeapTimer, slot: number): void {
    this.#slots[slot] = timer;
    timer.slot = slot;
  }
}

function isEarlier(a: HeapTimer, b: HeapTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.id < b.id);
}
