/** The coverage tables in the documents say what the code does. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("has its tables written from the code", () => {
  const script = join(import.meta.dirname, "../../scripts/coverage.mjs");
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});
