/** Detects changed files in a directory, for code that is run from where it is. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { statsOf } from "../../engine/file-stats.ts";

/** How many files are checked; installed packages are assumed not to change. */
const maxFiles = 5000;

/** A text that changes with the names, sizes and times of the files in a directory. */
export function filesSignature(directory: string): string {
  const parts: string[] = [];
  const folders = [directory];
  for (let folder = folders.pop(); folder !== undefined && parts.length < maxFiles; folder = folders.pop()) {
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
      if (parts.length >= maxFiles) break;
    }
  }
  return parts.sort().join("\n");
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // It was deleted after it was listed.
    return [];
  }
}
