import type { Key, Order } from "./table.ts";

/**
 * A sorted set of (order, key) pairs as a B+tree, made for what tables do most: append at the end, take from the front.
 * In a leaf (`children` undefined) slot i is an entry. In a branch slot i is a lower bound of `children[i]`, greater than
 * all of `children[i - 1]`; it need not be tight, so bounds need no upkeep when entries go.
 */
export class Sorted {
  orders: Order[];
  keys: Key[];
  children: Sorted[] | undefined;
  /** Entries in this subtree. */
  size: number;

  constructor(orders: Order[], keys: Key[], children: Sorted[] | undefined, size: number) {
    this.orders = orders;
    this.keys = keys;
    this.children = children;
    this.size = size;
  }
}

/** A position in a walk: entry `at` of `leaf`. */
export interface Place {
  leaf: Sorted;
  at: number;
}

/** V8's arrays grow by pushing from 46 places to 86: a node of 64 slots would leave a quarter of its memory empty. */
const SLOTS = 84;
const FEW_SLOTS = SLOTS / 4;
const MERGED_SLOTS = (SLOTS * 3) / 4;

/** Whether (orderA, keyA) stands before (orderB, keyB). */
export function isBefore(orderA: Order, keyA: Key, orderB: Order, keyB: Key): boolean {
  return orderA < orderB || (orderA === orderB && keyA < keyB);
}

/** A set of two, in any order given. */
export function pairOf(orderA: Order, keyA: Key, orderB: Order, keyB: Key): Sorted {
  return isBefore(orderA, keyA, orderB, keyB)
    ? new Sorted([orderA, orderB], [keyA, keyB], undefined, 2)
    : new Sorted([orderB, orderA], [keyB, keyA], undefined, 2);
}

/** Adds an entry that is not present yet; returns the root, which may be a new one. */
export function insert(root: Sorted, order: Order, key: Key): Sorted {
  if (append(root, order, key)) return root;
  const sibling = insertInto(root, order, key);
  if (sibling === undefined) return root;
  return new Sorted(
    [root.orders[0]!, sibling.orders[0]!],
    [root.keys[0]!, sibling.keys[0]!],
    [root, sibling],
    root.size + sibling.size,
  );
}

/** Adds an entry after all others, where most belong, without a search; returns whether that was possible. */
function append(root: Sorted, order: Order, key: Key): boolean {
  const { orders, keys } = lastLeaf(root);
  const end = keys.length;
  if (end >= SLOTS || !isBefore(orders[end - 1]!, keys[end - 1]!, order, key)) return false;
  orders.push(order);
  keys.push(key);
  let node = root;
  node.size += 1;
  while (node.children !== undefined) {
    node = node.children[node.children.length - 1]!;
    node.size += 1;
  }
  return true;
}

/** Removes an entry; returns the root, which may be another one, or undefined when the entry is not there. */
export function remove(root: Sorted, order: Order, key: Key): Sorted | undefined {
  if (!removeFrom(root, order, key)) return undefined;
  let top = root;
  while (top.children?.length === 1) top = top.children[0]!;
  return top;
}

/** The place of the first entry. */
export function firstPlace(root: Sorted): Place {
  return { leaf: firstLeaf(root), at: 0 };
}

/** The place of the last entry. */
export function lastPlace(root: Sorted): Place {
  const leaf = lastLeaf(root);
  return { leaf, at: leaf.keys.length - 1 };
}

/** The key of the first entry. */
export function firstKey(root: Sorted): Key {
  return firstLeaf(root).keys[0]!;
}

/** The key of the last entry. */
export function lastKey(root: Sorted): Key {
  return lastLeaf(root).keys.at(-1)!;
}

/** The place of the first entry strictly behind (order, key). */
export function placeAfter(root: Sorted, order: Order, key: Key): Place | undefined {
  let node = root;
  let next: Sorted | undefined;
  while (node.children !== undefined) {
    const child = childFor(node, order, key);
    next = node.children[child + 1] ?? next;
    node = node.children[child]!;
  }
  let at = slotsBefore(node, order, key);
  if (node.orders[at] === order && node.keys[at] === key) at += 1;
  if (at < node.keys.length) return { leaf: node, at };
  return next === undefined ? undefined : firstPlace(next);
}

/** The place of the last entry strictly before (order, key). */
export function placeBefore(root: Sorted, order: Order, key: Key): Place | undefined {
  let node = root;
  let previous: Sorted | undefined;
  while (node.children !== undefined) {
    const child = childFor(node, order, key);
    previous = node.children[child - 1] ?? previous;
    node = node.children[child]!;
  }
  const at = slotsBefore(node, order, key) - 1;
  if (at >= 0) return { leaf: node, at };
  return previous === undefined ? undefined : lastPlace(previous);
}

