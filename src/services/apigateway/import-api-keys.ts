/** ImportApiKeys: keys from a CSV file with a header row (API Gateway developer guide: API key file format). */
import { ImportApiKeys$, type ImportApiKeysCommand } from "@aws-sdk/client-api-gateway";
import { AwsError } from "../../../protocols/error.ts";
import { newApiKey } from "./api-keys.ts";
import { operation } from "./apigateway.ts";
import { bodyText } from "./body.ts";
import { badRequest } from "./errors.ts";
import { addPlanKey, planOf } from "./usage-plan-keys.ts";

const maxRows = 10_000;

export const importApiKeys = operation<ImportApiKeysCommand>(ImportApiKeys$, (input, context) => {
  const { service } = context;
  const [header = [], ...rows] = csvRows(bodyText(input.body));
  const columns = header.map((name) => name.trim().toLowerCase());
  const valueColumn = columns.findIndex((name) => name === "key" || name === "apikey");
  if (valueColumn < 0 || !columns.includes("name")) {
    throw badRequest("Invalid API key file: the header row must have the columns Name and Key");
  }
  if (rows.length > maxRows) throw badRequest(`A file may have at most ${maxRows} API keys`);
  const ids: string[] = [];
  const warnings: string[] = [];
  for (const [at, row] of rows.entries()) {
    const cell = (name: string) => row[columns.indexOf(name)]?.trim();
    const plans = columns
      .flatMap((name, column) => (name === "usageplanids" ? (row[column] ?? "").split(",") : []))
      .map((id) => id.trim())
      .filter((id) => id !== "");
    try {
      const key = newApiKey(context, {
        name: cell("name"),
        value: row[valueColumn]?.trim(),
        description: cell("description"),
        enabled: (cell("enabled") ?? "true").toLowerCase() !== "false",
        tags: {},
      });
      ids.push(key.id);
      for (const id of plans) addPlanKey(service, planOf(service, context, id), key);
    } catch (error) {
      if (!(error instanceof AwsError) || input.failOnWarnings) throw error;
      warnings.push(`Row ${at + 2}: ${error.message}`);
    }
  }
  return { ids, warnings };
});

/** Rows of cells; quoted cells may contain commas, line breaks and doubled quotes. Empty lines are skipped. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /\s*"((?:[^"]|"")*)"[^,\r\n]*|([^,\r\n]*)/y;
  let at = 0;
  while (at <= text.length) {
    cell.lastIndex = at;
    const match = cell.exec(text);
    row.push(match?.[1]?.replace(/""/g, '"') ?? match?.[2] ?? "");
    at = cell.lastIndex;
    const end = text[at];
    at += end === "\r" && text[at + 1] === "\n" ? 2 : 1;
    if (end === ",") continue;
    if (row.some((each) => each.trim() !== "")) rows.push(row);
    row = [];
  }
  return rows;
}
