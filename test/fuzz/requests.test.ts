/**
 * Ten thousand requests that no client should send, over real sockets to a process of its own: none is answered with
 * a 5xx but 501, none hangs, and the process goes on as if nothing had been.
 */
import { Agent, type IncomingHttpHeaders, METHODS, request } from "node:http";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Chance } from "../support/chance.ts";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";

const wellFormedHttp = 8000;
const brokenHttp = 2000;
const concurrency = 32;
const mebibyte = 1024 * 1024;
/** What takes longer hangs. */
const hangMs = 20_000;

const seed = Math.floor(Math.random() * 2 ** 32);
let cli: RunningCli;
let agent: Agent;

beforeAll(async () => {
  cli = await startCli();
  agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const sqs = client();
  await sqs.createQueue({ QueueName: "fuzz" });
  await sqs.createQueue({ QueueName: "fuzz.fifo", Attributes: { FifoQueue: "true" } });
  sqs.destroy();
});
afterAll(async () => {
  agent.destroy();
  await stopAll();
});

function client(): SQS {
  return new SQS({
    endpoint: cli.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    maxAttempts: 1,
  });
}

const operations = [
  ...["CreateQueue", "GetQueueUrl", "ListQueues", "ListDeadLetterSourceQueues", "PurgeQueue"],
  ...["GetQueueAttributes", "SetQueueAttributes", "AddPermission", "RemovePermission", "TagQueue", "UntagQueue"],
  ...["ListQueueTags", "SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"],
  ...["ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "StartMessageMoveTask", "ListMessageMoveTasks"],
  ...["CancelMessageMoveTask", "FooBar", "", "GetCallerIdentity", "AssumeRole", "AssumeRoleWithSAML"],
];

const members = [
  ...[
    "QueueUrl",
    "QueueName",
    "Attributes",
    "AttributeNames",
    "Entries",
    "MessageBody",
    "DelaySeconds",
    "Tags",
    "tags",
  ],
  ...["MessageAttributes", "MessageSystemAttributes", "MessageGroupId", "MessageDeduplicationId", "ReceiptHandle"],
  ...["VisibilityTimeout", "MaxNumberOfMessages", "MessageAttributeNames", "ReceiveRequestAttemptId", "NextToken"],
  ...["MaxResults", "QueueNamePrefix", "Label", "AWSAccountIds", "Actions", "TagKeys", "SourceArn", "TaskHandle"],
  ...["DestinationArn", "MaxNumberOfMessagesPerSecond", "__proto__", "constructor", "hasOwnProperty", ""],
];

const texts = [
  ...["", "x", "fuzz", "fuzz.fifo", "http://h/000000000000/fuzz", "nope", "\u0000", "\uffff", "\ud800", "ä€🚀", "All"],
  ...["-1", "1e999", "99999999999999999999", "true", "NaN", "AQEB", "{}", "[", '{"a":', "arn:aws:sqs:us-east-1:0:x"],
  ...["arn:aws:sqs:us-east-1:000000000000:fuzz", "%00", "../..", "a".repeat(300), ".".repeat(1000), "AWS.", "*"],
];

const attributeNames = [
  ...["DelaySeconds", "VisibilityTimeout", "Policy", "RedrivePolicy", "RedriveAllowPolicy", "FifoQueue", "QueueArn"],
  ...["MaximumMessageSize", "KmsMasterKeyId", "DeduplicationScope", "FifoThroughputLimit", "All", "x", "__proto__"],
];

const numbers = [
  "0",
  "-1",
  "1.5",
  "1e400",
  "-1e400",
  "12345678901234567890",
  "2147483648",
  "-0",
  "0.1e-9",
  "21",
  "0",
  "1",
  "5",
];

/** JSON text: of the right shape, of the wrong one, or none at all. */
function json(chance: Chance, depth = 0): string {
  const kind = chance.int(depth > 4 ? 4 : 8);
  switch (kind) {
    case 0:
      return chance.of(numbers);
    case 1:
    case 2:
      return JSON.stringify(chance.of(texts));
    case 3:
      return chance.of(["null", "true", "false"]);
    case 4:
      return `[${Array.from({ length: chance.int(5) }, () => json(chance, depth + 1)).join(",")}]`;
    default: {
      const entries = Array.from(
        { length: chance.int(6) },
        () => `${JSON.stringify(chance.of([...members, ...texts]))}:${json(chance, depth + 1)}`,
      );
      return `{${entries.join(",")}}`;
    }
  }
}

/** A value of the member's own shape, filled with anything. */
function shaped(chance: Chance, member: string): string {
  const text = () => JSON.stringify(chance.of(texts));
  const object = (entries: (readonly [string, string])[]) =>
    `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
  const list = (item: () => string) => `[${Array.from({ length: chance.int(12) }, item).join(",")}]`;
  const attribute = () =>
    object([
      ["DataType", JSON.stringify(chance.of(["String", "Number", "Binary", "String.x", "", "Foo"]))],
      [chance.of(["StringValue", "BinaryValue", "StringListValues"]), chance.chance(0.8) ? text() : json(chance)],
    ]);
  switch (member) {
    case "Attributes":
      return object(Array.from({ length: chance.int(4) }, () => [chance.of(attributeNames), text()] as const));
    case "MessageAttributes":
      return object(Array.from({ length: chance.int(12) }, () => [chance.of(texts), attribute()] as const));
    case "MessageSystemAttributes":
      return object([[chance.of(["AWSTraceHeader", "x"]), attribute()]]);
    case "Entries":
      return list(() =>
        object([
          ["Id", JSON.stringify(chance.chance(0.8) ? `id${chance.int(50)}` : chance.of(texts))],
          ["MessageBody", text()],
          ["ReceiptHandle", text()],
          ["VisibilityTimeout", chance.of(numbers)],
          ["MessageGroupId", text()],
          ["MessageAttributes", shaped(chance, "MessageAttributes")],
        ]),
      );
    case "Tags":
    case "tags":
      return object(Array.from({ length: chance.int(60) }, () => [chance.of(texts), text()] as const));
    default:
      if (/(Names|Ids|Actions|TagKeys)$/.test(member)) return list(text);
      if (/(Seconds|Timeout|Max.*)$/.test(member)) return chance.of(numbers);
      return text();
  }
}

function inputOf(chance: Chance): string {
  const entries = Array.from({ length: 1 + chance.int(6) }, () => {
    const member = chance.of(members);
    return `${JSON.stringify(member)}:${chance.chance(0.7) ? shaped(chance, member) : json(chance)}`;
  });
  const url = JSON.stringify(chance.of(["fuzz", "fuzz", "fuzz.fifo", ...texts]));
  return `{${entries.join(",")}${chance.chance(0.8) ? `,"QueueUrl":${url}` : ""}}`;
}

function mutilated(chance: Chance, text: string): Buffer {
  const bytes = Buffer.from(text);
  switch (chance.int(8)) {
    case 0:
      return bytes.subarray(0, chance.int(bytes.length + 1));
    case 1:
      return Buffer.concat([bytes, chance.bytes(1 + chance.int(8))]);
    case 2: {
      const changed = Buffer.from(bytes);
      for (let change = 0; change < 3; change++) changed[chance.int(changed.length)] = chance.int(256);
      return changed;
    }
    case 3: {
      if (chance.chance(0.7)) return bytes;
      const depth = 1 + chance.int(50_000);
      const [open, close] = chance.of([
        ["[", "]"],
        ['{"a":', "}"],
        ['{"Attributes":', "}"],
      ] as const);
      return Buffer.from(open.repeat(depth) + (chance.chance(0.5) ? `1${close.repeat(depth)}` : ""));
    }
    case 4:
      return chance.bytes(chance.int(200));
    case 5:
      return Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]);
    default:
      return bytes;
  }
}

function form(chance: Chance): string {
  const names = [
    ...members,
    ...["Attribute.1.Name", "Attribute.1.Value", "Attribute.x.Name", "Attribute.99999999999.Name", "Attribute.-1.Name"],
    ...[
      "Attribute.",
      ".1",
      "...",
      "Tag.1.Key",
      "SendMessageBatchRequestEntry.1.Id",
      "MessageAttribute.1.Value.BinaryValue",
    ],
    ...[
      "AttributeName.1.2.3.4",
      `Attribute${".1".repeat(2000)}`,
      "Version",
      "Action",
      "%zz",
      "RoleArn",
      "Tags.member.1.Key",
    ],
  ];
  const raw = ["%", "%zz", "%ff%fe", "=", "a=b=c", "+", "\u0000", "&&", "%00", ";"];
  const pairs = Array.from({ length: chance.int(8) }, () =>
    chance.chance(0.15) ? chance.of(raw) : `${encodeURI(chance.of(names))}=${safeEncode(chance.of(texts))}`,
  );
  if (chance.chance(0.9)) pairs.unshift(`Action=${safeEncode(chance.of(operations))}`);
  if (chance.chance(0.7)) pairs.push(`Version=${chance.of(["2012-11-05", "2011-06-15", "1", ""])}`);
  if (chance.chance(0.02)) pairs.push(...Array.from({ length: 20_000 }, (_, index) => `AttributeName.${index}=x`));
  return pairs.join("&");
}

function safeEncode(text: string): string {
  // A half of a surrogate pair cannot be percent-encoded.
  return encodeURIComponent(Buffer.from(text).toString());
}

const contentTypes = [
  ...[
    "application/x-amz-json-1.0",
    "application/x-amz-json-1.1",
    "application/json",
    "text/plain",
    "multipart/form-data",
  ],
  ...["application/x-www-form-urlencoded", "application/x-amz-cbor-1.1", "application/cbor", "", ";;;", "a", "*/*"],
  ...["application/x-amz-json-1.0; charset=utf-16", "application/x-www-form-urlencoded; charset=\u00ff", "text/xml"],
];

const paths = [
  ...[
    "/",
    "/",
    "/",
    "/000000000000/fuzz",
    "/000000000000/fuzz/",
    "/000000000000/nope",
    "/x",
    "//",
    "/%zz",
    "/%00",
    "/%",
  ],
  ...["/?", "/?Action", "/?Action=", "/?Action=ListQueues&Action=FooBar", "/000000000000/fuzz?Action=ReceiveMessage"],
  ...[
    "/?%",
    "/?X-Amz-Credential=%zz",
    "/?X-Amz-Credential=a/b/c/d/e/f",
    `/${"x".repeat(4000)}`,
    `/${"a/".repeat(500)}`,
  ],
  ...[
    "/service/AmazonSQS/operation/SendMessage",
    "/_busbar",
    "/_busbar/",
    "/_busbar/clock",
    "/_busbar/requests?limit=%zz",
  ],
  ...["/_busbar/state", "/_busbar/health?x", "/_busbar/nope/..%2f", "/restapis", "/v2/apis", "/@connections/x", "*"],
];

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function wellFormed(chance: Chance): Sent {
  const headers: Record<string, string> = {};
  let method = "POST";
  let path = "/";
  let body: Buffer;
  if (chance.chance(0.45)) {
    headers["content-type"] = "application/x-amz-json-1.0";
    headers["x-amz-target"] = `AmazonSQS.${chance.of(operations)}`;
    body = mutilated(chance, inputOf(chance));
  } else if (chance.chance(0.6)) {
    headers["content-type"] = "application/x-www-form-urlencoded";
    body = chance.chance(0.2) ? mutilated(chance, form(chance)) : Buffer.from(form(chance), "latin1");
    if (chance.chance(0.3)) headers["accept"] = "application/json";
  } else {
    body = mutilated(chance, json(chance));
    if (chance.chance(0.5))
      headers["x-amz-target"] = chance.of(["", "AmazonSQS", "AmazonSQS.", ".", "A.B", "x".repeat(5000)]);
  }
  if (chance.chance(0.25)) path = chance.of(paths);
  if (chance.chance(0.1)) method = chance.of(METHODS.filter((each) => each !== "CONNECT"));
  if (chance.chance(0.15)) headers["content-type"] = chance.of(contentTypes);
  if (chance.chance(0.05))
    headers["content-encoding"] = chance.of(["gzip", "deflate", "br", "x", "gzip, gzip", "identity"]);
  if (chance.chance(0.03)) body = gzipSync(body);
  if (chance.chance(0.05)) headers["smithy-protocol"] = chance.of(["rpc-v2-cbor", "x", ""]);
  if (chance.chance(0.1)) {
    headers["authorization"] = chance.of([
      "AWS4-HMAC-SHA256 Credential=",
      "AWS4-HMAC-SHA256 Credential=////",
      "AWS4-HMAC-SHA256 Credential=ASIAX/20300101/nowhere/sqs/aws4_request",
      "AWS4-HMAC-SHA256 Credential=__proto__/x/\u00ff/sqs/aws4_request, SignedHeaders=",
      "Bearer x",
      `AWS4-HMAC-SHA256 ${"Credential=a/b/c/d/e,".repeat(200)}`,
    ]);
  }
  if (chance.chance(0.03)) headers["host"] = chance.of(["", "x", "sts.amazonaws.com", "sqs..", "[::1]", "a b"]);
  if (chance.chance(0.02)) headers["origin"] = "\u00ff";
  if (chance.chance(0.02)) headers["expect"] = chance.of(["100-continue", "something"]);
  // No long poll: those wait as they should.
  if (body.includes("WaitTimeSeconds")) body = Buffer.from("{}");
  return { method, path, headers, body };
}

/** The status of the answer; 0 when the connection was ended instead. */
function ask({ method, path, headers, body }: Sent): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  return new Promise((done, failed) => {
    const limit = setTimeout(() => failed(new Error("no answer")), hangMs);
    const settle = (status: number, answered: IncomingHttpHeaders) => {
      clearTimeout(limit);
      done({ status, headers: answered });
    };
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: cli.port,
        agent,
        method,
        path,
        headers: { "content-length": body.length, ...headers },
      },
      (response) => {
        response.resume();
        response.on("close", () => settle(response.statusCode ?? 0, response.headers));
      },
    );
    outgoing.on("error", () => settle(0, {}));
    outgoing.on("continue", () => {});
    outgoing.end(body);
  });
}

async function inParallel<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      next += 1;
      await run(items[next - 1] as Item);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

function expectFine(status: number, sent: unknown): void {
  if (status >= 500 && status !== 501) throw new Error(`seed ${seed}: status ${status} for ${describe(sent)}`);
}

function describe(sent: unknown): string {
  return JSON.stringify(sent, (_key, value) =>
    value?.type === "Buffer" ? Buffer.from(value.data).toString("latin1").slice(0, 500) : value,
  );
}

async function expectAlive(): Promise<void> {
  const sqs = client();
  const { QueueUrl } = await sqs.createQueue({ QueueName: "alive" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "still here" });
  const { Messages } = await sqs.receiveMessage({ QueueUrl });
  expect(Messages?.[0]?.Body).toBe("still here");
  await sqs.deleteQueue({ QueueUrl });
  sqs.destroy();
}

it(`answers ${wellFormedHttp} malformed calls in HTTP that is right`, async () => {
  const chance = new Chance(seed);
  const statuses = new Map<number, number>();
  const all = Array.from({ length: wellFormedHttp }, () => wellFormed(chance));
  await inParallel(all, async (sent) => {
    const { status } = await ask(sent).catch((error: Error) => {
      throw new Error(`seed ${seed}: ${error.message} to ${describe(sent)}`);
    });
    expectFine(status, sent);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  console.log(
    `statuses: ${[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status}×${count}`)
      .join(" ")}`,
  );
  // Most are refused with an answer, some happen to be right, and few connections end without one.
  expect(statuses.get(200)).toBeGreaterThan(0);
  expect(statuses.get(400)).toBeGreaterThan(wellFormedHttp / 4);
  expect(statuses.get(0) ?? 0).toBeLessThan(wellFormedHttp / 20);
  await expectAlive();
});

