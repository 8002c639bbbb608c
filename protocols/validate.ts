/** Facts about a service's shapes that the SDK schemas lack; see `constraints/`. */

export interface Constraints {
  /** Name of the error a violation is answered with, `ValidationException` unless told. */
  readonly error?: string;
  /** Facts by structure name, then by member name, in the order AWS checks the members. */
  readonly shapes?: Readonly<Record<string, Readonly<Record<string, MemberFacts>>>>;
}

/** What AWS's model says of one member; `min` and `max` bound a length or a value, by the member's type. */
export interface MemberFacts {
  readonly required?: true;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** Numbers other than integers. */
  readonly type?: "long" | "float" | "double";
  /** Facts of a list's items or a map's values. */
  readonly item?: MemberFacts;
  /** Facts of a map's keys. */
  readonly key?: MemberFacts;
}
