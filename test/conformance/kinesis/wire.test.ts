/** What other clients than the default one put on the wire: CBOR as the Java SDK writes it, HTTP/1.1, TLS, and damage. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CborTime, readCbor } from "../../../protocols/cbor-bytes.ts";
import { Emulator } from "../../../src/emulator.ts";
import { loadTls } from "../../../src/server/certificate.ts";
import { startServer } from "../../../src/server/server.ts";
import { arnOf, KinesisEnvironment, shardId, textOf } from "../../support/kinesis.ts";

const authorization =
  "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0";

/** The pieces of CBOR that Jackson's generator in the Java SDK writes: maps and arrays of unknown length. */
const text = (value: string) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([head(0x60, bytes.length), bytes]);
};
const blob = (bytes: Uint8Array) => Buffer.concat([head(0x40, bytes.length), bytes]);
const int = (value: number) => head(0x00, value);
const map = (...pairs: [string, Buffer][]) =>
  Buffer.concat([Buffer.of(0xbf), ...pairs.flatMap(([key, value]) => [text(key), value]), Buffer.of(0xff)]);
const list = (...items: Buffer[]) => Buffer.concat([Buffer.of(0x9f), ...items, Buffer.of(0xff)]);
const millis = (ms: number) => Buffer.concat([Buffer.of(0xc1), head(0x00, ms)]);

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.of(major | value);
  if (value < 256) return Buffer.of(major | 24, value);
  if (value < 65_536) return Buffer.of(major | 25, value >> 8, value & 255);
  const bytes = Buffer.alloc(9);
  bytes[0] = major | 27;
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function post(endpoint: string, operation: string, contentType: string, body: Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": contentType,
      "x-amz-target": `Kinesis_20131202.${operation}`,
      authorization,
      "content-length": body.length,
    };
    const call = request(endpoint, { method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

describe("CBOR", () => {
  const env = new KinesisEnvironment();
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const call = async (operation: string, body: Buffer) => {
    const answer = await post(env.bus.endpoint, operation, "application/x-amz-cbor-1.1", body);
    expect(answer.headers["content-type"]).toBe("application/x-amz-cbor-1.1");
    expect(answer.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers["x-amz-id-2"]).toBeTruthy();
    const value = answer.body.length === 0 ? undefined : (readCbor(answer.body) as Map<string, unknown>);
    return { status: answer.status, value };
  };

  it("as the Java SDK writes it does all that JSON does", async () => {
    const created = await call("CreateStream", map(["StreamName", text("java")], ["ShardCount", int(1)]));
    expect(created).toEqual({ status: 200, value: undefined });
    const bytes = Buffer.from([0, 255, 128, 1]);
    const put = await call(
      "PutRecord",
      map(["StreamName", text("java")], ["Data", blob(bytes)], ["PartitionKey", text("key")]),
    );
    expect(put.value?.get("ShardId")).toBe(shardId(0));
    const many = await call(
      "PutRecords",
      map(
        ["Records", list(map(["Data", blob(Buffer.alloc(300, 1))], ["PartitionKey", text("other")]))],
        ["StreamName", text("java")],
      ),
    );
    expect(many.value?.get("FailedRecordCount")).toBe(0);
    const iterator = await call(
      "GetShardIterator",
      map(
        ["StreamName", text("java")],
        ["ShardId", text(shardId(0))],
        ["ShardIteratorType", text("AT_TIMESTAMP")],
        ["Timestamp", millis(env.bus.clock.now())],
      ),
    );
    const got = await call(
      "GetRecords",
      map(["ShardIterator", text(String(iterator.value?.get("ShardIterator")))], ["Limit", int(10)]),
    );
    const records = got.value?.get("Records") as Map<string, unknown>[];
    expect(records).toHaveLength(2);
    expect(Buffer.from(records[0]?.get("Data") as Uint8Array)).toEqual(bytes);
    expect(records[0]?.get("SequenceNumber")).toBe(put.value?.get("SequenceNumber"));
    const arrival = records[0]?.get("ApproximateArrivalTimestamp") as CborTime;
    expect(arrival).toBeInstanceOf(CborTime);
    expect(arrival.value).toBe(env.bus.clock.now());
    expect((await env.records("java"))[1]?.Data).toHaveLength(300);
  });

  it("answers errors in CBOR", async () => {
    const missing = await call("DescribeStreamSummary", map(["StreamName", text("missing")]));
    expect(missing.status).toBe(400);
    expect(Object.fromEntries(missing.value ?? [])).toEqual({
      __type: "ResourceNotFoundException",
      message: "Stream missing under account 000000000000 not found.",
    });
  });
});

describe("HTTP/1.1", () => {
  const env = new KinesisEnvironment();
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const json = async (operation: string, body: unknown) => {
    const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    const answer = await post(env.bus.endpoint, operation, "application/x-amz-json-1.1", bytes);
    return { ...answer, value: JSON.parse(answer.body.toString() || "{}") as Record<string, unknown> };
  };

  it("carries JSON, and an event stream in chunks", async () => {
    const { arn, name } = await env.stream();
    await env.put(name, "one");
    const ConsumerARN = await env.consumer(arn);
    const body = { ConsumerARN, ShardId: shardId(0), StartingPosition: { Type: "TRIM_HORIZON" } };
    const answer = await new Promise<Answer>((resolve, reject) => {
      const call = request(
        env.bus.endpoint,
        {
          method: "POST",
          headers: {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "Kinesis_20131202.SubscribeToShard",
            authorization,
          },
        },
        (response) => {
          let held = Buffer.alloc(0);
          response.on("data", (chunk: Buffer) => {
            held = Buffer.concat([held, chunk]);
            if (!held.includes("SubscribeToShardEvent")) return;
            resolve({ status: response.statusCode, headers: response.headers, body: held });
            response.destroy();
          });
        },
      );
      call.on("error", reject);
      call.end(JSON.stringify(body));
    });
    expect(answer.headers["content-type"]).toBe("application/vnd.amazon.eventstream");
    expect(answer.body.includes("initial-response")).toBe(true);
    expect(answer.body.includes(Buffer.from("one").toString("base64"))).toBe(true);
  });

  it("answers damaged and hostile input with errors of AWS", async () => {
    const { arn, name } = await env.stream();
    const iterator = await env.iterator(name);
    const hostile: [string, unknown][] = [
      ["PutRecord", "{"],
      ["PutRecord", { StreamName: name, PartitionKey: "k", Data: "not base64!" }],
      ["PutRecord", { StreamName: name, PartitionKey: "k", Data: 1 }],
      ["PutRecords", { StreamName: name, Records: [null] }],
      ["PutRecords", { StreamName: name, Records: "x" }],
      ["CreateStream", { StreamName: "x", ShardCount: 1e300 }],
      ["CreateStream", { StreamName: "x", ShardCount: 100_000_000_000 }],
      ["CreateStream", { StreamName: "x", ShardCount: -1 }],
      ["UpdateShardCount", { StreamName: name, TargetShardCount: 1e15, ScalingType: "UNIFORM_SCALING" }],
      ["GetRecords", { ShardIterator: iterator, Limit: 0 }],
      ["GetRecords", { ShardIterator: iterator.replace(/[A-Z]/g, "a") }],
      ["GetShardIterator", { StreamName: name, ShardId: "x", ShardIteratorType: "LATEST" }],
      ["GetShardIterator", { StreamName: name, ShardId: "shardId-999999999999", ShardIteratorType: "LATEST" }],
      ["ListShards", { NextToken: Buffer.from('["shards",1e99,{"stream":{}}]').toString("base64url") }],
      ["ListShards", { NextToken: Buffer.from("[]").toString("base64url") }],
      ["ListShards", { StreamName: name, ExclusiveStartShardId: "zzz", StreamCreationTimestamp: 1e30 }],
      ["SplitShard", { StreamName: name, ShardToSplit: "x", NewStartingHashKey: "9".repeat(39) }],
      ["SubscribeToShard", { ConsumerARN: `${arn}/consumer/a:1`, ShardId: "x", StartingPosition: {} }],
      ["PutResourcePolicy", { ResourceARN: arn, Policy: '{"Statement":[null]}' }],
      ["TagResource", { ResourceARN: "arn:aws:kinesis:us-east-1:000000000000:stream/x", Tags: { __proto__x: "1" } }],
      ["DescribeStream", { StreamARN: "arn:aws:kinesis:::stream/x" }],
      ["RegisterStreamConsumer", { StreamARN: arnOf("none"), ConsumerName: "x" }],
    ];
    for (const [operation, body] of hostile) {
      const { status, value } = await json(operation, body);
      expect([operation, body, status]).toEqual([operation, body, 400]);
      expect(value["__type"]).toMatch(/Exception$/);
    }
    for (let i = 0; i < 200; i += 1) {
      const { status } = await json("GetRecords", { ShardIterator: randomBytes(60).toString("base64") });
      expect(status).toBe(400);
    }
    expect(env.bus.requests().every(({ status }) => status < 500)).toBe(true);
  });
});

describe("TLS", () => {
  it("serves the default client over HTTP/2", async () => {
    const directory = await mkdtemp(join(tmpdir(), "busbar-test-"));
    const tls = await loadTls({ cert: undefined, key: undefined, directory });
    const emulator = await Emulator.start();
    const server = await startServer(emulator, { host: "127.0.0.1", port: 0, tls });
    const kinesis = new Kinesis({
      endpoint: `https://localhost:${server.port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
      // Still the client's own handler, told whom to trust.
      requestHandler: { nodeHttp2ConnectOptions: { ca: tls.cert } } as object,
    });
    try {
      await kinesis.createStream({ StreamName: "tls", ShardCount: 1 });
      const { Consumer } = await kinesis.registerStreamConsumer({ StreamARN: arnOf("tls"), ConsumerName: "c" });
      const { EventStream } = await kinesis.subscribeToShard({
        ConsumerARN: Consumer?.ConsumerARN,
        ShardId: shardId(0),
        StartingPosition: { Type: "TRIM_HORIZON" },
      });
      await kinesis.putRecord({ StreamName: "tls", PartitionKey: "k", Data: Buffer.from("over TLS") });
      for await (const { SubscribeToShardEvent } of EventStream ?? []) {
        const texts = SubscribeToShardEvent?.Records?.map(textOf) ?? [];
        if (texts.length === 0) continue;
        expect(texts).toEqual(["over TLS"]);
        break;
      }
    } finally {
      kinesis.destroy();
      emulator.stop();
      await server.close(100, 0);
      await emulator.close();
      await rm(directory, { recursive: true });
    }
  });
});
