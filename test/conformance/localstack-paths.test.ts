/** The paths that scripts written for LocalStack ask. */
import {
  CreatePlatformApplicationCommand,
  CreatePlatformEndpointCommand,
  CreateTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { http } from "../support/http.ts";
import { signedFor } from "../support/wire.ts";

let bus: Busbar;
let sqs: SQSClient;
let sns: SNSClient;
beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual" });
  sqs = new SQSClient(bus.clientConfig());
  sns = new SNSClient(bus.clientConfig());
});
afterAll(() => bus.close());
beforeEach(() => bus.reset());

async function json(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  return JSON.parse((await http(`${bus.endpoint}${path}`, init)).text) as Record<string, unknown>;
}

it.each(["/health", "/_localstack/health"])("%s lists the services by their names there", async (path) => {
  const { status, text } = await http(`${bus.endpoint}${path}`);
  expect(status).toBe(200);
  // Shell scripts look for this text.
  expect(text).toContain('"sqs": "running"');
  expect(text).toContain('"events": "running"');
  expect(JSON.parse(text)).toMatchObject({ edition: expect.any(String), version: expect.any(String) });
});

it("describes itself and its start", async () => {
  expect(await json("/_localstack/info")).toMatchObject({ version: expect.any(String), uptime: expect.any(Number) });
  expect(await json("/_localstack/init")).toEqual({
    completed: { BOOT: true, START: true, READY: true, SHUTDOWN: false },
    scripts: [],
  });
  expect(await json("/_localstack/init/ready")).toEqual({ completed: true, scripts: [] });
  expect((await http(`${bus.endpoint}/_localstack/init/later`)).status).toBe(404);
});

it("forgets everything", async () => {
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  expect((await http(`${bus.endpoint}/_localstack/state/reset`, { method: "POST" })).status).toBe(200);
  expect(() => bus.sqs.messages(QueueUrl)).toThrow(RangeError);
  const headers = { origin: "https://elsewhere.example" };
  expect((await http(`${bus.endpoint}/_localstack/state/reset`, { method: "POST", headers })).status).toBe(403);
});

it("lists the paths it has", async () => {
  const { status, text } = await http(`${bus.endpoint}/_localstack/diagnose`);
  expect(status).toBe(404);
  expect(text).toContain("/_localstack/health");
});

async function filledQueue(): Promise<string> {
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "seen <1>" }));
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  const MessageAttributes = { Kind: { DataType: "String", StringValue: "a&b" } };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "new <2>", MessageAttributes }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "later", DelaySeconds: 60 }));
  return QueueUrl;
}

it("peeks at a queue in XML", async () => {
  const url = await filledQueue();
  const { text, headers } = await http(`${bus.endpoint}/_aws/sqs/messages?QueueUrl=${encodeURIComponent(url)}`);
  expect(headers.get("content-type")).toMatch(/xml/);
  expect(text).toMatch(
    /<ReceiveMessageResult><Message><MessageId>[^<]+<\/MessageId><ReceiptHandle>SQS\/BACKDOOR\/ACCESS/,
  );
  expect(text).toContain("<Body>new &lt;2&gt;</Body>");
  expect(text).toContain("<Attribute><Name>ApproximateReceiveCount</Name><Value>0</Value></Attribute>");
  expect(text).toContain(
    "<Name>Kind</Name><Value><DataType>String</DataType><StringValue>a&amp;b</StringValue></Value>",
  );
  expect(text.match(/<Message>/g)).toHaveLength(1);
  const all = await http(
    `${bus.endpoint}/_aws/sqs/messages/us-east-1/000000000000/q?ShowInvisible=true&ShowDelayed=true`,
  );
  expect(all.text.match(/<Body>[^<]*/g)).toEqual(["<Body>seen &lt;1&gt;", "<Body>new &lt;2&gt;", "<Body>later"]);
});

