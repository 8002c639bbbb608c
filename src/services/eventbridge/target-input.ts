/** What a target gets of an event. */
import type { HttpParameters, Target } from "@aws-sdk/client-eventbridge";
import {
  applyInputPath,
  applyInputTransformer,
  type CompiledPath,
  type InputTransformer,
  InvalidTransform,
  jsonText,
  parseInputPath,
  parseInputTransformer,
  parseJsonPath,
  type Rendered,
  resolvePath,
} from "../../events/input-transform/index.ts";
import type { EventValue } from "../../events/pattern/index.ts";
import type { BusEvent } from "./event.ts";
import type { RuleRow } from "./tables.ts";

/** The compiled input of a target. */
type CompiledInput =
  | { readonly kind: "event" }
  | { readonly kind: "constant"; readonly text: string }
  | { readonly kind: "path"; readonly path: CompiledPath }
  | { readonly kind: "transformer"; readonly transformer: InputTransformer };

const compiledInputs = new WeakMap<Target, CompiledInput>();
const compiledPaths = new Map<string, CompiledPath>();

/** @throws InvalidTransform */
export function compileInput(target: Target): CompiledInput {
  const { Input: constant, InputPath: path, InputTransformer: transformer, Id: id } = target;
  if (constant !== undefined) return { kind: "constant", text: constant };
  if (path === "") return { kind: "constant", text: "{}" };
  if (path !== undefined) return { kind: "path", path: parseInputPath(path, id as string) };
  if (transformer === undefined) return { kind: "event" };
  const { InputPathsMap: paths, InputTemplate: template } = transformer;
  return { kind: "transformer", transformer: parseInputTransformer(paths, template as string, id as string) };
}

/** The payload of one delivery, or why there is none. */
export function inputOf(target: Target, rule: RuleRow, event: BusEvent, nowMs: number): Rendered {
  let input = compiledInputs.get(target);
  if (input === undefined) {
    input = compileInput(target);
    compiledInputs.set(target, input);
  }
  switch (input.kind) {
    case "event":
      return { text: event.text };
    case "constant":
      return input.text === "" ? { problem: "nothing" } : { text: input.text };
    case "path":
      return { text: applyInputPath(input.path, event.value as EventValue) };
    case "transformer":
      return applyInputTransformer(input.transformer, event.value as EventValue, {
        ruleArn: rule.arn,
        ruleName: rule.name,
        ingestionTime: new Date(nowMs).toISOString(),
      });
  }
}

/** @throws InvalidTransform */
export function compilePartitionKey(path: string): CompiledPath {
  return parseJsonPath(path);
}

/**
 * The partition key: the JSON text of the value at the path, with the quotes of a text, and `{}` for null and for
 * nothing; without a path a new key for each delivery.
 */
export function partitionKeyOf(target: Target, event: BusEvent, newId: () => string): string {
  const path = target.KinesisParameters?.PartitionKeyPath;
  if (path === undefined) return `${event.id}_${newId()}`;
  const compiled = pathOf(path);
  // Kinesis accepts keys of up to 256 characters.
  return compiled === undefined ? "{}" : applyInputPath(compiled, event.value as EventValue).slice(0, 256);
}

/**
 * HTTP parameters for one event. A value that is entirely a JSON path is replaced by the event's value (EventBridge
 * user guide, "Dynamic path parameters"); keys are used as they are.
 */
export function httpParametersOf(parameters: HttpParameters | undefined, event: BusEvent) {
  const filled = (values: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, dynamic(value, event)]));
  return {
    path: (parameters?.PathParameterValues ?? []).map((value) => dynamic(value, event)),
    headers: filled(parameters?.HeaderParameters),
    query: filled(parameters?.QueryStringParameters),
  };
}

/** The event's value if the text is a JSON path, else the text. */
export function dynamic(text: string, event: BusEvent): string {
  return text.startsWith("$.") ? (valueAt(text, event) ?? "") : text;
}

function valueAt(path: string, event: BusEvent): string | undefined {
  const compiled = pathOf(path);
  const value = compiled && resolvePath(compiled, event.value as EventValue);
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : jsonText(value);
}

function pathOf(text: string): CompiledPath | undefined {
  let path = compiledPaths.get(text);
  if (path !== undefined) return path;
  try {
    path = parseJsonPath(text);
  } catch (error) {
    if (error instanceof InvalidTransform) return undefined;
    throw error;
  }
  // Paths come from clients; the bound keeps invented ones from filling memory.
  if (compiledPaths.size >= 1000) compiledPaths.clear();
  compiledPaths.set(text, path);
  return path;
}
