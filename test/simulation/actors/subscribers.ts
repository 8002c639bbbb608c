/** A topic whose subscribers are endpoints and functions of others: each message has an end, or a next time. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import type { Outside } from "../outside.ts";
import { tokenOf } from "../queue-peek.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const topic = "calls";
const dead = "given-up";
const hosts = ["steady.test", "rough.test"] as const;
/** Three retries of twenty seconds, and late answers: by then it is known. */
const longestMs = 3_600_000;

export class Subscribers implements Actor {
  readonly #world: World;
  readonly #outside: Outside;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;
  #confirmations: string[] = [];

  constructor(world: World, outside: Outside) {
    this.#world = world;
    this.#outside = outside;
    this.#sinks = new Sinks(world, this.#ledger, [dead]);
    for (const host of hosts) {
      outside.endpoint(host, ({ body, headers }) => {
        const { Type, Token } = JSON.parse(body) as { Type: string; Token: string };
        if (Type === "SubscriptionConfirmation") this.#confirmations.push(Token);
        else this.#ledger.saw(host, tokenOf(body), String(headers["x-amz-sns-message-id"]));
      });
    }
    outside.function("listener", (event, attempt) => {
      const { Records } = event as { Records: { Sns: { Message: string } }[] };
      for (const { Sns } of Records) this.#ledger.saw("listener", Sns.Message, attempt);
    });
  }

  readonly moves: readonly Move[] = [
    { weight: 4, play: () => this.#publish() },
    { weight: 3, play: () => this.#release() },
  ];

  async begin(): Promise<void> {
    const { sns } = this.#world.sdk;
    await this.#sinks.begin();
    await sns.createTopic({ Name: topic });
    const TopicArn = this.#world.arn("sns", topic);
    const deadLetterTargetArn = this.#world.arn("sqs", dead);
    const Attributes = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn }) };
    for (const host of hosts) {
      await sns.subscribe({ TopicArn, Protocol: "http", Endpoint: `http://${host}/`, Attributes });
    }
    await sns.subscribe({
      TopicArn,
      Protocol: "lambda",
      Endpoint: this.#world.arn("lambda", "function:listener"),
    });
    await this.#world.settle();
    for (const Token of this.#confirmations) await sns.confirmSubscription({ TopicArn, Token });
    const { Attributes: counted } = await sns.getTopicAttributes({ TopicArn });
    if (counted?.["SubscriptionsConfirmed"] !== "3") throw new Violation("counts are not reality", counted);
  }

  async #publish(): Promise<void> {
    const token = this.#world.token("c");
    this.#world.note(`publish to ${topic}: ${token}`);
    for (const place of [...hosts, "listener", dead]) this.#ledger.may(place, token);
    const output = await this.#world.sure(
      this.#world.sdk.sns.publish({ TopicArn: this.#world.arn("sns", topic), Message: token }),
    );
    if (output === undefined) return;
    const now = this.#world.now();
    // After a crash in between it is made again, which may take a while when others have hung up.
    this.#ledger.must("steady.test", token, now + (this.#world.bursting ? longestMs : 0));
    this.#ledger.must("listener", token, now + (this.#world.bursting ? longestMs : 0));
    this.#ledger.must("rough.test", token, now + longestMs);
  }

  async #release(): Promise<void> {
    if (this.#outside.release()) this.#world.note("a late answer comes");
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    const now = this.#world.now();
    for (const record of this.#world.emulator.deliveries.list({ status: "pending", limit: 100_000 })) {
      if (record.nextAttemptAt === undefined) throw new Violation("a delivery has no next time", record);
      if (Date.parse(record.nextAttemptAt) < now && !this.#outside.isWaitedFor) {
        throw new Violation("a delivery is due and nobody makes it", { ...record, now });
      }
    }
    this.#sinks.look();
    this.#ledger.checkDue("steady.test", now);
    this.#ledger.checkDue("listener", now);
    this.#ledger.checkDue("rough.test", now, dead);
  }
}
