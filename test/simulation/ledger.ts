/** What must have arrived where: tokens by the place they are for. */
import { Violation } from "./world.ts";

interface Entry {
  /** Acknowledged: it must arrive. Otherwise it may. */
  certain: boolean;
  /** From when on it must be there, in epoch milliseconds. */
  dueMs: number;
}

export class Ledger {
  readonly #expected = new Map<string, Map<string, Entry>>();
  /** What has been seen of each token: ids of its messages. */
  readonly #seen = new Map<string, Map<string, Set<string>>>();

  readonly #forgiven = new Set<string>();

  /** It may arrive from now on; `certain` makes it a must. */
  may(place: string, token: string): void {
    if (!this.#place(place).has(token))
      this.#place(place).set(token, { certain: false, dueMs: Number.POSITIVE_INFINITY });
  }

  /** It must be there by this time. */
  must(place: string, token: string, dueMs: number): void {
    this.#place(place).set(token, { certain: true, dueMs });
  }

  /** It need not come any more. */
  release(place: string, token: string): void {
    const entry = this.#place(place).get(token);
    if (entry !== undefined) entry.certain = false;
  }

  /** It must not come any more. */
  never(place: string, token: string): void {
    this.#place(place).delete(token);
  }

  /** Something with this id brought the token. @throws Violation for what nobody has sent. */
  saw(place: string, token: string, id: string): void {
    if (!this.#place(place).has(token)) throw new Violation("something comes from nowhere", { place, token });
    const seen = this.#seen.get(place) ?? new Map<string, Set<string>>();
    this.#seen.set(place, seen);
    const ids = seen.get(token) ?? new Set<string>();
    seen.set(token, ids.add(id));
  }

  /** How often it came. */
  times(place: string, token: string): number {
    return this.#seen.get(place)?.get(token)?.size ?? 0;
  }

  /** @throws Violation when something that is due has come neither here nor to the place for what is given up. */
  checkDue(place: string, now: number, deadLetters?: string): void {
    for (const [token, { certain, dueMs }] of this.#place(place)) {
      if (!certain || dueMs > now) continue;
      if (this.times(place, token) > 0 || (deadLetters !== undefined && this.times(deadLetters, token) > 0)) {
        this.release(place, token);
        continue;
      }
      throw new Violation("something acknowledged never arrives", { place, token, dueMs, now });
    }
  }

  /** @throws Violation when something came twice. */
  checkOnce(place: string): void {
    for (const [token, ids] of this.#seen.get(place) ?? []) {
      if (ids.size > 1 && !this.#forgiven.has(`${place} ${token}`))
        throw new Violation("something arrives twice", { place, token, ids: [...ids] });
    }
  }

  /** What came twice until now may have. */
  forgive(place: string): void {
    for (const [token, ids] of this.#seen.get(place) ?? []) if (ids.size > 1) this.#forgiven.add(`${place} ${token}`);
  }

  #place(name: string): Map<string, Entry> {
    const place = this.#expected.get(name) ?? new Map<string, Entry>();
    this.#expected.set(name, place);
    return place;
  }
}