/** All entries, in order. */
export function entries({ orders, keys, children }: Sorted): [Order, Key][] {
  if (children !== undefined) return children.flatMap(entries);
  return keys.map((key, at) => [orders[at]!, key]);
}

function firstLeaf(root: Sorted): Sorted {
  let node = root;
  while (node.children !== undefined) node = node.children[0]!;
  return node;
}

function lastLeaf(root: Sorted): Sorted {
  let node = root;
  while (node.children !== undefined) node = node.children.at(-1)!;
  return node;
}

function slotsBefore(node: Sorted, order: Order, key: Key): number {
  // Two identical searches, so that each sees only one type: comparing mixed types costs several times as much.
  return typeof order === "number"
    ? numbersBefore(node.orders as number[], node.keys, order, key)
    : stringsBefore(node.orders as string[], node.keys, order, key);
}

function numbersBefore(orders: number[], keys: Key[], order: number, key: Key): number {
  let high = orders.length;
  const last = orders[high - 1]!;
  if (last < order || (last === order && keys[high - 1]! < key)) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = orders[middle]!;
    if (found < order || (found === order && keys[middle]! < key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function stringsBefore(orders: string[], keys: Key[], order: string, key: Key): number {
  let high = orders.length;
  const last = orders[high - 1]!;
  if (last < order || (last === order && keys[high - 1]! < key)) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = orders[middle]!;
    if (found < order || (found === order && keys[middle]! < key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function childFor(node: Sorted, order: Order, key: Key): number {
  const before = slotsBefore(node, order, key);
  if (before < node.keys.length && node.orders[before] === order && node.keys[before] === key) return before;
  return before === 0 ? 0 : before - 1;
}

/** Returns the right half when the node had to be split. */
function insertInto(node: Sorted, order: Order, key: Key): Sorted | undefined {
  node.size += 1;
  const children = node.children;
  if (children === undefined) {
    const at = slotsBefore(node, order, key);
    insertAt(node.orders, at, order);
    insertAt(node.keys, at, key);
    return splitWhenFull(node, at);
  }
  const child = childFor(node, order, key);
  if (child === 0 && isBefore(order, key, node.orders[0]!, node.keys[0]!)) {
    node.orders[0] = order;
    node.keys[0] = key;
  }
  const sibling = insertInto(children[child]!, order, key);
  if (sibling === undefined) return undefined;
  insertAt(node.orders, child + 1, sibling.orders[0]!);
  insertAt(node.keys, child + 1, sibling.keys[0]!);
  insertAt(children, child + 1, sibling);
  return splitWhenFull(node, child + 1);
}

function splitWhenFull(node: Sorted, insertedAt: number): Sorted | undefined {
  const length = node.keys.length;
  if (length <= SLOTS) return undefined;
  // Appending leaves full nodes behind instead of half-empty ones.
  const cut = insertedAt === length - 1 ? insertedAt : length >>> 1;
  const children = node.children?.splice(cut);
  const orders = node.orders.splice(cut);
  const keys = node.keys.splice(cut);
  const size = children === undefined ? keys.length : children.reduce((sum, child) => sum + child.size, 0);
  node.size -= size;
  return new Sorted(orders, keys, children, size);
}

function removeFrom(node: Sorted, order: Order, key: Key): boolean {
  const children = node.children;
  if (children === undefined) {
    const at = slotsBefore(node, order, key);
    if (node.orders[at] !== order || node.keys[at] !== key) return false;
    removeAt(node.orders, at);
    removeAt(node.keys, at);
    node.size -= 1;
    return true;
  }
  const at = childFor(node, order, key);
  const child = children[at]!;
  if (!removeFrom(child, order, key)) return false;
  node.size -= 1;
  if (child.size === 0) {
    removeAt(node.orders, at);
    removeAt(node.keys, at);
    removeAt(children, at);
  } else if (child.keys.length <= FEW_SLOTS) {
    if (!mergeWithNext(node, children, at) && at > 0) mergeWithNext(node, children, at - 1);
  }
  return true;
}

function mergeWithNext(node: Sorted, children: Sorted[], at: number): boolean {
  const left = children[at]!;
  const right = children[at + 1];
  if (right === undefined || left.keys.length + right.keys.length > MERGED_SLOTS) return false;
  if (right.children !== undefined) left.children!.push(...right.children);
  left.orders.push(...right.orders);
  left.keys.push(...right.keys);
  left.size += right.size;
  removeAt(node.orders, at + 1);
  removeAt(node.keys, at + 1);
  removeAt(children, at + 1);
  return true;
}

function insertAt<T>(list: T[], at: number, item: T): void {
  list.push(item);
  for (let i = list.length - 1; i > at; i -= 1) list[i] = list[i - 1]!;
  list[at] = item;
}

function removeAt<T>(list: T[], at: number): void {
  if (at === 0) {
    list.shift();
    return;
  }
  for (let i = at + 1; i < list.length; i += 1) list[i - 1] = list[i]!;
  list.pop();
}
