import type { LinearRegex } from "../../../../regex/linear-regex.ts";
import type { Json } from "../json.ts";

/** One step of a path. After `descend`, the next segment applies to every value below. */
export type Segment =
  | { kind: "name"; name: string; quoted: boolean }
  | { kind: "index"; index: number }
  | { kind: "names"; names: string[] }
  | { kind: "indexes"; indexes: number[] }
  | { kind: "slice"; from: number | undefined; to: number | undefined }
  | { kind: "wildcard" }
  | { kind: "descend" }
  | { kind: "filter"; filter: Filter }
  | { kind: "length" };

/** The test inside `[?( … )]`. */
export type Filter =
  | { kind: "or" | "and"; parts: Filter[] }
  | { kind: "not"; part: Filter }
  | { kind: "exists"; path: FilterPath }
  | { kind: "compare"; operator: "==" | "!=" | "<" | "<=" | ">" | ">="; left: Operand; right: Operand }
  | { kind: "matches"; left: Operand; regex: LinearRegex };

export type FilterPath = { from: "item" | "root"; segments: Segment[] };
export type Operand = { kind: "literal"; value: Json } | { kind: "path"; path: FilterPath };

/** A parsed path: its root (`$`, `$$` or a variable), its segments, and whether it selects at most one value. */
export type Path = {
  text: string;
  root: { kind: "input" } | { kind: "context" } | { kind: "variable"; name: string };
  segments: Segment[];
  definite: boolean;
};

/** Whether the segments select at most one value. */
export function isDefinite(segments: readonly Segment[]): boolean {
  return segments.every((segment) => ["name", "index", "length"].includes(segment.kind));
}

/**
 * Whether the path is a Reference Path: only names and non-negative indexes, so that it identifies a single location.
 */
export function isReferencePath(path: Path): boolean {
  return path.segments.every(
    (segment) =>
      (segment.kind === "name" && (segment.quoted || !/[@,:?*]/.test(segment.name))) ||
      (segment.kind === "index" && segment.index >= 0),
  );
}
