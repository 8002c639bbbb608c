/** What an account has for all its APIs and the control plane of REST APIs alone keeps: API keys with their plans, logging. */
import type { Place } from "../calls/place.ts";

/** A call that names an API key. */
export interface KeyUse extends Place {
  readonly apiId: string;
  readonly stage: string;
  /** What plans have throttles for: `/orders/GET`, or a route's key; the first that has one counts. */
  readonly methods: readonly string[];
  /** The key itself. */
  readonly value: string;
}

/** A key that is enabled and in a plan of the API's stage. */
export interface UsedKey {
  readonly id: string;
  readonly value: string;
  /** Why it is not let in this time. */
  readonly refusal?: "throttled" | "quota exceeded" | undefined;
}

export interface AccountSettings {
  /** Counts one call of a key; undefined for a key that admits nothing here. */
  useKey(use: KeyUse): UsedKey | undefined;
  /** The role that logs are written with; undefined where the account has none. */
  logsRole(place: Place): string | undefined;
}
