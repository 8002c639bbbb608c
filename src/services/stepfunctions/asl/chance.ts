/** The source of all that differs between two runs: seeded by the caller, so that the same seed gives the same run. */
export type Chance = {
  /** A number in [0, 1). */
  random: () => number;
  /** A version 4 UUID. */
  uuid: () => string;
};
