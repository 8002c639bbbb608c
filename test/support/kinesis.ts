/** Kinesis as its clients see it: an emulator on a real socket, and what tests do with streams again and again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type _Record,
  type GetRecordsCommandOutput,
  Kinesis,
  type KinesisClientConfig,
  type Shard,
} from "@aws-sdk/client-kinesis";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export type Storage = "memory" | "disk";

export class KinesisEnvironment {
  readonly storage: Storage;
  readonly #options: BusbarOptions;
  #bus: Busbar | undefined;
  #directory: string | undefined;
  readonly #clients: Kinesis[] = [];
  #streams = 0;

  /** Time stands still unless the options say otherwise. */
  constructor(options: BusbarOptions = {}, storage: Storage = "memory") {
    this.#options = options;
    this.storage = storage;
  }

  get bus(): Busbar {
    if (!this.#bus) throw new Error("the emulator runs inside tests only");
    return this.#bus;
  }

  /** The client with its own defaults: HTTP/2 with prior knowledge. */
  get kinesis(): Kinesis {
    return this.#clients[0] ?? this.client();
  }

  /** One more client; it does not repeat what was refused. */
  client(config: KinesisClientConfig = {}): Kinesis {
    const client = new Kinesis({ ...this.bus.clientConfig(), maxAttempts: 1, ...config });
    this.#clients.push(client);
    return client;
  }

  async start(): Promise<void> {
    if (this.storage === "disk") this.#directory ??= await mkdtemp(join(tmpdir(), "busbar-test-"));
    this.#bus = await createBusbar({
      clock: "virtual",
      startTime: "2026-01-01T00:00:00.250Z",
      ...(this.#directory === undefined ? {} : { dataDir: this.#directory }),
      ...this.#options,
    });
  }

  /** Stops the emulator and starts one on the same directory. */
  async restart(): Promise<void> {
    await this.#halt();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#halt();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  async #halt(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.destroy();
    await this.#bus?.close();
  }

  /** Makes a stream that no other test uses. */
  async stream(shardCount = 1): Promise<{ name: string; arn: string }> {
    this.#streams += 1;
    const name = `stream-${this.#streams}`;
    await this.kinesis.createStream({ StreamName: name, ShardCount: shardCount });
    return { name, arn: arnOf(name) };
  }

  async onDemand(): Promise<{ name: string; arn: string }> {
    this.#streams += 1;
    const name = `stream-${this.#streams}`;
    await this.kinesis.createStream({ StreamName: name, StreamModeDetails: { StreamMode: "ON_DEMAND" } });
    return { name, arn: arnOf(name) };
  }

  async put(stream: string, text: string, key = "key"): Promise<{ shard: string; sequenceNumber: string }> {
    const put = await this.kinesis.putRecord({ StreamName: stream, PartitionKey: key, Data: Buffer.from(text) });
    return { shard: put.ShardId as string, sequenceNumber: put.SequenceNumber as string };
  }

  async shards(stream: string): Promise<Shard[]> {
    return (await this.kinesis.listShards({ StreamName: stream })).Shards ?? [];
  }

  async iterator(stream: string, shard = shardId(0)): Promise<string> {
    const answer = await this.kinesis.getShardIterator({
      StreamName: stream,
      ShardId: shard,
      ShardIteratorType: "TRIM_HORIZON",
    });
    return answer.ShardIterator as string;
  }

  /** Everything there is in a shard. */
  async records(stream: string, shard = shardId(0)): Promise<_Record[]> {
    const records: _Record[] = [];
    let iterator: string | undefined = await this.iterator(stream, shard);
    for (;;) {
      const answer: GetRecordsCommandOutput = await this.kinesis.getRecords({
        ShardIterator: iterator,
      });
      records.push(...(answer.Records ?? []));
      iterator = answer.NextShardIterator;
      if (iterator === undefined || answer.MillisBehindLatest === 0) return records;
    }
  }

  async texts(stream: string, shard = shardId(0)): Promise<string[]> {
    return (await this.records(stream, shard)).map(textOf);
  }

  /** A consumer that is ready. */
  async consumer(streamArn: string, name = "consumer"): Promise<string> {
    const { Consumer } = await this.kinesis.registerStreamConsumer({ StreamARN: streamArn, ConsumerName: name });
    return Consumer?.ConsumerARN as string;
  }
}

export function arnOf(stream: string): string {
  return `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`;
}

export function shardId(index: number): string {
  return `shardId-${String(index).padStart(12, "0")}`;
}

export function textOf(record: { Data?: Uint8Array | undefined }): string {
  return Buffer.from(record.Data ?? []).toString();
}

/** Name and text of what a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string }> {
  try {
    await call;
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message };
  }
  throw new Error("the call was not refused");
}
