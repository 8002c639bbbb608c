import { createHash } from "node:crypto";
import { PublishCommand, type PublishCommandInput, SetTopicAttributesCommand } from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { visit } from "../../support/http-receiver.ts";
import { type Bench, startSns, temporaryDirectory } from "../../support/sns-bus.ts";

const publish = ({ sns }: Bench, TopicArn: string, Message: string, more: Partial<PublishCommandInput> = {}) =>
  sns.send(new PublishCommand({ TopicArn, Message, ...more }));
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

describe.each(["memory", "disk"])("queues, state in %s", (backing) => {
  const start = async () => startSns(backing === "disk" ? { dataDir: await temporaryDirectory() } : {});

  it("get the envelope, its members in AWS's order, and no attributes of SQS", async () => {
    const bench = await start();
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    const subscription = await bench.subscribe(topic, "sqs", queue);
    const { MessageId } = await publish(bench, topic, 'hello "you"\n', {
      Subject: "Greetings",
      MessageAttributes: {
        text: { DataType: "String", StringValue: "a" },
        bytes: { DataType: "Binary", BinaryValue: Buffer.from([1, 2, 3]) },
      },
    });
    const [message, ...others] = await bench.drain(queue);
    expect(others).toEqual([]);
    const body = message?.Body ?? "";
    expect(message?.MD5OfBody).toBe(md5(body));
    expect(message?.MessageAttributes).toBeUndefined();
    expect(body.split("\n").slice(0, 5)).toEqual([
      "{",
      '  "Type" : "Notification",',
      `  "MessageId" : "${MessageId}",`,
      `  "TopicArn" : "${topic}",`,
      '  "Subject" : "Greetings",',
    ]);
    const envelope = JSON.parse(body);
    expect(Object.keys(envelope)).toEqual([
      "Type",
      "MessageId",
      "TopicArn",
      "Subject",
      "Message",
      "Timestamp",
      "SignatureVersion",
      "Signature",
      "SigningCertURL",
      "UnsubscribeURL",
      "MessageAttributes",
    ]);
    expect(envelope).toMatchObject({
      Message: 'hello "you"\n',
      Timestamp: new Date(bench.bus.clock.now()).toISOString(),
      UnsubscribeURL: `${bench.bus.endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscription}`,
      MessageAttributes: { text: { Type: "String", Value: "a" }, bytes: { Type: "Binary", Value: "AQID" } },
    });
  });

  it("get the message and its attributes one to one when it is raw", async () => {
    const bench = await start();
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    await bench.subscribe(topic, "sqs", queue, { RawMessageDelivery: "true" });
    await publish(bench, topic, "raw", {
      Subject: "lost",
      MessageAttributes: {
        text: { DataType: "String.custom", StringValue: "a" },
        number: { DataType: "Number", StringValue: "1.5" },
        bytes: { DataType: "Binary", BinaryValue: Buffer.from([1, 2, 3]) },
      },
    });
    // The SDK checks both MD5s against what it received.
    const [message] = await bench.drain(queue);
    expect(message?.Body).toBe("raw");
    expect(message?.MD5OfMessageAttributes).toMatch(/^[0-9a-f]{32}$/);
    expect(message?.MessageAttributes).toEqual({
      text: { DataType: "String.custom", StringValue: "a" },
      number: { DataType: "Number", StringValue: "1.5" },
      bytes: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2, 3]) },
    });
  });

  it("that are missing lead to the dead-letter queue, and to a record that says why", async () => {
    const bench = await start();
    const topic = await bench.topic("t");
    const dead = await bench.queue("dead");
    const missing = "arn:aws:sqs:us-east-1:000000000000:missing";
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead });
    const source = await bench.subscribe(topic, "sqs", missing, { RedrivePolicy });
    await publish(bench, topic, "nowhere");
    const [letter] = await bench.drain(dead);
    expect(JSON.parse(letter?.Body ?? "")).toMatchObject({ Type: "Notification", Message: "nowhere" });
    expect(letter?.MessageAttributes).toBeUndefined();
    expect(bench.bus.deliveries({ target: missing })).toMatchObject([
      {
        source,
        status: "failed",
        attemptCount: 1,
        reason: `AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.`,
        deadLetter: { arn: dead, sent: true },
      },
    ]);
    const shown = await visit(`${bench.bus.endpoint}/_busbar/deliveries?status=failed&target=${missing}`);
    expect(await shown.json()).toMatchObject({ deliveries: [{ source, status: "failed", service: "sns" }] });
  });
});

