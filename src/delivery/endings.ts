/**
 * What happens when a delivery has ended: its source is told, and one that was given up goes to its dead-letter queue.
 */
import type { Clock } from "../engine/clock.ts";
import type { Store } from "../engine/store.ts";
import type { Targets } from "./targets.ts";
import type { DeadLetter, DeliveryEnd, DescribeFailure, KeptDelivery } from "./types.ts";

export class Endings {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #targets: Targets;
  readonly #handlers = new Map<string, (end: DeliveryEnd) => void>();
  readonly #describers = new Map<string, DescribeFailure>();

  constructor(store: Store, clock: Clock, targets: Targets) {
    this.#store = store;
    this.#clock = clock;
    this.#targets = targets;
  }

  onEnd(name: string, handler: (end: DeliveryEnd) => void): void {
    this.#handlers.set(name, handler);
  }

  describeFailure(service: string, describe: DescribeFailure): void {
    this.#describers.set(service, describe);
  }

  /** Tells the source, if it wants to know. Inside a transaction. */
  tell(end: DeliveryEnd): void {
    const { notify } = end.delivery;
    if (notify === undefined) return;
    try {
      this.#store.transaction(() => this.#handlers.get(notify)?.(end));
    } catch (error) {
      this.#clock.report(error);
    }
  }

  /** Ends a delivery that is given up; returns what became of its dead letter. Inside a transaction. */
  givenUp(end: DeliveryEnd): KeptDelivery["deadLetter"] {
    const { deadLetter } = end.delivery;
    const sent = deadLetter && this.#sendDeadLetter(deadLetter, end);
    this.tell(end);
    return sent;
  }

  #sendDeadLetter(letter: DeadLetter, end: DeliveryEnd): NonNullable<KeptDelivery["deadLetter"]> {
    const { account, region, service, source, retry, id, attempt, payload } = end.delivery;
    const described = this.#describers.get(service)?.(end);
    const body = letter.body ?? described?.body;
    const meant = body === undefined && end.delivery.kind === "sqs" ? end.delivery.parameters : undefined;
    const target = this.#targets.of("sqs");
    if (target === undefined || !("local" in target)) throw new Error("dead letters need the target kind sqs");
    const order = { account, region, service, source, roleArn: letter.roleArn, retry, id, attempt };
    try {
      this.#store.transaction(() =>
        target.local({
          ...order,
          target: letter.arn,
          kind: "sqs",
          payload: body ?? payload,
          parameters: {
            messageAttributes: { ...meant?.messageAttributes, ...letter.attributes, ...described?.attributes },
            messageGroupId: letter.messageGroupId,
            messageDeduplicationId: letter.messageDeduplicationId,
            copy: meant?.copy,
          },
        }),
      );
      return { arn: letter.arn, sent: true };
    } catch (error) {
      const { code, message } = this.#targets.failureOf(error);
      return { arn: letter.arn, sent: false, reason: `${code}: ${message}` };
    }
  }
}
