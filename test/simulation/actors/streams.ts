/** A stream whose shards split and merge while it is written to: nothing is lost, and each key keeps its order. */
import type { Actor, Move } from "../actor.ts";
import { Violation, type World } from "../world.ts";

const streamName = "stream";
const retentionMs = 86_400_000;
const keys = ["k0", "k1", "k2", "k3", "k4", "k5"] as const;

interface Put {
  readonly token: string;
  readonly key: string;
  readonly atMs: number;
  acknowledged: boolean;
  sequence: bigint | undefined;
}

interface Read {
  readonly token: string;
  readonly key: string;
  readonly sequence: bigint;
}

export class Streams implements Actor {
  readonly #world: World;
  #puts: Put[] = [];
  #checks = 0;

  constructor(world: World) {
    this.#world = world;
  }

  readonly moves: readonly Move[] = [
    { weight: 5, play: () => this.#put() },
    { weight: 0.4, play: () => this.#reshard() },
  ];

  async begin(): Promise<void> {
    await this.#world.sdk.kinesis.createStream({ StreamName: streamName, ShardCount: 2 });
  }

  async #put(): Promise<void> {
    const { chance, sdk } = this.#world;
    const atMs = this.#world.now();
    const puts = Array.from({ length: 1 + chance.int(6) }, (): Put => {
      return { token: this.#world.token("r"), key: chance.of(keys), atMs, acknowledged: false, sequence: undefined };
    });
    this.#world.note(`put records ${puts.map(({ token, key }) => `${token}/${key}`)}`);
    this.#puts.push(...puts);
    const output = await this.#world.sure(
      sdk.kinesis.putRecords({
        StreamName: streamName,
        Records: puts.map(({ token, key }) => ({ Data: Buffer.from(token), PartitionKey: key })),
      }),
    );
    if (output === undefined) return;
    if (output.FailedRecordCount !== 0) throw new Violation("a good record is refused", output);
    for (const [index, put] of puts.entries()) {
      put.acknowledged = true;
      put.sequence = BigInt(output.Records?.[index]?.SequenceNumber as string);
    }
    this.#world.note(`  ${puts.map(({ sequence }) => sequence)}`);
  }

  async #reshard(): Promise<void> {
    if (this.#world.bursting) return;
    const { kinesis } = this.#world.sdk;
    const { Shards = [] } = (await this.#world.sure(kinesis.listShards({ StreamName: streamName }))) ?? {};
    const open = Shards.filter((shard) => shard.SequenceNumberRange?.EndingSequenceNumber === undefined);
    open.sort((a, b) =>
      BigInt(a.HashKeyRange?.StartingHashKey ?? 0) < BigInt(b.HashKeyRange?.StartingHashKey ?? 0) ? -1 : 1,
    );
    const [first, second] = open;
    if (first === undefined) throw new Violation("a stream has no open shard", Shards);
    if (second !== undefined && (open.length > 3 || this.#world.chance.chance(0.4))) {
      this.#world.note(`merge ${first.ShardId} and ${second.ShardId}`);
      await this.#world.sure(
        kinesis.mergeShards({
          StreamName: streamName,
          ShardToMerge: first.ShardId,
          AdjacentShardToMerge: second.ShardId,
        }),
      );
      return;
    }
    const { ShardId, HashKeyRange } = this.#world.chance.of(open);
    const [low, high] = [BigInt(HashKeyRange?.StartingHashKey ?? 0), BigInt(HashKeyRange?.EndingHashKey ?? 0)];
    if (high - low < 4n) return;
    this.#world.note(`split ${ShardId}`);
    await this.#world.sure(
      kinesis.splitShard({
        StreamName: streamName,
        ShardToSplit: ShardId,
        NewStartingHashKey: String((low + high) / 2n),
      }),
    );
  }

  async recover(): Promise<void> {
    await this.#readAll();
  }

  async check(): Promise<void> {
    this.#checks += 1;
    if (this.#checks % 25 === 0) await this.#readAll();
  }

  async #readAll(): Promise<void> {
    const now = this.#world.now();
    const { kinesis } = this.#world.sdk;
    this.#puts = this.#puts.filter(({ atMs }) => atMs + retentionMs > now);
    const { Shards = [] } = (await this.#world.sure(kinesis.listShards({ StreamName: streamName }))) ?? {};
    const reads: Read[] = [];
    for (const { ShardId } of Shards) reads.push(...(await this.#readShard(ShardId as string)));
    reads.sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
    const known = new Map(this.#puts.map((put) => [put.token, put]));
    const seen = new Map<string, Read>();
    for (const read of reads) {
      const put = known.get(read.token);
      if (put === undefined) throw new Violation("a record comes from nowhere", read.token);
      if (seen.has(read.token)) throw new Violation("a record is there twice", read.token);
      if (put.sequence !== undefined && put.sequence !== read.sequence) {
        throw new Violation("a record has another sequence number", read.token);
      }
      seen.set(read.token, read);
    }
    for (const put of this.#puts) {
      if (put.acknowledged && !seen.has(put.token)) throw new Violation("an acknowledged record is lost", put.token);
    }
    // What was never acknowledged and is not there will not come any more.
    this.#puts = this.#puts.filter(({ token }) => seen.has(token));
    for (const key of keys) {
      const read = reads.filter((one) => one.key === key).map(({ token }) => token);
      const put = this.#puts.filter((one) => one.key === key && one.acknowledged).map(({ token }) => token);
      const acknowledged = new Set(put);
      const order = read.filter((token) => acknowledged.has(token));
      if (order.join() !== put.join()) throw new Violation("a key's order is broken", { key, order, put });
    }
  }

  async #readShard(ShardId: string): Promise<Read[]> {
    const { kinesis } = this.#world.sdk;
    const begin = await this.#world.sure(
      kinesis.getShardIterator({ StreamName: streamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
    );
    const reads: Read[] = [];
    for (let ShardIterator = begin?.ShardIterator; ShardIterator !== undefined; ) {
      const output = await this.#world.sure(kinesis.getRecords({ ShardIterator, Limit: 1000 }));
      const { Records = [], NextShardIterator } = output ?? {};
      for (const { Data, PartitionKey, SequenceNumber } of Records) {
        const token = Buffer.from(Data as Uint8Array).toString();
        reads.push({ token, key: PartitionKey as string, sequence: BigInt(SequenceNumber as string) });
      }
      if (Records.length === 0 && output?.MillisBehindLatest === 0) break;
      ShardIterator = NextShardIterator;
    }
    return reads;
  }
}