describe("a fan-out", () => {
  it("delivers a copy to each of ten queues", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const queues = await Promise.all(Array.from({ length: 10 }, (_, i) => bench.queue(`q${i}`)));
    for (const queue of queues) await bench.subscribe(topic, "sqs", queue);
    const sent = Array.from({ length: 5 }, (_, i) => `m${i}`);
    for (const message of sent) await publish(bench, topic, message);
    for (const queue of queues) {
      const bodies = (await bench.drain(queue)).map(({ Body }) => JSON.parse(Body ?? "").Message);
      expect(bodies).toEqual(sent);
    }
    expect(bench.bus.deliveries({ status: "delivered" }).length).toBe(50);
  });

  it("reaches more queues than are served at once", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    const count = 400;
    for (let i = 0; i < count; i++)
      await bench.subscribe(topic, "sqs", i === count - 1 ? queue : await bench.queue(`q${i}`));
    await publish(bench, topic, "many");
    await bench.bus.settled();
    expect((await bench.drain(queue)).length).toBe(1);
    expect(bench.bus.deliveries({ limit: 1000 }).filter(({ status }) => status === "delivered").length).toBe(count);
  });

  it("crosses accounts and regions once confirmed", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const { SQSClient, CreateQueueCommand, ReceiveMessageCommand } = await import("@aws-sdk/client-sqs");
    const foreign = new SQSClient(bench.bus.clientConfig({ account: "111122223333", region: "eu-west-1" }));
    const { QueueUrl } = await foreign.send(new CreateQueueCommand({ QueueName: "q" }));
    await bench.subscribe(topic, "sqs", "arn:aws:sqs:eu-west-1:111122223333:q");
    await publish(bench, topic, "too early");
    const receive = async () => {
      const { Messages } = await foreign.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      return (Messages ?? []).map(({ Body }) => JSON.parse(Body ?? ""));
    };
    const [confirmation, ...others] = await receive();
    expect(others).toEqual([]);
    expect(confirmation.Type).toBe("SubscriptionConfirmation");
    const answer = await visit(confirmation.SubscribeURL);
    expect(await answer.text()).toContain("<ConfirmSubscriptionResult>\n    <SubscriptionArn>arn:aws:sns:us-east-1:");
    await publish(bench, topic, "now");
    expect((await receive()).map(({ Message }) => Message)).toEqual(["now"]);
    foreign.destroy();
  });

  it("passes on the trace header and a tenant's group", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    await bench.subscribe(topic, "sqs", queue);
    bench.sns.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers["X-Amzn-Trace-Id"] =
          "Root=1-5759e988-bd862e3fe1be46a994272793";
        return next(args);
      },
      { step: "build" },
    );
    await publish(bench, topic, "m", { MessageGroupId: "tenant" });
    const [message] = await bench.drain(queue);
    expect(message?.Attributes).toMatchObject({
      AWSTraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793",
      MessageGroupId: "tenant",
    });
    expect(message?.Attributes?.["SenderId"]).toMatch(/^AIDA/);
  });

  it("gives each protocol its own text of a JSON message", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const [plain, raw] = [await bench.queue("plain"), await bench.queue("raw")];
    await bench.subscribe(topic, "sqs", plain);
    await bench.subscribe(topic, "sqs", raw, { RawMessageDelivery: "true" });
    await bench.subscribe(topic, "sms", "+15551234567");
    const send = (message: object) => publish(bench, topic, JSON.stringify(message), { MessageStructure: "json" });
    await send({ default: "D", sqs: '{"a":1}', sms: "S", constructor: "x" });
    await send({ default: "D", sqs: { a: 1 } });
    const messages = (await bench.drain(plain)).map(({ Body }) => JSON.parse(Body ?? "").Message);
    expect(messages).toEqual(['{"a":1}', "D"]);
    expect((await bench.drain(raw)).map(({ Body }) => Body)).toEqual(['{"a":1}', "D"]);
    expect(bench.bus.mailbox({ channel: "sms" }).map(({ body }) => body)).toEqual(["D", "S"]);
  });

  it("gives up a raw message with more attributes than SQS accepts", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    await bench.subscribe(topic, "sqs", queue, { RawMessageDelivery: "true" });
    const MessageAttributes = Object.fromEntries(
      Array.from({ length: 11 }, (_, i) => [`a${i}`, { DataType: "String", StringValue: "x" }]),
    );
    await publish(bench, topic, "m", { MessageAttributes });
    expect(await bench.drain(queue)).toEqual([]);
    expect(bench.bus.deliveries()[0]).toMatchObject({ status: "failed", attemptCount: 1 });
  });

  it("obeys filter policies on attributes and on bodies", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const policies: [string, Record<string, string>][] = [
      ["blue", { FilterPolicy: '{"color":["blue"]}' }],
      ["cheap", { FilterPolicy: '{"price":[{"numeric":["<",10]}]}' }],
      ["list", { FilterPolicy: '{"tags":["x"]}' }],
      ["colourless", { FilterPolicy: '{"color":[{"exists":false}]}' }],
      ["body", { FilterPolicy: '{"order":{"state":["new"]}}', FilterPolicyScope: "MessageBody" }],
      ["all", {}],
    ];
    for (const [name, attributes] of policies) await bench.subscribe(topic, "sqs", await bench.queue(name), attributes);
    const reached = async (
      message: string,
      MessageAttributes?: PublishCommandInput["MessageAttributes"],
      more = {},
    ) => {
      await publish(bench, topic, message, { MessageAttributes, ...more });
      const names: string[] = [];
      for (const [name] of policies) {
        if ((await bench.drain(`arn:aws:sqs:us-east-1:000000000000:${name}`)).length > 0) names.push(name);
      }
      return names;
    };
    const text = (StringValue: string) => ({ DataType: "String", StringValue });
    expect(await reached("m", { color: text("blue") })).toEqual(["blue", "all"]);
    expect(await reached("m", { color: text("red"), price: { DataType: "Number", StringValue: "9.99" } })).toEqual([
      "cheap",
      "all",
    ]);
    expect(await reached("m", { color: text("red"), price: text("9.99") })).toEqual(["all"]);
    expect(
      await reached("m", { color: text("red"), tags: { DataType: "String.Array", StringValue: '["y","x"]' } }),
    ).toEqual(["list", "all"]);
    expect(await reached('{"order":{"state":"new"}}')).toEqual(["body", "all"]);
    expect(await reached("m", { size: text("xl") })).toEqual(["colourless", "all"]);
    const json = JSON.stringify({ default: "{}", sqs: '{"order":{"state":"new"}}' });
    expect(await reached(json, { color: text("x") }, { MessageStructure: "json" })).toEqual(["body", "all"]);
  });

  it("shows why a message reached nobody", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const reason = () => bench.bus.deliveries({ source: topic, status: "unmatched" })[0]?.reason;
    await publish(bench, topic, "m");
    expect(reason()).toBe("The topic has no confirmed subscription.");
    const subscription = await bench.subscribe(topic, "sqs", await bench.queue("q"), {
      FilterPolicy: '{"color":["blue"]}',
    });
    await publish(bench, topic, "m", { MessageAttributes: { color: { DataType: "String", StringValue: "red" } } });
    expect(reason()).toBe(
      `The filter policy of ${subscription} did not let the message through: color is "red", wanted ["blue"].`,
    );
    await bench.bus.clock.advance(1);
    await publish(bench, topic, "m");
    expect(reason()).toMatch(/: it has no attributes\.$/);
    const shown = await visit(`${bench.bus.endpoint}/_busbar/deliveries?status=unmatched&limit=1`);
    expect(await shown.json()).toMatchObject({
      deliveries: [{ source: topic, reason: expect.stringContaining("it has no attributes") }],
    });
  });

  it("follows a change of policy and the end of a subscription", async () => {
    const bench = await startSns();
    const { SetSubscriptionAttributesCommand, UnsubscribeCommand } = await import("@aws-sdk/client-sns");
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    const SubscriptionArn = await bench.subscribe(topic, "sqs", queue, { RawMessageDelivery: "true" });
    const set = (AttributeName: string, AttributeValue: string) =>
      bench.sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
    await publish(bench, topic, "1");
    await set("FilterPolicy", '{"a":["b"]}');
    await publish(bench, topic, "2");
    await set("FilterPolicy", "{}");
    await set("RawMessageDelivery", "false");
    await publish(bench, topic, "3");
    await bench.sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await publish(bench, topic, "4");
    const bodies = (await bench.drain(queue)).map(({ Body }) => Body ?? "");
    expect([bodies.length, bodies[0], JSON.parse(bodies[1] ?? "").Message]).toEqual([2, "1", "3"]);
  });
});

