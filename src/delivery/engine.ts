/**
 * The delivery engine: one durable outbox for everything that is pushed. A delivery to a target inside the emulator is
 * attempted at once, in the transaction that causes it, and costs no row; everything else, and whatever has to be
 * tried again, is a row until it is delivered or given up.
 */
import { AwsError } from "../../protocols/error.ts";
import { Cause } from "../calls/cause.ts";
import { causeOr, Invocation } from "../calls/invocation.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import { Ring } from "../engine/ring.ts";
import type { Store } from "../engine/store.ts";
import { Lanes } from "./lanes.ts";
import { Payloads } from "./payloads.ts";
import { newestOf, previewOf, recordOf, withAttempt } from "./records.ts";
import { retryDelayMs } from "./retry.ts";
import { type DeliveryRow, deliveryKey, deliveryTable, laneOf, orderOf } from "./tables.ts";
import {
  type Attempt,
  type DeadLetter,
  type DeliverLocally,
  type DeliverTo,
  type Delivery,
  type DeliveryEnd,
  DeliveryFailure,
  type DeliveryFilter,
  type DeliveryRecord,
  type DeliveryRequest,
  type DescribeFailure,
  type Exhausted,
} from "./types.ts";

/** Failed and delivered ones kept to be looked at. */
const keptFailed = 1000;
const keptDelivered = 1000;
const keptUnmatched = 1000;
/** Local attempts within one transaction; a larger fan-out goes on after it, so that nobody else has to wait. */
const mostLocalAttempts = 256;

type Target = { readonly local: DeliverLocally } | { readonly remote: DeliverTo };

export interface DeliveryEngineDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

export class DeliveryEngine {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #rows;
  readonly #payloads: Payloads;
  readonly #lanes: Lanes;
  readonly #targets = new Map<string, Target>();
  readonly #handlers = new Map<string, (end: DeliveryEnd) => void>();
  readonly #describers = new Map<string, DescribeFailure>();
  readonly #delivered = new Ring<DeliveryRecord>(keptDelivered);
  readonly #unmatched = new Ring<DeliveryRecord>(keptUnmatched);
  readonly #stopped = new AbortController();
  #localAttempts = 0;

