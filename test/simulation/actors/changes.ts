/** A topic, its subscription, a rule and their queue, which come, change and go: what is there when something is sent gets it. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import { newIn } from "../queue-peek.ts";
import { Violation, type World } from "../world.ts";

const topic = "passing";
const rule = "passing";
const queue = "guest";
const source = "changes";
const colors = ["red", "blue"] as const;

/** What takes messages to the queue: those of one color, or all. */
interface Way {
  readonly color: string | undefined;
}

export class Changes implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  #known = new Set<number>();
  #hasTopic = false;
  #hasQueue = false;
  #subscription: (Way & { readonly arn: string }) | undefined;
  #rule: (Way & { readonly enabled: boolean; readonly hasTarget: boolean }) | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  readonly moves: readonly Move[] = [
    { weight: 2, play: () => this.#publish() },
    { weight: 2, play: () => this.#putEvent() },
    { weight: 0.7, play: () => this.#change(() => this.#changeQueue()) },
    { weight: 0.7, play: () => this.#change(() => this.#changeTopic()) },
    { weight: 1.5, play: () => this.#change(() => this.#changeSubscription()) },
    { weight: 1.5, play: () => this.#change(() => this.#changeRule()) },
  ];

  async begin(): Promise<void> {
    await this.#changeQueue();
    await this.#changeTopic();
    await this.#changeSubscription();
    await this.#changeRule();
  }

  /** Changes that nobody answers for are left to others: here it is always known what there is. */
  async #change(play: () => Promise<void>): Promise<void> {
    if (!this.#world.bursting) await play();
  }

  async #publish(): Promise<void> {
    const token = this.#world.token("n");
    const color = this.#world.chance.of(colors);
    const now = this.#world.now();
    const arrives = this.#hasQueue && this.#subscription !== undefined && lets(this.#subscription, color);
    this.#world.note(`publish to ${topic}: ${token} ${color}`);
    if (arrives) this.#ledger.may(queue, token);
    const answer = await this.#world.ask(
      this.#world.sdk.sns.publish({
        TopicArn: this.#world.arn("sns", topic),
        Message: token,
        MessageAttributes: { color: { DataType: "String", StringValue: color } },
      }),
    );
    if (answer.kind === "lost") return;
    if ((answer.kind === "done") !== this.#hasTopic) throw new Violation("a publish ends otherwise", answer.kind);
    if (arrives) this.#ledger.must(queue, token, now);
  }

  async #putEvent(): Promise<void> {
    const token = this.#world.token("v");
    const color = this.#world.chance.of(colors);
    const way = this.#rule;
    const now = this.#world.now();
    const arrives = this.#hasQueue && way?.enabled === true && way.hasTarget && lets(way, color);
    this.#world.note(`put event ${token} ${color}`);
    if (arrives) this.#ledger.may(queue, token);
    const Detail = JSON.stringify({ token, color });
    const output = await this.#world.sure(
      this.#world.sdk.eventbridge.putEvents({ Entries: [{ Source: source, DetailType: "made", Detail }] }),
    );
    if (output !== undefined && arrives) this.#ledger.must(queue, token, now);
  }

  /** What was in a deleted queue is gone with it, and a new one of its name is empty. */
  async #changeQueue(): Promise<void> {
    const { sqs } = this.#world.sdk;
    this.#world.note(`${this.#hasQueue ? "delete" : "create"} ${queue}`);
    if (this.#hasQueue) await this.#world.sure(sqs.deleteQueue({ QueueUrl: this.#world.queueUrl(queue) }));
    else await this.#world.sure(sqs.createQueue({ QueueName: queue }));
    this.#hasQueue = !this.#hasQueue;
    this.#known = new Set();
    if (newIn(this.#world, queue, this.#known).length > 0)
      throw new Violation("a new queue, or none, has messages", queue);
  }

  /** Its subscriptions go with it. */
  async #changeTopic(): Promise<void> {
    const { sns } = this.#world.sdk;
    this.#world.note(`${this.#hasTopic ? "delete" : "create"} ${topic}`);
    if (this.#hasTopic) await this.#world.sure(sns.deleteTopic({ TopicArn: this.#world.arn("sns", topic) }));
    else await this.#world.sure(sns.createTopic({ Name: topic }));
    this.#hasTopic = !this.#hasTopic;
    this.#subscription = undefined;
  }

  async #changeSubscription(): Promise<void> {
    const { chance, sdk } = this.#world;
    if (!this.#hasTopic) return;
    const color = chance.of([undefined, ...colors]);
    const FilterPolicy = color === undefined ? "{}" : JSON.stringify({ color: [color] });
    if (this.#subscription === undefined) {
      this.#world.note(`subscribe to ${color}`);
      const output = await this.#world.sure(
        sdk.sns.subscribe({
          TopicArn: this.#world.arn("sns", topic),
          Protocol: "sqs",
          Endpoint: this.#world.arn("sqs", queue),
          Attributes: { FilterPolicy },
        }),
      );
      this.#subscription = { arn: output?.SubscriptionArn as string, color };
      return;
    }
    const { arn } = this.#subscription;
    if (chance.chance(0.3)) {
      this.#world.note("unsubscribe");
      await this.#world.sure(sdk.sns.unsubscribe({ SubscriptionArn: arn }));
      this.#subscription = undefined;
      return;
    }
    this.#world.note(`filter ${color}`);
    const input = { SubscriptionArn: arn, AttributeName: "FilterPolicy", AttributeValue: FilterPolicy };
    await this.#world.sure(sdk.sns.setSubscriptionAttributes(input));
    this.#subscription = { arn, color };
  }

  async #changeRule(): Promise<void> {
    const { chance, sdk } = this.#world;
    const kind = this.#rule === undefined ? "put" : chance.of(["put", "disable", "enable", "target", "delete"]);
    this.#world.note(`${kind} the rule`);
    const { enabled = true, hasTarget = false, color } = this.#rule ?? {};
    const targetInput = { Rule: rule, Targets: [{ Id: "queue", Arn: this.#world.arn("sqs", queue) }] };
    switch (kind) {
      case "put": {
        const next = chance.of([undefined, ...colors]);
        const pattern = { source: [source], ...(next === undefined ? {} : { detail: { color: [next] } }) };
        await this.#world.sure(sdk.eventbridge.putRule({ Name: rule, EventPattern: JSON.stringify(pattern) }));
        await this.#world.sure(sdk.eventbridge.putTargets(targetInput));
        this.#rule = { color: next, enabled: true, hasTarget: true };
        break;
      }
      case "disable":
        await this.#world.sure(sdk.eventbridge.disableRule({ Name: rule }));
        this.#rule = { color, hasTarget, enabled: false };
        break;
      case "enable":
        await this.#world.sure(sdk.eventbridge.enableRule({ Name: rule }));
        this.#rule = { color, hasTarget, enabled: true };
        break;
      case "target":
        if (hasTarget) await this.#world.sure(sdk.eventbridge.removeTargets({ Rule: rule, Ids: ["queue"] }));
        else await this.#world.sure(sdk.eventbridge.putTargets(targetInput));
        this.#rule = { color, enabled, hasTarget: !hasTarget };
        break;
      default: {
        // A rule that has targets is not deleted.
        const answer = await this.#world.ask(sdk.eventbridge.deleteRule({ Name: rule }));
        if ((answer.kind === "done") === hasTarget) throw new Violation("deleting a rule ends otherwise", answer.kind);
        if (answer.kind === "done") this.#rule = undefined;
      }
    }
  }

  async recover(): Promise<void> {
    this.#look();
  }

  async check(): Promise<void> {
    this.#look();
    this.#ledger.checkDue(queue, this.#world.now());
    this.#ledger.checkOnce(queue);
  }

  #look(): void {
    for (const { token, id } of newIn(this.#world, queue, this.#known)) this.#ledger.saw(queue, token, id);
  }
}

function lets({ color }: Way, of: string): boolean {
  return color === undefined || color === of;
}
