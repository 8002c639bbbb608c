/** Reads AWS Query parameters (`Entries.member.1.Id=a`) into an operation's input, by its shape. */
import { AwsError } from "./error.ts";
import type { Parameters } from "./form.ts";
import { isScalar, kindOf, membersOf, type Shape, timestampFormat } from "./schema.ts";
import { blobFromBase64, emptyMap, isFractional, MAX_DEPTH, parseTimestamp } from "./serialization.ts";
import type { Constraints, MemberFacts } from "./validate.ts";
import { entryNames, itemName, xmlTraits } from "./xml.ts";

/** Parameters as the tree their dotted names spell. */
interface Node {
  value: string | undefined;
  children: Map<string, Node> | undefined;
}

type Decoder = (node: Node) => unknown;

/** Compiles a reader. It throws AwsError MalformedInput, HTTP 400, for values of another type. */
export function queryDecoder(
  shape: Shape,
  constraints: Constraints,
): (parameters: Parameters) => Record<string, unknown> {
  if (shape.isUnitSchema()) return () => ({});
  const decode = structDecoder(shape, constraints, new Map());
  return (parameters) => decode(treeOf(parameters)) as Record<string, unknown>;
}

function treeOf(parameters: Parameters): Node {
  const root: Node = { value: undefined, children: new Map() };
  for (const [name, value] of parameters) {
    let node = root;
    let start = 0;
    // Work is bounded by the length of the name; deeper names than any shape has are cut off.
    for (let level = 0; level < MAX_DEPTH && start <= name.length; level++) {
      let end = name.indexOf(".", start);
      if (end === -1) end = name.length;
      const segment = name.slice(start, end);
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (child === undefined) {
        child = { value: undefined, children: undefined };
        node.children.set(segment, child);
      }
      node = child;
      start = end + 1;
    }
    node.value = value;
  }
  return root;
}

type Open = Map<string, { run: Decoder | undefined }>;

function decoder(shape: Shape, facts: MemberFacts | undefined, constraints: Constraints, open: Open): Decoder {
  const flattened = Boolean(xmlTraits(shape).xmlFlattened);
  switch (kindOf(shape)) {
    case "unit":
      return () => ({});
    case "struct":
      return structDecoder(shape, constraints, open);
    case "list":
      return listDecoder(
        flattened ? undefined : itemName(shape),
        decoder(shape.getValueSchema(), facts?.item, constraints, open),
        isScalar(shape.getValueSchema()),
      );
    case "map":
      return mapDecoder(
        flattened ? undefined : "entry",
        entryNames(shape),
        decoder(shape.getValueSchema(), facts?.item, constraints, open),
      );
    case "blob":
      return ({ value = "" }) => {
        try {
          return blobFromBase64(value);
        } catch (error) {
          throw error instanceof AwsError ? malformed(error.message) : error;
        }
      };
    case "timestamp": {
      const format = timestampFormat(shape, "date-time");
      return ({ value = "" }) => {
        const date = parseTimestamp(value, format);
        if (date === undefined) throw malformed("timestamp must follow ISO8601");
        return date;
      };
    }
    case "boolean":
      return ({ value }) => {
        const lower = value?.toLowerCase();
        if (lower !== "true" && lower !== "false") throw malformed("boolean must follow xsd1.1 definition");
        return lower === "true";
      };
    case "number":
      return isFractional(facts) ? decodeFraction : decodeInteger;
    case "document":
    case "string":
      return ({ value }) => value ?? "";
  }
}

function structDecoder(shape: Shape, constraints: Constraints, open: Open): Decoder {
  const shapeName = shape.getName(true) ?? "";
  const outer = open.get(shapeName);
  if (outer) return (node) => outer.run!(node);
  const entry: { run: Decoder | undefined } = { run: undefined };
  open.set(shapeName, entry);
  const members = membersOf(shape, constraints)
    .map(({ name, shape: member, facts }) => ({
      name,
      wire: xmlTraits(member).xmlName ?? name,
      decode: decoder(member, facts, constraints, open),
      scalar: isScalar(member),
    }))
    // Where SQS's two lists of attribute names share a parameter name, the first stands for both.
    .filter(({ wire }, i, all) => all.findIndex((other) => other.wire === wire) === i);
  open.delete(shapeName);
  entry.run = ({ children }) => {
    const result: Record<string, unknown> = {};
    if (children === undefined) return result;
    for (const { name, wire, decode, scalar } of members) {
      const node = children.get(wire);
      if (node === undefined || (scalar && node.value === undefined)) continue;
      const value = decode(node);
      if (value !== undefined) result[name] = value;
    }
    return result;
  };
  return entry.run;
}

/**
 * An empty list travels as `Name=`; indices may be sparse and in any order. One item may stand without an index, before
 * the others: `Name=a`, `Name.Member=a`.
 */
function listDecoder(wrapper: string | undefined, decode: Decoder, scalar: boolean): Decoder {
  return (node) => {
    const items = itemsOf(wrapper === undefined ? node : node.children?.get(wrapper), scalar);
    if (items.length === 0 && node.value === undefined) return undefined;
    return items.map(decode);
  };
}

function mapDecoder(wrapper: string | undefined, names: { key: string; value: string }, decode: Decoder): Decoder {
  return (node) => {
    const items = itemsOf(wrapper === undefined ? node : node.children?.get(wrapper), false);
    if (items.length === 0) return node.value === undefined ? undefined : emptyMap();
    const result = emptyMap<unknown>();
    for (const item of items) {
      const key = item.children?.get(names.key)?.value;
      const value = item.children?.get(names.value);
      // A key without a value reads as an empty one: the service then says what it lacks.
      if (key !== undefined) result[key] = decode(value ?? EMPTY);
    }
    return result;
  };
}

const EMPTY: Node = { value: "", children: undefined };
const INDEX = /^\d{1,10}$/;

/** The item that has no index, if there is one, and the children with numeric names in the order of their numbers. */
function itemsOf(node: Node | undefined, scalar: boolean): Node[] {
  if (node === undefined) return [];
  const children = [...(node.children ?? [])];
  const bare = scalar ? Boolean(node.value) : children.some(([name]) => !INDEX.test(name));
  const indexed = children
    .filter(([name]) => INDEX.test(name))
    .map(([name, child]) => [Number(name), child] as const)
    .sort(([a], [b]) => a - b)
    .map(([, child]) => child);
  return bare ? [node, ...indexed] : indexed;
}

const INTEGER = /^[+-]?\d{1,20}$/;

function decodeInteger({ value = "" }: Node): number {
  if (!INTEGER.test(value)) throw malformed(`'${value}' is not a valid integer`);
  return Number(value);
}

const FRACTION = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?|NaN|-?Infinity)$/;

function decodeFraction({ value = "" }: Node): number {
  if (value.length > 400 || !FRACTION.test(value)) throw malformed(`'${value}' is not a valid number`);
  return Number(value);
}

function malformed(message: string): AwsError {
  return AwsError.unmodeled({ name: "MalformedInput", message });
}
