/** Runs what `examples/` shows, as its README says. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const says: Readonly<Record<string, string>> = {
  "order-api.mjs": '{"order":"17","status":"packed"}',
  "order-chat.mjs": "packed, then taken",
  "order-http-api.mjs": '{"order":"17","status":"packed"}',
  "order-openapi.mjs": '{"order":"17","status":"packed"}',
  "order-flow.mjs": '{"shipped":"order-250"}',
  "dead-letters.mjs": "The topic has no confirmed subscription.",
};

it("each example is known here", () => {
  expect(readdirSync(`${root}/examples`).filter((name) => name.endsWith(".mjs"))).toEqual(Object.keys(says).sort());
});

it.each(Object.entries(says))("%s says %s", async (name, line) => {
  const { stdout } = await promisify(execFile)(process.execPath, [`examples/${name}`], { cwd: root });
  expect(stdout.trim()).toBe(line);
});
