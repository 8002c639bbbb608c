/**
 * The delivery engine: one durable outbox for everything that services push. A delivery to a target inside the emulator
 * is attempted at once, in the transaction that causes it, and needs no row. Everything else, including retries, is a
 * row until it is delivered or given up.
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
import { DirectAttempts } from "./direct-attempts.ts";
import { Endings } from "./endings.ts";
import { FanOuts } from "./fan-outs.ts";
import { type DeliveryCounts, History } from "./history.ts";
import type { Kind } from "./kinds.ts";
import type { DeliveryNews } from "./news.ts";
import type { Outbox } from "./outbox.ts";
import { type Deadline, noTarget, Targets } from "./targets.ts";
import type {
  Batch,
  BatchEntry,
  DeliverAllLocally,
  DeliverBatchLocally,
  DeliverLocally,
  DeliverTo,
  DeliveryEnd,
  DeliveryFailure,
  DeliveryFilter,
  DeliveryRecord,
  DeliveryRequest,
  DescribeFailure,
  Gone,
  Lost,
  OwnAttempt,
  PrepareAttempt,
  Receiver,
  Shared,
} from "./types.ts";

/**
 * Local attempts within one transaction; the rest of a larger fan-out follows afterwards, so that it does not block
 * others.
 */
const maxLocalAttempts = 10_000;

export interface DeliveryEngineDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Remarks on deliveries besides their outcome. */
  readonly notes?: Notes;
}

export class DeliveryEngine {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #targets: Targets;
  readonly #history: History;
  readonly #endings: Endings;
  readonly #attempts: Attempts;
  readonly #outbox: Outbox;
  readonly #fanOuts: FanOuts;
  readonly #direct: DirectAttempts;
  #sign: SignText = () => "";
  #localAttempts = 0;

  constructor({ store, clock, random, notes = new Notes() }: DeliveryEngineDependencies) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#history = new History(notes);
    this.#targets = new Targets(store, clock);
    this.#endings = new Endings(store, clock, this.#targets);
    const parts = { store, clock, random, targets: this.#targets, history: this.#history };
    this.#attempts = new Attempts({ ...parts, endings: this.#endings });
    this.#outbox = this.#attempts.outbox;
    this.#direct = new DirectAttempts({ ...parts, notes, attempts: this.#attempts });
    this.#fanOuts = new FanOuts({ ...parts, attempts: this.#attempts, submit: (request) => this.submit(request) });
  }

  /**
   * Registers a target for deliveries of a kind that leave the emulator or wait for an answer. Before `start`.
   * @param deadline how long an attempt may take. Default: 16 minutes.
   */
  register<K extends Kind>(kind: K, remote: DeliverTo<K>, deadline?: Deadline<K>): void {
    this.#targets.add(kind, deadline === undefined ? { remote } : { remote, deadline });
  }

  /** Registers a target that takes deliveries of a kind at once, by writing rows. Before `start`. */
  registerLocal<K extends Kind>(kind: K, local: DeliverLocally<K>): void {
    this.#targets.add(kind, { local });
  }

  /**
   * Registers a target for all deliveries of a fan-out together, in addition to the one for single deliveries. Before
   * `start`.
   */
  registerLocalAll<K extends Kind>(kind: K, deliverAll: DeliverAllLocally<K>): void {
    this.#targets.addAll(kind, deliverAll);
  }

  /**
   * Registers a target for all deliveries of a batch together, in addition to the one for single deliveries. Before
   * `start`.
   */
  registerLocalBatch<K extends Kind>(kind: K, deliverBatch: DeliverBatchLocally<K>): void {
    this.#targets.addBatch(kind, deliverBatch);
  }

  /** Registers a function that builds a new payload for each attempt of a service's deliveries. */
  prepareAttempt(service: string, prepare: PrepareAttempt): void {
    this.#targets.prepare(service, prepare);
  }

  /** Registers a handler, called inside the transaction that ends a delivery with this `notify`. */
  onEnd(name: string, handler: (end: DeliveryEnd) => void): void {
    this.#endings.onEnd(name, handler);
  }

  /** Registers the function that signs texts shared by copies. */
  signCopies(sign: SignText): void {
    this.#sign = sign;
  }

