/** The other versions of Node that we support: the tests that touch the platform pass there too. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
/** Files, sockets, processes, streams and the built package. */
const tests = [
  "test/unit/functions",
  "test/unit/lambda/zips.test.ts",
  "test/unit/outside",
  "test/unit/server",
  "test/unit/stepfunctions/object-files.test.ts",
  "test/e2e/package.test.ts",
];

it.each([22, 24])("Node %d passes the tests that touch the platform", { timeout: 600_000 }, (major) => {
  // The inner run would use this run's variables.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TINYPOOL|NODE_ENV)/.test(name)),
  );
  const script = join(root, "scripts/try-nodes.mjs");
  const { status, stdout, stderr } = spawnSync("node", [script, "--node", String(major), ...tests], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  if (stderr.includes(`Node ${major} cannot be installed`)) {
    console.log(`There is no registry to install Node ${major} from: not tried`);
    return;
  }
  expect(status, stdout + stderr).toBe(0);
});
