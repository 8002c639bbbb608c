/**
 * JSONata's own test data, which is not part of the project: it lies in `shared/jsonata-suite` beside a folder around the
 * project, or where `JSONATA_SUITE` says.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Json } from "../../src/services/stepfunctions/asl/json.ts";

export type SuiteCase = {
  id: string;
  expr: string;
  data?: Json;
  /** The name of the input among the data sets; null for none. */
  dataset?: string | null;
  bindings?: Record<string, Json>;
  result?: Json;
  undefinedResult?: boolean;
  code?: string;
  error?: { code: string };
  token?: string;
  timelimit?: number;
  depth?: number;
  unordered?: boolean;
};

/** The folder of the data, or undefined where there is none. */
export function suiteFolder(): string | undefined {
  const given = process.env["JSONATA_SUITE"];
  if (given !== undefined) return given;
  for (let folder = resolve(import.meta.dirname, "../.."); folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "shared", "jsonata-suite");
    if (existsSync(join(candidate, "cases.jsonl"))) return candidate;
  }
  return undefined;
}

export function suiteCases(folder: string): SuiteCase[] {
  const lines = readFileSync(join(folder, "cases.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as SuiteCase);
}

export function suiteData(folder: string): Record<string, Json> {
  return JSON.parse(readFileSync(join(folder, "datasets.json"), "utf8")) as Record<string, Json>;
}
