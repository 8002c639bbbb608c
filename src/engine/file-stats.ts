import { type Stats, statSync } from "node:fs";

/**
 * The stats of what a path leads to; undefined when it leads nowhere or to a cycle of links, for which Node 22 and
 * later throw.
 */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
