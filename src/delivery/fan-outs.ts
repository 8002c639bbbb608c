/**
 * Fan-outs: many deliveries of one text, accepted and usually attempted together. A large one is stored as rows until
 * its last part has been attempted, so that it is accepted as a whole, survives a restart, and does not block others.
 */
import { Cause, currentCause } from "../calls/cause.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import type { Store } from "../engine/store.ts";
import type { Attempts } from "./attempts.ts";
import type { History } from "./history.ts";
import { type FanOutPartRow, fanOutPartTable, fanOutTable } from "./tables.ts";
import type { Targets } from "./targets.ts";
import type { DeliveryRequest, Receiver, Shared } from "./types.ts";

/** Deliveries attempted at once: about two milliseconds of work. */
const maxAtOnce = 500;
/** The wait before a part is tried again while the store accepts no writes. */
const storePauseMs = 1000;

export interface FanOutsDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly targets: Targets;
  readonly history: History;
  readonly attempts: Attempts;
  readonly submit: (request: DeliveryRequest) => void;
}

export class FanOuts {
  readonly #deps: FanOutsDependencies;
  readonly #fanOuts;
  readonly #parts;
  #waiting = 0;

  constructor(dependencies: FanOutsDependencies) {
    this.#deps = dependencies;
    this.#fanOuts = dependencies.store.table(fanOutTable);
    this.#parts = dependencies.store.table(fanOutPartTable);
  }

  /** Deliveries that were accepted but not attempted yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Recounts what is waiting, after a start or a reset. */
  count(): void {
    this.#waiting = 0;
    for (const { receivers } of this.#parts.values()) this.#waiting += receivers.length;
  }

  /** Continues what an earlier run left. */
  start(): void {
    this.count();
    for (const part of this.#parts.values()) this.#soon(part);
  }

  /** Accepts the deliveries of a fan-out. Inside a transaction. */
  submit(shared: Shared, receivers: readonly Receiver[]): void {
    if (receivers.length <= maxAtOnce) this.#attempt(shared, receivers);
    else this.#keep(shared, receivers);
  }

  #keep(shared: Shared, receivers: readonly Receiver[]): void {
    const { store } = this.#deps;
    const account = receivers[0]?.account ?? "";
    const fanOut = store.nextSerial();
    this.#fanOuts.put({ serial: fanOut, account, shared, cause: currentCause()?.text });
    for (let at = 0; at < receivers.length; at += maxAtOnce) {
      const part: FanOutPartRow = {
        serial: store.nextSerial(),
        account,
        fanOut,
        receivers: receivers.slice(at, at + maxAtOnce),
      };
      this.#parts.put(part);
      store.afterCommit(() => {
        this.#waiting += part.receivers.length;
        this.#soon(part);
      });
    }
  }

  #soon(part: FanOutPartRow): void {
    this.#deps.clock.turns.soon(() => this.#goOn(part));
  }

  #goOn(part: FanOutPartRow): void {
    const { store, clock } = this.#deps;
    // A reset may have deleted it.
    if (this.#parts.get(part.serial) !== part) return;
    try {
      store.transaction(() => this.#take(part));
    } catch (error) {
      clock.at(clock.now() + storePauseMs, () => this.#goOn(part));
      throw error;
    }
  }

  #take({ serial, fanOut, receivers }: FanOutPartRow): void {
    const row = this.#fanOuts.get(fanOut);
    this.#parts.delete(serial);
    this.#deps.store.afterCommit(() => {
      this.#waiting -= receivers.length;
    });
    if (row === undefined) return;
    if (this.#parts.by.fanOut.size(String(fanOut)) === 0) this.#fanOuts.delete(fanOut);
    Cause.from(row.cause).run(() => this.#attempt(row.shared, receivers));
  }

  #attempt(shared: Shared, receivers: readonly Receiver[]): void {
    const { store, clock, random, targets, history, attempts, submit } = this.#deps;
    const deliverAll = targets.allOf(shared);
    const cause = currentCause();
    if (deliverAll === undefined || cause === undefined) {
      for (const receiver of receivers) submit(requestOf(shared, receiver));
      return;
    }
    const ids = random.uuids(receivers.length);
    let failures: ReturnType<typeof deliverAll>;
    try {
      failures = store.transaction(() => deliverAll(shared, receivers, ids));
    } catch {
      // Attempted one by one, it shows which of them is at fault.
      for (const receiver of receivers) submit(requestOf(shared, receiver));
      return;
    }
    const acceptedMs = clock.now();
    const { region, service, kind, payload } = shared;
    store.afterCommit(() => history.addTakenAll({ region, service, kind, acceptedMs, receivers, ids, failures }));
    for (const [place, failure] of failures) {
      const id = ids.at(place);
      const itsCause = cause.next("delivery", id);
      const row = attempts.outbox.newRow(id, requestOf(shared, receivers[place] as Receiver), itsCause);
      itsCause.run(() => attempts.failed(row, payload, failure));
    }
  }
}

function requestOf(shared: Shared, receiver: Receiver): DeliveryRequest {
  return { ...shared, ...receiver };
}
