/** Runs the `examples/` as their README says. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { helpText } from "../../src/cli-help.ts";
import { createBusbar } from "../../src/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const says: Readonly<Record<string, string>> = {
  "order-api.mjs": '{"order":"17","status":"packed"}',
  "order-chat.mjs": "packed, then taken",
  "order-http-api.mjs": '{"order":"17","status":"packed"}',
  "order-openapi.mjs": '{"order":"17","status":"packed"}',
  "order-flow.mjs": '{"shipped":"order-250"}',
  "dead-letters.mjs": "The topic has no confirmed subscription.",
};

it("every example is tested here", () => {
  expect(readdirSync(`${root}/examples`).filter((name) => name.endsWith(".mjs"))).toEqual(Object.keys(says).sort());
});

it.each(Object.entries(says))("%s says %s", async (name, line) => {
  const { stdout } = await promisify(execFile)(process.execPath, [`examples/${name}`], { cwd: root });
  expect(stdout.trim()).toBe(line);
});

it("the pytest example passes, if pytest and boto3 are installed", async () => {
  const installed = await promisify(execFile)("python3", ["-c", "import pytest, boto3"]).then(
    () => true,
    () => false,
  );
  if (!installed) return console.log("pytest or boto3 is not installed: not run");
  const bus = await createBusbar();
  try {
    const args = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/pytest"];
    const env = { ...process.env, AWS_ENDPOINT_URL: bus.endpoint, PYTHONDONTWRITEBYTECODE: "1" };
    expect((await promisify(execFile)("python3", args, { cwd: root, env })).stdout).toContain("2 passed");
  } finally {
    await bus.close();
  }
});

it("the workflow and the compose file match Busbar's command and image", () => {
  const read = (file: string) => parse(readFileSync(`${root}/${file}`, "utf8")) as unknown;
  const { jobs } = read("examples/github-actions.yml") as { jobs: { test: { steps: { run?: string }[] } } };
  expect(jobs.test.steps.map(({ run }) => run)).toContain("npx busbar &");
  const { services } = read("docker/compose.yml") as {
    services: Record<"app" | "busbar", { volumes: string[]; depends_on: object; environment: Record<string, string> }>;
  };
  expect(services.app.depends_on).toEqual({ busbar: { condition: "service_healthy" } });
  for (const volume of [...services.busbar.volumes, ...services.app.volumes].filter((one) => one.startsWith("./"))) {
    expect(existsSync(`${root}/docker/${volume.split(":")[0]}`)).toBe(true);
  }
  for (const name of Object.keys(services.busbar.environment)) expect(helpText).toContain(name);
});
