/** A policy as written (IAM user guide: JSON policy element reference). `policy.ts` interprets it. */

import { isObject, tryParseJson } from "../../protocols/unknown-json.ts";
import { rootArn } from "../calls/arn.ts";

export type StatementDocument = Readonly<Record<string, unknown>>;

export interface PolicyDocument {
  /** As written, in order. */
  readonly members: Readonly<Record<string, unknown>>;
  /** The contents of `Statement`, which may be one object or a list. */
  readonly statements: readonly StatementDocument[];
}

/** Members that a service requires; the opposite (`NotResource` for `Resource`) is accepted too. */
export interface RequiredMembers {
  readonly ofPolicy: readonly string[];
  readonly ofStatement: readonly string[];
}

/**
 * Parses the text of a policy; returns the reason why it is invalid in the words of IAM's parser, which services put
 * into errors of their own. Of each statement it only checks that it is an object.
 */
export function readPolicyDocument(text: string, required?: RequiredMembers): PolicyDocument | string {
  const policy = tryParseJson(text);
  if (policy === undefined) return "This policy contains invalid Json";
  if (Array.isArray(policy)) return "Could not parse the policy: Statement is empty!";
  if (!isObject(policy)) return "This text appears not to be a policy";
  const missing = missingMember(policy, required?.ofPolicy);
  if (missing !== undefined) return missing;
  const statements = listOf(policy["Statement"]);
  if (statements.length === 0) return "Could not parse the policy: Statement is empty!";
  for (const statement of statements) {
    if (!isObject(statement)) return "This text appears not to be a policy";
    const missing = missingMember(statement, required?.ofStatement);
    if (missing !== undefined) return missing;
  }
  return { members: policy, statements: statements as StatementDocument[] };
}

function missingMember(members: StatementDocument, required: readonly string[] = []): string | undefined {
  const missing = required.find((name) => members[name] === undefined && members[`Not${name}`] === undefined);
  return missing && `Missing required field ${missing}`;
}

/** Values that IAM accepts as one value or as a list. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** AWS's form of such values: a list of one becomes the value. */
function oneOrMore(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? (values[0] as string) : values;
}

/** The statement that AddPermission adds to the policy of a queue or a topic. */
export function permission(
  label: string,
  accounts: readonly string[],
  actions: readonly string[],
  { resource, partition }: { readonly resource: string; readonly partition: string },
): StatementDocument {
  return {
    Sid: label,
    Effect: "Allow",
    Principal: { AWS: oneOrMore(accounts.map((account) => rootArn(account, partition))) },
    Action: oneOrMore(actions),
    Resource: resource,
  };
}
