/**
 * Patch operations of the Update calls: each resource has a table of the paths it knows and what each operation does
 * there. Operations are applied in order to a draft of the row, which is written once all have succeeded.
 */
import type { AwsError } from "../../../protocols/error.ts";
import { badRequest } from "./errors.ts";

export type Op = "add" | "remove" | "replace" | "copy";

export interface PatchOperation {
  readonly op?: string | undefined;
  readonly path?: string | undefined;
  readonly value?: string | undefined;
  readonly from?: string | undefined;
}

/** One operation as a rule sees it. */
export interface Change {
  readonly op: Op;
  /** As sent. */
  readonly path: string;
  /** Empty if there is none. */
  readonly value: string;
  readonly from: string;
  /** The values of the rule's placeholders, with `~1` and `~0` unescaped. */
  readonly names: readonly string[];
}

/** A row that can be changed: its members are replaced, never changed in place. */
export type Draft<Row> = { -readonly [Name in keyof Row]: Row[Name] };

export type Apply<Row> = (draft: Draft<Row>, change: Change) => void;

export interface Rule<Row> {
  /** `/name`, `/requestParameters/{name}`; `{rest+}` matches slashes too. */
  readonly path: string;
  readonly ops: Readonly<Partial<Record<Op, Apply<Row>>>>;
}

/** The paths a resource knows, and its errors for others. */
export class PatchTable<Row> {
  readonly #rules: readonly { readonly pattern: RegExp; readonly rule: Rule<Row> }[];
  readonly #errors: PatchErrors;

  constructor(rules: readonly Rule<Row>[], errors: PatchErrors) {
    this.#rules = rules.map((rule) => ({ pattern: patternOf(rule.path), rule }));
    this.#errors = errors;
  }

  /** A draft with all operations applied. @throws AwsError */
  apply(row: Row, operations: readonly PatchOperation[] | undefined): Draft<Row> {
    const draft: Draft<Row> = { ...row };
    if ((operations?.length ?? 0) > maxOperations) {
      throw badRequest(`A request may have at most ${maxOperations} patch operations`);
    }
    for (const { op, path = "", value, from } of operations ?? []) {
      const change = { op: op as Op, path, value: value ?? "", from: from ?? "" };
      if (op === undefined) throw badRequest("Invalid patch operation specified");
      const { rule, names } = this.#find(change);
      const run = Object.hasOwn(rule.ops, op) ? rule.ops[change.op] : undefined;
      if (run === undefined) throw this.#errors.unknownOp(change, Object.keys(rule.ops));
      run(draft, { ...change, names });
    }
    return draft;
  }

  #find(change: Omit<Change, "names">): { rule: Rule<Row>; names: string[] } {
    for (const { pattern, rule } of this.#rules) {
      const match = pattern.exec(change.path);
      if (match !== null) return { rule, names: match.slice(1).map(unescaped) };
    }
    throw this.#errors.unknownPath(change);
  }
}

const maxOperations = 1_000;

export interface PatchErrors {
  unknownPath(change: Omit<Change, "names">): AwsError;
  unknownOp(change: Omit<Change, "names">, ops: readonly string[]): AwsError;
}

/** The errors of most resources; the two blanks are AWS's. @param paths in the order in which AWS lists them. */
export function listedErrors(...paths: string[]): PatchErrors {
  return {
    unknownPath: ({ op, path }) =>
      badRequest(`Invalid patch path  '${path}' specified for op '${op}'. Must be one of: [${paths.join(", ")}]`),
    unknownOp: ({ op, path }) =>
      badRequest(`Invalid patch path  '${path}' specified for op '${op}'. Please choose supported operations`),
  };
}

/** The errors of the older resources. */
export const shortErrors: PatchErrors = {
  unknownPath: ({ path }) => badRequest(`Invalid patch path ${path}`),
  unknownOp: (_change, ops) => badRequest(`Invalid patch operation specified. Must be one of: [${ops.join(", ")}]`),
};

