/** Tells whether files of a directory have changed, for code that is run as it lies there. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { statsOf } from "../../engine/file-stats.ts";

/** Files that are looked at; packages are taken to stay as they are. */
const mostFiles = 5000;

/** A text that changes with the names, sizes and times of the files in a directory. */
export function filesSignature(directory: string): string {
  const parts: string[] = [];
  const folders = [directory];
  for (let folder = folders.pop(); folder !== undefined && parts.length < mostFiles; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && entry.name !== "__pycache__" && !entry.name.startsWith(".")) {
          folders.push(path);
        }
        continue;
      }
      const stats = statsOf(path);
      if (stats !== undefined) parts.push(`${path} ${stats.size} ${stats.mtimeMs}`);
      if (parts.length >= mostFiles) break;
    }
  }
  return parts.sort().join("\n");
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // It has gone since it was seen.
    return [];
  }
}
