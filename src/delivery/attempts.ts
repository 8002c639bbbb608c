/** Attempts at deliveries and their results: a record, another attempt, or the end. */
import { Cause } from "../calls/cause.ts";
import { Invocation } from "../calls/invocation.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import type { Store } from "../engine/store.ts";
import type { Endings } from "./endings.ts";
import type { History } from "./history.ts";
import { deliveryOf, nextDelivery, Outbox } from "./outbox.ts";
import { recordOf, withAttempt } from "./records.ts";
import { retryDelayMs } from "./retry.ts";
import type { DeliveryRow } from "./tables.ts";
import { noTarget, type Remote, type Targets } from "./targets.ts";
import { type DeliverLocally, type DeliveryFailure, type DeliveryRequest, FailedAfterTaking } from "./types.ts";

export interface AttemptsDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly targets: Targets;
  readonly history: History;
  readonly endings: Endings;
}

export class Attempts {
  readonly outbox: Outbox;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #targets: Targets;
  readonly #history: History;
  readonly #endings: Endings;

  constructor({ store, clock, random, targets, history, endings }: AttemptsDependencies) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#targets = targets;
    this.#history = history;
    this.#endings = endings;
    this.outbox = new Outbox(
      store,
      clock,
      (row) => this.begin(row),
      (end) => {
        store.afterCommit(() => history.countFailed(end));
        return endings.givenUp(end);
      },
    );
  }

  /** Begins the attempt of a row that is due; returns a promise when it does not finish at once. */
  begin(row: DeliveryRow): Promise<void> | undefined {
    const payload = this.outbox.textOf(row);
    const target = this.#targets.of(row.request.kind);
    if (target !== undefined && "remote" in target) {
      return this.#attemptRemote(row, payload, target.remote);
    }
    const cause = Cause.from(row.cause);
    this.#store.transaction(() => {
      if (target === undefined) cause.run(() => this.outbox.giveUp(row, payload, noTarget(row.request)));
      else this.#attemptLocal(row, payload, target.local, cause);
    });
    return undefined;
  }

  /** The first attempt at a target that only writes rows: it needs a row of its own only if it fails. */
  attemptAtOnce(id: string, request: DeliveryRequest, deliver: DeliverLocally, cause: Cause): void {
    const delivery = deliveryOf(request, request.payload, id, 1);
    let response: unknown;
    try {
      response = this.#targets.local(deliver, delivery);
    } catch (error) {
      this.failed(this.outbox.newRow(id, request, cause), request.payload, this.#targets.failureOf(error));
      return;
    }
    const acceptedMs = this.#clock.now();
    const { account, region, service, source, target, kind, notify } = request;
    const taken = { id, account, region, service, source, target, kind, acceptedMs };
    this.#store.afterCommit(() => this.#history.addTaken(taken));
    if (notify !== undefined) this.#endings.tell({ delivery, status: "delivered", acceptedMs, response });
  }

  #attemptLocal(row: DeliveryRow, payload: string, deliver: DeliverLocally, cause: Cause): void {
    cause.run(() => {
      let response: unknown;
      try {
        response = this.#targets.local(deliver, nextDelivery(row, payload));
      } catch (error) {
        this.failed(row, payload, this.#targets.failureOf(error));
        return;
      }
      this.#succeeded(row, payload, response);
    });
  }

  async #attemptRemote(row: DeliveryRow, payload: string, remote: Remote): Promise<void> {
    let response: unknown;
    let failure: DeliveryFailure | undefined;
    try {
      // Nobody may hear of what a crash could still undo.
      const durable = this.#store.untilDurable();
      if (durable !== undefined) await durable;
      if (this.#targets.stopped || !this.outbox.holds(row)) return;
      const { service, source } = row.request;
      const invocation = Invocation.ofService(service, source, row.request, Cause.from(row.cause));
      response = await this.#targets.remote(remote, nextDelivery(row, payload), invocation);
    } catch (error) {
      if (this.#targets.stopped) return;
      failure = this.#targets.failureOf(error);
    }
    try {
      Cause.from(row.cause).run(() =>
        this.#store.transaction(() => {
          if (!this.outbox.holds(row)) return;
          if (failure === undefined) this.#succeeded(row, payload, response);
          else this.failed(row, payload, failure);
        }),
      );
    } catch (error) {
      // The emulator was stopped meanwhile: the next run repeats the delivery.
      if (!this.#targets.stopped) throw error;
    }
  }

  #succeeded(row: DeliveryRow, payload: string, response: unknown): void {
    this.outbox.remove(row, payload);
    const record = recordOf(row, "delivered", withAttempt(row, { timeMs: this.#clock.now(), outcome: "delivered" }));
    this.#store.afterCommit(() => this.#history.addDelivered(record));
    this.#tellTaken(row, payload, response);
  }

  /** Handles a failed attempt: schedules the next one, or gives up. */
  failed(row: DeliveryRow, payload: string, failure: DeliveryFailure): void {
    const now = this.#clock.now();
    const { code, message } = failure;
    let tried: DeliveryRow = { ...row, ...withAttempt(row, { timeMs: now, outcome: "failed", code, message }) };
    if (failure instanceof FailedAfterTaking) {
      this.#tellTaken(row, payload, failure.response);
      // Its place in the order ends once the source's part is done.
      this.outbox.remove(row, payload);
      tried = ownedByTarget(tried, failure);
      payload = failure.taken.payload;
    }
    const { retry } = tried.request;
    const delayMs = failure.retryable ? retryDelayMs(retry, tried.attemptCount, this.#random) : undefined;
    const nextMs = now + Math.max(delayMs ?? 0, failure.retryAfterMs);
    if (!failure.retryable) this.outbox.giveUp(tried, payload, failure, "NotRetryable");
    else if (delayMs === undefined) this.outbox.giveUp(tried, payload, failure, "MaximumRetryAttempts");
    else if (nextMs > row.acceptedMs + (retry.maxAgeMs ?? Number.POSITIVE_INFINITY)) {
      this.outbox.giveUp(tried, payload, failure, "MaximumEventAgeInSeconds");
    } else this.outbox.put({ ...tried, nextMs }, payload);
  }

  /** Tells the source, if it wants to know, that the target has taken its delivery. */
  #tellTaken(row: DeliveryRow, payload: string, response: unknown): void {
    if (row.request.notify === undefined) return;
    const { acceptedMs } = row;
    this.#endings.tell({ delivery: nextDelivery(row, payload), status: "delivered", acceptedMs, response });
  }
}

/** A delivery that its target retries under its own policy, to which the source's attempts do not count. */
function ownedByTarget(row: DeliveryRow, { taken, retry }: FailedAfterTaking): DeliveryRow {
  const used = { count: row.attemptCount - 1, minMs: 0, maxMs: 0, curve: "constant" as const };
  const {
    payload: _,
    id: _id,
    attempt: _attempt,
    deadLetter: _letter,
    notify: _notify,
    orderKey: _order,
    ...request
  } = taken;
  return {
    ...row,
    payloadId: undefined,
    request: { ...request, taken: true, retry: { ...retry, phases: [used, ...retry.phases] } },
  };
}
