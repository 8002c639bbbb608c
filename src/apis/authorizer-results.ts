/** Results of Lambda authorizers: their policies, evaluated as IAM does, and a cache. */
import { isObject } from "../../protocols/unknown-json.ts";
import { type Decision, decide } from "../access/evaluate.ts";
import { compilePolicy, type Policy } from "../access/policy.ts";
import { listOf } from "../access/policy-document.ts";
import type { RequestKeys } from "../access/wildcard.ts";

/**
 * The policy in an authorizer's answer. It names no principal, since it applies to whoever is being authorized.
 * Undefined if it is not a policy; one without statements allows nobody.
 */
export function authorizerPolicy(document: unknown): Policy | undefined {
  if (!isObject(document) || document["Statement"] === undefined) return undefined;
  const statements = listOf(document["Statement"]);
  if (!statements.every(isObject)) return undefined;
  return compilePolicy({
    members: { Version: "2012-10-17", ...document },
    statements: statements.map((statement) => ({ ...statement, Principal: "*" })),
  });
}

const nobody = { arn: "anonymous", userId: "anonymous" };

/**
 * Whether the policy allows a method to be invoked.
 * @param methodArn with the path of the request, not of the resource.
 */
export function decideInvoke(policy: Policy, methodArn: string, account: string, keys: RequestKeys): Decision {
  return decide(policy, { account, principal: nobody, action: "execute-api:Invoke", resource: methodArn, keys });
}

/** The source ARN with which an authorizer invokes its function. @param methodArn of the request */
export function authorizerArn(methodArn: string, id: string): string {
  return `${methodArn.slice(0, methodArn.indexOf("/"))}/authorizers/${id}`;
}

interface Entry<Result> {
  readonly result: Result;
  readonly endMs: number;
}

/** Cached results in all; at this many the cache is emptied. */
const maxResults = 10_000;

/** Caches results, so that an authorizer is asked once for the same identity within its time to live. */
export class AuthorizerCache<Result> {
  /** By group (a stage, which is flushed as a whole), then by key. */
  readonly #entries = new Map<string, Map<string, Entry<Result>>>();
  #size = 0;

  get(group: string, key: string, nowMs: number): Result | undefined {
    const entry = this.#entries.get(group)?.get(key);
    return entry !== undefined && entry.endMs > nowMs ? entry.result : undefined;
  }

  /** @param ttlMs 0 caches nothing. */
  put(group: string, key: string, result: Result, nowMs: number, ttlMs: number): void {
    if (ttlMs <= 0) return;
    if (this.#size >= maxResults) this.clear();
    let entries = this.#entries.get(group);
    if (entries === undefined) this.#entries.set(group, (entries = new Map()));
    if (!entries.has(key)) this.#size += 1;
    entries.set(key, { result, endMs: nowMs + ttlMs });
  }

  /** Forgets a group's results. */
  flush(group: string): void {
    this.#size -= this.#entries.get(group)?.size ?? 0;
    this.#entries.delete(group);
  }

  clear(): void {
    this.#entries.clear();
    this.#size = 0;
  }
}
