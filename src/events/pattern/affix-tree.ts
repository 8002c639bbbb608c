interface Node<T> {
  children: Map<number, Node<T>>;
  items: Set<T>;
}

function emptyNode<T>(): Node<T> {
  return { children: new Map(), items: new Set() };
}

/** Texts carrying items, found by any text that begins (or, read from the end, ends) with them. */
export class AffixTree<T> {
  #root: Node<T> = emptyNode();
  readonly #fromEnd: boolean;

  constructor(fromEnd: boolean) {
    this.#fromEnd = fromEnd;
  }

  get isEmpty(): boolean {
    return this.#root.children.size === 0 && this.#root.items.size === 0;
  }

  add(text: string, item: T): void {
    let node = this.#root;
    for (let i = 0; i < text.length; i++) {
      const code = this.#code(text, i);
      let child = node.children.get(code);
      if (child === undefined) node.children.set(code, (child = emptyNode()));
      node = child;
    }
    node.items.add(item);
  }

  remove(text: string, item: T): void {
    const way = [this.#root];
    for (let i = 0; i < text.length; i++) {
      const child = way[i]?.children.get(this.#code(text, i));
      if (child === undefined) return;
      way.push(child);
    }
    way[text.length]?.items.delete(item);
    for (let i = text.length; i > 0; i--) {
      const node = way[i] as Node<T>;
      if (node.items.size > 0 || node.children.size > 0) return;
      way[i - 1]?.children.delete(this.#code(text, i - 1));
    }
  }

  /** How many items carry exactly this text. */
  count(text: string): number {
    let node: Node<T> | undefined = this.#root;
    for (let i = 0; i < text.length && node !== undefined; i++) node = node.children.get(this.#code(text, i));
    return node?.items.size ?? 0;
  }

  /** Calls back for the items of every stored text that `text` begins (or ends) with. */
  visit(text: string, visit: (item: T) => void): void {
    let node: Node<T> | undefined = this.#root;
    for (let i = 0; ; i++) {
      for (const item of node.items) visit(item);
      if (i === text.length) return;
      node = node.children.get(this.#code(text, i));
      if (node === undefined) return;
    }
  }

  #code(text: string, i: number): number {
    return text.charCodeAt(this.#fromEnd ? text.length - 1 - i : i);
  }
}
