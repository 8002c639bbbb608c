import { type Stats, statSync } from "node:fs";

/** What a path leads to; undefined when that is nothing, or a ring of links, for which Node 22 and later throw. */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
