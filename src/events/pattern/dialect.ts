/** Differences between the services that use the pattern language. */
export interface Dialect {
  /** The `wildcard` operator exists. */
  wildcard: boolean;
  /** `anything-but` accepts an operator (prefix, suffix, equals-ignore-case, and wildcard where it exists). */
  nestedAnythingBut: boolean;
  /** Largest magnitude of a number in the pattern. */
  maxNumber: number;
  /** What error messages call `prefix` and `suffix` inside `anything-but`. Default: their own names. */
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
