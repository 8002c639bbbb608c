/** Pipes as their client sees them, with sources and targets around them. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { type CreatePipeCommandInput, Pipes } from "@aws-sdk/client-pipes";
import { SNS } from "@aws-sdk/client-sns";
import type { BusbarOptions } from "../../src/index.ts";
import { Environment, type Started, type Storage, startBus } from "./environment.ts";

export const pipeRole = "arn:aws:iam::000000000000:role/pipe";
export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

export class PipesEnvironment extends Environment {
  readonly pipes: Pipes;
  readonly sns: SNS;
  readonly kinesis: Kinesis;
  readonly events: EventBridge;

  private constructor(started: Started) {
    super(started);
    const config = { ...this.bus.clientConfig(), maxAttempts: 1 };
    this.pipes = new Pipes(config);
    this.sns = new SNS(config);
    this.kinesis = new Kinesis(config);
    this.events = new EventBridge(config);
  }

  static async start(storage: Storage = "memory", options: BusbarOptions = {}): Promise<PipesEnvironment> {
    const usual = { clock: "virtual", startTime: "2026-03-01T12:00:00Z" } as const;
    return new PipesEnvironment(await startBus(storage, { ...usual, ...options }));
  }

  override stop(): Promise<void> {
    for (const client of [this.pipes, this.sns, this.kinesis, this.events]) client.destroy();
    return super.stop();
  }

  override name(prefix = "p"): string {
    return super.name(prefix);
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