describe("other endpoints", () => {
  it("functions get one record per event, and are retried by Lambda when they fail", async () => {
    const bench = await startSns();
    const { bus } = bench;
    const topic = await bench.topic("t");
    const dead = await bench.queue("dead");
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:worker";
    const events: unknown[] = [];
    bus.registerFunction("worker", (event) => {
      events.push(event);
      if (events.length === 1) throw new TypeError("not yet");
    });
    const subscription = await bench.subscribe(topic, "lambda", arn);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead });
    await bench.subscribe(topic, "lambda", `${arn}-missing`, { RedrivePolicy });
    const { MessageId } = await publish(bench, topic, "work");
    await bus.settled();
    expect(events.length).toBe(1);
    await bus.clock.advance("1m");
    expect(events.length).toBe(2);
    expect(events[1]).toEqual({
      Records: [
        {
          EventSource: "aws:sns",
          EventVersion: "1.0",
          EventSubscriptionArn: subscription,
          Sns: {
            Type: "Notification",
            MessageId,
            TopicArn: topic,
            Subject: null,
            Message: "work",
            Timestamp: expect.stringMatching(/Z$/),
            SignatureVersion: "1",
            Signature: expect.any(String),
            SigningCertUrl: expect.stringMatching(/\/SimpleNotificationService-[0-9a-f]{32}\.pem$/),
            UnsubscribeUrl: expect.stringContaining(subscription),
            MessageAttributes: {},
          },
        },
      ],
    });
    const [letter] = await bench.drain(dead);
    expect(JSON.parse(letter?.Body ?? "")).toMatchObject({ Type: "Notification", Message: "work", MessageId });
  });

  it("mail, SMS and Firehose can be inspected", async () => {
    const bench = await startSns();
    const { bus, sns } = bench;
    const TopicArn = await bench.topic("t");
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "DisplayName", AttributeValue: "Orders" }));
    for (const protocol of ["email", "email-json"]) await bench.subscribe(TopicArn, protocol, "a@example.com");
    for (const { body } of bus.mailbox()) {
      const url = /http[^\s"]+ConfirmSubscription[^\s"]+/.exec(body)?.[0] ?? "";
      expect((await visit(url)).status).toBe(200);
    }
    const stream = "arn:aws:firehose:us-east-1:000000000000:deliverystream/d";
    await bench.subscribe(TopicArn, "firehose", stream, { SubscriptionRoleArn: "arn:aws:iam::000000000000:role/r" });
    await bench.subscribe(TopicArn, "sms", "+15551234567");
    const { MessageId } = await publish(bench, TopicArn, "hello", { Subject: "Hi" });
    await bus.settled();
    const [mail] = bus.mailbox({ channel: "email", limit: 1 });
    expect(mail).toMatchObject({
      to: "a@example.com",
      body: expect.stringMatching(/^hello\n/),
      details: { subject: "Hi", from: "Orders <no-reply@sns.amazonaws.com>" },
    });
    expect(JSON.parse(bus.mailbox({ channel: "email-json" })[0]?.body ?? "")).toMatchObject({ Message: "hello" });
    expect(bus.mailbox({ channel: "sms" })[0]).toMatchObject({ to: "+15551234567", body: "Orders> hello" });
    const [record] = bus.mailbox({ channel: "firehose" });
    expect(record?.to).toBe(stream);
    expect(record?.body.endsWith("\n")).toBe(true);
    expect(JSON.parse(record?.body ?? "")).toMatchObject({ Type: "Notification", MessageId, Message: "hello" });
    const shown = await visit(`${bus.endpoint}/_busbar/mailbox?channel=sms`);
    expect(await shown.json()).toMatchObject({ messages: [{ to: "+15551234567", channel: "sms" }] });
  });

  it("log their outcome if the topic wants delivery status", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t", {
      SQSSuccessFeedbackRoleArn: "arn:aws:iam::000000000000:role/r",
      SQSSuccessFeedbackSampleRate: "100",
      SQSFailureFeedbackRoleArn: "arn:aws:iam::000000000000:role/r",
    });
    const queue = await bench.queue("q");
    await bench.subscribe(topic, "sqs", queue);
    await bench.subscribe(topic, "sqs", `${queue}-missing`);
    const { MessageId } = await publish(bench, topic, "hello");
    const logs = bench.bus.logs({ source: topic });
    expect(logs.map(({ group }) => group).sort()).toEqual([
      "sns/us-east-1/000000000000/t",
      "sns/us-east-1/000000000000/t/Failure",
    ]);
    const success = logs.find(({ group }) => !group.endsWith("Failure"));
    expect(JSON.parse(success?.message ?? "")).toMatchObject({
      notification: { messageMD5Sum: md5("hello"), messageId: MessageId, topicArn: topic },
      delivery: { destination: queue, statusCode: 200, dwellTimeMs: 0 },
      status: "SUCCESS",
    });
  });
});
