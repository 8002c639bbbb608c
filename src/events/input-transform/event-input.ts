import { type EventValue, isEventObject } from "../pattern/index.ts";
import { type CompiledPath, InvalidTransform, parseJsonPath, resolvePath } from "./json-path.ts";
import {
  fillTemplate,
  isJson,
  jsonText,
  minify,
  plainText,
  type Rendered,
  splitTemplate,
  type TemplatePart,
} from "./template.ts";

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
  /** The template is one or more quoted lines rather than a JSON document. */
  readonly isText: boolean;
}

/** What reserved placeholders stand for. */
export interface EventInputContext {
  ruleArn: string;
  ruleName: string;
  /** When the bus took the event, ISO 8601. */
  ingestionTime: string;
}

/**
 * The payload an InputPath picks: the JSON text of the value there (a string keeps its quotes), or undefined if the
 * event has none.
 */
export function applyInputPath(path: CompiledPath, event: EventValue): string | undefined {
  const value = resolvePath(path, event);
  return value === undefined ? undefined : jsonText(value);
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
    paths.set(name, parseJsonPath(path));
  }
  const parts = splitTemplate(inputTemplate, placeholder);
  for (const part of parts) {
    if (typeof part === "string" || paths.has(part.name) || reserved.has(part.name)) continue;
    throw new InvalidTransform(`InputTemplate for target ${targetId} contains invalid placeholder ${part.name}.`);
  }
  const isText = inputTemplate.trimStart().startsWith('"');
  // Whatever the values, the template's own text must be able to become JSON.
  const sample = fillTemplate(parts, (_, quoted) => (quoted ? "" : "0")) ?? "";
  if (finish(sample, isText) === undefined) {
    throw new InvalidTransform(`Invalid InputTemplate for target ${targetId}.`);
  }
  return { paths, parts, isText };
}

/**
 * The payload a transformer makes of an event (see `parseEvent`). A placeholder outside quotes becomes its JSON value,
 * an empty string if the event has none; between quotes its text is pasted as it is, so a value that breaks the JSON
 * around it leaves nothing to deliver.
 */
export function applyInputTransformer(
  transformer: InputTransformer,
  event: EventValue,
  context: EventInputContext,
): Rendered {
  const known = new Map<string, EventValue | undefined>();
  const lookUp = (name: string): EventValue | undefined => {
    if (!known.has(name)) {
      const path = transformer.paths.get(name);
      known.set(name, path === undefined ? reservedValue(name, event, context) : resolvePath(path, event));
    }
    return known.get(name);
  };
  const filled = fillTemplate(transformer.parts, (name, quoted) => {
    const value = lookUp(name);
    if (value === undefined) return quoted ? "" : '""';
    return quoted ? plainText(value) : jsonText(value);
  });
  if (filled === undefined) return { problem: "too-large" };
  const text = finish(filled, transformer.isText);
  return text === undefined ? { problem: "invalid-json" } : { text };
}

/** The filled template as it is sent: quoted lines one below the other, or compact JSON. Undefined if it is not JSON. */
function finish(filled: string, isText: boolean): string | undefined {
  if (!isText) return isJson(filled) ? minify(filled) : undefined;
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

/** `<aws.events.event>`: the event's envelope under camel-case names. */
function withoutDetail(event: EventValue): EventValue | undefined {
  if (!isEventObject(event)) return undefined;
  const names = ["id", "account", "detail-type", "time", "source", "region", "resources", "version"];
  const envelope: { [name: string]: EventValue } = {};
  for (const name of names) {
    const value = event[name];
    if (value !== undefined) envelope[name === "detail-type" ? "detailType" : name] = value;
  }
  return envelope;
}
