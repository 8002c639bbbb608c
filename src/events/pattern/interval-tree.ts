interface Node<B, T> {
  low: B;
  high: B;
  /** Highest end in this subtree. */
  reach: B;
  priority: number;
  items: Set<T>;
  left: Node<B, T> | undefined;
  right: Node<B, T> | undefined;
}

/**
 * Closed intervals over numbers or texts, each with items, found by a point inside: logarithmic depth on average (a
 * treap), and time by the number of intervals found.
 */
export class IntervalTree<B extends number | string, T> {
  #root: Node<B, T> | undefined;
  #seed = 1;

  add(low: B, high: B, item: T): void {
    this.#root = this.#insert(this.#root, low, high, item);
  }

  remove(low: B, high: B, item: T): void {
    this.#root = this.#delete(this.#root, low, high, item);
  }

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  /** Calls back for each item of each interval that holds the point. */
  visit(point: B, visit: (item: T) => void): void {
    const walk = (node: Node<B, T> | undefined): void => {
      if (node === undefined || node.reach < point) return;
      walk(node.left);
      if (node.low > point) return;
      if (node.high >= point) for (const item of node.items) visit(item);
      walk(node.right);
    };
    walk(this.#root);
  }

  #insert(node: Node<B, T> | undefined, low: B, high: B, item: T): Node<B, T> {
    if (node === undefined) {
      // A fixed multiplicative sequence is random enough to balance a tree, and the same in every run.
      this.#seed = Math.imul(this.#seed, 0x9e3779b1) + 1;
      return {
        low,
        high,
        reach: high,
        priority: this.#seed,
        items: new Set([item]),
        left: undefined,
        right: undefined,
      };
    }
    const side = order(low, high, node);
    if (side === 0) {
      node.items.add(item);
      return node;
    }
    if (side < 0) {
      node.left = this.#insert(node.left, low, high, item);
      if (node.left.priority > node.priority) return rotateRight(node, node.left);
    } else {
      node.right = this.#insert(node.right, low, high, item);
      if (node.right.priority > node.priority) return rotateLeft(node, node.right);
    }
    refresh(node);
    return node;
  }

  #delete(node: Node<B, T> | undefined, low: B, high: B, item: T): Node<B, T> | undefined {
    if (node === undefined) return undefined;
    const side = order(low, high, node);
    if (side < 0) node.left = this.#delete(node.left, low, high, item);
    else if (side > 0) node.right = this.#delete(node.right, low, high, item);
    else {
      node.items.delete(item);
      if (node.items.size === 0) return merge(node.left, node.right);
    }
    refresh(node);
    return node;
  }
}

function order<B extends number | string, T>(low: B, high: B, node: Node<B, T>): number {
  if (low !== node.low) return low < node.low ? -1 : 1;
  if (high !== node.high) return high < node.high ? -1 : 1;
  return 0;
}

function refresh<B extends number | string, T>(node: Node<B, T>): void {
  node.reach = node.high;
  if (node.left !== undefined && node.left.reach > node.reach) node.reach = node.left.reach;
  if (node.right !== undefined && node.right.reach > node.reach) node.reach = node.right.reach;
}

function rotateRight<B extends number | string, T>(node: Node<B, T>, left: Node<B, T>): Node<B, T> {
  node.left = left.right;
  left.right = node;
  refresh(node);
  refresh(left);
  return left;
}

function rotateLeft<B extends number | string, T>(node: Node<B, T>, right: Node<B, T>): Node<B, T> {
  node.right = right.left;
  right.left = node;
  refresh(node);
  refresh(right);
  return right;
}

function merge<B extends number | string, T>(
  left: Node<B, T> | undefined,
  right: Node<B, T> | undefined,
): Node<B, T> | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.priority > right.priority) {
    left.right = merge(left.right, right);
    refresh(left);
    return left;
  }
  right.left = merge(left, right.left);
  refresh(right);
  return right;
}
