/** Bodies as connections bring them: broken off, too large, encoded, and targets written as whole URLs. */
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { http } from "../support/http.ts";
import { rawHttp } from "../support/raw-http.ts";

const mebibyte = 1024 * 1024;
const path = "/000000000000/bodies";
const begun = "Action=SendMessage&MessageBody=half";
const formType = "application/x-www-form-urlencoded";

let bus: Busbar;
let sqs: SQS;
let port: number;

beforeAll(async () => {
  bus = await createBusbar();
  port = Number(new URL(bus.endpoint).port);
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
});
beforeEach(async () => {
  await bus.reset();
  await sqs.createQueue({ QueueName: "bodies" });
});
afterAll(async () => {
  sqs.destroy();
  await bus.close();
});

/** Resolves when the next request is in the log, and says how it was answered. */
async function nextAnswer(before: number): Promise<string> {
  while (bus.requests().length === before) await new Promise((done) => setTimeout(done, 5));
  const { status, error, message } = bus.requests()[0]!;
  return `${status} ${error} ${message}`;
}

async function storedMessages(): Promise<string | undefined> {
  const { Attributes } = await sqs.getQueueAttributes({
    QueueUrl: `${bus.endpoint}${path}`,
    AttributeNames: ["ApproximateNumberOfMessages"],
  });
  return Attributes?.["ApproximateNumberOfMessages"];
}

/** RFC 9113 section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literal header fields without indexing, new names (RFC 7541 section 6.2.2). */
function headerBlock(headers: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    parts.push(Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value));
  }
  return Buffer.concat(parts);
}

/** An HTTP/2 connection that has sent the beginning of a form and has not ended its stream. */
function beginOnHttp2(headers: Record<string, string>): Socket {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  const block = headerBlock({
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "content-type": formType,
    ...headers,
  });
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(4, 0, 0, Buffer.alloc(0)));
  socket.write(frame(1, 4, 1, block));
  socket.write(frame(0, 0, 1, Buffer.from(begun)));
  return socket;
}

