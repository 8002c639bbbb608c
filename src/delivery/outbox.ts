/** The rows of deliveries that wait for an attempt or were given up, and the latter's dead letters. */
import type { Cause } from "../calls/cause.ts";
import type { Clock } from "../engine/clock.ts";
import type { Store } from "../engine/store.ts";
import { Lanes } from "./lanes.ts";
import { Payloads } from "./payloads.ts";
import { previewOf, recordOf } from "./records.ts";
import { type DeliveryRow, deliveryKey, deliveryTable, laneOf, orderOf } from "./tables.ts";
import {
  type Delivery,
  type DeliveryEnd,
  DeliveryFailure,
  type DeliveryRequest,
  type Exhausted,
  type KeptDelivery,
} from "./types.ts";

/** How many deliveries that were given up are kept. */
const keptFailed = 1000;

/** Called inside the transaction when a delivery is given up; returns what became of its dead letter. */
export type OnGivenUp = (end: DeliveryEnd) => KeptDelivery["deadLetter"];

export class Outbox {
  readonly lanes: Lanes;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #rows;
  readonly #payloads: Payloads;
  readonly #onGivenUp: OnGivenUp;

  constructor(
    store: Store,
    clock: Clock,
    begin: (row: DeliveryRow) => Promise<void> | undefined,
    onGivenUp: OnGivenUp,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#rows = store.table(deliveryTable);
    this.#payloads = new Payloads(store, this.#rows.by.payload);
    this.#onGivenUp = onGivenUp;
    this.lanes = new Lanes(clock, this.#rows.by.lane, begin);
  }

  /** Recounts what is pending, after a start or a reset. */
  count(): void {
    this.#payloads.count(this.#rows.by.status.range("pending"));
  }

  /** @param cause the delivery's, including the delivery itself. */
  newRow(id: string, { payload: _payload, ...request }: DeliveryRequest, cause: Cause): DeliveryRow {
    const now = this.#clock.now();
    return {
      id,
      account: request.account,
      serial: this.#store.nextSerial(),
      status: "pending",
      request,
      payloadId: undefined,
      preview: undefined,
      cause: cause.text,
      acceptedMs: now,
      nextMs: now + (request.delayMs ?? 0),
      blocked: false,
      attemptCount: 0,
      attempts: [],
      deadLetter: undefined,
    };
  }

  /** How many are pending. */
  get pending(): number {
    return this.#rows.by.status.size("pending");
  }

  /** Whether an earlier delivery with the same order key is unfinished. */
  isBlocked(request: DeliveryRequest): boolean {
    const order = orderOf(request);
    return order !== undefined && this.#rows.by.order.size(order) > 0;
  }

  /** Whether a row is unchanged since its attempt began: a reset may have deleted it. */
  holds(row: DeliveryRow): boolean {
    return this.#rows.get(deliveryKey(row)) === row;
  }

  textOf(row: DeliveryRow): string {
    return this.#payloads.textOf(row);
  }

  /** Stores a delivery until it is due. */
  put(row: DeliveryRow, payload: string): void {
    if (row.payloadId !== undefined) this.#putPending(row);
    else if (this.#payloads.hasRoomFor(payload))
      this.#putPending({ ...row, payloadId: this.#payloads.keep(row, payload) });
    else this.giveUp(row, payload, new DeliveryFailure("OutboxFull", "Too much is waiting to be delivered.", false));
  }

  /** Removes a delivery that has ended and unblocks the next in its order. */
  remove(row: DeliveryRow, payload: string): void {
    const { payloadId } = row;
    if (payloadId === undefined) return;
    this.#rows.delete(deliveryKey(row));
    this.#payloads.release(payloadId, payload);
    const order = orderOf(row.request);
    const next = order === undefined ? undefined : this.#rows.by.order.first(order);
    if (next?.blocked) {
      this.#putPending({ ...next, blocked: false, nextMs: Math.max(next.nextMs, this.#clock.now()) });
    }
  }

  /** Gives up a failed delivery: sends its dead letter and keeps its row with the reason. */
  giveUp(row: DeliveryRow, payload: string, failure: DeliveryFailure, exhausted: Exhausted = "NotRetryable"): void {
    this.remove(row, payload);
    const { code, message } = failure;
    const attempts =
      row.attempts.length > 0
        ? row.attempts
        : [{ timeMs: this.#clock.now(), outcome: "failed", code, message } as const];
    const delivery = nextDelivery(row, payload);
    const end: DeliveryEnd = { delivery, status: "failed", acceptedMs: row.acceptedMs, failure, exhausted };
    this.#rows.put({
      ...row,
      status: "failed",
      payloadId: undefined,
      preview: previewOf(payload),
      blocked: false,
      attempts,
      deadLetter: this.#onGivenUp(end),
    });
    if (this.#rows.by.status.size("failed") > keptFailed) {
      this.#rows.delete(deliveryKey(this.#rows.by.status.first("failed") as DeliveryRow));
    }
  }

  /** Newest first. */
  *records(status: DeliveryRow["status"]): IterableIterator<KeptDelivery> {
    for (const row of this.#rows.by.status.range(status, { reverse: true })) {
      const payload = row.preview ?? previewOf(this.#payloads.textOf(row));
      yield { ...recordOf(row, status, row), payload };
    }
  }

  #putPending(row: DeliveryRow): void {
    this.#rows.put(row);
    if (!row.blocked) this.#store.afterCommit(() => this.lanes.touched(laneOf(row.request)));
  }
}

/**
 * A delivery as its target sees it. Services hand over requests of many shapes; targets read deliveries of one, which
 * costs a fraction.
 */
export function deliveryOf(request: DeliveryRow["request"], payload: string, id: string, attempt: number): Delivery {
  return {
    id,
    attempt,
    payload,
    account: request.account,
    region: request.region,
    service: request.service,
    source: request.source,
    roleArn: request.roleArn,
    target: request.target,
    kind: request.kind,
    parameters: request.parameters,
    retry: request.retry,
    deadLetter: request.deadLetter,
    orderKey: request.orderKey,
    delayMs: request.delayMs,
    notify: request.notify,
    taken: request.taken,
    context: request.context,
  } as Delivery;
}

/** A pending delivery at its next attempt. */
export function nextDelivery({ request, id, attemptCount }: DeliveryRow, payload: string): Delivery {
  return deliveryOf(request, payload, id, attemptCount + 1);
}
