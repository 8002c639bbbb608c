/** PutPermission's checks of a whole policy document, and the form in which a bus stores one. */
import { textOf } from "../../../protocols/unknown-json.ts";
import { compilePolicy } from "../../access/policy.ts";
import { listOf, readPolicyDocument, type StatementDocument } from "../../access/policy-document.ts";
import { storedPolicy } from "../../access/stored-policy.ts";
import { wildcardMatches } from "../../access/wildcard.ts";
import { parseArn, partitionOf } from "../../calls/arn.ts";
import { validation } from "./errors.ts";
import type { BusName } from "./names.ts";

const required = {
  ofPolicy: ["Version", "Statement"],
  ofStatement: ["Sid", "Effect", "Principal", "Action", "Resource"],
};

/**
 * A policy as stored: compact, with its statements as a list and accounts as ARNs.
 * @throws AwsError ValidationException with AWS's message
 */
export function checkedPolicy(text: string, bus: BusName): string {
  const document = readPolicyDocument(text, required);
  if (typeof document === "string") throw validation(document);
  const sids = new Set<unknown>();
  for (const [i, { Sid, Resource }] of document.statements.entries()) {
    if (sids.has(Sid)) throw sameSid(text, i);
    sids.add(Sid);
    for (const resource of listOf(Resource)) checkResource(resource, bus);
  }
  if (compilePolicy(document) === undefined) throw validation("This text appears not to be a policy");
  return storedPolicy(document, partitionOf(bus.region), { singleActions: true, statementList: true });
}

/** The statements of a stored policy. */
export function storedStatements(policy: string): readonly StatementDocument[] {
  const document = readPolicyDocument(policy);
  return typeof document === "string" ? [] : document.statements;
}

/** A bus's policy may be about the bus, and about rules, which others may be allowed to create on it. */
function checkResource(resource: unknown, bus: BusName): void {
  if (resource === "*") return;
  const arn = typeof resource === "string" ? parseArn(resource) : undefined;
  if (
    arn?.resource.startsWith("rule/") ||
    (arn !== undefined && wildcardMatches(resource as string, bus.arn, undefined))
  )
    return;
  const shown = textOf(resource);
  throw validation(`The relative-id "${arn?.resource ?? shown}" is invalid for ARN "${shown}"`);
}

/** @param index of the statement whose Sid is not unique. */
function sameSid(text: string, index: number) {
  const before = text.slice(0, statementStarts(text)[index] ?? 0).split("\n");
  const place = `line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
  return validation(`Invalid statement at ${place}: The Statement Ids in the policy are not unique`);
}

/** Where a policy's statements begin in its text: objects within a list within the outermost object. */
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
