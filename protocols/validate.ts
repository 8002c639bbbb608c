/**
 * AWS's generic model validation: every violation of an input in one ValidationException, worded as AWS words it.
 * It runs after decoding and before anything a service checks itself.
 */

import { Blob64 } from "./blob.ts";
import { AwsError } from "./error.ts";
import { compilePattern } from "./pattern.ts";
import { isScalar, isSensitive, kindOf, type OperationModel, type ServiceModel, type Shape } from "./schema.ts";
import { schemaFaults } from "./schema-check.ts";
import { textOf } from "./unknown-json.ts";

/** Facts about a service's shapes that the SDK schemas lack; see `constraints/`. */
export interface Constraints {
  /** Name of the error a violation is answered with, `ValidationException` unless told. */
  readonly error?: string;
  /** Operations whose violations are told in the words of a JSON schema checker (`schema-check.ts`). */
  readonly schemaChecked?: readonly string[];
  /** Answers are XML of one element a line. */
  readonly indented?: boolean;
  /** Members of a request's body are told with the operation's name before them: `createRestApiInput.name`. */
  readonly inputNamed?: boolean;
  /** Facts by structure name, then by member name, in the order AWS checks and prints the members. */
  readonly shapes?: Readonly<Record<string, Readonly<Record<string, MemberFacts>>>>;
}

/**
 * What AWS's model says of one member; `min` and `max` bound a length or a value, by the member's type. A pattern that
 * stands before them is checked and told before them, one that stands behind them after.
 */
export interface MemberFacts {
  readonly required?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** A Java regular expression that the whole text must match. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** The values of `enum` are taken in small letters too. */
  readonly anyCase?: boolean;
  /** Numbers other than integers. */
  readonly type?: string;
  /** Facts of a list's items or a map's values. */
  readonly item?: MemberFacts;
  /** Facts of a map's keys. */
  readonly key?: MemberFacts;
}

/** Throws when the input breaks a constraint. */
export type Validator = (input: Readonly<Record<string, unknown>>) => void;

/** AWS looks for no more violations than this. */
const MAX_VIOLATIONS = 10;

class Report {
  count = 0;
  text = "";

  get full(): boolean {
    return this.count === MAX_VIOLATIONS;
  }

  add(value: unknown, shape: Shape, constraints: Constraints, path: string, rule: string): void {
    if (this.full) return;
    this.count++;
    if (this.text !== "") this.text += "; ";
    this.text += `Value ${shown(value, shape, constraints)}at '${path}' failed to satisfy constraint: ${rule}`;
  }
}

type Check = (value: unknown, path: string, report: Report) => void;

/**
 * Compiles the checks of an operation's input.
 * @throws (the validator) AwsError named by the service's table, HTTP 400: `2 validation errors detected: Value …; Value …`
 */
export function compileValidator(operation: OperationModel): Validator {
  const { service } = operation;
  const { constraints } = service;
  if (constraints.schemaChecked?.includes(operation.name)) return schemaValidator(operation);
  const prefix = constraints.inputNamed ? `${lowerCamel(operation.name)}Input.` : "";
  const prefixOf = (member: Shape) => (prefix === "" || isInUri(member) ? "" : prefix);
  const check = structCheck(operation.input, constraints, new Map(), prefixOf);
  if (check === undefined) return () => {};
  return (input) => {
    const report = new Report();
    check(input, "", report);
    if (report.count === 0) return;
    const errors = report.count === 1 ? "1 validation error" : `${report.count} validation errors`;
    throw violation(service, `${errors} detected: ${report.text}`);
  };
}

function schemaValidator({ service, input: shape }: OperationModel): Validator {
  return (input) => {
    const faults = schemaFaults(input, shape, service.constraints);
    if (faults.length === 0) return;
    const fields = faults.map(({ name, messages }) => ({ Name: name, Message: `[${messages.join(", ")}]` }));
    throw violation(service, JSON.stringify({ ValidationErrorFields: fields }));
  };
}

function violation(service: ServiceModel, message: string): AwsError {
  const name = service.constraints.error ?? "ValidationException";
  // REST services answer with the error of their own model, whose text is spelt `message` or `Message` there.
  const modelled = service.protocols.includes("restJson1") ? service.errors.get(name) : undefined;
  if (modelled !== undefined) return AwsError.of(modelled, message);
  return AwsError.unmodeled({ name, message, namespace: "com.amazon.coral.validate" });
}

