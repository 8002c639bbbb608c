/** Queues that only gather what other services send: looked into at each check, and emptied by receives now and then. */
import type { Ledger } from "./ledger.ts";
import { newIn } from "./queue-peek.ts";
import type { World } from "./world.ts";

export class Sinks {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #names: readonly string[];
  /** Places of the messages that the ledger has been told of. */
  readonly #known: ReadonlyMap<string, Set<number>>;

  constructor(world: World, ledger: Ledger, names: readonly string[]) {
    this.#world = world;
    this.#ledger = ledger;
    this.#names = names;
    this.#known = new Map(names.map((name) => [name, new Set()]));
  }

  async begin(): Promise<void> {
    for (const QueueName of this.#names) {
      await this.#world.sdk.sqs.createQueue({ QueueName, Attributes: { MessageRetentionPeriod: "1209600" } });
    }
  }

  /** Tells the ledger of everything that is there. */
  look(): void {
    for (const [name, known] of this.#known) {
      for (const { token, id } of newIn(this.#world, name, known)) this.#ledger.saw(name, token, id);
    }
  }

  /** Takes up to ten messages away from one of them. */
  async drain(): Promise<void> {
    if (this.#world.bursting) return;
    this.look();
    const name = this.#world.chance.of(this.#names);
    const QueueUrl = this.#world.queueUrl(name);
    const received = await this.#world.sure(
      this.#world.sdk.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 30 }),
    );
    const messages = received?.Messages ?? [];
    this.#world.note(`drain ${name} of ${messages.length}`);
    if (messages.length === 0) return;
    await this.#world.sure(
      this.#world.sdk.sqs.deleteMessageBatch({
        QueueUrl,
        Entries: messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    );
  }
}
