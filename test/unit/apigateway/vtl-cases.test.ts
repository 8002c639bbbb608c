/** Renders every case of the file; each gives its text exactly. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readJson } from "../../../src/apis/vtl/json-reader.ts";
import { MappingTemplate, Overrides } from "../../../src/apis/vtl/template.ts";
import { jsonText, type VtlMap } from "../../../src/apis/vtl/values.ts";

interface Case {
  readonly name: string;
  readonly template: string;
  readonly input?: unknown;
  readonly params?: Partial<Record<"path" | "querystring" | "header", Record<string, string>>>;
  readonly context?: object;
  readonly stageVariables?: Record<string, string>;
  readonly expect: string;
}

const cases = readFileSync(new URL("../../cases/vtl-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => ({ ...(JSON.parse(line) as Case), body: bodyOf(line) }));

/** The text of the case's input with its numbers as they stand there. */
function bodyOf(line: string): string {
  const input = (readJson(line) as VtlMap).entries.get("input");
  return input === undefined ? "" : typeof input === "string" ? input : jsonText(input);
}

describe("mapping templates", () => {
  it("are as many as the file should have", () => {
    expect(cases.length).toBe(237);
  });

  it.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
    const rendered = new MappingTemplate(one.template).render({
      body: one.body,
      params: { path: {}, querystring: {}, header: {}, ...one.params },
      context: one.context ?? {},
      stageVariables: one.stageVariables ?? {},
      overrides: new Overrides(),
    });
    expect(rendered).toBe(one.expect);
  });
});
