/** Acknowledged records survive any crash: a process is killed again and again while producers write. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { shardId, textOf } from "../support/kinesis.ts";

const kills = 8;
const producers = 8;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-durability-"));
});
afterAll(async () => {
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

function clientOf({ endpoint }: RunningCli): Kinesis {
  return new Kinesis({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    maxAttempts: 1,
  });
}

/** Answered records by text, and all that were ever sent: a crash may have lost those that were not answered. */
class Ledger {
  readonly acknowledged = new Map<string, string>();
  readonly sent = new Set<string>();

  text(producer: number, size: number): string {
    const text = `${producer}-${this.sent.size} `.padEnd(size, "x");
    this.sent.add(text);
    return text;
  }
}

async function produceUntilDead(kinesis: Kinesis, producer: number, ledger: Ledger): Promise<void> {
  for (;;) {
    const count = producer % 2 === 0 ? 1 : 20;
    const texts = Array.from({ length: count }, () => ledger.text(producer, producer % 3 === 0 ? 2000 : 20));
    const Records = texts.map((text) => ({ PartitionKey: `p${producer}`, Data: Buffer.from(text) }));
    try {
      if (count === 1) {
        const { SequenceNumber } = await kinesis.putRecord({ StreamName: "durable", ...Records[0] } as never);
        ledger.acknowledged.set(texts[0] as string, SequenceNumber as string);
      } else {
        const { Records: results } = await kinesis.putRecords({ StreamName: "durable", Records });
        texts.forEach((text, i) => {
          ledger.acknowledged.set(text, results?.[i]?.SequenceNumber as string);
        });
      }
    } catch {
      return;
    }
  }
}

/** Every record of every shard, with its sequence number, in the order of its shard. */
async function readAll(kinesis: Kinesis): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  const { Shards } = await kinesis.listShards({ StreamName: "durable" });
  for (const { ShardId } of Shards ?? []) {
    const input = { StreamName: "durable", ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
    let iterator = (await kinesis.getShardIterator(input)).ShardIterator;
    let before = 0n;
    while (iterator !== undefined) {
      const { Records, NextShardIterator, MillisBehindLatest } = await kinesis.getRecords({ ShardIterator: iterator });
      for (const record of Records ?? []) {
        const number = BigInt(record.SequenceNumber ?? 0);
        expect(number > before).toBe(true);
        before = number;
        const text = textOf(record);
        expect(all.has(text)).toBe(false);
        all.set(text, String(number));
      }
      iterator = MillisBehindLatest === 0 ? undefined : NextShardIterator;
    }
  }
  return all;
}

it(`after ${kills} kills, every acknowledged record exists once, with its sequence number`, async () => {
  const ledger = new Ledger();
  let cli = await startCli(["--data-dir", directory]);
  const first = clientOf(cli);
  await first.createStream({ StreamName: "durable", ShardCount: 3 });
  const { ShardIterator } = await first.getShardIterator({
    StreamName: "durable",
    ShardId: shardId(0),
    ShardIteratorType: "TRIM_HORIZON",
  });
  first.destroy();
  for (let kill = 1; kill <= kills; kill += 1) {
    const kinesis = clientOf(cli);
    const before = ledger.acknowledged.size;
    const working = Array.from({ length: producers }, (_, i) => produceUntilDead(kinesis, i, ledger));
    if (kill === 3) {
      await kinesis.splitShard({ StreamName: "durable", ShardToSplit: shardId(0), NewStartingHashKey: "123456789" });
    }
    while (ledger.acknowledged.size < before + 400) await new Promise((resolve) => setTimeout(resolve, 5));
    cli.kill("SIGKILL");
    await cli.ended;
    await Promise.all(working);
    kinesis.destroy();
    cli = await startCli(["--data-dir", directory]);
  }
  const kinesis = clientOf(cli);
  const stored = await readAll(kinesis);
  const lost = [...ledger.acknowledged].filter(([text, number]) => stored.get(text) !== number);
  expect(lost).toEqual([]);
  expect([...stored.keys()].filter((text) => !ledger.sent.has(text))).toEqual([]);
  expect(ledger.acknowledged.size).toBeGreaterThan(kills * 400);
  const { StreamDescriptionSummary } = await kinesis.describeStreamSummary({ StreamName: "durable" });
  expect(StreamDescriptionSummary?.OpenShardCount).toBe(4);
  // An iterator of the first process still reads.
  await kinesis.getRecords({ ShardIterator, Limit: 1 });
  kinesis.destroy();
});
