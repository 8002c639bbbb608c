/** An emulator with clients around it, in memory or on disk, and queues to look into. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Message, SQS } from "@aws-sdk/client-sqs";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export type Storage = "memory" | "disk";

/** An emulator, and its data directory when it has one. */
export interface Started {
  readonly bus: Busbar;
  readonly directory: string | undefined;
}

export async function startBus(storage: Storage, options: BusbarOptions): Promise<Started> {
  const directory = storage === "disk" ? await mkdtemp(join(tmpdir(), "busbar-test-")) : undefined;
  const bus = await createBusbar({ ...(directory === undefined ? {} : { dataDir: directory }), ...options });
  return { bus, directory };
}

export class Environment {
  readonly bus: Busbar;
  readonly sqs: SQS;
  readonly #directory: string | undefined;
  #names = 0;

  protected constructor({ bus, directory }: Started) {
    this.bus = bus;
    this.#directory = directory;
    this.sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
  }

  async stop(): Promise<void> {
    this.sqs.destroy();
    await this.bus.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  /** A name that was not used before. */
  name(prefix: string): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  /** Makes a queue. */
  async queue(attributes: Record<string, string> = {}, suffix = ""): Promise<{ url: string; arn: string }> {
    const name = `${this.name("queue")}${suffix}`;
    const { QueueUrl } = await this.sqs.createQueue({ QueueName: name, Attributes: attributes });
    return { url: QueueUrl as string, arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
  }

  /** Takes all messages of a queue out of it. */
  async drain(url: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.receiveMessage({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      });
      if (Messages.length === 0) return all;
      all.push(...Messages);
      await this.sqs.deleteMessageBatch({
        QueueUrl: url,
        Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: `m${i}`, ReceiptHandle })),
      });
    }
  }

  /** The bodies of all messages of a queue, which are taken out of it. */
  async bodies(url: string): Promise<string[]> {
    return (await this.drain(url)).map(({ Body }) => Body as string);
  }
}
