/** A queue and its dead-letter queue, between which messages go both ways: each is in one of them, and in one alone. */
import type { Actor, Move } from "../actor.ts";
import { messagesIn } from "../queue-peek.ts";
import { Violation, type World } from "../world.ts";

const shelf = "shelf";
const trash = "trash";
const maxMessages = 25;
/** Time may move by so much while it is asked for. */
const longestMoveMs = 240_000;
/** A task at its slowest moves one message a second. */
const longestMs = maxMessages * 1000 + 60_000;

export class Redrives implements Actor {
  readonly #world: World;
  /** Tokens by whether they are known to be there; what was under way when a process ended may be. */
  readonly #tokens = new Map<string, boolean>();
  /** By when the last task must have ended. */
  #endsMs = 0;
  /** Whether it has been seen that it has. */
  #hasEnded = true;

  constructor(world: World) {
    this.#world = world;
  }

  readonly moves: readonly Move[] = [
    { weight: 2, play: () => this.#send() },
    { weight: 2, play: () => this.#receive(shelf, 0) },
    { weight: 0.5, play: () => this.#receive(trash, 30) },
    { weight: 1, play: () => this.#redrive() },
    { weight: 0.3, play: () => this.#cancel() },
    { weight: 1, play: () => this.#delete() },
  ];

  async begin(): Promise<void> {
    const { sqs } = this.#world.sdk;
    const MessageRetentionPeriod = "1209600";
    await sqs.createQueue({ QueueName: trash, Attributes: { MessageRetentionPeriod } });
    const policy = { deadLetterTargetArn: this.#world.arn("sqs", trash), maxReceiveCount: 1 };
    const Attributes = { MessageRetentionPeriod, RedrivePolicy: JSON.stringify(policy) };
    await sqs.createQueue({ QueueName: shelf, Attributes });
  }

  async #send(): Promise<void> {
    if (this.#tokens.size >= maxMessages) return;
    const token = this.#world.token("d");
    this.#world.note(`send ${token} to ${shelf}`);
    this.#tokens.set(token, false);
    const input = { QueueUrl: this.#world.queueUrl(shelf), MessageBody: token };
    if ((await this.#world.sure(this.#world.sdk.sqs.sendMessage(input))) !== undefined) this.#tokens.set(token, true);
  }

  async #receive(name: string, VisibilityTimeout: number): Promise<void> {
    this.#world.note(`receive from ${name}`);
    const input = { QueueUrl: this.#world.queueUrl(name), MaxNumberOfMessages: 5, VisibilityTimeout };
    await this.#world.sure(this.#world.sdk.sqs.receiveMessage(input));
  }

  async #redrive(): Promise<void> {
    const perSecond = this.#world.chance.of([undefined, 1, 10, 500]);
    const now = this.#world.now();
    this.#world.note(`redrive at ${perSecond}`);
    const answer = await this.#world.ask(
      this.#world.sdk.sqs.startMessageMoveTask({
        SourceArn: this.#world.arn("sqs", trash),
        MaxNumberOfMessagesPerSecond: perSecond,
      }),
    );
    // There is one at a time. Of one that began in a process that ended it is not known when.
    if (answer.kind === "refused" && this.#endsMs < now && !this.#world.bursting)
      throw new Violation("a good call is refused", answer.error.message);
    if (answer.kind === "refused") return;
    this.#hasEnded = false;
    this.#endsMs = now + longestMs + (this.#world.bursting ? longestMoveMs : 0);
  }

  async #cancel(): Promise<void> {
    const [task] = await this.#tasks();
    if (task?.TaskHandle === undefined) return;
    this.#world.note("cancel the redrive");
    await this.#world.sure(this.#world.sdk.sqs.cancelMessageMoveTask({ TaskHandle: task.TaskHandle }));
  }

  async #delete(): Promise<void> {
    if (this.#world.bursting) return;
    const name = this.#world.chance.of([shelf, trash]);
    const QueueUrl = this.#world.queueUrl(name);
    const { sqs } = this.#world.sdk;
    const received = await this.#world.sure(sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 3 }));
    for (const { Body, ReceiptHandle } of received?.Messages ?? []) {
      this.#world.note(`delete ${Body} from ${name}`);
      await this.#world.sure(sqs.deleteMessage({ QueueUrl, ReceiptHandle }));
      this.#tokens.delete(Body as string);
    }
  }

  async recover(): Promise<void> {
    const there = new Set(this.#there());
    for (const [token, certain] of this.#tokens) {
      if (certain) continue;
      if (there.has(token)) this.#tokens.set(token, true);
      else this.#tokens.delete(token);
    }
  }

  async check(): Promise<void> {
    const there = this.#there();
    const places = new Set(there);
    if (places.size < there.length) throw new Violation("a message is in two queues", there);
    for (const token of there) if (!this.#tokens.has(token)) throw new Violation("a message comes from nowhere", token);
    for (const [token, certain] of this.#tokens) {
      if (certain && !places.has(token)) throw new Violation("an acknowledged message is lost", token);
    }
    if (this.#endsMs >= this.#world.now() || this.#hasEnded) return;
    this.#hasEnded = true;
    const tasks = await this.#tasks();
    if (tasks.some(({ Status }) => Status === "RUNNING")) throw new Violation("a redrive does not end", tasks);
  }

  #there(): string[] {
    return [shelf, trash].flatMap((name) => messagesIn(this.#world, name).map(({ token }) => token));
  }

  async #tasks() {
    const SourceArn = this.#world.arn("sqs", trash);
    const output = await this.#world.sure(this.#world.sdk.sqs.listMessageMoveTasks({ SourceArn }));
    return output?.Results ?? [];
  }
}
