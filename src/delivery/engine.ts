/**
 * The delivery engine: one durable outbox for everything that is pushed. A delivery to a target inside the emulator is
 * attempted at once, in the transaction that causes it, and costs no row; everything else, and whatever has to be
 * tried again, is a row until it is delivered or given up.
 */

import type { Cause } from "../calls/cause.ts";
import { causeOr, type Invocation } from "../calls/invocation.ts";
import { Notes } from "../calls/notes.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import { queueMicrotask } from "../engine/real-time.ts";
import type { Store } from "../engine/store.ts";
import { Attempts } from "./attempts.ts";
import { type Copy, type SignText, wholeCopy } from "./copies.ts";
import { Endings } from "./endings.ts";
import { FanOuts } from "./fan-outs.ts";
import { type DeliveryCounts, History } from "./history.ts";
import type { Kind } from "./kinds.ts";
import type { DeliveryNews } from "./news.ts";
import type { Outbox } from "./outbox.ts";
import { type Deadline, noTarget, Targets } from "./targets.ts";
import {
  type DeliverAllLocally,
  type DeliverLocally,
  type DeliverTo,
  type DeliveryEnd,
  type DeliveryFailure,
  type DeliveryFilter,
  type DeliveryRecord,
  type DeliveryRequest,
  type DescribeFailure,
  FailedAfterTaking,
  type Gone,
  type Lost,
  type OwnAttempt,
  type PrepareAttempt,
  type Receiver,
  type Shared,
} from "./types.ts";

/** Local attempts within one transaction; a larger fan-out goes on after it, so that nobody else has to wait. */
const mostLocalAttempts = 10_000;

export interface DeliveryEngineDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** What is noted of deliveries besides their outcome. */
  readonly notes?: Notes;
}

export class DeliveryEngine {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #notes: Notes;
  readonly #targets: Targets;
  readonly #history: History;
  readonly #endings: Endings;
  readonly #attempts: Attempts;
  readonly #outbox: Outbox;
  readonly #fanOuts: FanOuts;
  #sign: SignText = () => "";
  #localAttempts = 0;

  constructor({ store, clock, random, notes = new Notes() }: DeliveryEngineDependencies) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#notes = notes;
    this.#history = new History(notes);
    this.#targets = new Targets(store, clock);
    this.#endings = new Endings(store, clock, this.#targets);
    const parts = { store, clock, random, targets: this.#targets, history: this.#history };
    this.#attempts = new Attempts({ ...parts, endings: this.#endings });
    this.#outbox = this.#attempts.outbox;
    this.#fanOuts = new FanOuts({ ...parts, attempts: this.#attempts, submit: (request) => this.submit(request) });
  }

  /**
   * Registers who takes deliveries of a kind outside the emulator or through calls that wait. Before `start`.
   * @param deadline how long an attempt may take; 16 minutes unless told.
   */
  register<K extends Kind>(kind: K, remote: DeliverTo<K>, deadline?: Deadline<K>): void {
    this.#targets.add(kind, deadline === undefined ? { remote } : { remote, deadline });
  }

  /** Registers who takes deliveries of a kind by writing rows, at once. Before `start`. */
  registerLocal<K extends Kind>(kind: K, local: DeliverLocally<K>): void {
    this.#targets.add(kind, { local });
  }

  /** Registers who takes a fan-out's deliveries of a kind together, besides who takes them one by one. Before `start`. */
  registerLocalAll<K extends Kind>(kind: K, deliverAll: DeliverAllLocally<K>): void {
    this.#targets.addAll(kind, deliverAll);
  }

  /** Registers who makes a new payload for each attempt of a service's deliveries. */
  prepareAttempt(service: string, prepare: PrepareAttempt): void {
    this.#targets.prepare(service, prepare);
  }

  /** Registers who hears how deliveries with this `notify` ended, inside the transaction that ends them. */
  onEnd(name: string, handler: (end: DeliveryEnd) => void): void {
    this.#endings.onEnd(name, handler);
  }

  /** Registers who signs the texts that copies share. */
  signCopies(sign: SignText): void {
    this.#sign = sign;
  }