type Open = Map<string, { run: Check | undefined }>;

function isInUri(member: Shape): boolean {
  const traits = member.getMergedTraits() as { httpLabel?: 1; httpQuery?: string };
  return traits.httpLabel !== undefined || traits.httpQuery !== undefined;
}

/** Undefined when nothing in the structure is constrained. */
function structCheck(
  shape: Shape,
  constraints: Constraints,
  open: Open,
  prefixOf: (member: Shape) => string = () => "",
): Check | undefined {
  const name = shape.getName() ?? "";
  const table = constraints.shapes?.[name];
  if (table === undefined || shape.isUnitSchema()) return undefined;
  const outer = open.get(name);
  if (outer) return (value, path, report) => outer.run?.(value, path, report);
  const entry: { run: Check | undefined } = { run: undefined };
  open.set(name, entry);
  const shapes = new Map(shape.structIterator());
  const members = Object.entries(table).flatMap(([member, facts]) => {
    const memberShape = shapes.get(member);
    const check = memberShape && memberCheck(memberShape, facts, constraints, open);
    const step = (memberShape ? prefixOf(memberShape) : "") + lowerCamel(member);
    return check || facts.required ? [{ member, step, memberShape, required: facts.required ?? false, check }] : [];
  });
  open.delete(name);
  if (members.length === 0) return undefined;
  entry.run = (value, path, report) => {
    const fields = value as Readonly<Record<string, unknown>>;
    for (const { member, step, memberShape, required, check } of members) {
      const field = fields[member];
      const absent = field === undefined || field === null;
      if (absent && !required) continue;
      const memberPath = path === "" ? step : `${path}.${step}`;
      if (absent) report.add(undefined, memberShape as Shape, constraints, memberPath, "Member must not be null");
      else check?.(field, memberPath, report);
    }
  };
  return entry.run;
}

/** Pattern and length or range, in the order of the facts, then enum, then what is inside. */
function memberCheck(shape: Shape, facts: MemberFacts, constraints: Constraints, open: Open): Check | undefined {
  const kind = kindOf(shape);
  if (kind === "struct") return structCheck(shape, constraints, open);
  const rules = rulesOf(shape, facts);
  const checks: Check[] = rules.map(({ broken, text }) => (value, path, report) => {
    if (broken(value)) report.add(value, shape, constraints, path, text);
  });
  if (kind === "list") checks.push(...listChecks(shape, facts, constraints, open));
  if (kind === "map") checks.push(...mapChecks(shape, facts, constraints, open));
  if (checks.length <= 1) return checks[0];
  return (value, path, report) => {
    for (const check of checks) check(value, path, report);
  };
}

function listChecks(shape: Shape, facts: MemberFacts, constraints: Constraints, open: Open): Check[] {
  const item = shape.getValueSchema();
  if (isScalar(item)) {
    return insideChecks(rulesOf(item, facts.item ?? {}), "Member", (list) => list as unknown[], shape, constraints);
  }
  const check = memberCheck(item, facts.item ?? {}, constraints, open);
  if (check === undefined) return [];
  return [
    (value, path, report) => {
      let number = 0;
      for (const element of value as unknown[]) {
        number++;
        if (report.full) return;
        if (element !== null) check(element, `${path}.${number}.member`, report);
      }
    },
  ];
}

function mapChecks(shape: Shape, facts: MemberFacts, constraints: Constraints, open: Open): Check[] {
  const value = shape.getValueSchema();
  const keys = insideChecks(
    rulesOf(shape.getKeySchema(), facts.key ?? {}),
    "Map keys",
    Object.keys,
    shape,
    constraints,
  );
  if (isScalar(value)) {
    const values = (map: object) => Object.values(map) as unknown[];
    return [...keys, ...insideChecks(rulesOf(value, facts.item ?? {}), "Map value", values, shape, constraints)];
  }
  const check = memberCheck(value, facts.item ?? {}, constraints, open);
  if (check === undefined) return keys;
  return [
    ...keys,
    (map, path, report) => {
      for (const [key, item] of Object.entries(map as object)) {
        if (report.full) return;
        check(item, `${path}.${key}.member`, report);
      }
    },
  ];
}

