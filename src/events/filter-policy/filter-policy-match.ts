import { type EventValue, explain, type Mismatch, matchesPattern, PatternIndex } from "../pattern/index.ts";
import type { FilterPolicy } from "./filter-policy.ts";
import { attributesForFiltering, bodyForFiltering, type FilteredMessage } from "./filtered-message.ts";

/** What the policy is matched against; undefined when no policy can match the message. */
function lookedAt(scope: FilterPolicy["scope"], message: FilteredMessage): EventValue | undefined {
  return scope === "MessageBody" ? bodyForFiltering(message.body) : attributesForFiltering(message.attributes);
}

/** Whether one policy matches the message. For all subscriptions of a topic use {@link FilterPolicyIndex}. */
export function matchesFilterPolicy(policy: FilterPolicy, message: FilteredMessage): boolean {
  const value = lookedAt(policy.scope, message);
  return value !== undefined && matchesPattern(policy.pattern, value);
}

/**
 * Why a policy rejects the message: the first key that does not match, a body that is not a JSON object with members,
 * or no attributes to match.
 */
export type FilterPolicyMismatch = Mismatch | { reason: "body-not-json-object" } | { reason: "no-attributes" };

/** Explains why a message is rejected; undefined if the policy matches it. */
export function explainFilterPolicy(policy: FilterPolicy, message: FilteredMessage): FilterPolicyMismatch | undefined {
  const value = lookedAt(policy.scope, message);
  if (value !== undefined) return explain(policy.pattern, value);
  return { reason: policy.scope === "MessageBody" ? "body-not-json-object" : "no-attributes" };
}

/** The filter policies of a topic's subscriptions, matched together: the time does not depend on how many there are. */
export class FilterPolicyIndex<Id> {
  readonly #scopes = new Map<Id, FilterPolicy["scope"]>();
  readonly #attributes = new PatternIndex<Id>();
  readonly #body = new PatternIndex<Id>();

  /** Adds a subscription's policy, replacing its previous one. */
  add(id: Id, policy: FilterPolicy): void {
    this.remove(id);
    this.#scopes.set(id, policy.scope);
    this.#of(policy.scope).add(id, policy.pattern);
  }

  /** Removes a subscription's policy and returns whether there was one. */
  remove(id: Id): boolean {
    const scope = this.#scopes.get(id);
    if (scope === undefined) return false;
    this.#scopes.delete(id);
    return this.#of(scope).remove(id);
  }

  has(id: Id): boolean {
    return this.#scopes.has(id);
  }

  /** How many policies were checked in full since the index was created: a measure of its work. */
  get checks(): number {
    return this.#attributes.checks + this.#body.checks;
  }

  /**
   * The subscriptions whose policy matches the message: those on attributes first, each group in the order they were
   * added.
   */
  match(message: FilteredMessage): Id[] {
    return [...this.#matchIn("MessageAttributes", message), ...this.#matchIn("MessageBody", message)];
  }

  #matchIn(scope: FilterPolicy["scope"], message: FilteredMessage): Id[] {
    const index = this.#of(scope);
    const value = index.size > 0 ? lookedAt(scope, message) : undefined;
    return value === undefined ? [] : index.match(value);
  }

  #of(scope: FilterPolicy["scope"]): PatternIndex<Id> {
    return scope === "MessageBody" ? this.#body : this.#attributes;
  }
}
