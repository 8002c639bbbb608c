import { type EventValue, explain, type Mismatch, matchesPattern, PatternIndex } from "../pattern/index.ts";
import type { FilterPolicy } from "./filter-policy.ts";
import { attributesForFiltering, bodyForFiltering, type FilteredMessage } from "./filtered-message.ts";

/** What the policy is held against; undefined where no policy lets the message through. */
function lookedAt(scope: FilterPolicy["scope"], message: FilteredMessage): EventValue | undefined {
  return scope === "MessageBody" ? bodyForFiltering(message.body) : attributesForFiltering(message.attributes);
}

/** Whether one policy lets the message through. For all subscriptions of a topic use {@link FilterPolicyIndex}. */
export function matchesFilterPolicy(policy: FilterPolicy, message: FilteredMessage): boolean {
  const value = lookedAt(policy.scope, message);
  return value !== undefined && matchesPattern(policy.pattern, value);
}

/**
 * Why a policy keeps the message back: the first key that does not fit, that the body is no JSON object with members, or
 * that there are no attributes to look at.
 */
export type FilterPolicyMismatch = Mismatch | { reason: "body-not-json-object" } | { reason: "no-attributes" };

/** Explains a message kept back; undefined if the policy lets it through. */
export function explainFilterPolicy(policy: FilterPolicy, message: FilteredMessage): FilterPolicyMismatch | undefined {
  const value = lookedAt(policy.scope, message);
  if (value !== undefined) return explain(policy.pattern, value);
  return { reason: policy.scope === "MessageBody" ? "body-not-json-object" : "no-attributes" };
}

/** The filter policies of a topic's subscriptions, matched together: the time does not go with their number. */
export class FilterPolicyIndex<Id> {
  readonly #scopes = new Map<Id, FilterPolicy["scope"]>();
  readonly #attributes = new PatternIndex<Id>();
  readonly #body = new PatternIndex<Id>();

  /** Adds a subscription's policy, in place of the one it had. */
  add(id: Id, policy: FilterPolicy): void {
    this.remove(id);
    this.#scopes.set(id, policy.scope);
    this.#of(policy.scope).add(id, policy.pattern);
  }

  /** Removes a subscription's policy and says whether there was one. */
  remove(id: Id): boolean {
    const scope = this.#scopes.get(id);
    if (scope === undefined) return false;
    this.#scopes.delete(id);
    return this.#of(scope).remove(id);
  }

  has(id: Id): boolean {
    return this.#scopes.has(id);
  }

  /** How many policies have been checked in full since the index was made: the measure of its work. */
  get checks(): number {
    return this.#attributes.checks + this.#body.checks;
  }

  /** The subscriptions whose policy lets the message through: those on attributes first, each in order of arrival. */
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
