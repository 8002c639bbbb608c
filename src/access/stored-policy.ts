/** The form in which services keep a resource policy and show it. */
import { isObject } from "../../protocols/unknown-json.ts";

/**
 * A policy without white space, its names in the order they were sent; accounts in `Principal.AWS` as the ARN of their
 * root, a list of one there as the one value (IAM user guide: AWS JSON policy elements, Principal).
 * @param text a policy that was checked
 * @param singleActions a list of one action is the one action, too
 */
export function storedPolicy(text: string, partition: string, singleActions = false): string {
  const policy: unknown = JSON.parse(text);
  if (!isObject(policy)) return text;
  const { Statement } = policy;
  const stored = Array.isArray(Statement)
    ? Statement.map((statement: unknown) => storedStatement(statement, partition, singleActions))
    : storedStatement(Statement, partition, singleActions);
  return JSON.stringify({ ...policy, Statement: stored });
}

function storedStatement(statement: unknown, partition: string, singleActions: boolean): unknown {
  if (!isObject(statement)) return statement;
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
  const listed: readonly unknown[] = Array.isArray(names) ? names : [names];
  const stored = listed.map((name) =>
    typeof name === "string" && /^\d{12}$/.test(name) ? `arn:${partition}:iam::${name}:root` : name,
  );
  return stored.length === 1 ? stored[0] : stored;
}
