/**
 * Copies what the bundle needs at run time into a folder: `dist/`, the health check, and LMDB with its own
 * dependencies and JSONata, the only packages the bundle leaves outside. Usage: node scripts/keep-native.mjs <folder>
 */
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const target = process.argv[2];
if (!target) throw new Error("usage: node scripts/keep-native.mjs <folder>");
await mkdir(target, { recursive: true });
for (const name of ["dist", "docker", "package.json", "LICENSE"])
  await cp(name, join(target, name), { recursive: true });

const kept = new Set();
async function keep(name) {
  if (kept.has(name)) return;
  kept.add(name);
  const from = join("node_modules", name);
  const manifest = await readFile(join(from, "package.json"), "utf8").catch(() => undefined);
  // Optional dependencies for other platforms are not there.
  if (manifest === undefined) return;
  await cp(from, join(target, from), { recursive: true });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(manifest);
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) await keep(dependency);
}
await keep("lmdb");
// Step Functions reads its source, to run it in a realm of its own.
await keep("jsonata");
console.log(`${(await readdir(join(target, "node_modules"))).length} packages kept beside the bundle`);
