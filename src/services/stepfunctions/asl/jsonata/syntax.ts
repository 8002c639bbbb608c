import type { LinearRegex } from "../../../../regex/linear-regex.ts";
import type { Signature } from "./signature.ts";

/**
 * A `%`, which refers to an earlier step's input. `label`: the name of its value in a tuple. `level`: steps left to go
 * up.
 */
export type Slot = { label: string; level: number };

export type Filter = { type: "filter"; expression: Node };
/** What follows a step: filters, and `#$name` for the position in the filtered sequence. */
export type Stage = Filter | { type: "index"; name: string };
export type Pair = [key: Node, value: Node];
export type SortTerm = { descending: boolean; expression: Node };

/** What any node can have. */
type Common = {
  position: number;
  /** Levels of nodes from here down, including this one. */
  depth: number;
  /** `[]`: a single value stays in an array. */
  keepArray?: boolean;
  /** Filters of a node that is not a step. */
  predicates?: Filter[];
  /** Filters and indexes of a step. */
  stages?: Stage[];
  group?: Pair[];
  /** `@$name` */
  focus?: string;
  /** `#$name` */
  index?: string;
  /** Whether the step or path produces tuples: values with names bound to them. */
  tuple?: boolean;
  /** The slot whose value is this step's input. */
  ancestor?: Slot;
  /** An array constructor at either end of a path, whose array counts as one value. */
  constructs?: boolean;
  /** Slots of `%` in this node whose step has not been found yet. */
  unresolved?: Slot[];
};

export type Path = Common & { type: "path"; steps: Node[]; keepSingleton?: boolean };
export type Call = Common & { type: "call"; procedure: Node; args: Node[] };
export type Lambda = Common & { type: "lambda"; parameters: string[]; body: Node; signature: Signature | undefined };

export type Node =
  | Path
  | Call
  | Lambda
  | (Common & { type: "literal"; value: null | boolean | number | string })
  | (Common & { type: "name"; value: string })
  | (Common & { type: "variable"; name: string })
  | (Common & { type: "wildcard" | "descendant" | "placeholder" | "end" })
  | (Common & { type: "parent"; slot: Slot })
  | (Common & { type: "regex"; regex: LinearRegex })
  | (Common & { type: "binary"; operator: string; left: Node; right: Node })
  | (Common & { type: "negation"; operand: Node })
  | (Common & { type: "array"; items: Node[] })
  | (Common & { type: "object"; pairs: Pair[] })
  | (Common & { type: "block"; parts: Node[] })
  | (Common & { type: "bind"; name: string; value: Node })
  | (Common & { type: "condition"; condition: Node; yes: Node; no: Node | undefined })
  /** `a ?: b` (a if it is truthy) and `a ?? b` (a if it is not nothing). */
  | (Common & { type: "default"; truthy: boolean; value: Node; otherwise: Node })
  | (Common & { type: "partial"; procedure: Node; args: Node[] })
  | (Common & { type: "apply"; left: Node; right: Node })
  | (Common & { type: "sort"; terms: SortTerm[] })
  | (Common & { type: "transform"; pattern: Node; update: Node; removal: Node | undefined });
