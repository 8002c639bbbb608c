import { expect, it } from "vitest";
import { OptionError, readOptions } from "../../src/cli-options.ts";
import { defaultMaxMemory } from "../../src/engine/memory.ts";

const maxMemory = (...args: string[]) => readOptions(args, {}).maxMemory;

it("--max-memory takes sizes, and otherwise what there is", () => {
  expect(maxMemory()).toBe(defaultMaxMemory());
  expect(maxMemory("--max-memory", "512m")).toBe(512 * 1024 ** 2);
  expect(maxMemory("--max-memory", "4G")).toBe(4 * 1024 ** 3);
  expect(maxMemory("--max-memory", "100000000")).toBe(100_000_000);
  for (const wrong of ["lots", "1m", "-1g", "1.5g", "4gb", "0"]) {
    expect(() => maxMemory(`--max-memory=${wrong}`), wrong).toThrow(OptionError);
  }
});