  /** The text of one copy, as its reader gets it. Inside a transaction. */
  wholeCopy(text: string, copy: Copy): string {
    return wholeCopy(text, copy, this.#sign);
  }

  /** Registers what a service adds to the dead letters of its deliveries: the body, attributes that tell the failure. */
  describeFailure(service: string, describe: DescribeFailure): void {
    this.#endings.describeFailure(service, describe);
  }

  /** Once all targets are registered: what is pending from an earlier run goes on. */
  start(): void {
    this.#outbox.count();
    this.#outbox.lanes.start();
    this.#fanOuts.start();
  }

  /** Ends what is under way; it stays pending and is repeated by the next run. */
  stop(): void {
    this.#outbox.lanes.stop();
    this.#targets.stop();
  }

  /** After rows were deleted by `Store.reset`. */
  reset(account?: string): void {
    this.#history.clear(account);
    this.#outbox.count();
    this.#fanOuts.count();
  }

  /**
   * Accepts a delivery, inside the transaction of what causes it, and answers its id. It never throws for what is
   * wrong with the target: that is what records and dead letters are for.
   */
  submit(request: DeliveryRequest): string {
    const id = this.#random.uuid();
    const target = this.#targets.of(request.kind);
    const outbox = this.#outbox;
    const cause = this.#causeOf(id);
    const blocked = outbox.isBlocked(request);
    if (target !== undefined && "local" in target && !blocked && this.#mayAttemptNow(request)) {
      cause.run(() => this.#attempts.attemptAtOnce(id, request, target.local, cause));
      return id;
    }
    const row = outbox.newRow(id, request, cause);
    if (target === undefined) cause.run(() => outbox.giveUp(row, request.payload, noTarget(request)));
    else outbox.put(blocked ? { ...row, blocked } : row, request.payload);
    return id;
  }

  /**
   * Accepts the deliveries of a fan-out, as `submit` does each of them. A large one is accepted as a whole and attempted
   * some deliveries a turn.
   */
  submitAll(shared: Shared, receivers: readonly Receiver[]): void {
    this.#fanOuts.submit(shared, receivers);
  }

  /** Accepts what cannot even be attempted, for a reason its service knows: it is recorded and gets its dead letter. */
  refuse(request: DeliveryRequest, failure: DeliveryFailure): void {
    const id = this.#random.uuid();
    const cause = this.#causeOf(id);
    cause.run(() => this.#outbox.giveUp(this.#outbox.newRow(id, request, cause), request.payload, failure));
  }

  /** Remembers that a message reached nobody, or not all, and why. Inside a transaction. */
  noteLost(lost: Lost): void {
    this.#store.afterCommit(() => this.#history.addLost(lost, this.#clock.now()));
  }

  /** Remembers that messages of a queue went without having been read, and why. Inside a transaction. */
  noteGone(gone: Gone): void {
    this.#store.afterCommit(() => this.#history.addGone(gone, this.#clock.now()));
  }

  /** Remembers that somebody's own attempt failed. @param nextMs when it is made again; undefined: never */
  noteFailed(
    attempt: OwnAttempt,
    { code, message }: { code: string; message: string },
    nextMs: number | undefined,
  ): void {
    this.#history.ownFailed(attempt, code, message, this.#clock.now(), nextMs);
  }

  /** Remembers that what had failed before got through. */
  noteDelivered({ key }: Pick<OwnAttempt, "key">): void {
    this.#history.ownSucceeded(key, this.#clock.now());
  }

  /** Whether somebody tries a message of this queue again by itself. */
  awaits(queue: string): boolean {
    return this.#history.awaits(queue);
  }

  /** Remembers that messages have left their queue, so whoever tried them does not any more. Inside a transaction. */
  noteLeft(queue: string, ids: readonly string[], reason: string): void {
    if (this.awaits(queue)) this.#store.afterCommit(() => this.#history.addLeft(queue, ids, reason));
  }

  /** Remembers that who tried by itself does not any more. @param source its ARN. Inside a transaction. */
  noteGivenUp(source: string, reason: string): void {
    this.#store.afterCommit(() => this.#history.addGivenUp(source, reason));
  }

  /**
   * Makes one attempt without the outbox, for who needs the answer and tries again by itself (a pipe).
   * @throws DeliveryFailure: whatever the target answers, or that there is none of this kind.
   */
  async attempt(request: DeliveryRequest, invocation: Invocation): Promise<unknown> {
    const target = this.#targets.of(request.kind);
    if (target === undefined) throw noTarget(request);
    const delivery = { ...request, id: this.#random.uuid(), attempt: 1 };
    try {
      if ("remote" in target) {
        await this.#store.untilDurable();
        return await this.#targets.remote(target.remote, delivery, invocation);
      }
      const { added } = this.#notes;
      const response = invocation.cause.run(() => this.#targets.local(target.local, delivery));
      if (this.#notes.added > added) this.#history.addNoted(delivery, this.#clock.now());
      await this.#store.flushed();
      return response;
    } catch (error) {
      const failure = this.#targets.failureOf(error);
      if (!(failure instanceof FailedAfterTaking)) throw failure;
      const cause = invocation.cause.next("delivery", delivery.id);
      const row = this.#outbox.newRow(delivery.id, request, cause);
      cause.run(() => this.#store.transaction(() => this.#attempts.failed(row, request.payload, failure)));
      return failure.response;
    }
  }

  /**
   * As `attempt`, for many deliveries in one transaction, where their targets write rows; in their order.
   * @returns what became of each: an answer, or why it failed.
   */
  async attemptAll(
    requests: readonly DeliveryRequest[],
    invocation: Invocation,
  ): Promise<PromiseSettledResult<unknown>[]> {
    return this.#store.transaction(() =>
      Promise.allSettled(requests.map((request) => this.attempt(request, invocation))),
    );
  }

  /** Resolves when nothing is under way and nothing is due now. Not to be awaited by what is itself being delivered. */
  async settled(): Promise<void> {
    const until = this.#clock.endlessFrom();
    do {
      await this.#clock.quiet(until);
      await this.#outbox.lanes.landed();
    } while (this.#outbox.lanes.busy);
  }

  /** Tells of each delivery that has ended until the function returned is called. */
  watch(watcher: (news: DeliveryNews) => void): () => void {
    return this.#history.watch(watcher);
  }

  /** How many deliveries wait, and how many came to each end since the start or the last reset of everything. */
  counts(): DeliveryCounts {
    return this.#history.counts(this.#outbox.pending + this.#fanOuts.waiting);
  }

  /** Newest first: all pending and failed deliveries that are kept, the last delivered, the last that went nowhere. */
  list(filter: DeliveryFilter = {}): DeliveryRecord[] {
    return this.#history.list(filter, this.#outbox.records("pending"), this.#outbox.records("failed"));
  }

  #mayAttemptNow({ retry, delayMs }: DeliveryRequest): boolean {
    if (delayMs !== undefined || retry.maxPerSecond !== undefined || this.#localAttempts >= mostLocalAttempts)
      return false;
    // A transaction is synchronous: the next microtask is after it, whether it was committed or undone.
    if (this.#localAttempts === 0) queueMicrotask(() => (this.#localAttempts = 0));
    this.#localAttempts += 1;
    return true;
  }

  #causeOf(id: string): Cause {
    return causeOr("delivery", id, this.#clock.now()).next("delivery", id);
  }
}
