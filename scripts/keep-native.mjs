/**
 * Copies what the bundle needs at run time into a folder: `dist/`, the health check, and the package the bundle
 * leaves outside (LMDB is native) with its dependencies. Usage: node scripts/keep-native.mjs <folder>
 */
import { access, cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const target = process.argv[2];
if (!target) throw new Error("usage: node scripts/keep-native.mjs <folder>");
await mkdir(target, { recursive: true });
for (const name of ["dist", "docker", "package.json", "LICENSE"])
  await cp(name, join(target, name), { recursive: true });

const kept = new Set();

/** Copies a package with what it depends on; optional dependencies for other platforms are not there to be copied. */
async function keep(name) {
  if (kept.has(name)) return;
  kept.add(name);
  const from = join("node_modules", name);
  if (!(await exists(join(from, "package.json")))) return;
  await cp(from, join(target, from), { recursive: true });
  for (const dependency of await dependenciesOf(from)) await keep(dependency);
}

/** The names a package and the packages nested in it ask for. */
async function dependenciesOf(folder) {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  const nested = join(folder, "node_modules");
  if (!(await exists(nested))) return names;
  for (const entry of await readdir(nested, { recursive: true, withFileTypes: true })) {
    if (entry.name === "package.json") names.push(...(await dependenciesOf(entry.parentPath)));
  }
  return names;
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

await keep("lmdb");
console.log(`${(await readdir(join(target, "node_modules"))).length} packages kept beside the bundle`);
