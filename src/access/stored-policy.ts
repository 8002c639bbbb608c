/** The form in which services store and show a resource policy. */

import { isObject } from "../../protocols/unknown-json.ts";
import { rootArn } from "../calls/arn.ts";
import { listOf, type PolicyDocument, type StatementDocument } from "./policy-document.ts";

export interface StoredForm {
  /** A list with one action becomes that action, too. */
  readonly singleActions?: boolean;
  /** A single statement becomes a list of one. */
  readonly statementList?: boolean;
}

/**
 * A policy without white space, with members in their original order; accounts in `Principal.AWS` become the ARN of
 * their root, and a list of one there the single value (IAM user guide: AWS JSON policy elements, Principal).
 */
export function storedPolicy(policy: PolicyDocument, partition: string, form: StoredForm = {}): string {
  const { members, statements } = policy;
  const stored = statements.map((statement) => storedStatement(statement, partition, form.singleActions === true));
  const isList = form.statementList === true || Array.isArray(members["Statement"]);
  return JSON.stringify({ ...members, Statement: isList ? stored : stored[0] });
}

function storedStatement(statement: StatementDocument, partition: string, singleActions: boolean): StatementDocument {
  const stored: Record<string, unknown> = { ...statement };
  for (const element of ["Principal", "NotPrincipal"]) {
    const principal = stored[element];
    if (!isObject(principal) || principal["AWS"] === undefined) continue;
    stored[element] = { ...principal, AWS: storedNames(principal["AWS"], partition) };
  }
  for (const element of singleActions ? ["Action", "NotAction"] : []) {
    const actions = stored[element];
    if (Array.isArray(actions) && actions.length === 1) stored[element] = actions[0];
  }
  return stored;
}

function storedNames(names: unknown, partition: string): unknown {
  const stored = listOf(names).map((name) =>
    typeof name === "string" && /^\d{12}$/.test(name) ? rootArn(name, partition) : name,
  );
  return stored.length === 1 ? stored[0] : stored;
}
