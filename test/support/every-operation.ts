/**
 * Tests of every operation of a client: it is called with what is right, once more, and with one thing at a time that is
 * wrong, and its list is read page by page.
 */
import { expect, it } from "vitest";

import {
  isScalar,
  kindOf,
  membersOf,
  type OperationSchema,
  requiredMembers,
  type Shape,
  shapeOf,
} from "../../protocols/schema.ts";
import type { Constraints } from "../../protocols/validate.ts";
import { outcomeOf, type Refusal, refusal } from "./refusal.ts";

export type Input = Readonly<Record<string, unknown>>;
/** How a call is refused; nothing where it is taken. */
export type Outcome = Refusal | undefined;

export interface OperationRow<Made> {
  /** What the operation takes, given what there is. */
  readonly input: (made: Made) => Input;
  /** How the same call is refused once it has been made, where it cannot be made twice. */
  readonly again?: Outcome;
  /** How the call itself is refused, where the emulator does not do what AWS does. */
  readonly never?: Outcome;
  /** Names in the path that may be new. */
  readonly free?: readonly string[];
  /** What this operation answers otherwise than others, by the wrong call's name or its member alone. */
  readonly own?: Readonly<Record<string, Outcome>>;
}

/** A row that is refused as others are is its input alone. */
export type Rows<Made> = Readonly<Record<string, OperationRow<Made> | OperationRow<Made>["input"]>>;

function rowOf<Made>(rows: Rows<Made>, name: string): OperationRow<Made> {
  const row = rows[name];
  if (row === undefined) throw new Error(`There is no row for ${name}.`);
  return typeof row === "function" ? { input: row } : row;
}

/** How a service words what every operation may be refused for. */
export interface Wording {
  /** The error of what breaks the model, and how its message names a member. */
  readonly violation: { readonly name: string; path(operation: string, member: string, inUri: boolean): string };
  /** A name in a path of something that is not there, and its refusal. @param labels all names in the path */
  unknown(member: string, labels: readonly string[]): { readonly value: string; readonly outcome: Outcome };
  /** Wrong values of members that many operations have. */
  common(operation: string, member: string): readonly (readonly [what: string, value: unknown, outcome: Outcome])[];
}

export interface SweptService<Made> {
  /** The SDK client's module. */
  readonly module: Readonly<Record<string, unknown>>;
  readonly constraints: Constraints;
  /** In an order in which they can all be done: what is created, read, changed and deleted. */
  readonly rows: Rows<Made>;
  readonly wording: Wording;
  /** The members that say how long a page is and where it begins, and lists that have no pages though they have both. */
  readonly paging?: { readonly size: string; readonly position: string; readonly whole: readonly string[] };
  client(): { send(command: never): Promise<unknown> };
  made(): Made;
}

type Answer = Readonly<Record<string, unknown>> & { readonly $metadata: { readonly httpStatusCode?: number } };

/** An operation without a row, and a row without an operation, fail. */
export function testEveryOperation<Made>(service: SweptService<Made>): void {
  const { module, rows, paging } = service;
  const schemas = Object.values(module).filter((each) => Array.isArray(each) && each[0] === 9) as OperationSchema[];
  const operations = new Map(schemas.map((schema) => [schema[2], schema]));
  const operationOf = (name: string) => operations.get(name) as OperationSchema;

  it("has a row for each operation", () => {
    expect(Object.keys(rows).sort()).toEqual([...operations.keys()].sort());
  });

  it.each(Object.keys(rows))("refuses what is wrong with %s", async (name) => {
    const calls = wrongCalls(operationOf(name), rowOf(rows, name), service);
    const answers = await Promise.all(calls.map(({ input }) => outcomeOf(send(service, name, input))));
    const named = (outcomes: Outcome[]) => Object.fromEntries(calls.map(({ what }, index) => [what, outcomes[index]]));
    expect(named(answers)).toEqual(named(calls.map(({ outcome }) => outcome)));
  });

  it.each(Object.keys(rows))("does %s, and says when it cannot be done again", async (name) => {
    const { input, again, never } = rowOf(rows, name);
    const given = input(service.made());
    if (never !== undefined) {
      expect(await outcomeOf(send(service, name, given))).toEqual(never);
      return;
    }
    const answer = await send(service, name, given);
    const traits = operationOf(name)[3];
    expect(answer.$metadata.httpStatusCode).toBe(typeof traits === "object" ? traits.http?.[2] : undefined);
    if (paging !== undefined && isPaged(operationOf(name), paging.position) && !paging.whole.includes(name)) {
      const all = itemsOf(answer);
      const pages: unknown[] = [];
      let position: unknown;
      do {
        const page = await send(service, name, { ...given, [paging.size]: 1, [paging.position]: position });
        expect(itemsOf(page)).toHaveLength(1);
        pages.push(...itemsOf(page));
        position = page[paging.position];
      } while (position !== undefined);
      expect(pages.length).toBeGreaterThan(1);
      expect(pages).toEqual(all);
    }
    expect(await outcomeOf(send(service, name, given))).toEqual(again);
  });
}

