/** The only source of randomness in a run. The caller seeds it, so that the same seed gives the same run. */
export type Chance = {
  /** A number in [0, 1). */
  random: () => number;
  /** A version 4 UUID. */
  uuid: () => string;
};
