/** Bundles a program of the tests (`simulation` or `chaos`) and runs it with the arguments given; see docs/CONTRIBUTING.md. */
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [program] = process.argv.splice(2, 1);
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
// Inside the project, so that its packages are found.
const folder = await mkdtemp(join(root, "node_modules/.program-"));
try {
  const outfile = join(folder, "main.mjs");
  await build({
    absWorkingDir: root,
    entryPoints: [`test/${program}/main.ts`],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
  });
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true, force: true });
}
