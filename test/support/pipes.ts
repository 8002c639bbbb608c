/** Pipes as their client sees them, with sources and targets around them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { type CreatePipeCommandInput, Pipes } from "@aws-sdk/client-pipes";
import { SNS } from "@aws-sdk/client-sns";
import { type Message, SQS } from "@aws-sdk/client-sqs";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export const pipeRole = "arn:aws:iam::000000000000:role/pipe";
export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

export class PipesEnvironment {
  readonly bus: Busbar;
  readonly pipes: Pipes;
  readonly sqs: SQS;
  readonly sns: SNS;
  readonly kinesis: Kinesis;
  readonly events: EventBridge;
  readonly #directory: string | undefined;
  #names = 0;

  private constructor(bus: Busbar, directory: string | undefined) {
    this.bus = bus;
    this.#directory = directory;
    const config = { ...bus.clientConfig(), maxAttempts: 1 };
    this.pipes = new Pipes(config);
    this.sqs = new SQS(config);
    this.sns = new SNS(config);
    this.kinesis = new Kinesis(config);
    this.events = new EventBridge(config);
  }

  static async start(storage: "memory" | "disk" = "memory", options: BusbarOptions = {}): Promise<PipesEnvironment> {
    const directory = storage === "disk" ? await mkdtemp(join(tmpdir(), "busbar-test-")) : undefined;
    const bus = await createBusbar({
      clock: "virtual",
      startTime: "2026-03-01T12:00:00Z",
      ...(directory === undefined ? {} : { dataDir: directory }),
      ...options,
    });
    return new PipesEnvironment(bus, directory);
  }

  async stop(): Promise<void> {
    for (const client of [this.pipes, this.sqs, this.sns, this.kinesis, this.events]) client.destroy();
    await this.bus.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  name(prefix = "p"): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  async queue(attributes: Record<string, string> = {}, suffix = ""): Promise<{ url: string; arn: string }> {
    const name = `${this.name("queue")}${suffix}`;
    const { QueueUrl } = await this.sqs.createQueue({ QueueName: name, Attributes: attributes });
    return { url: QueueUrl as string, arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
  }

  async stream(ShardCount = 1): Promise<{ name: string; arn: string }> {
    const name = this.name("stream");
    await this.kinesis.createStream({ StreamName: name, ShardCount });
    await this.bus.clock.advance("1m");
    return { name, arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}` };
  }

  /** Creates a pipe, waits until it runs, and gives its name. */
  async pipe(
    source: string,
    target: string,
    more: Partial<CreatePipeCommandInput> = {},
    state = "RUNNING",
  ): Promise<string> {
    const Name = more.Name ?? this.name("pipe");
    await this.pipes.createPipe({ Name, Source: source, Target: target, RoleArn: pipeRole, ...more });
    await this.reaches(Name, state);
    return Name;
  }

  /** Lets what is due now happen, until the pipe is in a state. */
  async reaches(Name: string, state: string): Promise<void> {
    for (let turn = 0; turn < 10; turn++) {
      await this.bus.clock.advance(0);
      if ((await this.pipes.describePipe({ Name })).CurrentState === state) return;
    }
    const { CurrentState, StateReason } = await this.pipes.describePipe({ Name });
    throw new Error(`The pipe is ${CurrentState}, not ${state}: ${StateReason}`);
  }

  async send(url: string, ...bodies: string[]): Promise<void> {
    for (const MessageBody of bodies) await this.sqs.sendMessage({ QueueUrl: url, MessageBody });
    await this.bus.clock.advance(1);
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

  async bodies(url: string): Promise<string[]> {
    return (await this.drain(url)).map(({ Body }) => Body as string);
  }

  /** Visible and in flight. */
  async counts(url: string): Promise<[number, number]> {
    const { Attributes } = await this.sqs.getQueueAttributes({ QueueUrl: url, AttributeNames: ["All"] });
    return [
      Number(Attributes?.["ApproximateNumberOfMessages"]),
      Number(Attributes?.["ApproximateNumberOfMessagesNotVisible"]),
    ];
  }

  /** The data of all records of a stream, shard by shard. */
  async records(name: string): Promise<string[]> {
    const { Shards = [] } = await this.kinesis.listShards({ StreamName: name });
    const all: string[] = [];
    for (const { ShardId } of Shards) {
      const { ShardIterator } = await this.kinesis.getShardIterator({
        StreamName: name,
        ShardId,
        ShardIteratorType: "TRIM_HORIZON",
      });
      const { Records = [] } = await this.kinesis.getRecords({ ShardIterator });
      all.push(...Records.map(({ Data }) => Buffer.from(Data as Uint8Array).toString()));
    }
    return all;
  }
}
