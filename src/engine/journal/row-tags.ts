/** The type of the value that follows. */
export const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  integer: 4,
  negative: 5,
  double: 6,
  text: 7,
  bigint: 8,
  bytes: 9,
  list: 10,
  object: 11,
  /** The same text as this member had in the previous object of the shape. */
  repeated: 12,
} as const;
