/**
 * Decides when each pending delivery begins. Deliveries to one target form a lane. The first one under way in a lane
 * has a slot of its own, so that a target that hangs does not block others; all further ones use slots that the lanes
 * share.
 */

import type { Clock, Timer } from "../engine/clock.ts";
import { performance } from "../engine/real-time.ts";
import type { Index } from "../engine/table.ts";
import type { DeliveryRow } from "./tables.ts";

const maxInLane = 32;
/** Slots shared by all lanes. */
const maxShared = 256;
/** How many lanes can have a slot of their own at a time: each may be a connection. */
const maxLanesAtWork = 1024;
const storePauseMs = 1000;

interface Lane {
  readonly key: string;
  readonly inFlight: Set<string>;
  alarm: Timer | undefined;
  alarmMs: number;
  /** The rate limit allows the next attempt from this time on. */
  freeMs: number;
}

/** Begins a delivery that is due; returns undefined when it finished at once. */
export type Begin = (row: DeliveryRow) => Promise<void> | undefined;

export class Lanes {
  readonly #clock: Clock;
  readonly #pending: Index<DeliveryRow>;
  readonly #begin: Begin;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something due that wait for a slot of their own, first come first served. */
  readonly #idle = new Set<Lane>();
  /** Lanes under way that wait for a shared slot. */
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

  /** Begins with what is already pending. */
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

  /** Call it after the commit that made a delivery of this lane pending, or changed its time. */
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

  /** Whether anything is under way or due. */
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

  /** Begins what is due as far as there are slots, then waits for the next time or for a slot. */
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
      if (lane.inFlight.size >= maxInLane) return;
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
    // An empty lane is kept only while its rate limit has something to remember.
    if (lane.freeMs > now) this.#arm(lane, lane.freeMs);
    else this.#lanes.delete(lane.key);
  }

  #run(lane: Lane, row: DeliveryRow): void {
    let done: Promise<void> | undefined;
    try {
      done = this.#begin(row);
    } catch (error) {
      // The store accepts no writes: the row stays as it is, and the lane waits a moment.
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
      // An attempt may cause the next one: a long chain of them must not block the event loop.
      if (this.#clock.turns.spent) this.#arm(lane, this.#clock.now());
      else this.#pump(lane);
      if (this.#inFlight === 0) this.#tellLanded();
    };
    const finished = done.then(() => finish(), finish).catch((error: unknown) => this.#clock.report(error));
    void this.#clock.trackOutside(finished);
  }

  get #hasPlaceForLane(): boolean {
    return this.#lanesAtWork < maxLanesAtWork;
  }

  get #hasSharedPlace(): boolean {
    return this.#inFlight - this.#lanesAtWork < maxShared;
  }

  /** Gives free slots to those who have waited longest. */
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
