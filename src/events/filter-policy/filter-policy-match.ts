import { explain, type Mismatch, matchesPattern, PatternIndex, snsDialect } from "../pattern/index.ts";
import type { FilterPolicy } from "./filter-policy.ts";
import { attributesForFiltering, bodyForFiltering, type FilteredMessage } from "./filtered-message.ts";

function lookedAt(policy: FilterPolicy, message: FilteredMessage) {
  return policy.scope === "MessageBody" ? bodyForFiltering(message.body) : attributesForFiltering(message.attributes);
}

/** Whether one policy lets the message through. For all subscriptions of a topic use {@link FilterPolicyIndex}. */
export function matchesFilterPolicy(policy: FilterPolicy, message: FilteredMessage): boolean {
  const value = lookedAt(policy, message);
  return value !== undefined && matchesPattern(policy.pattern, value);
}

/** Why a policy keeps the message back: the first key that does not fit, or that the body is no JSON object. */
export type FilterPolicyMismatch = Mismatch | { reason: "body-not-json-object" };

/** Explains a message kept back; undefined if the policy lets it through. */
export function explainFilterPolicy(policy: FilterPolicy, message: FilteredMessage): FilterPolicyMismatch | undefined {
  const value = lookedAt(policy, message);
  return value === undefined ? { reason: "body-not-json-object" } : explain(policy.pattern, value);
}

/** The filter policies of a topic's subscriptions, matched together: the time does not go with their number. */
export class FilterPolicyIndex<Id> {
  readonly #scopes = new Map<Id, FilterPolicy["scope"]>();
  readonly #attributes = new PatternIndex<Id>(snsDialect);
  readonly #body = new PatternIndex<Id>(snsDialect);

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
    const found = this.#attributes.size > 0 ? this.#attributes.match(attributesForFiltering(message.attributes)) : [];
    if (this.#body.size === 0) return found;
    const body = bodyForFiltering(message.body);
    return body === undefined ? found : found.concat(this.#body.match(body));
  }

  #of(scope: FilterPolicy["scope"]): PatternIndex<Id> {
    return scope === "MessageBody" ? this.#body : this.#attributes;
  }
}
