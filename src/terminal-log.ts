/** The log as people read it on a terminal: a line of pino's JSON becomes one that is read at a glance. */
import { styleText } from "node:util";
import { isObject, jsonObject, numberOf, textOf } from "../protocols/unknown-json.ts";

/** pino's levels from which on a line is called so. */
const levels = [
  [50, "error", "red"],
  [40, "warn", "yellow"],
  [30, "info", "green"],
  [0, "debug", "blue"],
] as const;

/** What pino adds to each line, and what stands before the fields. */
const known = new Set(["level", "time", "pid", "hostname", "msg", "err"]);

/** @param json one line of pino's, with the newline or without. */
export function terminalLine(json: string): string {
  const line = jsonObject(json);
  if (line === undefined) return json.trimEnd();
  const { level, time, msg, err, ...fields } = line;
  const at = styleText("dim", new Date(numberOf(time)).toISOString().slice(11, 23));
  if (msg === "request") return `${at} ${requestText(fields)}`;
  const [, name, color] = levels.find(([from]) => numberOf(level) >= from) ?? levels[0];
  const told = Object.entries(fields).filter(([key]) => !known.has(key));
  const more = told.map(([key, value]) => `${styleText("dim", `${key}=`)}${valueText(value)}`);
  const stack = isObject(err) ? `\n${textOf(err["stack"] ?? err["message"])}` : "";
  return `${at} ${[styleText(color, name), textOf(msg ?? ""), ...more].join(" ")}${stack}`;
}

function requestText({ status, service, operation, resource, error, account, region, durationMs }: Fields): string {
  const code = styleText(numberOf(status) < 400 ? "green" : "red", textOf(status));
  const what = [code, ...[service, operation, resource, error].filter(Boolean).map(textOf)];
  return `${what.join(" ")} ${styleText("dim", `(${textOf(account)} ${textOf(region)}, ${numberOf(durationMs).toFixed(1)} ms)`)}`;
}

type Fields = Readonly<Record<string, unknown>>;

function valueText(value: unknown): string {
  const text = textOf(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
