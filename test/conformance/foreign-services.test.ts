/** What clients of services that Busbar does not have are told, and where their calls go with an endpoint. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterEach, describe, expect, it } from "vitest";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";
import { http, postForm } from "../support/http.ts";
import { signedFor } from "../support/wire.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function startBus(options: BusbarOptions = {}): Promise<Busbar> {
  const bus = await createBusbar(options);
  opened.push(bus);
  return bus;
}

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number };
}

async function failureOf(call: Promise<unknown>): Promise<Failure> {
  return call.then(
    () => expect.unreachable("it was answered"),
    (error: unknown) => error as Failure,
  );
}

const says = (service: string, variable: string, operation: string) =>
  `Busbar has no ${service}. Set AWS_ENDPOINT_URL_${variable}, or start Busbar with --endpoint ${service}=<url> and it passes these calls on. It was asked for ${operation}.`;

const item = { TableName: "t", Key: { id: { S: "1" } } };
const metric = { Namespace: "n", MetricData: [{ MetricName: "m", Value: 1 }] };
const role = { RoleName: "r", AssumeRolePolicyDocument: "{}" };
const clients = (config: ReturnType<Busbar["clientConfig"]>) => ({
  s3: new S3Client({ ...config, forcePathStyle: true }),
  dynamodb: new DynamoDBClient(config),
  ssm: new SSMClient(config),
  iam: new IAMClient(config),
  secrets: new SecretsManagerClient(config),
  cloudwatch: new CloudWatchClient(config),
});
type Clients = ReturnType<typeof clients>;

const calls: readonly [string, string, string, (of: Clients) => Promise<unknown>][] = [
  ["s3", "S3", "GetObject", ({ s3 }) => s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }))],
  ["s3", "S3", "PutObject", ({ s3 }) => s3.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body: "x" }))],
  ["s3", "S3", "ListBuckets", ({ s3 }) => s3.send(new ListBucketsCommand())],
  ["dynamodb", "DYNAMODB", "GetItem", ({ dynamodb }) => dynamodb.send(new GetItemCommand(item))],
  ["ssm", "SSM", "GetParameter", ({ ssm }) => ssm.send(new GetParameterCommand({ Name: "p" }))],
  ["iam", "IAM", "CreateRole", ({ iam }) => iam.send(new CreateRoleCommand(role))],
  ["iam", "IAM", "GetRole", ({ iam }) => iam.send(new GetRoleCommand({ RoleName: "r" }))],
  [
    "secretsmanager",
    "SECRETS_MANAGER",
    "GetSecretValue",
    ({ secrets }) => secrets.send(new GetSecretValueCommand({ SecretId: "s" })),
  ],
  ["cloudwatch", "CLOUDWATCH", "PutMetricData", ({ cloudwatch }) => cloudwatch.send(new PutMetricDataCommand(metric))],
];

describe.each([
  ["over a socket", {}],
  ["in process", { port: false }],
] as const)("%s", (_how, options) => {
  it.each(calls)(
    "a client of %s (%s) reads that there is none, asking %s",
    async (service, variable, operation, call) => {
      const bus = await startBus(options);
      const failure = await failureOf(call(clients(bus.clientConfig())));
      expect(failure).toMatchObject({
        name: "NotImplemented",
        message: says(service, variable, operation),
        $metadata: { httpStatusCode: 501, attempts: 1 },
      });
      expect(bus.requests()[0]).toMatchObject({
        service,
        operation,
        status: 501,
        error: "NotImplemented",
        method: expect.stringMatching(/^(GET|PUT|POST)$/),
        host: new URL(bus.endpoint).host,
        path: expect.stringMatching(/^\//),
      });
    },
  );

  it("an object is not reported as absent", async () => {
    const bus = await startBus(options);
    const { s3 } = clients(bus.clientConfig());
    const object = await failureOf(s3.send(new HeadObjectCommand({ Bucket: "b", Key: "k" })));
    const bucket = await failureOf(s3.send(new HeadBucketCommand({ Bucket: "b" })));
    for (const { name, $metadata } of [object, bucket]) {
      expect($metadata.httpStatusCode).toBe(501);
      expect(name).not.toMatch(/NotFound|NoSuch/);
    }
    expect(bus.requests()[0]).toMatchObject({ operation: "HeadBucket" });
  });
});

it("answers in the form of EC2 and of REST-XML services, and to HEAD in a header", async () => {
  const { endpoint } = await startBus();
  const ec2 = await postForm(endpoint, { Action: "RunInstances", Version: "2016-11-15" }, signedFor("ec2"));
  expect(ec2.status).toBe(501);
  expect(ec2.text).toMatch(
    /<Response><Errors><Error><Code>NotImplemented<\/Code><Message>Busbar has no ec2\..*RunInstances/,
  );
  const zones = await http(`${endpoint}/2013-04-01/hostedzone`, { headers: signedFor("route53") });
  expect(zones.text).toMatch(/<ErrorResponse><Error><Type>Receiver<\/Type><Code>NotImplemented<\/Code>/);
  const head = await http(`${endpoint}/b/k`, { method: "HEAD", headers: signedFor("s3") });
  expect(head.headers.get("x-busbar-hint")).toBe(says("s3", "S3", "HeadObject"));
});

it("answers a body larger than it reads in the same way", async () => {
  const bus = await startBus();
  const { s3 } = clients(bus.clientConfig());
  const Body = Buffer.alloc(20 * 1024 * 1024, "x");
  const failure = await failureOf(s3.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body })));
  expect(failure).toMatchObject({ name: "NotImplemented", $metadata: { httpStatusCode: 501 } });
});

it("warns once for each service", async () => {
  const bus = await startBus();
  const warnings: string[] = [];
  const listen = ({ message }: Error) => warnings.push(message);
  process.on("warning", listen);
  const { s3, ssm } = clients(bus.clientConfig());
  for (let i = 0; i < 3; i++) await failureOf(s3.send(new ListBucketsCommand()));
  await failureOf(ssm.send(new GetParameterCommand({ Name: "p" })));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings).toEqual([says("s3", "S3", "ListBuckets"), says("ssm", "SSM", "GetParameter")]);
});

it("tells the AWS CLI", async () => {
  const { endpoint } = await startBus();
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "111122223333",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_DEFAULT_REGION: "eu-west-1",
  };
  const clis = await promisify(execFile)("sh", ["-c", "command -v aws || true"]);
  if (clis.stdout.trim() === "") return console.log("AWS CLI not installed: not run");
  for (const [args, operation] of [
    [["s3api", "list-buckets"], "ListBuckets"],
    [["dynamodb", "list-tables"], "ListTables"],
    [["ec2", "describe-vpcs"], "DescribeVpcs"],
  ] as const) {
    const { stderr } = await promisify(execFile)("aws", [...args, "--endpoint-url", endpoint], { env }).catch(
      (error: { stderr: string }) => error,
    );
    expect(stderr).toContain(`(NotImplemented) when calling the ${operation} operation`);
    expect(stderr).toContain("Busbar has no ");
  }
});

/** Another server, with its raw requests and whatever it says. */
async function otherServer(say: (request: IncomingMessage, response: ServerResponse) => void) {
  const heard: { url: string | undefined; method: string | undefined; rawHeaders: string[] }[] = [];
  const server = createServer((request, response) => {
    const { url, method, rawHeaders } = request;
    heard.push({ url, method, rawHeaders });
    say(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

function headersOf(rawHeaders: readonly string[]): Record<string, string> {
  const entries = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1]] as const] : []));
  return Object.fromEntries(entries) as Record<string, string>;
}