function beginOnHttp1(framing: string): Socket {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${formType}\r\n${framing}`);
  return socket;
}

const cancel = Buffer.from([0, 0, 0, 8]);
const chunk = `${begun.length.toString(16)}\r\n${begun}\r\n`;
const broken: [what: string, begin: () => Socket, breakOff: (socket: Socket) => void][] = [
  ["an HTTP/2 stream that is reset", () => beginOnHttp2({}), (socket) => socket.write(frame(3, 0, 1, cancel))],
  ["an HTTP/2 connection that is reset", () => beginOnHttp2({}), (socket) => socket.resetAndDestroy()],
  ["an HTTP/2 connection that ends", () => beginOnHttp2({ "content-length": "99" }), (socket) => socket.end()],
  [
    "a chunked HTTP/1.1 body that ends",
    () => beginOnHttp1(`Transfer-Encoding: chunked\r\n\r\n${chunk}`),
    (s) => s.end(),
  ],
  [
    "a measured HTTP/1.1 body that is reset",
    () => beginOnHttp1(`Content-Length: 99\r\n\r\n${begun}`),
    (s) => s.resetAndDestroy(),
  ],
];

it.each(broken)("does not act on half of a request: %s", async (_what, begin, breakOff) => {
  const before = bus.requests().length;
  const socket = begin();
  // The server has taken up what was sent when a second connection is answered.
  await new Promise((done) => socket.once("connect", done));
  await storedMessages();
  breakOff(socket);
  expect(await nextAnswer(before + 1)).toBe(
    "400 SerializationException The client broke off before the request body was whole.",
  );
  socket.destroy();
  expect(await storedMessages()).toBe("0");
});

it("answers 413 to bodies that are too large, however often and over either HTTP", async () => {
  const kinesis = new Kinesis({ ...bus.clientConfig(), maxAttempts: 1 });
  const refusal = { name: "RequestEntityTooLargeException", $metadata: { httpStatusCode: 413 } };
  for (const size of [17, 20, 40, 17, 20]) {
    const MessageBody = "x".repeat(size * mebibyte);
    await expect(sqs.sendMessage({ QueueUrl: `${bus.endpoint}${path}`, MessageBody })).rejects.toMatchObject(refusal);
    const put = kinesis.putRecord({ StreamName: "s", PartitionKey: "p", Data: Buffer.alloc(size * mebibyte) });
    await expect(put).rejects.toMatchObject(refusal);
  }
  kinesis.destroy();
  await sqs.sendMessage({ QueueUrl: `${bus.endpoint}${path}`, MessageBody: "small" });
  expect(await storedMessages()).toBe("1");
});

it.each([70_167_212, 76 * mebibyte])("reports Lambda's own limit for code, of %d bytes", async (size) => {
  const functions = "/2015-03-31/functions";
  const answer = await rawHttp(bus.endpoint, functions, { method: "POST", body: Buffer.alloc(size, " ") });
  expect([answer.status, answer.header("x-amzn-errortype"), JSON.parse(answer.text)]).toEqual([
    413,
    "RequestEntityTooLargeException",
    { message: "Request must be smaller than 70167211 bytes for the CreateFunction operation" },
  ]);
});

it("limits bodies to the largest request of their service", async () => {
  const refusal = { name: "RequestEntityTooLargeException", $metadata: { httpStatusCode: 413 } };
  const sns = new SNS({ ...bus.clientConfig(), maxAttempts: 1 });
  const { TopicArn } = await sns.createTopic({ Name: "bodies" });
  await expect(sns.publish({ TopicArn, Message: "x".repeat(3 * mebibyte) })).rejects.toMatchObject(refusal);
  sns.destroy();
  const QueueUrl = `${bus.endpoint}${path}`;
  await expect(sqs.sendMessage({ QueueUrl, MessageBody: "x".repeat(9 * mebibyte) })).rejects.toMatchObject(refusal);
  // The longest message in its longest spelling is the service's to judge.
  await sqs.sendMessage({ QueueUrl, MessageBody: '"'.repeat(mebibyte) });
});

describe("millions of values in few bytes", () => {
  const count = 3_000_000;
  const bodies: [string, string, Record<string, string>][] = [
    [
      "JSON objects",
      `{"QueueUrl":"q","more":[${"{},".repeat(count)}{}]}`,
      { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" },
    ],
    [
      "JSON numbers",
      `{"StreamName":[${"1,".repeat(count)}1]}`,
      { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.PutRecord" },
    ],
    [
      "JSON lists in lists",
      `{"Name":${"[".repeat(count)}${"]".repeat(count)}}`,
      { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.PutRecord" },
    ],
    ["form parameters", `Action=SendMessage${"&a".repeat(count)}`, { "content-type": formType }],
    [
      "CBOR numbers",
      `\xa1\x61a\x9f${"\x01".repeat(count)}\xff`,
      { "content-type": "application/x-amz-cbor-1.1", "x-amz-target": "Kinesis_20131202.PutRecord" },
    ],
    [
      "CBOR pieces",
      `\xa1\x61a\x7f${"\x60".repeat(count)}\xff`,
      { "content-type": "application/x-amz-cbor-1.1", "x-amz-target": "Kinesis_20131202.PutRecord" },
    ],
  ];

  it.each(bodies)("are refused before they are read: %s", async (_name, text, headers) => {
    const body = gzipSync(Buffer.from(text, "latin1"));
    const before = process.cpuUsage();
    const { status, text: answer } = await http(`${bus.endpoint}/`, {
      method: "POST",
      headers: { ...headers, "content-encoding": "gzip" },
      body,
    });
    const { user } = process.cpuUsage(before);
    expect(`${status} ${answer}`).toMatch(/^(400|404|413) .*(SerializationException|MalformedQueryString|TooLarge)/s);
    expect(user / 1000).toBeLessThan(500);
  });

  it("are not long strings, whatever is in them", async () => {
    const kinesis = new Kinesis({ ...bus.clientConfig(), maxAttempts: 1 });
    await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
    const Records = Array.from({ length: 500 }, () => ({ Data: Buffer.alloc(9_000, 0x5c), PartitionKey: '\\"' }));
    await kinesis.putRecords({ StreamName: "s", Records });
    kinesis.destroy();
  });
});

it("accepts trailers, and bodies of HTTP/2 in pieces without a length", async () => {
  const session = connectHttp2(bus.endpoint);
  const stream = session.request(
    { ":method": "POST", ":path": path, "content-type": formType },
    { waitForTrailers: true },
  );
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-checksum": "1" }));
  let answer = "";
  stream.on("data", (text) => (answer += text));
  const closed = new Promise((done) => stream.once("close", done));
  for (const piece of ["Action=Send", "Message&Mess", "ageBody=in+pieces"]) {
    stream.write(piece);
    await storedMessages();
  }
  stream.end();
  await closed;
  session.close();
  expect(answer).toContain("<SendMessageResult>");
  const { Messages } = await sqs.receiveMessage({ QueueUrl: `${bus.endpoint}${path}` });
  expect(Messages?.[0]?.Body).toBe("in pieces");
});

it("knows content codings in any case", async () => {
  const body = gzipSync("Action=SendMessage&MessageBody=packed");
  for (const coding of ["gzip", "GZIP"]) {
    const headers = { "content-type": formType, "content-encoding": coding };
    expect((await http(`${bus.endpoint}${path}`, { method: "POST", headers, body })).status).toBe(200);
  }
});

it("accepts a whole URL as the request target, as clients send it to a proxy", async () => {
  const ask = (target: string, method = "GET") =>
    new Promise<string>((done) => {
      const socket = connect({ port, host: "127.0.0.1" });
      let answer = "";
      socket.on("data", (text) => (answer += text));
      socket.on("close", () => done(answer));
      socket.write(`${method} ${target} HTTP/1.1\r\nHost: sqs.us-east-1.amazonaws.com\r\nConnection: close\r\n\r\n`);
    });
  const origin = "http://sqs.us-east-1.amazonaws.com";
  expect(await ask(`${origin}${path}?Action=SendMessage&MessageBody=x`)).toContain("<SendMessageResult>");
  expect(await ask(`${origin}?Action=GetQueueUrl&QueueName=bodies`)).toContain(`<QueueUrl>${origin}${path}</QueueUrl>`);
  expect(await ask("HTTP://scheduler.us-east-1.amazonaws.com/schedules")).toContain('{"Schedules":[]}');
  expect(await ask(`${origin}/_busbar/health`)).toContain('"status":"running"');
  expect(await ask("*", "OPTIONS")).toContain("404 Not Found");
});
