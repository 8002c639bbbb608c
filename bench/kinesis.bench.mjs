/** Kinesis: writes and reads against a bare server, the latency to a fan-out consumer, and what records cost in memory. */
import { connect } from "node:net";
import { KinesisClient, SubscribeToShardCommand } from "@aws-sdk/client-kinesis";
import { awsJson, drive, percentile } from "./lib/load.mjs";
import { residentMiB, startBare, startBusbar } from "./lib/servers.mjs";

const rounds = 5;
const kibibyte = Buffer.alloc(1024);
for (let i = 0; i < kibibyte.length; i++) kibibyte[i] = (i * 131 + 17) & 255;
const data = kibibyte.toString("base64");
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const kinesisRequest = (operation, input) =>
  awsJson(`Kinesis_20131202.${operation}`, input, { version: "1.1", service: "kinesis" });
const streamArn = (name) => `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`;

const put = (stream) => kinesisRequest("PutRecord", { StreamName: stream, PartitionKey: "key", Data: data });
const putMany = (stream, count = 100) =>
  kinesisRequest("PutRecords", {
    StreamName: stream,
    Records: Array.from({ length: count }, (_, i) => ({ PartitionKey: `key-${i}`, Data: data })),
  });

async function call(server, operation, input) {
  let answer;
  await drive({
    port: server.port,
    count: 1,
    connections: 1,
    request: () => kinesisRequest(operation, input),
    onAnswer: (bytes) => {
      answer = bytes.length > 0 ? JSON.parse(bytes.toString()) : {};
    },
  });
  return answer;
}

async function makeStream(server, name, shards = 1) {
  await call(server, "CreateStream", { StreamName: name, ShardCount: shards });
}

const driveRate = async (server, request, count, connections) =>
  (await drive({ port: server.port, count, connections, request: () => request })).perSecond;

/** An iterator lives for five minutes and can be used again: each read gives the same thousand records. */
async function readRequest(server, stream) {
  const { ShardIterator } = await call(server, "GetShardIterator", {
    StreamName: stream,
    ShardId: "shardId-000000000000",
    ShardIteratorType: "TRIM_HORIZON",
  });
  return kinesisRequest("GetRecords", { ShardIterator, Limit: 1000 });
}

/** From just before PutRecord is written to the socket until the consumer has the record, in ms. */
async function fanOutLatencies(server, count) {
  await makeStream(server, "latency");
  const { Consumer } = await call(server, "RegisterStreamConsumer", {
    StreamARN: streamArn("latency"),
    ConsumerName: "bench",
  });
  const client = new KinesisClient({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "bench" },
  });
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer.ConsumerARN,
      ShardId: "shardId-000000000000",
      StartingPosition: { Type: "LATEST" },
    }),
  );
  const events = EventStream[Symbol.asyncIterator]();
  await events.next();
  const request = put("latency");
  const socket = connect({ port: server.port, host: "127.0.0.1", noDelay: true });
  const answered = () => new Promise((resolve) => socket.once("data", resolve));
  const latencies = [];
  for (let i = 0; i < count; i++) {
    const at = performance.now();
    const answer = answered();
    socket.write(request);
    for (;;) {
      const { value } = await events.next();
      if (value.SubscribeToShardEvent.Records.length > 0) break;
    }
    latencies.push(performance.now() - at);
    await answer;
  }
  socket.destroy();
  client.destroy();
  // The first half lets both processes compile their hot paths.
  return Float64Array.from(latencies.slice(count / 2)).sort();
}

export async function bench() {
  const rows = [];
  const bare = await startBare();
  const memory = await startBusbar();
  const durable = await startBusbar({ durable: true });
  for (const server of [memory, durable]) await makeStream(server, "bench");
  await makeStream(memory, "read");
  await drive({ port: memory.port, count: 20, connections: 4, request: () => putMany("read") });
  const [one, hundred] = [put("bench"), putMany("bench")];
  const read = await readRequest(memory, "read");

  const measure = async () => ({
    bareOne: await driveRate(bare, one, 20_000),
    putOne: await driveRate(memory, one, 20_000),
    durableOne: await driveRate(durable, one, 10_000),
    bareMany: await driveRate(bare, hundred, 600, 8),
    putMany: await driveRate(memory, hundred, 600, 8),
    durableMany: await driveRate(durable, hundred, 600, 8),
    read: await driveRate(memory, read, 150, 4),
  });
  // One unmeasured round lets every process compile its hot paths.
  await measure();
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    measured.push(await measure());
    for (const server of [memory, durable]) {
      await call(server, "DeleteStream", { StreamName: "bench" });
      await makeStream(server, "bench");
    }
  }
  const middle = (what) => median(measured.map(what));
  const share = (what, of) => `${middle((round) => round[what] / round[of]).toFixed(2)} of bare`;
  rows.push(["bare node:http, 1 KiB in base64, 64 connections", rate(middle((round) => round.bareOne)), "1.00"]);
  rows.push(["PutRecord, 1 KiB", rate(middle((round) => round.putOne)), share("putOne", "bareOne")]);
  rows.push(["PutRecord, 1 KiB, durable", rate(middle((round) => round.durableOne)), share("durableOne", "bareOne")]);
  rows.push(["bare node:http, the same 100 records, records", rate(100 * middle((round) => round.bareMany)), "1.00"]);
  rows.push([
    "PutRecords, 100 × 1 KiB, records",
    rate(100 * middle((round) => round.putMany)),
    share("putMany", "bareMany"),
  ]);
  rows.push([
    "PutRecords, 100 × 1 KiB, durable, records",
    rate(100 * middle((round) => round.durableMany)),
    share("durableMany", "bareMany"),
  ]);
  rows.push(["GetRecords, 1,000 × 1 KiB, records", rate(1000 * middle((round) => round.read))]);

  const latencies = await fanOutLatencies(memory, 4000);
  rows.push([
    "PutRecord to SubscribeToShard consumer, median and p99",
    `${percentile(latencies, 0.5).toFixed(2)} and ${percentile(latencies, 0.99).toFixed(2)} ms`,
  ]);
  for (const server of [bare, memory, durable]) await server.stop();

  for (const isDurable of [false, true]) {
    for (const size of [1, 100]) {
      const server = await startBusbar({ durable: isDurable });
      await makeStream(server, "memory");
      const request = size === 1 ? put("memory") : putMany("memory", size);
      // The first records pay for compiled code and buffers that any load needs.
      await drive({ port: server.port, count: 20_000 / size, connections: 8, request: () => request });
      const before = await residentMiB(server.pid);
      await drive({ port: server.port, count: 200_000 / size, connections: 8, request: () => request });
      const after = await residentMiB(server.pid);
      rows.push([
        `memory of 200,000 records of 1 KiB, put ${size} at a time${isDurable ? ", durable" : ""}`,
        `${(after - before).toFixed(0)} MiB`,
        `${(((after - before) * 1024) / 200_000).toFixed(2)} KiB a record`,
      ]);
      await server.stop();
    }
  }
  return rows;
}
