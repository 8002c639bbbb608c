/**
 * The package as npm would publish it, in an empty project without a registry. `npm run try-package` tests the rest.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "busbar-package-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", project, "--foreground-scripts=false"], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("["))) as [{ filename: string }];
  const installed = join(project, "node_modules/busbar");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", join(project, filename), "-C", installed, "--strip-components=1"]);
  await writeFile(join(project, "package.json"), "{}");
}, 300_000);
afterAll(() => rm(project, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(project, name), text);
  return join(project, name);
}

const use = `const bus = await createBusbar({ clock: "virtual", resources: { queues: [{ QueueName: "q" }] } });
const statusOf = async (path) => (await fetch(bus.endpoint + path)).status;
console.log(bus.sqs.messages("q").length, await statusOf("/_busbar/health"));
for (const path of ["/2015-03-31/functions", "/restapis", "/v2/apis", "/v1/pipes"]) console.log(await statusOf(path));
await bus.close();`;

it("has no dependencies", async () => {
  const manifest = JSON.parse(await readFile(join(project, "node_modules/busbar/package.json"), "utf8")) as object;
  expect(manifest).not.toHaveProperty("dependencies");
  expect(manifest).toMatchObject({ main: "./dist/index.cjs", types: "./dist/index.d.ts" });
});

it("can be imported", async () => {
  const { stdout, stderr } = await run(process.execPath, [
    await file("esm.mjs", `import { createBusbar } from "busbar";\n${use}`),
  ]);
  expect([stdout, stderr]).toEqual(["0 200\n200\n200\n200\n200\n", ""]);
});

it("can be required", async () => {
  const text = `const { createBusbar } = require("busbar");\n(async () => {\n${use}\n})();`;
  const { stdout, stderr } = await run(process.execPath, [await file("cjs.cjs", text)]);
  expect([stdout, stderr]).toEqual(["0 200\n200\n200\n200\n200\n", ""]);
});

it("loads late services at their first requests, or all at the start where modules cannot be required", async () => {
  const dist = join(project, "node_modules/busbar/dist");
  const imported = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    if (imported.has(path)) return;
    const text = await readFile(path, "utf8");
    imported.set(path, text);
    for (const [, target = ""] of text.matchAll(/(?:^|;)(?:import|export)[^;"]*"(\.[^"]+)"/gm)) {
      await visit(join(dirname(path), target));
    }
  };
  await visit(join(dist, "cli.js"));
  const imports = (service: string) =>
    [...imported.values()].some((text) => text.includes(`"com.amazonaws.${service}"`));
  const services = ["sqs", "scheduler", "apigateway", "apigatewaymanagementapi", "apigatewayv2", "lambda", "pipes"];
  expect(services.filter(imports)).toEqual(["sqs", "scheduler"]);
  const esm = await file("late.mjs", `import { createBusbar } from "busbar";\n${use}`);
  const { stdout } = await run(process.execPath, ["--no-experimental-require-module", esm]);
  expect(stdout).toBe("0 200\n200\n200\n200\n200\n");
});

it("reports a late service whose file is damaged, and serves the others", async () => {
  const path = join(project, "node_modules/busbar/dist/parts/lambda.js");
  const whole = await readFile(path, "utf8");
  await writeFile(path, "throw new Error('this file is damaged');");
  try {
    const { stdout, stderr } = await run(process.execPath, [
      await file(
        "damaged.mjs",
        `import { createBusbar } from "busbar";
const bus = await createBusbar();
for (const path of ["/2015-03-31/functions", "/2015-03-31/functions", "/v2/apis"]) {
  const answer = await fetch(bus.endpoint + path);
  console.log(answer.status, await answer.text());
}
await bus.close();`,
      ),
    ]);
    const failed = '500 {"message":"An internal error occurred. It is logged with its stack where Busbar runs."}\n';
    expect(stdout).toBe(`${failed}${failed}200 {"items":[]}\n`);
    expect(stderr).toContain("this file is damaged");
  } finally {
    await writeFile(path, whole);
  }
});

it("has a command", async () => {
  const { stdout } = await run(process.execPath, [join(project, "node_modules/busbar/dist/cli.js"), "--version"]);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it.each([
  ["node16", "typed.mts"],
  ["node16", "typed.cts"],
  ["bundler", "typed.ts"],
])("has types that compile with moduleResolution %s in %s", async (moduleResolution, name) => {
  const text = `import { type Busbar, createBusbar, type Resources } from "busbar";
const resources: Resources = { queues: [{ QueueName: "q" }] };
export async function start(): Promise<string> {
  const bus: Busbar = await createBusbar({ resources });
  bus.registerFunction("worker", async (event) => event);
  // @ts-expect-error there is no such option
  await createBusbar({ porte: 1 });
  return bus.requests()[0]?.requestId ?? bus.endpoint;
}\n`;
  const module = moduleResolution === "bundler" ? "esnext" : "node16";
  const compiler = join(root, "node_modules/.bin/tsc");
  const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022", "--types", "", "--module", module];
  const args = [...options, "--moduleResolution", moduleResolution, await file(name, text)];
  const { stdout } = await run(compiler, args, { cwd: project }).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});
