/**
 * Installs the packed package into empty projects, as users do, and tries it there: npx, TypeScript from 5.0 on with each way
 * to resolve modules and without skipLibCheck, node:test, Jest and ts-jest without flags, and Vitest with fake timers. Needs a registry.
 *
 *     npm run try-package
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "busbar-try-"));
let failures = 0;

function run(directory, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: directory, encoding: "utf8" });
  return { ok: status === 0, said: `${stdout}${stderr}` };
}

function check(what, { ok, said }, hold = () => true) {
  const good = ok && hold(said);
  if (!good) failures += 1;
  console.log(`${good ? "ok  " : "FAIL"} ${what}`);
  if (!good) console.log(said);
}

/** An empty project with these packages and files. */
function project(name, packages, files) {
  const directory = join(scratch, name);
  for (const [file, text] of Object.entries({ "package.json": "{}", ...files })) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  const installed = run(directory, "npm", "install", "--no-audit", "--no-fund", ...packages);
  check(`${name}: npm install warns of no engine`, installed, (said) => !/EBADENGINE/.test(said));
  return directory;
}

const packed = run(root, "npm", "pack", "--json", "--pack-destination", scratch, "--foreground-scripts=false");
const tarball = join(
  scratch,
  JSON.parse(packed.said.slice(packed.said.indexOf("["), packed.said.lastIndexOf("]") + 1))[0].filename,
);

const typed = `import { createBusbar, type Busbar } from "busbar";
export async function start(): Promise<Busbar> {
  const bus = await createBusbar({ port: false });
  bus.registerFunction("worker", async (event) => event);
  return bus;
}
`;
const test = `
test("a message comes when its time has come", async () => {
  const bus = await createBusbar({ clock: "virtual", resources: { queues: [{ QueueName: "q" }] } });
  const body = JSON.stringify({ QueueUrl: bus.endpoint + "/000000000000/q", MessageBody: "hi", DelaySeconds: 60 });
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" };
  await fetch(bus.endpoint, { method: "POST", headers, body });
  expect(bus.sqs.messages("q")[0].state).toBe("delayed");
  await bus.clock.advance("1m");
  expect(bus.sqs.messages("q")[0].state).toBe("visible");
  await bus.close();
});
`;

try {
  const plain = project("plain", [tarball], {});
  check("npx busbar", run(plain, "npx", "busbar", "--version"), (said) => /^\d+\.\d+\.\d+$/m.test(said));

  for (const version of ["5.0", "5.9"]) {
    const typescript = project(`typescript-${version}`, [tarball, `typescript@${version}`], { "use.ts": typed });
    const options = ["--noEmit", "--strict", "--target", "es2020"];
    for (const [module, resolution] of [
      ["commonjs", "node"],
      ["node16", "node16"],
      ["esnext", "bundler"],
    ]) {
      const args = [...options, "--module", module, "--moduleResolution", resolution, "use.ts"];
      check(`TypeScript ${version}, moduleResolution ${resolution}`, run(typescript, "npx", "tsc", ...args));
    }
  }

  const body = test.replace(/expect\((.*)\)\.toBe\((.*)\)/g, "assert.equal($1, $2)");
  const nodeTest = project("node-test", [tarball], {
    "own.test.mjs": `import assert from "node:assert/strict";\nimport test from "node:test";\nimport { createBusbar } from "busbar";${body}`,
  });
  check("node:test", run(nodeTest, process.execPath, "--test"), (said) => /^# pass 1$/m.test(said));

  const jest = project("jest", [tarball, "jest@29", "ts-jest@29", "typescript@5.9", "@types/jest@29"], {
    "plain.test.js": `const { createBusbar } = require("busbar");${test}`,
    "typed.test.ts": `import { createBusbar } from "busbar";${test}`,
    "tsconfig.json": JSON.stringify({
      compilerOptions: { module: "commonjs", moduleResolution: "node", strict: true, target: "es2022" },
    }),
    "jest.config.js": `module.exports = { transform: { "\\\\.ts$": "ts-jest" } };`,
  });
  check("Jest and ts-jest", run(jest, "npx", "jest"));

  const vitest = project("vitest", [tarball, "vitest"], {
    "fake.test.mjs": `import { expect, test, vi } from "vitest";\nimport { createBusbar } from "busbar";\nvi.useFakeTimers();${test}`,
  });
  check("Vitest with fake timers", run(vitest, "npx", "vitest", "run"));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(failures === 0 ? "All is well." : `${failures} failed.`);
process.exitCode = failures === 0 ? 0 : 1;
