/**
 * When which pending delivery is begun. Deliveries to one target are a lane. A lane's first one under way has a place of
 * the lane's own, so that targets that hang block nobody else; all further ones take places that the lanes share.
 */

import type { Clock, Timer } from "../engine/clock.ts";
import { performance } from "../engine/real-time.ts";
import type { Index } from "../engine/table.ts";
import type { DeliveryRow } from "./tables.ts";

const mostInLane = 32;
/** Places shared by the lanes. */
const mostShared = 256;
/** Lanes that have a place of their own at a time: each may be a connection. */
const mostLanesAtWork = 1024;
const storePauseMs = 1000;

interface Lane {
  readonly key: string;
  readonly inFlight: Set<string>;
  alarm: Timer | undefined;
  alarmMs: number;
  /** A limit of rate allows the next attempt from here on. */
  freeMs: number;
}

/** What lanes do with a delivery that is due: undefined when it was done at once. */
export type Begin = (row: DeliveryRow) => Promise<void> | undefined;

export class Lanes {
  readonly #clock: Clock;
  readonly #pending: Index<DeliveryRow>;
  readonly #begin: Begin;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that have something due and found all places taken, in the order they came: those that need one of their own. */
  readonly #idle = new Set<Lane>();
  /** … and those at work, which need a shared one. */
  readonly #waiting = new Set<Lane>();
  #inFlight = 0;
  #lanesAtWork = 0;
  readonly #whenLanded: (() => void)[] = [];
  #running = false;

  constructor(clock: Clock, pending: Index<DeliveryRow>, begin: Begin) {
    this.#clock = clock;
    this.#pending = pending;
    this.#begin = begin;
  }

  /** Takes up what is pending already. */
  start(): void {
    this.#running = true;
    for (const key of this.#pending.groups()) this.touched(key);
  }

  stop(): void {
    this.#running = false;
    for (const lane of this.#lanes.values()) lane.alarm?.cancel();
    this.#idle.clear();
    this.#waiting.clear();
    this.#tellLanded();
  }

  /** To be called after the commit of whatever made a delivery of this lane pending, or moved its time. */
  touched(key: string): void {
    if (!this.#running) return;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, inFlight: new Set(), alarm: undefined, alarmMs: Number.POSITIVE_INFINITY, freeMs: 0 };
      this.#lanes.set(key, lane);
    }
    const first = this.#pending.first(key);
    if (first !== undefined) this.#arm(lane, Math.max(first.nextMs, lane.freeMs));
  }

  /** Whether anything is under way or due now. */
  get busy(): boolean {
    if (!this.#running) return false;
    if (this.#inFlight > 0) return true;
    const now = this.#clock.now();
    for (const lane of this.#lanes.values()) if (lane.alarmMs <= now) return true;
    return false;
  }

  /** Resolves when nothing is under way, however long that takes. */
  landed(): Promise<void> {
    if (!this.#running || this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenLanded.push(resolve));
  }

  #tellLanded(): void {
    for (const resolve of this.#whenLanded.splice(0)) resolve();
  }

  #arm(lane: Lane, dueMs: number): void {
    if (lane.alarmMs <= dueMs) return;
    lane.alarm?.cancel();
    lane.alarmMs = dueMs;
    lane.alarm = this.#clock.at(dueMs, () => {
      lane.alarm = undefined;
      lane.alarmMs = Number.POSITIVE_INFINITY;
      this.#pump(lane);
    });
  }

  /** Begins what is due, as far as there are places; then waits for the next time or for a place. */
  #pump(lane: Lane): void {
    if (!this.#running) return;
    const now = this.#clock.now();
    const endsAt = this.#clock.turns.endOfWork();
    let begun = 0;
    for (const row of this.#pending.range(lane.key)) {
      if (lane.inFlight.has(row.id)) continue;
      const dueMs = Math.max(row.nextMs, lane.freeMs);
      if (dueMs > now || (begun > 0 && performance.now() >= endsAt)) {
        this.#arm(lane, dueMs);
        return;
      }
      if (lane.inFlight.size >= mostInLane) return;
      if (lane.inFlight.size === 0 ? !this.#hasPlaceForLane : !this.#hasSharedPlace) {
        (lane.inFlight.size === 0 ? this.#idle : this.#waiting).add(lane);
        return;
      }
      begun += 1;
      const perSecond = row.request.retry.maxPerSecond;
      if (perSecond !== undefined) lane.freeMs = Math.max(now, lane.freeMs) + 1000 / perSecond;
      this.#run(lane, row);
    }
    if (lane.inFlight.size > 0) return;
    // An empty lane is kept only as long as its rate limit has something to remember.
    if (lane.freeMs > now) this.#arm(lane, lane.freeMs);
    else this.#lanes.delete(lane.key);
  }

  #run(lane: Lane, row: DeliveryRow): void {
    let done: Promise<void> | undefined;
    try {
      done = this.#begin(row);
    } catch (error) {
      // The store takes no writes: the row stays as it is and the lane waits a moment.
      lane.freeMs = this.#clock.now() + storePauseMs;
      this.#clock.report(error);
      return;
    }
    if (done === undefined) return;
    this.#inFlight += 1;
    if (lane.inFlight.size === 0) this.#lanesAtWork += 1;
    lane.inFlight.add(row.id);
    const finish = (error?: unknown): void => {
      this.#inFlight -= 1;
      lane.inFlight.delete(row.id);
      if (lane.inFlight.size === 0) this.#lanesAtWork -= 1;
      if (error !== undefined) {
        lane.freeMs = this.#clock.now() + storePauseMs;
        this.#clock.report(error);
      }
      this.#pumpWaiting();
      // What one attempt causes may be the next: a chain of them must not keep the event loop from going round.
      if (this.#clock.turns.spent) this.#arm(lane, this.#clock.now());
      else this.#pump(lane);
      if (this.#inFlight === 0) this.#tellLanded();
    };
    const finished = done.then(() => finish(), finish).catch((error: unknown) => this.#clock.report(error));
    void this.#clock.trackOutside(finished);
  }

  get #hasPlaceForLane(): boolean {
    return this.#lanesAtWork < mostLanesAtWork;
  }

  get #hasSharedPlace(): boolean {
    return this.#inFlight - this.#lanesAtWork < mostShared;
  }

  /** Gives places that have become free to those who have waited longest. */
  #pumpWaiting(): void {
    for (const lane of this.#idle) {
      if (!this.#hasPlaceForLane) break;
      this.#idle.delete(lane);
      this.#pump(lane);
    }
    for (const lane of this.#waiting) {
      if (!this.#hasSharedPlace) break;
      this.#waiting.delete(lane);
      this.#pump(lane);
    }
  }
}
