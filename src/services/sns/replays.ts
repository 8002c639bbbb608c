/** Replays of a FIFO topic's archive to a subscription, driven by a durable timer. */
import { jsonObject, textOf } from "../../../protocols/unknown-json.ts";
import { deliveryOf, subscriberOf } from "./deliveries.ts";
import { noteFiltered } from "./lost.ts";
import { Notification } from "./notification.ts";
import type { Sns } from "./sns.ts";
import type { Replay, SubscriptionRow } from "./tables.ts";

const timerKind = "sns.replay";
const batchSize = 100;

export class Replays {
  readonly #sns: Sns;

  constructor(sns: Sns) {
    this.#sns = sns;
    sns.deps.timers.on(timerKind, ({ payload }) => this.#step(payload as string));
  }

  /** Whether a subscription gets new messages directly: not during a replay, and not after one with an end. */
  isLive({ replay }: SubscriptionRow): boolean {
    return replay === undefined || (replay.status === "Completed" && replay.toMs === undefined);
  }

  /** The replay that a policy asks for; undefined for an empty policy. The policy has been checked. */
  begin(arn: string, account: string, policy: string | undefined): Replay | undefined {
    const asked = policy === undefined ? undefined : jsonObject(policy);
    if (asked === undefined) return undefined;
    const end = asked["EndingPoint"];
    this.#schedule({ arn, account }, this.#sns.now);
    return {
      id: this.#sns.deps.random.uuid(),
      status: "Pending",
      fromMs: Date.parse(textOf(asked["StartingPoint"])),
      toMs: end === undefined ? undefined : Date.parse(textOf(end)),
      cursor: 0,
    };
  }

  /**
   * To be called when a message was added to the archive of a topic that this subscription is replaying. Inside a
   * transaction.
   */
  wake(row: SubscriptionRow): void {
    if (row.replay?.status !== "Completed") this.#schedule(row, this.#sns.now);
  }

  stop({ arn }: SubscriptionRow): void {
    this.#sns.deps.timers.cancel(timerId(arn));
  }

  /** Delivers the next messages from the archive; the replay ends when none is left. */
  #step(arn: string): void {
    const row = this.#sns.subscriptions.get(arn);
    const topic = row && this.#sns.topics.get(row.topicArn);
    if (!row?.replay || !topic) return;
    const { replay } = row;
    const subscriber = subscriberOf(row);
    let cursor = replay.cursor;
    let looked = 0;
    let done = true;
    for (const archived of this.#sns.archive.after(topic.arn, cursor)) {
      const { timestampMs } = archived;
      if (replay.toMs !== undefined && timestampMs > replay.toMs) break;
      if (looked === batchSize) {
        done = false;
        break;
      }
      looked += 1;
      cursor = archived.serial;
      if (timestampMs < replay.fromMs) continue;
      const notification = new Notification(this.#sns, topic, this.#sns.archive.messageOf(archived), true);
      if (this.#sns.fanOut.lets(subscriber, notification)) {
        this.#sns.deps.delivery.submit(deliveryOf(this.#sns, subscriber, notification));
      } else noteFiltered(this.#sns, [subscriber], [], notification);
    }
    // With an end in the future, the replay waits for messages up to it.
    const { now } = this.#sns;
    const waits = done && replay.toMs !== undefined && replay.toMs > now;
    const status = done && !waits ? "Completed" : "In progress";
    this.#sns.putSubscription({ ...row, replay: { ...replay, cursor, status } });
    if (status === "Completed") return;
    this.#schedule(row, waits ? (replay.toMs as number) : now);
  }

  #schedule({ arn, account }: Pick<SubscriptionRow, "arn" | "account">, dueMs: number): void {
    this.#sns.deps.timers.schedule({ id: timerId(arn), account, dueMs, kind: timerKind, payload: arn });
  }
}

function timerId(arn: string): string {
  return `${timerKind} ${arn}`;
}