  /** The full text of one copy, as its reader gets it. Inside a transaction. */
  wholeCopy(text: string, copy: Copy): string {
    return wholeCopy(text, copy, this.#sign);
  }

  /**
   * Registers what a service adds to dead letters of its deliveries: the body, and attributes that describe the
   * failure.
   */
  describeFailure(service: string, describe: DescribeFailure): void {
    this.#endings.describeFailure(service, describe);
  }

  /** Continues what an earlier run left pending. Call it once all targets are registered. */
  start(): void {
    this.#outbox.count();
    this.#outbox.lanes.start();
    this.#fanOuts.start();
  }

  /** Aborts attempts under way; they stay pending, and the next run repeats them. */
  stop(): void {
    this.#outbox.lanes.stop();
    this.#targets.stop();
  }

  /** To be called after `Store.reset` has deleted rows. */
  reset(account?: string): void {
    this.#history.clear(account);
    this.#outbox.count();
    this.#fanOuts.count();
  }

  /**
   * Accepts a delivery inside the transaction of what causes it, and returns its id. Never throws for a problem of the
   * target: records and dead letters report those.
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
   * Accepts the deliveries of a fan-out, each as `submit` does. A large fan-out is accepted as a whole and attempted
   * over several turns of the event loop.
   */
  submitAll(shared: Shared, receivers: readonly Receiver[]): void {
    this.#fanOuts.submit(shared, receivers);
  }

  /**
   * Accepts a delivery that cannot be attempted, for a reason known to its service: it is recorded and gets its dead
   * letter.
   */
  refuse(request: DeliveryRequest, failure: DeliveryFailure): void {
    const id = this.#random.uuid();
    const cause = this.#causeOf(id);
    cause.run(() => this.#outbox.giveUp(this.#outbox.newRow(id, request, cause), request.payload, failure));
  }

  /** Records that a message reached nobody, or not everybody, and why. Inside a transaction. */
  noteLost(lost: Lost): void {
    this.#store.afterCommit(() => this.#history.addLost(lost, this.#clock.now()));
  }

  /** Records that messages left a queue unread, and why. Inside a transaction. */
  noteGone(gone: Gone): void {
    this.#store.afterCommit(() => this.#history.addGone(gone, this.#clock.now()));
  }

  /**
   * Records a failed attempt by a service that retries by itself.
   * @param nextMs time of the next attempt; undefined when there is none.
   */
  noteFailed(
    attempt: OwnAttempt,
    { code, message }: { code: string; message: string },
    nextMs: number | undefined,
  ): void {
    this.#history.ownFailed(attempt, code, message, this.#clock.now(), nextMs);
  }

  /** Records which attempts succeeded after failures. @param keyOf the key of an attempt's `OwnAttempt`. */
  noteDelivered<Item>(attempts: readonly Item[], keyOf: (attempt: Item) => string): void {
    // Mostly nothing has failed: then no key is needed.
    if (!this.#history.hasOwnFailures) return;
    for (const attempt of attempts) this.#history.ownSucceeded(keyOf(attempt), this.#clock.now());
  }

  /** Whether somebody still retries a message of this queue. */
  awaits(queue: string): boolean {
    return this.#history.awaits(queue);
  }

  /** Records that messages have left their queue, which ends all retries of them. Inside a transaction. */
  noteLeft(queue: string, ids: readonly string[], reason: string): void {
    if (this.awaits(queue)) this.#store.afterCommit(() => this.#history.addLeft(queue, ids, reason));
  }

  /** Records that a source has stopped retrying. @param source its ARN. Inside a transaction. */
  noteGivenUp(source: string, reason: string): void {
    this.#store.afterCommit(() => this.#history.addGivenUp(source, reason));
  }

  /**
   * Makes one attempt without the outbox, for callers that need the answer and retry by themselves, such as pipes.
   * @throws DeliveryFailure as the target reports it, or because no target of this kind exists.
   */
  attempt(request: DeliveryRequest, invocation: Invocation): Promise<unknown> {
    return this.#direct.attempt(request, invocation);
  }

  /**
   * As `attempt`, for several deliveries to one target, in one transaction where the target writes rows.
   * @returns for each, in the same order, an answer, or why it failed.
   */
  attemptBatch<K extends Kind>(
    batch: Batch<K>,
    entries: readonly BatchEntry<K>[],
    invocation: Invocation,
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    return this.#direct.attemptBatch(batch, entries, invocation);
  }

  /** Resolves when no attempt is under way and none is due. A delivery must not await it. */
  async settled(): Promise<void> {
    const until = this.#clock.endlessFrom();
    do {
      await this.#clock.quiet(until);
      await this.#outbox.lanes.landed();
    } while (this.#outbox.lanes.busy);
  }

  /** Calls the watcher for each delivery that ends until the returned function is called. */
  watch(watcher: (news: DeliveryNews) => void): () => void {
    return this.#history.watch(watcher);
  }

  /** How many deliveries are pending, and how many ended in which way since the start or the last full reset. */
  counts(): DeliveryCounts {
    return this.#history.counts(this.#outbox.pending + this.#fanOuts.waiting);
  }

  /** Newest first: all pending and failed deliveries that are kept, and the latest delivered and lost ones. */
  list(filter: DeliveryFilter = {}): DeliveryRecord[] {
    return this.#history.list(filter, this.#outbox.records("pending"), this.#outbox.records("failed"));
  }

  #mayAttemptNow({ retry, delayMs }: DeliveryRequest): boolean {
    if (delayMs !== undefined || retry.maxPerSecond !== undefined || this.#localAttempts >= maxLocalAttempts)
      return false;
    // A transaction is synchronous, so the next microtask runs after it, committed or not.
    if (this.#localAttempts === 0) queueMicrotask(() => (this.#localAttempts = 0));
    this.#localAttempts += 1;
    return true;
  }

  #causeOf(id: string): Cause {
    return causeOr("delivery", id, this.#clock.now()).next("delivery", id);
  }
}