/** Bytes that are no HTTP, or HTTP that breaks off. */
function broken(chance: Chance): Buffer {
  const head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n";
  const good = `${head}Content-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}`;
  switch (chance.int(12)) {
    case 0:
      return chance.bytes(1 + chance.int(300));
    case 1:
      return Buffer.from(good.slice(0, chance.int(good.length)));
    case 2:
      return Buffer.from(
        `${head}Content-Length: ${chance.of(["-1", "x", "1, 2", "99999999999999999999", "+2"])}\r\n\r\n{}`,
      );
    case 3:
      return Buffer.from(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{}`);
    case 4:
      return Buffer.from(
        `${head}Transfer-Encoding: chunked\r\n\r\n${chance.of(["zz\r\n{}", "-1\r\n", "2\r\n{}x", "ffffffffffffffff\r\n"])}`,
      );
    case 5:
      return Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), chance.bytes(chance.int(200))]);
    case 6:
      return Buffer.concat([Buffer.from([0x16, 3, 1]), chance.bytes(chance.int(200))]);
    case 7:
      return Buffer.from(
        chance.of([
          "P",
          "PR",
          "PRI",
          "PRI * HTTP/2.0\r\n\r\n",
          "GET",
          "\r\n\r\n\r\n",
          "\0\0\0\0",
          "GET / HTTP/9.9\r\n\r\n",
        ]),
      );
    case 8:
      return Buffer.from(
        `GET ${chance.of(["http://x/y", "/a b", "*", "/\u0001", "///%%%", "x"])} HTTP/1.1\r\nHost: a\r\n\r\n`,
      );
    case 9:
      return Buffer.from(`${head}X: ${"y".repeat(80_000)}\r\n\r\n`);
    case 10:
      return Buffer.from(good.repeat(1 + chance.int(20)) + good.slice(0, chance.int(60)));
    default:
      return Buffer.from(`${head}Content-Length: 1000\r\n\r\n{"QueueUrl":"fuzz`);
  }
}

it(`lives through ${brokenHttp} connections that are no HTTP, break off or stay half open`, async () => {
  const chance = new Chance(seed + 1);
  const halfOpen: Socket[] = [];
  const all = Array.from({ length: brokenHttp }, () => ({
    bytes: broken(chance),
    then: chance.of(["end", "end", "end", "reset", "hold"] as const),
  }));
  await inParallel(all, ({ bytes, then }) => {
    const socket = connect({ port: cli.port, host: "127.0.0.1" });
    let answered = "";
    socket.on("data", (chunk) => (answered += chunk.toString("latin1")));
    return new Promise<void>((done, failed) => {
      const limit = setTimeout(
        () => failed(new Error(`seed ${seed}: a connection hangs after ${describe({ bytes, then })}`)),
        hangMs,
      );
      const finish = () => {
        clearTimeout(limit);
        for (const [, status] of answered.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) expectFine(Number(status), bytes);
        done();
      };
      socket.on("error", () => {});
      socket.on("close", finish);
      socket.write(bytes, () => {
        if (then === "end") socket.end();
        else if (then === "reset") socket.resetAndDestroy();
        else {
          halfOpen.push(socket);
          finish();
        }
      });
    });
  });
  expect(halfOpen.length).toBeGreaterThan(0);
  await expectAlive();
  for (const socket of halfOpen) socket.destroy();
  await expectAlive();
});

it("refuses bodies of 20 MiB, plain, in chunks or inflated", async () => {
  const big = Buffer.alloc(20 * mebibyte, "x");
  const target = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" };
  const forms = { "content-type": "application/x-www-form-urlencoded" };
  const requests: Sent[] = [
    { method: "POST", path: "/", headers: target, body: big },
    { method: "POST", path: "/", headers: forms, body: big },
    { method: "POST", path: "/_busbar/clock", headers: {}, body: big },
    { method: "PUT", path: "/x", headers: {}, body: big },
    { method: "POST", path: "/", headers: { ...target, "content-encoding": "gzip" }, body: gzipSync(big) },
    { method: "POST", path: "/", headers: { ...forms, "content-encoding": "gzip" }, body: gzipSync(big) },
  ];
  for (const sent of requests) {
    const { status } = await ask(sent);
    // The refusal may come while the body is still on its way, and the connection ends with it.
    expect([0, 413]).toContain(status);
  }
  const body = Buffer.from(`{"QueueUrl":"fuzz","MessageBody":"${"x".repeat(15 * mebibyte)}"}`);
  expect((await ask({ method: "POST", path: "/", headers: target, body })).status).toBe(400);
  await expectAlive();
});

it("has written of no bug, and ends in order", async () => {
  cli.kill("SIGTERM");
  const { code, stdout, stderr } = await cli.ended;
  expect(stdout.split("\n").filter((line) => line.startsWith("{"))).toEqual([]);
  expect([code, stderr]).toEqual([0, ""]);
});