/** Scalars inside a list or a map are one violation of the whole, which names all of their rules. */
function insideChecks(
  rules: readonly Rule[],
  subject: string,
  parts: (value: object) => readonly unknown[],
  shape: Shape,
  constraints: Constraints,
): Check[] {
  if (rules.length === 0) return [];
  const text = `${subject} must satisfy constraint: [${rules.map((rule) => rule.text).join(", ")}]`;
  return [
    (value, path, report) => {
      const broken = parts(value as object).some((part) => part !== null && rules.some((rule) => rule.broken(part)));
      if (broken) report.add(value, shape, constraints, path, text);
    },
  ];
}

interface Rule {
  readonly text: string;
  readonly broken: (value: unknown) => boolean;
}

function rulesOf(shape: Shape, facts: MemberFacts): Rule[] {
  const { pattern, min, max, enum: values } = facts;
  const rules: Rule[] = [];
  const number = kindOf(shape) === "number";
  const [measure, word]: [(value: unknown) => number, string] = number ? [Number, "value"] : [lengthOf, "length"];
  if (pattern !== undefined) {
    const matches = compilePattern(pattern);
    const text = `Member must satisfy regular expression pattern: ${pattern}`;
    rules.push({ text, broken: (value) => !matches(value as string) });
  }
  if (max !== undefined) {
    rules.push({
      text: `Member must have ${word} less than or equal to ${max}`,
      broken: (value) => measure(value) > max,
    });
  }
  if (min !== undefined) {
    rules.push({
      text: `Member must have ${word} greater than or equal to ${min}`,
      broken: (value) => measure(value) < min,
    });
  }
  const names = Object.keys(facts);
  if (pattern !== undefined && names.indexOf("pattern") > Math.max(names.indexOf("min"), names.indexOf("max"))) {
    rules.push(rules.shift()!);
  }
  if (values !== undefined) {
    const known = new Set<unknown>(values);
    const text = `Member must satisfy enum value set: [${values.join(", ")}]`;
    const spelt = facts.anyCase === true ? (value: unknown) => textOf(value).toUpperCase() : (value: unknown) => value;
    rules.push({ text, broken: (value) => !known.has(spelt(value)) });
  }
  return rules;
}

function lengthOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  if (value instanceof Blob64 || value instanceof Uint8Array) return value.length;
  return Object.keys(value as object).length;
}

/** The value in a description; of data, and of what the model calls sensitive, nothing is shown unless it is empty. */
function shown(value: unknown, shape: Shape, constraints: Constraints): string {
  if (isSensitive(shape) && value !== "") return "";
  if (value === undefined || value === null) return "null ";
  return kindOf(shape) === "blob" ? "" : `'${render(value, shape, constraints)}' `;
}

/** A value as Java prints it: `[a, b]`, `{k=v}`, `Name(member=value, other=null)`. */
function render(value: unknown, shape: Shape, constraints: Constraints): string {
  if (value === undefined || value === null) return "null";
  switch (kindOf(shape)) {
    case "list":
      return `[${(value as unknown[]).map((item) => render(item, shape.getValueSchema(), constraints)).join(", ")}]`;
    case "map": {
      const entries = Object.entries(value as object);
      return `{${entries.map(([key, item]) => `${key}=${render(item, shape.getValueSchema(), constraints)}`).join(", ")}}`;
    }
    case "struct":
      return renderStruct(value as Readonly<Record<string, unknown>>, shape, constraints);
    case "blob": {
      const length = lengthOf(value);
      return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`;
    }
    case "timestamp":
      return javaDate(value as Date);
    default:
      return textOf(value);
  }
}

function renderStruct(fields: Readonly<Record<string, unknown>>, shape: Shape, constraints: Constraints): string {
  const name = shape.getName() ?? "";
  const shapes = new Map(shape.structIterator());
  const members = Object.keys(constraints.shapes?.[name] ?? Object.fromEntries(shapes)).map((member) => {
    const memberShape = shapes.get(member);
    return `${lowerCamel(member)}=${memberShape ? render(fields[member], memberShape, constraints) : "null"}`;
  });
  return `${name}(${members.join(", ")})`;
}

/** A date as Java prints it: `Thu Jan 01 00:00:00 UTC 1970` */
export function javaDate(date: Date): string {
  const [weekday = "", day, month, year, time] = date.toUTCString().split(" ");
  return `${weekday.slice(0, 3)} ${month} ${day} ${time} UTC ${year}`;
}

function lowerCamel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
