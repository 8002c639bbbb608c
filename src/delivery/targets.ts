/** Which targets take which kinds of delivery, and how one attempt runs. */
import { AwsError } from "../../protocols/error.ts";
import { Invocation } from "../calls/invocation.ts";
import type { Clock } from "../engine/clock.ts";
import type { Store } from "../engine/store.ts";
import type { Kind } from "./kinds.ts";
import {
  type Batch,
  type DeliverAllLocally,
  type DeliverBatchLocally,
  type DeliverLocally,
  type DeliverTo,
  type Delivery,
  DeliveryFailure,
  type DeliveryRequest,
  type PrepareAttempt,
  type Shared,
} from "./types.ts";

/** How long an attempt may take by default: a minute more than the longest thing AWS waits for. */
const maxAttemptMs = 16 * 60_000;

/** How long an attempt of a kind may take, in milliseconds of the clock. */
export type Deadline<K extends Kind> = (delivery: Delivery<K>) => number;

export interface Remote {
  readonly deliverTo: DeliverTo;
  readonly deadline: Deadline<Kind>;
}

export type Target = { readonly local: DeliverLocally } | { readonly remote: Remote };

export class Targets {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #targets = new Map<Kind, Target>();
  readonly #all = new Map<Kind, DeliverAllLocally>();
  readonly #batches = new Map<Kind, DeliverBatchLocally>();
  readonly #prepared = new Map<string, PrepareAttempt>();
  /** For attempts under way. */
  readonly #underWay = new Set<AbortController>();
  #stopped = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  add<K extends Kind>(
    kind: K,
    target: { local: DeliverLocally<K> } | { remote: DeliverTo<K>; deadline?: Deadline<K> },
  ) {
    if (this.#targets.has(kind)) throw new Error(`the target kind ${kind} is registered twice`);
    // Each target only receives deliveries of the kind it is registered under.
    if ("local" in target) this.#targets.set(kind, { local: target.local as DeliverLocally });
    else {
      const deadline = (target.deadline ?? (() => maxAttemptMs)) as Deadline<Kind>;
      this.#targets.set(kind, { remote: { deliverTo: target.remote as DeliverTo, deadline } });
    }
  }

  addAll<K extends Kind>(kind: K, deliverAll: DeliverAllLocally<K>): void {
    this.#all.set(kind, deliverAll as DeliverAllLocally);
  }

  addBatch<K extends Kind>(kind: K, deliverBatch: DeliverBatchLocally<K>): void {
    this.#batches.set(kind, deliverBatch as DeliverBatchLocally);
  }

  prepare(service: string, prepare: PrepareAttempt): void {
    this.#prepared.set(service, prepare);
  }

  of(kind: Kind): Target | undefined {
    return this.#targets.get(kind);
  }

  /** The target for a fan-out's deliveries together; undefined when each must be attempted by itself. */
  allOf({ kind, service, notify, orderKey, delayMs, retry }: Shared): DeliverAllLocally | undefined {
    const ownWay = notify ?? orderKey ?? delayMs ?? retry.maxPerSecond;
    return ownWay !== undefined || this.#prepared.has(service) ? undefined : this.#all.get(kind);
  }

  /** The target for a batch's deliveries together; undefined when each must be attempted by itself. */
  batchOf({ kind, service }: Pick<Batch, "kind" | "service">): DeliverBatchLocally | undefined {
    return this.#prepared.has(service) ? undefined : this.#batches.get(kind);
  }

  stop(): void {
    this.#stopped = true;
    for (const controller of this.#underWay) controller.abort();
  }

  /** One attempt at a target that writes rows, inside a transaction: if it throws, what it wrote is undone. */
  local(deliver: DeliverLocally, delivery: Delivery): unknown {
    return this.#store.transaction(() => deliver(this.#ready(delivery)));
  }

  /** One attempt at a target that answers later. It fails when its time is up, and a later answer is ignored. */
  remote({ deliverTo, deadline }: Remote, delivery: Delivery, outer: Invocation): Promise<unknown> {
    const controller = new AbortController();
    const giveUp = () => controller.abort();
    outer.signal.addEventListener("abort", giveUp);
    this.#underWay.add(controller);
    const limitMs = deadline(delivery);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(this.#clock.now() + limitMs, () => {
        reject(new DeliveryFailure("TIMEOUT", `No answer within ${limitMs} ms.`, true));
        controller.abort();
      });
      const done = () => {
        timer.cancel();
        this.#underWay.delete(controller);
        outer.signal.removeEventListener("abort", giveUp);
      };
      controller.signal.addEventListener("abort", done, { once: true });
      const invocation = new Invocation(outer, outer.cause, controller);
      const answer = new Promise((begin) => begin(deliverTo(this.#ready(delivery), invocation)));
      answer.finally(done).then(resolve, reject);
    });
  }

  /**
   * Turns what a target threw into a failure, and reports bugs.
   * @throws StoreError when the store accepts no writes.
   */
  failureOf(error: unknown): DeliveryFailure {
    if (error instanceof DeliveryFailure) return error;
    if (error instanceof AwsError) {
      const { fault, status, name } = error;
      // What Busbar does not implement (501) will not be there at the next attempt either.
      const retryable = (fault === "server" && status !== 501) || status === 429 || /Throttl|LimitExceeded/.test(name);
      return new DeliveryFailure(error.queryCode, error.message, retryable, { status });
    }
    if (error instanceof Error && error.name === "StoreError") throw error;
    this.#clock.report(error);
    return new DeliveryFailure("InternalFailure", "An internal error occurred. It is logged with its stack.", true);
  }

  #ready(delivery: Delivery): Delivery {
    const prepare = delivery.taken === true ? undefined : this.#prepared.get(delivery.service);
    return prepare === undefined ? delivery : { ...delivery, payload: prepare(delivery) };
  }
}

export function noTarget({ kind }: Pick<DeliveryRequest, "kind">): DeliveryFailure {
  return new DeliveryFailure("UnsupportedTarget", `Busbar has no targets of kind ${kind}.`, false);
}
