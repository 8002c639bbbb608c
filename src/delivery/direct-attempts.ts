/** Attempts without the outbox, for callers that need the answer and retry by themselves, such as pipes. */
import type { Invocation } from "../calls/invocation.ts";
import type { Notes } from "../calls/notes.ts";
import type { Clock } from "../engine/clock.ts";
import type { Random } from "../engine/random.ts";
import type { Store } from "../engine/store.ts";
import type { Attempts } from "./attempts.ts";
import type { History } from "./history.ts";
import { noTarget, type Targets } from "./targets.ts";
import { type DeliveryRequest, FailedAfterTaking } from "./types.ts";

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
    const { store, clock, random, notes, targets, history, attempts } = this.#parts;
    const target = targets.of(request.kind);
    if (target === undefined) throw noTarget(request);
    const delivery = { ...request, id: random.uuid(), attempt: 1 };
    try {
      if ("remote" in target) {
        await store.untilDurable();
        return await targets.remote(target.remote, delivery, invocation);
      }
      const { added } = notes;
      const response = invocation.cause.run(() => targets.local(target.local, delivery));
      if (notes.added > added) history.addNoted(delivery, clock.now());
      await store.flushed();
      return response;
    } catch (error) {
      const failure = targets.failureOf(error);
      if (!(failure instanceof FailedAfterTaking)) throw failure;
      const cause = invocation.cause.next("delivery", delivery.id);
      const row = attempts.outbox.newRow(delivery.id, request, cause);
      cause.run(() => store.transaction(() => attempts.failed(row, request.payload, failure)));
      return failure.response;
    }
  }

  /** As `attempt`, for several deliveries, in one transaction where their targets write rows. Results keep the order. */
  async attemptAll(
    requests: readonly DeliveryRequest[],
    invocation: Invocation,
  ): Promise<PromiseSettledResult<unknown>[]> {
    return this.#parts.store.transaction(() =>
      Promise.allSettled(requests.map((request) => this.attempt(request, invocation))),
    );
  }
}
