/** Resource policies, compiled from their text (IAM user guide: JSON policy element reference). */
import { isObject } from "../../protocols/unknown-json.ts";
import { type Condition, parseConditions } from "./conditions.ts";
import { listOf, type PolicyDocument, readPolicyDocument, type StatementDocument } from "./policy-document.ts";

/**
 * The principals of a statement. `AWS` names match clients; `Service` names match services that act in their own name.
 */
export interface Principals {
  readonly everybody: boolean;
  /** Account ids, and ARNs of accounts, users, roles and sessions. */
  readonly names: readonly string[];
  /** `sns.amazonaws.com`, also with a Region before the domain. */
  readonly services: readonly string[];
}

/** An element or its opposite (`Action`, `NotAction`), whichever the statement has, with its values. */
export interface Listed {
  readonly not: boolean;
  readonly values: readonly string[];
}

export interface Statement {
  /** Empty when the statement has none. */
  readonly sid: string;
  readonly effect: "Allow" | "Deny";
  readonly principals: Principals & { readonly not: boolean };
  readonly actions: Listed;
  /** Absent when the statement applies to the resource that has the policy. */
  readonly resources: Listed | undefined;
  readonly conditions: readonly Condition[];
}

export interface Policy {
  readonly statements: readonly Statement[];
  /** `${aws:…}` is replaced by a value of the request: from version 2012-10-17 on. */
  readonly hasVariables: boolean;
}

/** Compiles a resource policy; undefined for a text that IAM would reject. */
export function parsePolicy(text: string): Policy | undefined {
  const document = readPolicyDocument(text);
  return typeof document === "string" ? undefined : compilePolicy(document);
}

/** Compiles a policy; undefined when IAM would reject it. */
export function compilePolicy(document: PolicyDocument): Policy | undefined {
  const { Version = "2008-10-17" } = document.members;
  if (Version !== "2008-10-17" && Version !== "2012-10-17") return undefined;
  const statements: Statement[] = [];
  for (const item of document.statements) {
    const statement = parseStatement(item);
    if (statement === undefined) return undefined;
    statements.push(statement);
  }
  return { statements, hasVariables: Version === "2012-10-17" };
}

function parseStatement(item: StatementDocument): Statement | undefined {
  const { Sid, Effect, Principal, NotPrincipal, Resource, NotResource, Condition } = item;
  if (Effect !== "Allow" && Effect !== "Deny") return undefined;
  const principals = parsePrincipals(Principal ?? NotPrincipal);
  const actions = parseListed(item["Action"], item["NotAction"]);
  const resources = parseListed(Resource, NotResource);
  const conditions = parseConditions(Condition ?? {});
  if (Principal !== undefined && NotPrincipal !== undefined) return undefined;
  if (!principals || !actions || !conditions) return undefined;
  if (!resources && (Resource ?? NotResource) !== undefined) return undefined;
  return {
    sid: typeof Sid === "string" ? Sid : "",
    effect: Effect,
    principals: { ...principals, not: Principal === undefined },
    actions,
    resources,
    conditions,
  };
}

function parsePrincipals(value: unknown): Principals | undefined {
  if (value === "*") return { everybody: true, names: [], services: [] };
  if (!isObject(value) || Object.keys(value).length === 0) return undefined;
  for (const [kind, names] of Object.entries(value)) {
    if (!["AWS", "Service", "Federated", "CanonicalUser"].includes(kind) || !textsOf(names)) return undefined;
  }
  const names = textsOf(value["AWS"]) ?? [];
  return { everybody: names.includes("*"), names, services: textsOf(value["Service"]) ?? [] };
}

/** Exactly one of the two elements. */
function parseListed(wanted: unknown, unwanted: unknown): Listed | undefined {
  if (wanted !== undefined && unwanted !== undefined) return undefined;
  const values = textsOf(wanted ?? unwanted);
  return values && { not: wanted === undefined, values };
}

/** One text or a list of at least one. */
function textsOf(value: unknown): readonly string[] | undefined {
  const texts = listOf(value);
  return texts.length > 0 && texts.every((text) => typeof text === "string") ? (texts as string[]) : undefined;
}