describe.each([
  ["over a socket", {}],
  ["in process", { port: false }],
] as const)("with an endpoint, %s", (_how, options) => {
  it("passes calls on with their headers and signature, and the endpoint's own Host", async () => {
    const other = await otherServer((request, response) => {
      request.resume().on("end", () => {
        response.setHeader("X-Other", ["one", "two"]);
        response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
        response.end(JSON.stringify({ Item: { id: { S: "1" } } }));
      });
    });
    const bus = await startBus({ ...options, endpoints: { dynamodb: `${other.url}/base/` } });
    const { dynamodb, ssm } = clients(bus.clientConfig({ account: "111122223333" }));
    expect((await dynamodb.send(new GetItemCommand(item))).Item).toEqual({ id: { S: "1" } });
    const [{ url, method, rawHeaders }] = other.heard as [(typeof other.heard)[0]];
    const headers = headersOf(rawHeaders);
    expect({ url, method }).toEqual({ url: "/base/", method: "POST" });
    expect(headers["Host"]).toBe(new URL(other.url).host);
    expect(rawHeaders.filter((name) => name.toLowerCase() === "host")).toHaveLength(1);
    expect(headers["authorization"]).toMatch(/^AWS4-HMAC-SHA256 Credential=111122223333\/\d+\/us-east-1\/dynamodb\//);
    expect(headers["x-amz-target"]).toBe("DynamoDB_20120810.GetItem");
    expect(bus.requests()[0]).toMatchObject({
      service: "dynamodb",
      operation: "GetItem",
      status: 200,
      account: "111122223333",
    });
    expect(await failureOf(ssm.send(new GetParameterCommand({ Name: "p" })))).toMatchObject({ name: "NotImplemented" });
    // What Busbar has stays here.
    await new SQSClient(bus.clientConfig()).send(new CreateQueueCommand({ QueueName: "q" }));
    expect(other.heard).toHaveLength(1);
  });

  it("streams bodies of any size both ways", async () => {
    const size = 40 * 1024 * 1024;
    let digest = "";
    const other = await otherServer((request, response) => {
      if (request.method === "GET") {
        response.writeHead(200, { "content-length": size });
        Readable.from(pieces(size)).pipe(response);
        return;
      }
      const hash = createHash("sha256");
      request.on("data", (chunk) => hash.update(chunk));
      request.on("end", () => {
        digest = hash.digest("hex");
        response.writeHead(200, { etag: '"e"' }).end();
      });
    });
    const bus = await startBus({ ...options, endpoints: { "*": other.url } });
    const s3 = new S3Client({
      ...bus.clientConfig(),
      forcePathStyle: true,
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    const Body = Readable.from(pieces(size));
    await s3.send(new PutObjectCommand({ Bucket: "b", Key: "a b/ü", Body, ContentLength: size }));
    const whole = createHash("sha256");
    for (const piece of pieces(size)) whole.update(piece);
    expect(digest).toBe(whole.digest("hex"));
    expect(other.heard[0]?.url).toBe("/b/a%20b/%C3%BC?x-id=PutObject");
    const { Body: got } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
    expect((await got?.transformToByteArray())?.length).toBe(size);
  });

  it("reports when the endpoint does not answer", async () => {
    const bus = await startBus({ ...options, endpoints: { ssm: "http://127.0.0.1:1" } });
    const ssm = new SSMClient({ ...bus.clientConfig(), maxAttempts: 1 });
    expect(await failureOf(ssm.send(new GetParameterCommand({ Name: "p" })))).toMatchObject({
      name: "EndpointUnreachable",
      message: expect.stringMatching(
        /^Busbar passes ssm on to http:\/\/127\.0\.0\.1:1, which does not answer: .*ECONNREFUSED/,
      ),
      $metadata: { httpStatusCode: 502 },
    });
  });
});

function* pieces(size: number): Iterable<Buffer> {
  const piece = Buffer.alloc(64 * 1024, "busbar");
  for (let sent = 0; sent < size; sent += piece.length) yield piece;
}

it("starts an answer as soon as the endpoint does, and breaks off when the endpoint does", async () => {
  const other = await otherServer((_request, response) => {
    response.writeHead(200, { "content-length": 10 });
    response.write("first");
    setTimeout(() => response.destroy(), 200);
  });
  const { endpoint } = await startBus({ endpoints: { s3: other.url } });
  const answer = await fetch(`${endpoint}/b/k`, { headers: signedFor("s3") });
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});

it("with * passes on unsigned requests that no service here knows, but not a queue's URL", async () => {
  const other = await otherServer((_request, response) => response.end("public"));
  const { endpoint } = await startBus({ endpoints: { "*": other.url } });
  expect((await http(`${endpoint}/bucket/key?versionId=1`)).text).toBe("public");
  expect((await http(`${endpoint}/schedules`)).text).not.toBe("public");
  expect((await http(`${endpoint}/_busbar/health`)).text).toContain("running");
  expect(other.heard.map(({ url }) => url)).toEqual(["/bucket/key?versionId=1"]);
});

it("an endpoint that leads back here ends", async () => {
  const bus = await startBus({ endpoints: {} });
  const circle = await startBus({ endpoints: { s3: bus.endpoint } });
  const port = Number(new URL(circle.endpoint).port);
  await circle.close();
  const closed = await startBus({ port, endpoints: { s3: `http://127.0.0.1:${port}` } });
  const answer = await http(`${closed.endpoint}/b/k`, { headers: signedFor("s3") });
  expect(answer.status).toBe(502);
  expect(answer.text).toContain("the endpoint leads back to Busbar");
});
