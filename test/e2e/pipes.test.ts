/** A pipe loses nothing: its process is killed again and again while it moves messages from a queue to a stream. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Pipes } from "@aws-sdk/client-pipes";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { http } from "../support/http.ts";

const messages = 10_000;
const queueArn = "arn:aws:sqs:us-east-1:000000000000:from";
const StreamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/to";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-pipes-"));
});
afterAll(async () => {
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

class Client {
  readonly process: RunningCli;
  readonly sqs: SQS;
  readonly kinesis: Kinesis;
  readonly pipes: Pipes;

  constructor(process: RunningCli) {
    this.process = process;
    const config = {
      endpoint: process.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    };
    this.sqs = new SQS(config);
    this.kinesis = new Kinesis(config);
    this.pipes = new Pipes(config);
  }

  static async start(): Promise<Client> {
    return new Client(await startCli(["--data-dir", directory]));
  }

  get queueUrl(): string {
    return `${this.process.endpoint}/000000000000/from`;
  }

  /** Visible and in flight. */
  async left(): Promise<[number, number]> {
    const { Attributes } = await this.sqs.getQueueAttributes({ QueueUrl: this.queueUrl, AttributeNames: ["All"] });
    return [
      Number(Attributes?.["ApproximateNumberOfMessages"]),
      Number(Attributes?.["ApproximateNumberOfMessagesNotVisible"]),
    ];
  }

  async advance(advance: string): Promise<void> {
    await http(`${this.process.endpoint}/_busbar/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ advance }),
    });
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.ended;
    this.destroy();
  }

  destroy(): void {
    for (const client of [this.sqs, this.kinesis, this.pipes]) client.destroy();
  }

  async reaches(state: string): Promise<void> {
    for (;;) {
      const { CurrentState, StateReason } = await this.pipes.describePipe({ Name: "p" });
      if (CurrentState === state) return;
      if (CurrentState?.endsWith("FAILED")) throw new Error(StateReason);
    }
  }

  async bodies(): Promise<string[]> {
    const { Shards = [] } = await this.kinesis.listShards({ StreamARN });
    const all: string[] = [];
    for (const { ShardId } of Shards) {
      const first = await this.kinesis.getShardIterator({ StreamARN, ShardId, ShardIteratorType: "TRIM_HORIZON" });
      for (let ShardIterator = first.ShardIterator; ShardIterator !== undefined; ) {
        const { Records = [], NextShardIterator } = await this.kinesis.getRecords({ ShardIterator });
        if (Records.length === 0) break;
        all.push(...Records.map(({ Data }) => Buffer.from(Data as Uint8Array).toString()));
        ShardIterator = NextShardIterator;
      }
    }
    return all;
  }
}

it("moves 10,000 messages through a filter although it is killed, and loses none", { timeout: 100_000 }, async () => {
  let client = await Client.start();
  await client.sqs.createQueue({ QueueName: "from" });
  await client.kinesis.createStream({ StreamName: "to", ShardCount: 2 });
  await client.advance("1m");
  await client.pipes.createPipe({
    Name: "p",
    Source: queueArn,
    SourceParameters: { FilterCriteria: { Filters: [{ Pattern: '{"body":{"keep":[true]}}' }] } },
    Target: StreamARN,
    TargetParameters: { InputTemplate: "<$.body.n>", KinesisStreamParameters: { PartitionKey: "$.messageId" } },
    RoleArn: "arn:aws:iam::000000000000:role/pipe",
    DesiredState: "STOPPED",
  });
  await client.reaches("STOPPED");
  const batches = Array.from({ length: messages / 10 }, (_, batch) => batch);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
        await client.sqs.sendMessageBatch({
          QueueUrl: client.queueUrl,
          Entries: Array.from({ length: 10 }, (_, i) => {
            const n = (batch as number) * 10 + i;
            return { Id: `${i}`, MessageBody: JSON.stringify({ n, keep: n % 3 > 0 }) };
          }),
        });
      }
    }),
  );
  await client.pipes.startPipe({ Name: "p" });
  let kills = 0;
  for (const threshold of [8000, 5000, 2000]) {
    let visible = messages;
    while (visible > threshold) [visible] = await client.left();
    await client.kill();
    if (visible > 0) kills += 1;
    client = await Client.start();
  }
  expect(kills).toBeGreaterThan(0);
  // Messages in flight come back after their visibility timeout.
  await client.advance("1m");
  for (let left = messages; left > 0; ) {
    const [visible, inFlight] = await client.left();
    left = visible + inFlight;
  }
  const moved = (await client.bodies()).map(Number);
  const expected = Array.from({ length: messages }, (_, n) => n).filter((n) => n % 3 > 0);
  expect([...new Set(moved)].sort((a, b) => a - b)).toEqual(expected);
  // A kill repeats only messages in flight.
  expect(moved.length - expected.length).toBeLessThanOrEqual(3 * 32 * 10);
  client.destroy();
});