  constructor({ store, clock, random }: DeliveryEngineDependencies) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#rows = store.table(deliveryTable);
    this.#payloads = new Payloads(store, this.#rows.by.payload);
    this.#lanes = new Lanes(clock, this.#rows.by.lane, (row) => this.#begin(row));
  }

  /** Registers who takes deliveries of a kind outside the emulator or through calls that wait. Before `start`. */
  register(kind: string, deliverTo: DeliverTo): void {
    this.#addTarget(kind, { remote: deliverTo });
  }

  /** Registers who takes deliveries of a kind by writing rows, at once. Before `start`. */
  registerLocal(kind: string, deliver: DeliverLocally): void {
    this.#addTarget(kind, { local: deliver });
  }

  /** Registers who hears how deliveries with this `notify` ended, inside the transaction that ends them. */
  onEnd(name: string, handler: (end: DeliveryEnd) => void): void {
    this.#handlers.set(name, handler);
  }

  /** Registers what a service adds to the dead letters of its deliveries: the body, attributes that tell the failure. */
  describeFailure(service: string, describe: DescribeFailure): void {
    this.#describers.set(service, describe);
  }

  /** Once all targets are registered: what is pending from an earlier run goes on. */
  start(): void {
    this.#payloads.count(this.#rows.by.status.range("pending"));
    this.#lanes.start();
  }

  /** Ends what is under way; it stays pending and is repeated by the next run. */
  stop(): void {
    this.#lanes.stop();
    this.#stopped.abort();
  }

  /** After rows were deleted by `Store.reset`. */
  reset(account?: string): void {
    const keep = account === undefined ? undefined : (record: DeliveryRecord) => record.account !== account;
    this.#delivered.clear(keep);
    this.#unmatched.clear(keep);
    this.#payloads.count(this.#rows.by.status.range("pending"));
  }

  /**
   * Accepts a delivery, inside the transaction of what causes it, and answers its id. It never throws for what is
   * wrong with the target: that is what records and dead letters are for.
   */
  submit(request: DeliveryRequest): string {
    const id = this.#random.uuid();
    const target = this.#targets.get(request.kind);
    if (target === undefined) {
      const failure = new DeliveryFailure("UnsupportedTarget", `Busbar has no targets of kind ${request.kind}.`, false);
      this.#fail(this.#newRow(id, request), request.payload, failure);
    } else if (this.#isBlocked(request)) {
      this.#enqueue({ ...this.#newRow(id, request), blocked: true }, request.payload);
    } else if ("local" in target && request.delayMs === undefined && this.#mayAttemptNow(request)) {
      this.#attemptLocal(this.#newRow(id, request), request.payload, target.local);
    } else {
      this.#enqueue(this.#newRow(id, request), request.payload);
    }
    return id;
  }

  /** Remembers that a message of this source reached nobody, and why. Inside a transaction. */
  noteUnmatched(message: Pick<DeliveryRequest, "account" | "region" | "service" | "source">, reason: string): void {
    const { account, region, service, source } = message;
    const record: DeliveryRecord = {
      id: this.#random.uuid(),
      account,
      region,
      service,
      source,
      target: "",
      kind: "none",
      status: "unmatched",
      acceptedMs: this.#clock.now(),
      attemptCount: 0,
      attempts: [],
      reason,
    };
    this.#store.afterCommit(() => this.#unmatched.add(record));
  }

  /**
   * Makes one attempt without the outbox, for who needs the answer and tries again by itself (a pipe).
   * @throws DeliveryFailure, AwsError: whatever the target answers, or that there is none of this kind.
   */
  async attempt(request: DeliveryRequest, invocation: Invocation): Promise<unknown> {
    const target = this.#targets.get(request.kind);
    if (target === undefined) {
      throw new DeliveryFailure("UnsupportedTarget", `Busbar has no targets of kind ${request.kind}.`, false);
    }
    const delivery: Delivery = { ...request, id: this.#random.uuid(), attempt: 1 };
    if ("remote" in target) {
      await this.#store.untilDurable();
      return target.remote(delivery, invocation);
    }
    const response = invocation.cause.run(() => this.#store.transaction(() => target.local(delivery)));
    await this.#store.flushed();
    return response;
  }

  /** Resolves when nothing is under way and nothing is due now. Not to be awaited by what is itself being delivered. */
  async settled(): Promise<void> {
    const until = this.#clock.endlessFrom();
    do {
      await this.#clock.quiet(until);
      await this.#lanes.landed();
    } while (this.#lanes.busy);
  }

  /** Newest first: all pending and failed deliveries that are kept, the last delivered, the last messages nobody took. */
  list(filter: DeliveryFilter = {}): DeliveryRecord[] {
    const found: DeliveryRecord[] = [];
    const limit = filter.limit ?? 100;
    const sources = [
      this.#recordsOf("pending"),
      this.#recordsOf("failed"),
      this.#delivered.newestFirst(),
      this.#unmatched.newestFirst(),
    ];
    for (const record of newestOf(sources)) {
      if (filter.account !== undefined && record.account !== filter.account) continue;
      if (filter.source !== undefined && record.source !== filter.source) continue;
      if (filter.target !== undefined && record.target !== filter.target) continue;
      if (filter.status !== undefined && record.status !== filter.status) continue;
      found.push(record);
      if (found.length === limit) break;
    }
    return found;
  }

  #addTarget(kind: string, target: Target): void {
    if (this.#targets.has(kind)) throw new Error(`the target kind ${kind} is registered twice`);
    this.#targets.set(kind, target);
  }

  #newRow(id: string, { payload: _payload, ...request }: DeliveryRequest): DeliveryRow {
    const now = this.#clock.now();
    return {
      id,
      account: request.account,
      serial: this.#store.nextSerial(),
      status: "pending",
      request,
      payloadId: undefined,
      preview: undefined,
      cause: causeOr("delivery", id, now).next("delivery", id).text,
      acceptedMs: now,
      nextMs: now + (request.delayMs ?? 0),
      blocked: false,
      attemptCount: 0,
      attempts: [],
      deadLetter: undefined,
    };
  }

  #isBlocked({ source, orderKey }: DeliveryRequest): boolean {
    return orderKey !== undefined && this.#rows.by.order.size(`${source}\n${orderKey}`) > 0;
  }

  #mayAttemptNow({ retry }: DeliveryRequest): boolean {
    if (retry.maxPerSecond !== undefined || this.#localAttempts >= mostLocalAttempts) return false;
    // A transaction is synchronous: the next microtask is after it, whether it was committed or undone.
    if (this.#localAttempts === 0) queueMicrotask(() => (this.#localAttempts = 0));
    this.#localAttempts += 1;
    return true;
  }

  #enqueue(row: DeliveryRow, payload: string): void {
    if (!this.#payloads.hasRoomFor(payload)) {
      const failure = new DeliveryFailure("OutboxFull", "Too much is waiting to be delivered.", false);
      this.#fail(row, payload, failure);
      return;
    }
    this.#putPending({ ...row, payloadId: this.#payloads.keep(row, payload) });
  }

  #putPending(row: DeliveryRow): void {
    this.#rows.put(row);
    if (!row.blocked) this.#store.afterCommit(() => this.#lanes.touched(laneOf(row.request)));
  }

  /** Begins an attempt of a row that is due: at once, or as a promise of it. */
  #begin(row: DeliveryRow): Promise<void> | undefined {
    const payload = this.#payloads.textOf(row);
    const target = this.#targets.get(row.request.kind);
    if (target === undefined) {
      const failure = new DeliveryFailure("UnsupportedTarget", `No targets of kind ${row.request.kind}.`, false);
      this.#store.transaction(() => this.#fail(row, payload, failure));
      return undefined;
    }
    if ("local" in target) {
      this.#store.transaction(() => this.#attemptLocal(row, payload, target.local));
      return undefined;
    }
    return this.#attemptRemote(row, payload, target.remote);
  }

  #attemptLocal(row: DeliveryRow, payload: string, deliver: DeliverLocally): void {
    const delivery = deliveryOf(row, payload);
    let response: unknown;
    try {
      response = Cause.from(row.cause).run(() => this.#store.transaction(() => deliver(delivery)));
    } catch (error) {
      this.#failed(row, payload, this.#failureOf(error));
      return;
    }
    this.#succeed(row, payload, response);
  }

  async #attemptRemote(row: DeliveryRow, payload: string, deliver: DeliverTo): Promise<void> {
    let response: unknown;
    let failure: DeliveryFailure | undefined;
    try {
      // Nobody hears of what a crash could still undo.
      const durable = this.#store.untilDurable();
      if (durable !== undefined) await durable;
      if (this.#stopped.signal.aborted || this.#rows.get(deliveryKey(row)) !== row) return;
      const { service, source } = row.request;
      const invocation = Invocation.ofService(service, source, row.request, Cause.from(row.cause), this.#stopped);
      response = await deliver(deliveryOf(row, payload), invocation);
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      failure = this.#failureOf(error);
    }
    try {
      Cause.from(row.cause).run(() => this.#store.transaction(() => this.#settle(row, payload, response, failure)));
    } catch (error) {
      // The emulator has ended in the meantime: the next run repeats the delivery.
      if (!this.#stopped.signal.aborted) throw error;
    }
  }

  #settle(row: DeliveryRow, payload: string, response: unknown, failure: DeliveryFailure | undefined): void {
    // A reset may have taken the row away in the meantime.
    if (this.#rows.get(deliveryKey(row)) !== row) return;
    if (failure === undefined) this.#succeed(row, payload, response);
    else this.#failed(row, payload, failure);
  }

  #failureOf(error: unknown): DeliveryFailure {
    if (error instanceof DeliveryFailure) return error;
    if (error instanceof AwsError) {
      const retryable = error.fault === "server" || error.status === 429 || /Throttl|LimitExceeded/.test(error.name);
      return new DeliveryFailure(error.queryCode, error.message, retryable, { status: error.status });
    }
    if (error instanceof Error && error.name === "StoreError") throw error;
    this.#clock.report(error);
    return new DeliveryFailure("InternalFailure", "An internal error occurred. It is logged with its stack.", true);
  }

  #succeed(row: DeliveryRow, payload: string, response: unknown): void {
    this.#forget(row, payload);
    const attempt: Attempt = { timeMs: this.#clock.now(), outcome: "delivered" };
    const record = recordOf(row, "delivered", withAttempt(row, attempt));
    this.#store.afterCommit(() => this.#delivered.add(record));
    if (row.request.notify === undefined) return;
    const delivery = deliveryOf(row, payload);
    this.#tell({ delivery, status: "delivered", acceptedMs: row.acceptedMs, response });
  }

  /** An attempt failed: the next is due later, or it is given up. */
  #failed(row: DeliveryRow, payload: string, failure: DeliveryFailure): void {
    const now = this.#clock.now();
    const { code, message } = failure;
    const tried = { ...row, ...withAttempt(row, { timeMs: now, outcome: "failed", code, message }) };
    const delayMs = failure.retryable ? retryDelayMs(row.request.retry, tried.attemptCount, this.#random) : undefined;
    const nextMs = now + Math.max(delayMs ?? 0, failure.retryAfterMs);
    const lastMs = row.acceptedMs + (row.request.retry.maxAgeMs ?? Number.POSITIVE_INFINITY);
    if (delayMs === undefined || nextMs > lastMs) {
      const reason = !failure.retryable
        ? "NotRetryable"
        : delayMs === undefined
          ? "MaximumRetryAttempts"
          : "MaximumEventAgeInSeconds";
      this.#fail(tried, payload, failure, reason);
    } else if (row.payloadId === undefined) this.#enqueue({ ...tried, nextMs }, payload);
    else this.#putPending({ ...tried, nextMs });
  }

  /** Gives a delivery up: its dead letter goes out, and the row tells why. */
  #fail(row: DeliveryRow, payload: string, failure: DeliveryFailure, exhausted: Exhausted = "NotRetryable"): void {
    this.#forget(row, payload);
    const { request } = row;
    const attempts =
      row.attempts.length > 0
        ? row.attempts
        : [{ timeMs: this.#clock.now(), outcome: "failed", code: failure.code, message: failure.message } as const];
    const delivery = deliveryOf(row, payload);
    const end: DeliveryEnd = { delivery, status: "failed", acceptedMs: row.acceptedMs, failure, exhausted };
    const deadLetter = request.deadLetter && this.#sendDeadLetter(request.deadLetter, end);
    this.#rows.put({
      ...row,
      status: "failed",
      payloadId: undefined,
      preview: previewOf(payload),
      blocked: false,
      attempts,
      deadLetter,
    });
    if (this.#rows.by.status.size("failed") > keptFailed) {
      this.#rows.delete(deliveryKey(this.#rows.by.status.first("failed") as DeliveryRow));
    }
    this.#tell(end);
  }

  #sendDeadLetter(letter: DeadLetter, end: DeliveryEnd): DeliveryRecord["deadLetter"] {
    const { delivery } = end;
    const described = this.#describers.get(delivery.service)?.(end);
    const target = this.#targets.get("sqs");
    if (target === undefined || !("local" in target)) throw new Error("dead letters need the target kind sqs");
    try {
      this.#store.transaction(() =>
        target.local({
          ...delivery,
          target: letter.arn,
          kind: "sqs",
          payload: letter.body ?? described?.body ?? delivery.payload,
          parameters: {
            messageAttributes: { ...letter.attributes, ...described?.attributes },
            messageGroupId: letter.messageGroupId,
            messageDeduplicationId: letter.messageDeduplicationId,
          },
        }),
      );
      return { arn: letter.arn, sent: true };
    } catch (error) {
      const { code, message } = this.#failureOf(error);
      return { arn: letter.arn, sent: false, reason: `${code}: ${message}` };
    }
  }

  /** Takes a delivery that has ended out of the outbox and lets the next of its order go. */
  #forget(row: DeliveryRow, payload: string): void {
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

  #tell(end: DeliveryEnd): void {
    const { notify } = end.delivery;
    if (notify === undefined) return;
    try {
      this.#store.transaction(() => this.#handlers.get(notify)?.(end));
    } catch (error) {
      this.#clock.report(error);
    }
  }

  *#recordsOf(status: DeliveryRow["status"]): IterableIterator<DeliveryRecord> {
    for (const row of this.#rows.by.status.range(status, { reverse: true })) {
      const payload = row.preview ?? previewOf(this.#payloads.textOf(row));
      yield { ...recordOf(row, status, row), payload };
    }
  }
}

function deliveryOf(row: DeliveryRow, payload: string): Delivery {
  return { ...row.request, payload, id: row.id, attempt: row.attemptCount + 1 };
}
