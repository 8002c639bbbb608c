/** Texts in which only `$context.x` and `$stageVariables.x` are replaced: gateway responses and access logs. */
import { textOf } from "../../../../protocols/unknown-json.ts";
import type { Texts } from "../definitions.ts";

type Piece = string | { readonly of: "context" | "stageVariables"; readonly path: readonly string[] };

const reference = /\$(?:\{(context|stageVariables)((?:\.[\w-]+)+)\}|(context|stageVariables)((?:\.[A-Za-z_][\w-]*)+))/g;

export class PlainText {
  readonly #pieces: readonly Piece[];

  constructor(text: string) {
    const pieces: Piece[] = [];
    let end = 0;
    for (const match of text.matchAll(reference)) {
      if (match.index > end) pieces.push(text.slice(end, match.index));
      const path = (match[2] ?? match[4] ?? "").slice(1).split(".");
      pieces.push({ of: (match[1] ?? match[3]) as "context" | "stageVariables", path });
      end = match.index + match[0].length;
    }
    if (end < text.length) pieces.push(text.slice(end));
    this.#pieces = pieces;
  }

  /** @param missing written for a variable without a value. */
  fill(context: object, stageVariables: Texts, missing: string): string {
    let text = "";
    for (const piece of this.#pieces) {
      if (typeof piece === "string") text += piece;
      else text += textAt(piece.of === "context" ? context : stageVariables, piece.path) ?? missing;
    }
    return text;
  }
}

/** The value at a path, as text; undefined for nothing and for an object. */
export function textAt(root: object, path: readonly string[]): string | undefined {
  let value: unknown = root;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value === undefined || value === null || typeof value === "object" ? undefined : textOf(value);
}
