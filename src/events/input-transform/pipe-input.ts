import { isJson } from "../../../protocols/unknown-json.ts";
import { type EventValue, isEventObject, tryParseEvent } from "../pattern/index.ts";
import { type CompiledPath, InvalidTransform, parseJsonPath, resolvePath } from "./json-path.ts";
import { fillTemplate, jsonText, plainText, splitTemplate, type TemplatePart } from "./template.ts";

const placeholder = /<(\$[^<>]*|aws\.pipes\.[A-Za-z.-]+)>/y;

const contextNames = {
  "aws.pipes.pipe-arn": "pipeArn",
  "aws.pipes.pipe-name": "pipeName",
  "aws.pipes.source-arn": "sourceArn",
  "aws.pipes.enrichment-arn": "enrichmentArn",
  "aws.pipes.target-arn": "targetArn",
  "aws.pipes.event.ingestion-time": "ingestionTime",
} as const;

/** Values of a pipe's reserved placeholders. */
export interface PipeInputContext {
  pipeArn: string;
  pipeName: string;
  sourceArn: string;
  /** Absent in a pipe without enrichment. */
  enrichmentArn?: string | undefined;
  targetArn: string;
  /** When the pipe received the record, ISO 8601. */
  ingestionTime: string;
}

/** A compiled input template of a pipe. */
export interface PipeTemplate {
  readonly parts: readonly TemplatePart[];
  readonly paths: ReadonlyMap<string, CompiledPath>;
}

/** The result of a pipe's template for a record. Targets that accept only JSON must refuse a text that is not JSON. */
export type PipeInput = { text: string; isJson: boolean } | { problem: "too-large" };

/** Compiles a pipe's input template (Pipes user guide, "Input transformation"). Throws {@link InvalidTransform}. */
export function parsePipeTemplate(template: string): PipeTemplate {
  const parts = splitTemplate(template, placeholder);
  const paths = new Map<string, CompiledPath>();
  for (const part of parts) {
    if (typeof part === "string") continue;
    if (part.name.startsWith("$")) paths.set(part.name, parseJsonPath(part.name));
    else if (
      !Object.hasOwn(contextNames, part.name) &&
      part.name !== "aws.pipes.event" &&
      part.name !== "aws.pipes.event.json"
    ) {
      throw new InvalidTransform(`InputTemplate contains invalid placeholder ${part.name}.`);
    }
  }
  return { parts, paths };
}

/**
 * Fills in a template for one record. Quoting is up to the template: strings are inserted without quotes. A path
 * without a value becomes nothing between quotes and `""` as a bare JSON value.
 */
export function applyPipeTemplate(template: PipeTemplate, record: EventValue, context: PipeInputContext): PipeInput {
  const decoded = decodePipeRecord(record);
  const known = new Map<string, EventValue | undefined>();
  const lookUp = (name: string): EventValue | undefined => {
    if (!known.has(name)) {
      const path = template.paths.get(name);
      known.set(name, path === undefined ? reservedValue(name, record, decoded, context) : resolvePath(path, decoded));
    }
    return known.get(name);
  };
  const first = template.parts[0];
  const isDocument = typeof first === "string" && /^\s*[{[]/.test(first);
  const text = fillTemplate(template.parts, (name, quoted) => {
    const value = lookUp(name);
    if (value === undefined) return isDocument && !quoted ? '""' : "";
    return plainText(value);
  });
  return text === undefined ? { problem: "too-large" } : { text, isJson: isJson(text) };
}

function reservedValue(
  name: string,
  record: EventValue,
  decoded: EventValue,
  context: PipeInputContext,
): EventValue | undefined {
  if (name === "aws.pipes.event") return jsonText(record);
  // A source's record whose payload is not JSON has no JSON form.
  if (name === "aws.pipes.event.json") {
    return decoded === record && payloadNames(record).length > 0 ? undefined : jsonText(decoded);
  }
  return context[contextNames[name as keyof typeof contextNames]];
}

/**
 * The record with its payload parsed as JSON: `body` of an SQS record, `data`, `key` and `value` of others (base64). A
 * payload that is not JSON stays as it is; if nothing changes, the same record is returned.
 */
export function decodePipeRecord(record: EventValue): EventValue {
  let decoded = record;
  for (const name of payloadNames(record)) {
    const { eventSource, [name]: payload } = record as { [name: string]: string };
    const text = payload as string;
    const value = tryParseEvent(eventSource === "aws:sqs" ? text : Buffer.from(text, "base64").toString("utf8"));
    if (value !== undefined) decoded = { ...(decoded as object), [name]: value };
  }
  return decoded;
}

/** The members of a source's record that contain a payload as text; none for the answer of an enrichment. */
function payloadNames(record: EventValue): string[] {
  if (!isEventObject(record) || typeof record.eventSource !== "string") return [];
  const names = record.eventSource === "aws:sqs" ? ["body"] : ["data", "key", "value"];
  return names.filter((name) => typeof record[name] === "string");
}
