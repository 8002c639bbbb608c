/** What PutPermission asks of a whole policy document, and the form in which a bus keeps one. */
import { isObject, textOf } from "../../../protocols/unknown-json.ts";
import { storedPolicy } from "../../access/stored-policy.ts";
import { wildcardMatches } from "../../access/wildcard.ts";
import { parseArn, partitionOf } from "../../calls/arn.ts";
import { validation } from "./errors.ts";
import type { BusName } from "./names.ts";
import type { PolicyStatement } from "./tables.ts";

type Members = Readonly<Record<string, unknown>>;

const statementMembers = ["Sid", "Effect", "Principal", "Action", "Resource"];

/**
 * A policy as its bus keeps it: compact, with its statements as a list and accounts as ARNs.
 * @throws AwsError ValidationException as AWS words it
 */
export function checkedPolicy(text: string, bus: BusName): string {
  const policy = parsed(text);
  if (Array.isArray(policy)) throw validation("Could not parse the policy: Statement is empty!");
  if (!isObject(policy)) throw validation("This text appears not to be a policy");
  for (const name of ["Version", "Statement"]) need(policy, name);
  const statements: readonly unknown[] = Array.isArray(policy["Statement"])
    ? policy["Statement"]
    : [policy["Statement"]];
  if (statements.length === 0) throw validation("Could not parse the policy: Statement is empty!");
  const sids = new Set<unknown>();
  for (const [i, statement] of statements.entries()) {
    if (!isObject(statement)) throw validation("This text appears not to be a policy");
    for (const name of statementMembers) need(statement, name);
    if (sids.has(statement["Sid"])) throw sameSid(text, i);
    sids.add(statement["Sid"]);
    const resources: unknown = statement["Resource"];
    for (const resource of Array.isArray(resources) ? resources : [resources]) checkResource(resource, bus);
  }
  return storedPolicy(JSON.stringify({ ...policy, Statement: statements }), partitionOf(bus.region), true);
}

/** The statements of a policy that a bus keeps. */
export function storedStatements(policy: string): readonly PolicyStatement[] {
  const document: unknown = JSON.parse(policy);
  const statements: unknown = isObject(document) ? document["Statement"] : undefined;
  return Array.isArray(statements) ? statements.filter(isObject) : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw validation("This policy contains invalid Json");
  }
}

function need(members: Members, name: string): void {
  const opposite = `Not${name}`;
  if (members[name] === undefined && members[opposite] === undefined) {
    throw validation(`Missing required field ${name}`);
  }
}

/** A bus's policy is about the bus, and about rules, which others may be let put on it. */
function checkResource(resource: unknown, bus: BusName): void {
  if (resource === undefined || resource === "*") return;
  const arn = typeof resource === "string" ? parseArn(resource) : undefined;
  if (
    arn?.resource.startsWith("rule/") ||
    (arn !== undefined && wildcardMatches(resource as string, bus.arn, undefined))
  )
    return;
  const shown = textOf(resource);
  throw validation(`The relative-id "${arn?.resource ?? shown}" is invalid for ARN "${shown}"`);
}

/** @param index of the statement whose Sid another one has. */
function sameSid(text: string, index: number) {
  const before = text.slice(0, statementStarts(text)[index] ?? 0).split("\n");
  const place = `line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
  return validation(`Invalid statement at ${place}: The Statement Ids in the policy are not unique`);
}

/** Where in the text of a policy its statements begin: objects within a list within the outermost object. */
function statementStarts(text: string): number[] {
  const starts: number[] = [];
  const open: string[] = [];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "]" || token === "}") open.pop();
    else if (token === "[" || token === "{") {
      if (token === "{" && open.join("") === "{[") starts.push(index);
      open.push(token);
    }
  }
  return starts;
}
