/**
 * The other form in which AWS tells violations of its model: EventBridge Pipes asks a JSON schema checker (the Java
 * library json-schema-validator), in whose words each member is named by its path.
 */
import { compilePattern } from "./pattern.ts";
import { kindOf, type Shape } from "./schema.ts";
import { numberOf, textOf } from "./unknown-json.ts";
import type { Constraints, MemberFacts } from "./validate.ts";

/** What is wrong with one member, which is named as the model does: `SourceParameters.SqsQueueParameters.BatchSize`. */
export interface MemberFault {
  readonly name: string;
  readonly messages: readonly string[];
}

/** The members of an input that break what the model says of them, in the model's order. */
export function schemaFaults(input: Readonly<Record<string, unknown>>, shape: Shape, constraints: Constraints) {
  const faults: MemberFault[] = [];
  checkStruct(input, shape, "", { constraints, faults });
  return faults;
}

interface Checking {
  readonly constraints: Constraints;
  readonly faults: MemberFault[];
}

function checkStruct(fields: Readonly<Record<string, unknown>>, shape: Shape, path: string, checking: Checking): void {
  const table = checking.constraints.shapes?.[shape.getName() ?? ""] ?? {};
  const shapes = new Map(shape.structIterator());
  for (const [member, facts] of Object.entries(table)) {
    const memberShape = shapes.get(member);
    if (memberShape === undefined) continue;
    const name = path === "" ? member : `${path}.${member}`;
    const value = fields[member];
    if (value !== undefined && value !== null) check(value, memberShape, facts, name, checking);
    else if (facts.required) {
      checking.faults.push({ name, messages: [`object has missing required properties (["${member}"])`] });
    }
  }
}

function check(value: unknown, shape: Shape, facts: MemberFacts, name: string, checking: Checking): void {
  const kind = kindOf(shape);
  if (kind === "struct") {
    checkStruct(value as Readonly<Record<string, unknown>>, shape, name, checking);
    return;
  }
  const messages =
    kind === "list" || kind === "map"
      ? sizeMessages(value as object, facts)
      : kind === "number"
        ? rangeMessages(numberOf(value), facts)
        : textMessages(textOf(value), facts);
  if (messages.length > 0) checking.faults.push({ name, messages });
  if (kind !== "list" && kind !== "map") return;
  for (const [key, item] of Object.entries(value as object) as [string, unknown][]) {
    if (kind === "map" && facts.key) check(key, shape.getKeySchema(), facts.key, name, checking);
    if (item !== null) check(item, shape.getValueSchema(), facts.item ?? {}, `${name}.${key}`, checking);
  }
}

function rangeMessages(value: number, { min, max }: MemberFacts): string[] {
  const messages: string[] = [];
  if (min !== undefined && value < min) {
    messages.push(`numeric instance is lower than the required minimum (minimum: ${min}, found: ${value})`);
  }
  if (max !== undefined && value > max) {
    messages.push(`numeric instance is greater than the required maximum (maximum: ${max}, found: ${value})`);
  }
  return messages;
}

function textMessages(value: string, { min, max, pattern, enum: values }: MemberFacts): string[] {
  const messages: string[] = [];
  if (min !== undefined && value.length < min) {
    messages.push(`string "${value}" is too short (length: ${value.length}, required minimum: ${min})`);
  }
  if (max !== undefined && value.length > max) {
    messages.push(`string "${value}" is too long (length: ${value.length}, maximum allowed: ${max})`);
  }
  if (pattern !== undefined && !compilePattern(pattern)(value)) {
    messages.push(`ECMA 262 regex "${pattern}" does not match input string "${value}"`);
  }
  if (values !== undefined && !values.includes(value)) {
    messages.push(`instance value ("${value}") not found in enum (possible values: ${JSON.stringify(values)})`);
  }
  return messages;
}

function sizeMessages(value: object, { min, max }: MemberFacts): string[] {
  const size = Object.keys(value).length;
  const [what, parts] = Array.isArray(value) ? ["array", "elements"] : ["object", "properties"];
  const messages: string[] = [];
  if (max !== undefined && size > max) {
    messages.push(`${what} is too long: must have at most ${max} ${parts} but instance has ${size} ${parts}`);
  }
  if (min !== undefined && size < min) {
    messages.push(`${what} is too short: must have at least ${min} ${parts} but instance has ${size} ${parts}`);
  }
  return messages;
}