/** A call as the operation's row has it, but for what is changed, and its refusal. */
export type Refused<Made> = readonly [operation: string, change: (made: Made) => object, outcome: Refusal];

/** Calls that are refused for what the model says nothing of. */
export function testRefusals<Made>(service: SweptService<Made>, refusals: readonly Refused<Made>[]): void {
  it.each(refusals)("refuses %s in its own words: %#", async (name, change, outcome) => {
    const input = { ...rowOf(service.rows, name).input(service.made()), ...change(service.made()) };
    expect(await outcomeOf(send(service, name, input))).toEqual(outcome);
  });
}

async function send<Made>({ module, client }: SweptService<Made>, name: string, input: Input): Promise<Answer> {
  const Command = module[`${name}Command`] as new (input: Input) => never;
  return (await client().send(new Command(input))) as Answer;
}

/** The list that an answer is about. */
function itemsOf(answer: Answer): unknown[] {
  return Object.values(answer).find((value) => Array.isArray(value)) as unknown[];
}

/** Whether an operation takes and tells where a page of a list begins. */
function isPaged(operation: OperationSchema, position: string): boolean {
  return [operation[4], operation[5]].every((schema) => {
    const shape = shapeOf(schema);
    return shape.isStructSchema() && [...shape.structIterator()].some(([member]) => member === position);
  });
}

interface WrongCall {
  /** `restApiId unknown`, `name missing`, `limit 0`. */
  readonly what: string;
  readonly input: Input;
  readonly outcome: Outcome;
}

/**
 * Calls that are wrong in one thing each: something in the path that is not there, a member that is missing, out of its
 * bounds or none of its values.
 */
function wrongCalls<Made>(
  operation: OperationSchema,
  { input, own = {}, free = [] }: OperationRow<Made>,
  { made, constraints, wording }: SweptService<Made>,
): WrongCall[] {
  const shape = shapeOf(operation[4]);
  if (!shape.isStructSchema()) return [];
  const name = operation[2];
  const good = input(made());
  const members = membersOf(shape, constraints);
  const labels = members.filter((member) => inPath(member.shape)).map((member) => member.name);
  const required = requiredMembers(shape);
  const calls: WrongCall[] = [];
  for (const { name: member, shape: memberShape, facts = {} } of members) {
    const add = (kind: string, value: unknown, outcome: Outcome, more: Input = {}) => {
      const what = `${member} ${kind}`;
      const key = [what, member].find((each) => each in own);
      calls.push({
        what,
        input: { ...good, ...more, [member]: value },
        outcome: key === undefined ? outcome : own[key],
      });
    };
    const breaks = (kind: string, value: unknown, rule: string, more: Input = {}) => {
      const said = value === undefined ? "null" : `'${String(value)}'`;
      const path = wording.violation.path(name, member, inPath(memberShape) || inQuery(memberShape));
      const text = `1 validation error detected: Value ${said} at '${path}' failed to satisfy constraint: ${rule}`;
      add(kind, value, refusal(wording.violation.name, text), more);
    };
    if (free.includes(member)) continue;
    if (inPath(memberShape)) {
      const { value, outcome } = wording.unknown(member, labels);
      add("unknown", value, outcome);
    } else if (facts.required === true || required.includes(member)) {
      breaks("missing", undefined, "Member must not be null");
    }
    if (facts.enum !== undefined) {
      // The model is looked at before anything is looked for.
      const other = labels.find((label) => label !== member);
      const rule = `Member must satisfy enum value set: [${facts.enum.join(", ")}]`;
      breaks("none of its values", "BAD", rule, other === undefined ? {} : { [other]: "unknown" });
    } else if (isScalar(memberShape) && !inPath(memberShape)) {
      const isNumber = kindOf(memberShape) === "number";
      const sized = (size: number) => (isNumber ? size : "x".repeat(size));
      const rule = (word: string, bound: number) =>
        `Member must have ${isNumber ? "value" : "length"} ${word} than or equal to ${bound}`;
      const { min, max } = facts;
      if (max !== undefined) breaks("too much", sized(max + 1), rule("less", max));
      if (min !== undefined) breaks("too little", sized(min - 1), rule("greater", min));
    }
    for (const [kind, value, outcome] of wording.common(name, member)) add(kind, value, outcome);
  }
  return calls;
}

function inPath(shape: Shape): boolean {
  return (shape.getMergedTraits() as { httpLabel?: 1 }).httpLabel === 1;
}

function inQuery(shape: Shape): boolean {
  return (shape.getMergedTraits() as { httpQuery?: string }).httpQuery !== undefined;
}
