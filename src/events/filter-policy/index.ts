export {
  type FilterPolicy,
  type FilterPolicyScope,
  InvalidFilterPolicy,
  maxFilterPolicyBytes,
  parseFilterPolicy,
} from "./filter-policy.ts";
export {
  explainFilterPolicy,
  FilterPolicyIndex,
  type FilterPolicyMismatch,
  matchesFilterPolicy,
} from "./filter-policy-match.ts";
export {
  attributesForFiltering,
  bodyForFiltering,
  type FilteredMessage,
  type MessageAttribute,
} from "./filtered-message.ts";