function patternOf(path: string): RegExp {
  const parts = path.split(/(\{[^}]*\})/).map((part) => {
    if (!part.startsWith("{")) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return part.endsWith("+}") ? "(.+)" : "([^/]+)";
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

function unescaped(segment: string): string {
  return segment.replace(/~1/g, "/").replace(/~0/g, "~");
}

/** The members of a row with such a value. */
type MembersOf<Row, Value> = { [Name in keyof Row]-?: NonNullable<Row[Name]> extends Value ? Name : never }[keyof Row];

/** Common rules for a row's members; `path` defaults to the member's name. */
export function rulesFor<Row extends object>() {
  const set = (draft: Draft<Row>, member: keyof Row, value: unknown) => {
    draft[member] = value as Draft<Row>[keyof Row];
  };
  return {
    /** A text; an empty value removes it. */
    text(member: MembersOf<Row, string> & string, ops: readonly Op[] = ["replace"], path = `/${member}`): Rule<Row> {
      const apply: Apply<Row> = (draft, { op, value }) =>
        set(draft, member, op === "remove" || value === "" ? undefined : value);
      return { path, ops: Object.fromEntries(ops.map((op) => [op, apply])) };
    },
    /** Anything but `true` is false. */
    flag(member: MembersOf<Row, boolean> & string, path = `/${member}`): Rule<Row> {
      return { path, ops: { replace: (draft, { value }) => set(draft, member, value === "true") } };
    },
    integer(member: MembersOf<Row, number> & string, path = `/${member}`): Rule<Row> {
      return { path, ops: { replace: (draft, { value }) => set(draft, member, integerOf(value, path)) } };
    },
    /** A text that must be one of the values. */
    choice(
      member: MembersOf<Row, string> & string,
      values: readonly string[],
      ops: readonly Op[] = ["replace"],
      path = `/${member}`,
    ): Rule<Row> {
      const apply: Apply<Row> = (draft, { op, value }) => {
        if (op === "remove") return set(draft, member, undefined);
        if (!values.includes(value)) {
          throw badRequest(`Invalid value '${value}' specified for '${path}'. Must be one of: [${values.join(", ")}]`);
        }
        set(draft, member, value);
      };
      return { path, ops: Object.fromEntries(ops.map((op) => [op, apply])) };
    },
    /**
     * Entries of a map, which is removed with its last one.
     * @param missing thrown if the entry to remove does not exist.
     */
    entries<Value>(
      member: MembersOf<Row, Readonly<Record<string, Value>>> & string,
      valueIn: (text: string) => Value,
      missing?: { readonly error: () => AwsError; readonly onReplace?: boolean },
    ): Rule<Row> {
      const put: Apply<Row> = (draft, { op, value, names: [name = ""] }) => {
        const map = (draft[member] ?? {}) as Readonly<Record<string, Value>>;
        if (op === "replace" && missing?.onReplace && !Object.hasOwn(map, name)) throw missing.error();
        set(draft, member, { ...map, [name]: valueIn(value) });
      };
      const remove: Apply<Row> = (draft, { names: [name = ""] }) => {
        const map = (draft[member] ?? {}) as Readonly<Record<string, Value>>;
        if (missing !== undefined && !Object.hasOwn(map, name)) throw missing.error();
        const left = Object.entries(map).filter(([key]) => key !== name);
        set(draft, member, left.length === 0 ? undefined : Object.fromEntries(left));
      };
      return { path: `/${member}/{name}`, ops: { add: put, replace: put, remove } };
    },
    /** Items of a list of texts, named by the value. @param keep an empty list stays. */
    items(
      member: MembersOf<Row, readonly string[]> & string,
      path = `/${member}`,
      { keep = false }: { readonly keep?: boolean } = {},
    ): Rule<Row> {
      const itemsOf = (draft: Draft<Row>) => (draft[member] ?? []) as readonly string[];
      return {
        path,
        ops: {
          add: (draft, { value }) => set(draft, member, [...itemsOf(draft).filter((item) => item !== value), value]),
          remove: (draft, { value }) => {
            const left = itemsOf(draft).filter((item) => item !== value);
            set(draft, member, left.length === 0 && !keep ? undefined : left);
          },
        },
      };
    },
  };
}

/** @throws AwsError BadRequestException */
export function integerOf(text: string, path: string): number {
  if (!/^-?\d{1,15}$/.test(text))
    throw badRequest(`Invalid value '${text}' specified for '${path}'. Must be an integer`);
  return Number(text);
}

/** @throws AwsError BadRequestException */
export function decimalOf(text: string, path: string): number {
  if (!/^-?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?$/.test(text)) {
    throw badRequest(`Invalid value '${text}' specified for '${path}'. Must be a number`);
  }
  return Number(text);
}

/** Takes a value as it is. */
export const asText = (text: string) => text;
/** Anything but `true` is false. */
export const asFlag = (text: string) => text === "true";
