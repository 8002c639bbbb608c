/**
 * Settings an account has for all its APIs, kept by the REST control plane: API keys, usage plans, the role for logs.
 */
import type { Place } from "../calls/place.ts";

/** A call made with an API key. */
export interface KeyUse extends Place {
  readonly apiId: string;
  readonly stage: string;
  /** Keys of a plan's method throttles: `/orders/GET`, or a route key. The first with a throttle applies. */
  readonly methods: readonly string[];
  /** The key itself. */
  readonly value: string;
}

/** An enabled key that belongs to a usage plan of the API's stage. */
export interface UsedKey {
  readonly id: string;
  readonly value: string;
  /** Why this call is refused, if it is. */
  readonly refusal?: "throttled" | "quota exceeded" | undefined;
}

export interface AccountSettings {
  /** Counts one call made with a key. Undefined if the key is not valid for this stage. */
  useKey(use: KeyUse): UsedKey | undefined;
  /** The role used to write logs; undefined if the account has none. */
  logsRole(place: Place): string | undefined;
}