it("peeks at a queue in JSON, and takes nothing", async () => {
  const url = await filledQueue();
  const path = `/_aws/sqs/messages?QueueUrl=${encodeURIComponent(url)}&ShowInvisible=true`;
  const answer = await json(path, { headers: { accept: "application/json" } });
  expect(answer).toMatchObject({
    ReceiveMessageResponse: {
      ReceiveMessageResult: {
        Message: [
          { Body: "seen <1>", Attribute: expect.arrayContaining([{ Name: "ApproximateReceiveCount", Value: "1" }]) },
          { Body: "new <2>", ReceiptHandle: "SQS/BACKDOOR/ACCESS" },
        ],
      },
    },
  });
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
  expect(Messages?.map(({ Body }) => Body)).toEqual(["new <2>"]);
  const missing = await http(`${bus.endpoint}/_aws/sqs/messages?QueueUrl=http://localhost/000000000000/none`);
  expect(missing.status).toBe(404);
  expect(missing.text).toContain("NonExistentQueue");
  expect((await http(`${bus.endpoint}/_aws/sqs/messages`)).status).toBe(400);
});

it("peeks for a client of SQS at that endpoint", async () => {
  const QueueUrl = await filledQueue();
  const client = new SQSClient({
    ...bus.clientConfig(),
    endpoint: `${bus.endpoint}/_aws/sqs/messages`,
    useQueueUrlAsEndpoint: false,
  });
  for (let i = 0; i < 2; i++) {
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(["new <2>"]);
  }
});

it("shows what SNS has sent to phones and devices, and how to confirm a subscription", async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sms", Endpoint: "+15551234567" }));
  await sns.send(new PublishCommand({ TopicArn, Message: "to all" }));
  await sns.send(new PublishCommand({ PhoneNumber: "+15550000000", Message: "to you" }));
  const attributes = { PlatformCredential: "key", PlatformPrincipal: "p" };
  const application = await sns.send(
    new CreatePlatformApplicationCommand({ Name: "app", Platform: "GCM", Attributes: attributes }),
  );
  const { EndpointArn = "" } = await sns.send(
    new CreatePlatformEndpointCommand({ PlatformApplicationArn: application.PlatformApplicationArn, Token: "token" }),
  );
  await sns.send(new PublishCommand({ TargetArn: EndpointArn, Message: "ping" }));
  await bus.settled();
  expect(await json("/_aws/sns/sms-messages")).toEqual({
    region: "us-east-1",
    sms_messages: {
      "+15551234567": [expect.objectContaining({ PhoneNumber: "+15551234567", TopicArn, Message: "to all" })],
      "+15550000000": [expect.objectContaining({ TopicArn: null, Message: "to you" })],
    },
  });
  expect(await json("/_aws/sns/sms-messages?phoneNumber=%2B15559999999&region=eu-west-1")).toEqual({
    region: "eu-west-1",
    sms_messages: { "+15559999999": [] },
  });
  expect(await json("/_aws/sns/platform-endpoint-messages")).toMatchObject({
    platform_endpoint_messages: {
      [EndpointArn]: [{ TargetArn: EndpointArn, Message: expect.stringContaining("ping") }],
    },
  });
  const { SubscriptionArn = "" } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: "http://127.0.0.1:1/x", ReturnSubscriptionArn: true }),
  );
  expect(await json(`/_aws/sns/subscription-tokens/${SubscriptionArn}`)).toEqual({
    subscription_token: expect.stringMatching(/^[0-9a-f]+$/),
    subscription_arn: SubscriptionArn,
  });
  expect((await http(`${bus.endpoint}/_aws/sns/subscription-tokens/arn:none`)).status).toBe(404);
});

it("shows a page to a browser, and AWS's answer to a client", async () => {
  const page = await http(bus.endpoint, { headers: { accept: "text/html,application/xhtml+xml" } });
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(page.text).toContain(`AWS_ENDPOINT_URL=${bus.endpoint}`);
  expect((await http(bus.endpoint, { headers: { accept: "*/*", ...signedFor("sqs") } })).text).not.toContain("<html");
});
