import { isJson } from "../../../protocols/unknown-json.ts";
import { type EventValue, isEventObject, isTooDeep, parseEvent } from "../pattern/index.ts";
import { type CompiledPath, InvalidTransform, parseJsonPath, resolvePath } from "./json-path.ts";
import { fillTemplate, jsonText, minify, type Rendered, splitTemplate, type TemplatePart } from "./template.ts";

const placeholder = /<([A-Za-z0-9_.-]+)>/y;

const reserved = new Set([
  "aws.events.rule-arn",
  "aws.events.rule-name",
  "aws.events.event.ingestion-time",
  "aws.events.event",
  "aws.events.event.json",
]);

/** A compiled InputTransformer. */
export interface InputTransformer {
  readonly paths: ReadonlyMap<string, CompiledPath>;
  readonly parts: readonly TemplatePart[];
  /** `json` for a template that begins with a brace, `lines` for one that begins with a quote, `text` for any other. */
  readonly form: "json" | "lines" | "text";
}

/** Values of reserved placeholders. */
export interface EventInputContext {
  ruleArn: string;
  ruleName: string;
  /** When the bus received the event, ISO 8601 with milliseconds. */
  ingestionTime: string;
}

/**
 * The payload selected by an InputPath: the JSON text of the value (a string keeps its quotes), or `{}` for null or
 * nothing.
 */
export function applyInputPath(path: CompiledPath, event: EventValue): string {
  const value = resolvePath(path, event);
  return value === undefined || value === null ? "{}" : jsonText(value);
}

/**
 * Compiles a target's InputPath, or a value of its InputPathsMap; the empty InputPath selects nothing.
 * @throws InvalidTransform with AWS's message, which names the target by its id.
 */
