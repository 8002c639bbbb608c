/** What differs between the services that speak the pattern language. */
export interface Dialect {
  /** The `wildcard` operator exists. */
  wildcard: boolean;
  /** `anything-but` takes an operator (prefix, suffix, equals-ignore-case, and wildcard where there is one). */
  nestedAnythingBut: boolean;
  /** Largest magnitude of a number in the pattern. */
  maxNumber: number;
  /** How a refusal names `prefix` and `suffix` inside `anything-but`; by their own names when absent. */
  affixName?: string;
}

/** Rules, archives, TestEventPattern. */
export const busDialect: Dialect = {
  wildcard: true,
  nestedAnythingBut: true,
  maxNumber: Number.POSITIVE_INFINITY,
  affixName: "prefix/suffix",
};

/** Pipe filters: a subset of the bus's operators. */
export const pipesDialect: Dialect = { ...busDialect, wildcard: false, nestedAnythingBut: false };

/** SNS filter policies. */
export const snsDialect: Dialect = {
  wildcard: false,
  nestedAnythingBut: true,
  maxNumber: 1e9,
};
