/** Events as `/_busbar/events` and the embedding API show them. */

/** Why a rule did not match an event. */
export interface NearMiss {
  readonly ruleArn: string;
  /** The first field that does not match, with names joined by dots; absent when the rule is disabled. */
  readonly field?: string;
  /**
   * `absent`: the field has no value; `value`: no entry of the pattern accepts one; `element`: all fields fit, but not
   * within one array element; `disabled`: the rule would match if it were enabled.
   */
  readonly reason: "absent" | "value" | "element" | "disabled";
  /** The pattern's entries for the field, as JSON text. */
  readonly expected?: string;
  /** The event's values of the field; numbers that no double holds are texts. */
  readonly actual?: readonly unknown[];
}

export interface EventRecord {
  /** When it reached the bus, on the emulator's clock, ISO 8601. */
  readonly arrivedAt: string;
  /** Owner of the bus. */
  readonly account: string;
  readonly region: string;
  /** Name of the bus. */
  readonly bus: string;
  readonly busArn: string;
  readonly source: string;
  readonly detailType: string;
  readonly eventId: string;
  /** The event as rules see it. */
  readonly event: Readonly<Record<string, unknown>>;
  /** ARNs of the rules that matched. */
  readonly matched: readonly string[];
  /** The rules that came closest to matching, as they are now, closest first. */
  readonly unmatched: readonly NearMiss[];
  /** Why no rule could match: the bus does not exist. */
  readonly reason?: string | undefined;
}

/** All filters that are present must match exactly; newest first. */
export interface EventFilter {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** Name or ARN of the bus. */
  readonly bus?: string | undefined;
  readonly source?: string | undefined;
  readonly detailType?: string | undefined;
  /** True: only events that matched a rule; false: only those that matched none. */
  readonly matched?: boolean | undefined;
  /** Default: 100. */
  readonly limit?: number | undefined;
}