export function parseInputPath(path: string, targetId: string): CompiledPath {
  if (!/^\$(?:\.[^.[\]'"*\s()?@$,:]+|\[\d{1,9}\]|\[\*\])*$/.test(path)) {
    throw new InvalidTransform(`InputPath for target ${targetId} is invalid.`);
  }
  return parseJsonPath(path);
}

/**
 * Compiles a target's InputTransformer (EventBridge user guide, "Input transformation"). Throws
 * {@link InvalidTransform} with AWS's text, which names the target by its id.
 */
export function parseInputTransformer(
  inputPathsMap: Readonly<Record<string, string>> | undefined,
  inputTemplate: string,
  targetId: string,
): InputTransformer {
  const paths = new Map<string, CompiledPath>();
  for (const [name, path] of Object.entries(inputPathsMap ?? {})) {
    if (/^aws/i.test(name)) {
      throw new InvalidTransform(`InputPathsMap for target ${targetId} contains reserved name ${name}.`);
    }
    paths.set(name, parseInputPath(path, targetId));
  }
  const parts = splitTemplate(inputTemplate, placeholder);
  const first = inputTemplate.trimStart()[0];
  const form = first === "{" ? "json" : first === '"' ? "lines" : "text";
  for (const part of parts) {
    if (typeof part === "string") continue;
    if (part.name === "aws.events.event.json" && form !== "json") {
      throw new InvalidTransform(
        `InputTemplate for target ${targetId} contains placeholder aws.events.event.json valid only for JSON template.`,
      );
    }
    // Without a map, names of placeholders are not checked.
    if (paths.size === 0 || paths.has(part.name) || reserved.has(part.name)) continue;
    throw new InvalidTransform(`InputTemplate for target ${targetId} contains invalid placeholder ${part.name}.`);
  }
  checkTemplate(parts, form, targetId);
  return { paths, parts, form };
}

/** Stands for a placeholder inside quotes while the template is checked. */
const mark = "\ue000";

/**
 * Whatever the values, the template's own text must be able to become JSON, and a placeholder cannot be a member's
 * name.
 */
function checkTemplate(parts: readonly TemplatePart[], form: InputTransformer["form"], targetId: string): void {
  const sample = fillTemplate(parts, (_, quoted) => (quoted ? mark : "null")) ?? "";
  if (finish(sample, form) === undefined || isTooDeep(sample)) {
    const shown = sample.replaceAll(mark, "null");
    throw new InvalidTransform(
      `Invalid InputTemplate for target ${targetId} : [Source: (String)"${shown}"; line: 1, column: 1].`,
    );
  }
  if (form === "json" && hasMarkedName(parseEvent(sample))) {
    throw new InvalidTransform(`InputTemplate placeholder present as a JSON object key for target ${targetId}.`);
  }
}

function hasMarkedName(value: EventValue): boolean {
  if (!isEventObject(value) && !Array.isArray(value)) return false;
  return Object.entries(value).some(([name, member]) => name.includes(mark) || hasMarkedName(member));
}

/**
 * The payload that a transformer makes of an event (see `parseEvent`). In a JSON template a placeholder outside quotes
 * becomes its JSON value, or `""` if the event has none, and one inside quotes its escaped text. In other templates
 * values are inserted as they are: texts without their quotes, objects and arrays without any quotes. A result that is
 * not JSON is not delivered; an empty text means that there is nothing to deliver.
 */
export function applyInputTransformer(
  transformer: InputTransformer,
  event: EventValue,
  context: EventInputContext,
): Rendered {
  const { paths, parts, form } = transformer;
  const known = new Map<string, string>();
  const filled = fillTemplate(parts, (name, quoted) => {
    const key = `${quoted}${name}`;
    let text = known.get(key);
    if (text === undefined) {
      const path = paths.get(name);
      const stands = path === undefined && !reserved.has(name);
      const value = path === undefined ? reservedValue(name, event, context) : resolvePath(path, event);
      text = stands ? `<${name}>` : form === "json" ? jsonTemplateText(value, quoted) : textTemplateText(value);
      known.set(key, text);
    }
    return text;
  });
  if (filled === undefined) return { problem: "too-large" };
  if (filled === "") return { problem: "nothing" };
  const text = finish(filled, form);
  return text === undefined ? { problem: "invalid-json", broken: filled } : { text };
}

function jsonTemplateText(value: EventValue | undefined, quoted: boolean): string {
  if (value === undefined) return quoted ? "" : '""';
  if (!quoted) return jsonText(value);
  return typeof value === "string" ? JSON.stringify(value).slice(1, -1) : jsonText(value);
}

function textTemplateText(value: EventValue | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  const text = jsonText(value);
  return isEventObject(value) || Array.isArray(value) ? text.replaceAll('"', "") : text;
}

/** The filled template as it is sent: quoted lines one per line, or compact JSON. Undefined if it is not JSON. */
function finish(filled: string, form: InputTransformer["form"]): string | undefined {
  if (form !== "lines") return isJson(filled) ? minify(filled) : undefined;
  const lines = filled
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.every(isJson) ? lines.join("\n") : undefined;
}

function reservedValue(name: string, event: EventValue, context: EventInputContext): EventValue | undefined {
  switch (name) {
    case "aws.events.rule-arn":
      return context.ruleArn;
    case "aws.events.rule-name":
      return context.ruleName;
    case "aws.events.event.ingestion-time":
      return context.ingestionTime;
    case "aws.events.event.json":
      return event;
    default:
      return withoutDetail(event);
  }
}

/** `<aws.events.event>`: the event's envelope under camel-case names, its time in epoch milliseconds. */
function withoutDetail(event: EventValue): EventValue | undefined {
  if (!isEventObject(event)) return undefined;
  const names = ["id", "account", "detail-type", "time", "source", "region", "resources", "version"];
  const envelope: { [name: string]: EventValue } = {};
  for (const name of names) {
    const value = event[name];
    if (value === undefined) continue;
    if (name === "time" && typeof value === "string") envelope[name] = Date.parse(value);
    else envelope[name === "detail-type" ? "detailType" : name] = value;
  }
  return envelope;
}
