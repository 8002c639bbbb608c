import { type EventValue, ExactNumber, isEventObject, type LeafValue } from "./exact-number.ts";

/** A name on the way to a field in use, and the names that may follow it. */
export interface FieldNode {
  readonly children: Map<string, FieldNode>;
  /** The field's identity, set while the field that ends here is in use. */
  path: string | undefined;
  /** How many patterns use the field that ends here. */
  asking: number;
}

/**
 * The fields that patterns use, as a tree of names, so that reading an event skips everything else. The names given to
 * {@link add} contain no dots, and a dotted name in an event counts as several names.
 */
export class FieldTree {
  readonly root: FieldNode = { children: new Map(), path: undefined, asking: 0 };

  add(names: readonly string[], path: string): void {
    let node = this.root;
    for (const name of names) {
      let child = node.children.get(name);
      if (child === undefined) {
        child = { children: new Map(), path: undefined, asking: 0 };
        node.children.set(name, child);
      }
      node = child;
    }
    node.path = path;
    node.asking++;
  }

  remove(names: readonly string[]): void {
    const way: FieldNode[] = [this.root];
    for (const name of names) way.push((way.at(-1) as FieldNode).children.get(name) as FieldNode);
    const end = way.at(-1) as FieldNode;
    if (--end.asking === 0) end.path = undefined;
    for (let i = names.length; i > 0; i--) {
      const node = way[i] as FieldNode;
      if (node.asking > 0 || node.children.size > 0) return;
      (way[i - 1] as FieldNode).children.delete(names[i - 1] as string);
    }
  }
}

/** The values of an event's fields in use. */
export interface Fields {
  readonly event: EventValue;
  /** By path; a field that is missing, an object or an empty array has no entry. */
  readonly values: Map<string, LeafValue[]>;
  /** True when fields may be in different elements of one array, so that it is not enough for each to match alone. */
  inArrays: boolean;
}

/** Deeper than any pattern can reach or any event may be. */
const maxDepth = 1000;

/** Reads the fields of the tree from an event, in time linear in the event. */
export function readFields(tree: FieldTree, event: EventValue): Fields {
  const fields: Fields = { event, values: new Map(), inArrays: false };

  const walk = (value: EventValue, node: FieldNode, choice: boolean, depth: number): void => {
    if (depth > maxDepth) return;
    if (Array.isArray(value)) {
      const choose = choice || value.length > 1;
      for (const item of value) walk(item, node, choose, depth + 1);
    } else if (typeof value !== "object" || value === null || value instanceof ExactNumber) {
      if (node.path === undefined) return;
      const found = fields.values.get(node.path);
      if (found === undefined) fields.values.set(node.path, [value]);
      else found.push(value);
    } else if (node.children.size > 0) {
      if (choice) fields.inArrays = true;
      forEachRoute(value, node, (child, item) => walk(item, child, choice, depth + 1));
    }
  };

  walk(event, tree.root, false, 0);
  return fields;
}

interface NameNode<N> {
  readonly children: Map<string, N>;
}

/** Calls back for each member of an object that continues in a tree of names. */
export function forEachRoute<N extends NameNode<N>>(
  object: { [name: string]: EventValue },
  node: N,
  visit: (node: N, value: EventValue) => void,
): void {
  for (const name of Object.keys(object)) {
    let child: N | undefined = node.children.get(name);
    if (child === undefined && name.includes(".")) {
      child = node;
      for (const part of name.split(".")) {
        child = child.children.get(part);
        if (child === undefined) break;
      }
    }
    if (child !== undefined) visit(child, object[name] as EventValue);
  }
}

/** The leaves of an array, its nested arrays included, and the objects in it; for other values that one value. */
export function flatten(value: EventValue): { leaves: LeafValue[]; objects: { [name: string]: EventValue }[] } {
  const leaves: LeafValue[] = [];
  const objects: { [name: string]: EventValue }[] = [];
  const add = (item: EventValue, depth: number): void => {
    if (depth > maxDepth) return;
    if (Array.isArray(item)) for (const inner of item) add(inner, depth + 1);
    else if (isEventObject(item)) objects.push(item);
    else leaves.push(item as LeafValue);
  };
  add(value, 0);
  return { leaves, objects };
}
