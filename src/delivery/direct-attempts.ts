/** Attempts without the outbox, for callers that need the answer and retry by themselves, such as pipes. */
import type { Invocation } from "../calls/invocation.ts";
import type { Notes } from "../calls/notes.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import type { Store } from "../engine/store.ts";
import type { Attempts } from "./attempts.ts";
import type { History } from "./history.ts";
import { deliveryOf } from "./outbox.ts";
import { noTarget, type Targets } from "./targets.ts";
import {
  type Batch,
  type BatchEntry,
  type DeliverBatchLocally,
  type DeliverLocally,
  type Delivery,
  type DeliveryRequest,
  FailedAfterTaking,
} from "./types.ts";

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly notes: Notes;
  readonly targets: Targets;
  readonly history: History;
  readonly attempts: Attempts;
}

export class DirectAttempts {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws DeliveryFailure as the target reports it, or because no target of this kind exists. */
  async attempt(request: DeliveryRequest, invocation: Invocation): Promise<unknown> {
    const { store, targets } = this.#parts;
    const target = targets.of(request.kind);
    if (target === undefined) throw noTarget(request);
    if ("local" in target) {
      const response = invocation.cause.run(() => this.#deliver(target.local, request, invocation));
      await store.flushed();
      return response;
    }
    const delivery = this.#deliveryOf(request);
    try {
      await store.untilDurable();
      return await targets.remote(target.remote, delivery, invocation);
    } catch (error) {
      return this.#responseOf(error, delivery.id, request, invocation);
    }
  }

  /** As `attempt`, for the deliveries of a batch; if their target writes rows, in one transaction. */
  async attemptBatch(
    batch: Batch,
    entries: readonly BatchEntry[],
    invocation: Invocation,
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    const { store, targets } = this.#parts;
    const requestOf = ({ payload, parameters }: BatchEntry) => ({ ...batch, payload, parameters }) as DeliveryRequest;
    const target = targets.of(batch.kind);
    if (target === undefined || "remote" in target) {
      return Promise.allSettled(entries.map((entry) => this.attempt(requestOf(entry), invocation)));
    }
    const settle = (entry: BatchEntry): PromiseSettledResult<unknown> => {
      try {
        return { status: "fulfilled", value: this.#deliver(target.local, requestOf(entry), invocation) };
      } catch (reason) {
        return { status: "rejected", reason };
      }
    };
    const together = targets.batchOf(batch);
    const deliver = () => (together ? this.#deliverTogether(together, batch, entries) : entries.map(settle));
    const results = store.transaction(() => invocation.cause.run(deliver));
    await store.flushed();
    return results;
  }

  /** Within the invocation's cause. */
  #deliverTogether(
    together: DeliverBatchLocally,
    batch: Batch,
    entries: readonly BatchEntry[],
  ): readonly PromiseSettledResult<unknown>[] {
    const { store, clock, random, notes, targets, history } = this.#parts;
    const ids = random.uuids(entries.length);
    const { added } = notes;
    let results: readonly PromiseSettledResult<unknown>[];
    try {
      results = store.transaction(() => together(batch, entries, ids));
    } catch (error) {
      const reason = targets.failureOf(error);
      return entries.map(() => ({ status: "rejected", reason }));
    }
    if (notes.added > added) {
      for (const [place, { status }] of results.entries()) {
        if (status === "fulfilled") history.addNoted({ ...batch, id: ids.at(place) }, clock.now());
      }
    }
    return results.map((result) =>
      result.status === "fulfilled" ? result : { status: "rejected", reason: targets.failureOf(result.reason) },
    );
  }

  /** Within the invocation's cause. @throws DeliveryFailure */
  #deliver(local: DeliverLocally, request: DeliveryRequest, invocation: Invocation): unknown {
    const { clock, notes, targets, history } = this.#parts;
    const delivery = this.#deliveryOf(request);
    try {
      const { added } = notes;
      const response = targets.local(local, delivery);
      if (notes.added > added) history.addNoted(delivery, clock.now());
      return response;
    } catch (error) {
      return this.#responseOf(error, delivery.id, request, invocation);
    }
  }

  #deliveryOf(request: DeliveryRequest): Delivery {
    return deliveryOf(request, request.payload, this.#parts.random.uuid(), 1);
  }

  /**
   * What a target answered that failed only after it had taken the delivery, which goes on from the outbox.
   * @throws DeliveryFailure any other failure.
   */
  #responseOf(error: unknown, id: string, request: DeliveryRequest, invocation: Invocation): unknown {
    const { store, targets, attempts } = this.#parts;
    const failure = targets.failureOf(error);
    if (!(failure instanceof FailedAfterTaking)) throw failure;
    const cause = invocation.cause.next("delivery", id);
    const row = attempts.outbox.newRow(id, request, cause);
    cause.run(() => store.transaction(() => attempts.failed(row, request.payload, failure)));
    return failure.response;
  }
}
