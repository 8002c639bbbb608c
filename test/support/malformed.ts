/** Requests that no client should send, drawn from every service there is: a new one is drawn from as well. */
import { METHODS } from "node:http";
import { gzipSync } from "node:zlib";
import { kindOf, type Shape } from "../../protocols/schema.ts";
import { catalog } from "../../src/services.ts";
import type { Chance } from "./chance.ts";
import { hostileJson } from "./hostile-json.ts";
import { cborOf, queryOf } from "./hostile-wire.ts";

const models = catalog.all().map(({ model }) => model);
/** What would take away the things the calls are about. */
const lastingHarm = new Set(["DeleteQueue", "DeleteTopic", "DeleteStream"]);
const operations = models
  .flatMap(({ operations }) => [...operations.values()])
  .filter(({ name }) => !lastingHarm.has(name));
const inQuery = operations.filter(({ service }) => service.protocols.includes("awsQuery"));
const inCbor = operations.filter(({ service }) => service.protocols.some((name) => /cbor/i.test(name)));
const actions = [...operations.map(({ name }) => name), "FooBar", "", "__proto__"];
const members = [
  ...new Set(
    operations.flatMap(({ input }) =>
      input.isStructSchema() ? [...input.structIterator()].map(([name]) => name) : [],
    ),
  ),
  ...["__proto__", "constructor", "hasOwnProperty", ""],
];

const texts = [
  ...["", "x", "fuzz", "fuzz.fifo", "http://h/000000000000/fuzz", "nope", "\u0000", "\uffff", "\ud800", "ä€🚀", "All"],
  ...["-1", "1e999", "99999999999999999999", "true", "NaN", "AQEB", "{}", "[", '{"a":', "arn:aws:sqs:us-east-1:0:x"],
  ...[
    "arn:aws:sqs:us-east-1:000000000000:fuzz",
    "arn:aws:sns:us-east-1:000000000000:fuzz",
    "default",
    "rate(1 minute)",
  ],
  ...["arn:aws:kinesis:us-east-1:000000000000:stream/fuzz", "arn:aws:iam::000000000000:role/x", "TRIM_HORIZON"],
  ...["%00", "../..", "a".repeat(300), ".".repeat(1000), "AWS.", "*"],
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

const depthLimit = 6;

/** JSON text of a value of the shape, filled with what stands at the edge of things; now and then of another shape. */
function shaped(chance: Chance, shape: Shape, depth: number): string {
  if (chance.chance(0.03) || depth > depthLimit) return json(chance);
  if (chance.chance(0.03)) return hostileJson(chance);
  const many = (most: number, item: () => string) => Array.from({ length: chance.int(most) }, item).join(",");
  switch (kindOf(shape)) {
    case "struct":
      return struct(chance, shape, depth);
    case "list":
      return `[${many(12, () => shaped(chance, shape.getValueSchema(), depth + 1))}]`;
    case "map": {
      const key = () => JSON.stringify(chance.of(chance.chance(0.7) ? attributeNames : texts));
      return `{${many(6, () => `${key()}:${shaped(chance, shape.getValueSchema(), depth + 1)}`)}}`;
    }
    case "number":
    case "timestamp":
      return chance.of(numbers);
    case "boolean":
      return chance.of(["true", "false"]);
    case "blob":
      return chance.of(['"AAAA"', '"eA=="', '"%%%"', '""']);
    case "document":
      return json(chance, depth);
    default:
      // Many texts are JSON themselves.
      return JSON.stringify(chance.chance(0.1) ? hostileJson(chance) : chance.of(texts));
  }
}

function struct(chance: Chance, shape: Shape, depth: number): string {
  const entries: string[] = [];
  for (const [name, member] of shape.structIterator()) {
    // Long polls wait as they should, so none is begun.
    if (name === "WaitTimeSeconds" || chance.chance(0.4)) continue;
    const thing = depth === 0 && /^(QueueUrl|QueueName|StreamName|Name|EventBusName|TopicArn)$/.test(name);
    const value = thing && chance.chance(0.8) ? JSON.stringify(thingOf(name)) : shaped(chance, member, depth + 1);
    entries.push(`${JSON.stringify(name)}:${value}`);
  }
  return `{${entries.join(",")}}`;
}

/** Something that exists. */
function thingOf(member: string): string {
  return member === "EventBusName"
    ? "default"
    : member === "TopicArn"
      ? "arn:aws:sns:us-east-1:000000000000:fuzz"
      : "fuzz";
}

function mutilated(chance: Chance, text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
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
    chance.chance(0.15)
      ? chance.of(raw)
      : `${encodeURI(chance.of(names))}=${safeEncode(chance.chance(0.2) ? hostileJson(chance) : chance.of(texts))}`,
  );
  if (chance.chance(0.9)) pairs.unshift(`Action=${safeEncode(chance.of(actions))}`);
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

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** A call in HTTP that is right, of which little else is. */
export function malformedCall(chance: Chance): Sent {
  const headers: Record<string, string> = {};
  let method = "POST";
  let path = "/";
  let body: Buffer;
  if (chance.chance(0.2)) {
    const { name, service, input } = chance.of(chance.chance(0.5) ? inQuery : inCbor);
    const value: unknown = JSON.parse(input.isStructSchema() ? struct(chance, input, 0) : "{}");
    const dialect = chance.of(service.protocols.filter((one) => one === "awsQuery" || /cbor/i.test(one)));
    if (dialect === "awsQuery") {
      headers["content-type"] = "application/x-www-form-urlencoded";
      body = Buffer.from(`Action=${name}&${queryOf(chance, value, safeEncode)}`);
    } else {
      body = cborOf(chance, value);
      headers["content-type"] = dialect === "rpcv2Cbor" ? "application/cbor" : "application/x-amz-cbor-1.1";
      if (dialect === "rpcv2Cbor") {
        headers["smithy-protocol"] = "rpc-v2-cbor";
        path = `/service/${service.targetPrefix}/operation/${name}`;
      } else headers["x-amz-target"] = `${service.targetPrefix}.${name}`;
    }
    if (chance.chance(0.1)) body = mutilated(chance, body);
  } else if (chance.chance(0.6)) {
    const { name, service, input, http } = chance.of(operations);
    body = mutilated(chance, input.isStructSchema() ? struct(chance, input, 0) : "{}");
    if (http) {
      method = http.method;
      path = http.uri.replace(/\{[^}]+\}/g, () => safeEncode(chance.of(texts)));
      headers["content-type"] = "application/json";
    } else {
      headers["content-type"] = service.protocols.includes("awsJson1_1")
        ? "application/x-amz-json-1.1"
        : "application/x-amz-json-1.0";
      headers["x-amz-target"] = `${service.targetPrefix}.${name}`;
    }
  } else if (chance.chance(0.7)) {
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
  return { method, path, headers, body };
}

/** Bytes that are no HTTP, or HTTP that breaks off. */
export function brokenConnection(chance: Chance): Buffer {
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
