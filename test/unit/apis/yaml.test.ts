/** YAML of documents to import: what the library makes of one, and what is no fault of the document. */
import { describe, expect, it } from "vitest";
import { readYaml, UnreadableYaml } from "../../../src/apis/yaml.ts";
import type { Turns } from "../../../src/engine/turns.ts";

const turns = (rest: () => Promise<void>) => ({ rest }) as Turns;
const restless = turns(() => Promise.resolve());

describe("a YAML document", () => {
  it("is read with its scalars as they are written", async () => {
    const { root, source } = await readYaml("a: &x {n: 010}\nb:\n  <<: *x\n  m: [1.10, yes]\n", restless);
    expect(root).toEqual({ a: { n: 10 }, b: { n: 10, m: [1.1, "yes"] } });
    expect(source(["b", "m", "0"])).toBe("1.10");
  });

  it.each([
    ["an alias of nothing", "a: *nobody"],
    ["a merge of what is no map", "a: &x [1]\nb:\n  <<: *x"],
    ["a list that has no end", "a: [1, 2"],
    ["aliases that multiply", ["a: &a [x]", `b: &b [${"*a,".repeat(20)}]`, `c: [${"*b,".repeat(20)}]`].join("\n")],
    ["what opens too deeply", "[".repeat(5_000)],
  ])("is refused for %s", async (_what, text) => {
    await expect(readYaml(text, restless)).rejects.toThrow(UnreadableYaml);
  });

  it("is not reported as invalid when something else fails", async () => {
    const failing = turns(() => Promise.reject(new Error("the emulator has ended")));
    await expect(readYaml("- a\n".repeat(500), failing)).rejects.toThrow("the emulator has ended");
  });
});
