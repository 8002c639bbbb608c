import { createHash } from "node:crypto";
import {
  ConfirmSubscriptionCommand,
  GetSubscriptionAttributesCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { type Received, type Receiver, startReceiver, visit } from "../../support/http-receiver.ts";
import { type Bench, refusal, startSns, temporaryDirectory } from "../../support/sns-bus.ts";
import { verifies } from "../../support/sns-verifier.ts";

/** A confirmed HTTP subscription of a fresh topic. */
async function subscribed(bench: Bench, receiver: Receiver, attributes?: Record<string, string>, url = receiver.url) {
  const topic = await bench.topic("t");
  const subscription = await bench.subscribe(topic, new URL(url).protocol.slice(0, -1), url, attributes);
  await bench.bus.settled();
  const confirmation = JSON.parse(receiver.received.splice(0).at(-1)?.body ?? "");
  await visit(confirmation.SubscribeURL);
  return { topic, subscription };
}

const publish = ({ sns }: Bench, TopicArn: string, Message: string, Subject?: string) =>
  sns.send(new PublishCommand({ TopicArn, Message, Subject }));

/** Seconds of virtual time between arrivals. */
const gaps = (received: readonly Received[]) =>
  received.slice(1).map(({ timeMs }, i) => (timeMs - (received[i] as Received).timeMs) / 1000);

async function start(options?: Parameters<typeof startSns>[0]) {
  const bench = await startSns(options);
  return { bench, receiver: await startReceiver(() => bench.bus.clock.now()) };
}

describe("confirmation", () => {
  it("sends a link that works, and notifies nobody before", async () => {
    const { bench, receiver } = await start();
    const topic = await bench.topic("t");
    const subscription = await bench.subscribe(topic, "http", `${receiver.url}/hook?x=1`);
    await publish(bench, topic, "too early");
    await bench.bus.settled();
    expect(receiver.received.length).toBe(1);
    const [{ headers, path, body }] = receiver.received as [Received];
    const message = JSON.parse(body);
    expect(path).toBe("/hook?x=1");
    expect(headers).toMatchObject({
      "x-amz-sns-message-type": "SubscriptionConfirmation",
      "x-amz-sns-message-id": message.MessageId,
      "x-amz-sns-topic-arn": topic,
      "content-type": "text/plain; charset=UTF-8",
      "user-agent": "Amazon Simple Notification Service Agent",
      "accept-encoding": "gzip,deflate",
    });
    expect(headers).not.toHaveProperty("x-amz-sns-subscription-arn");
    expect(Object.keys(message)).toEqual([
      "Type",
      "MessageId",
      "Token",
      "TopicArn",
      "Message",
      "SubscribeURL",
      "Timestamp",
      "SignatureVersion",
      "Signature",
      "SigningCertURL",
    ]);
    expect(message.Message).toBe(
      `You have chosen to subscribe to the topic ${topic}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
    );
    expect(await verifies(message)).toBe(true);
    const answer = await visit(message.SubscribeURL);
    expect(await answer.text()).toContain(`<SubscriptionArn>${subscription}</SubscriptionArn>`);
    await publish(bench, topic, "now");
    await bench.bus.settled();
    expect(JSON.parse(receiver.received[1]?.body ?? "").Message).toBe("now");
  });

  it("is sent again by another Subscribe", async () => {
    const { bench, receiver } = await start();
    const topic = await bench.topic("t");
    await bench.subscribe(topic, "http", receiver.url);
    await bench.subscribe(topic, "http", receiver.url);
    await bench.bus.settled();
    const tokens = receiver.received.map(({ body }) => JSON.parse(body).Token);
    expect([tokens.length, tokens[0] === tokens[1]]).toEqual([2, true]);
  });

  it("can require the owner to unsubscribe", async () => {
    const { bench, receiver } = await start();
    const TopicArn = await bench.topic("t");
    await bench.subscribe(TopicArn, "http", receiver.url);
    await bench.bus.settled();
    const { Token } = JSON.parse(receiver.received[0]?.body ?? "");
    const confirm = new ConfirmSubscriptionCommand({ TopicArn, Token, AuthenticateOnUnsubscribe: "true" });
    const { SubscriptionArn } = await bench.sns.send(confirm);
    await publish(bench, TopicArn, "m");
    await bench.bus.settled();
    const { UnsubscribeURL } = JSON.parse(receiver.received[1]?.body ?? "");
    const answer = await visit(UnsubscribeURL);
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining("<Code>AuthorizationError</Code>"),
    ]);
    const get = new GetSubscriptionAttributesCommand({ SubscriptionArn });
    expect((await bench.sns.send(get)).Attributes?.["ConfirmationWasAuthenticated"]).toBe("true");
  });
});

describe("notifications", () => {
  it("have AWS's headers and envelope", async () => {
    const { bench, receiver } = await start();
    const { topic, subscription } = await subscribed(bench, receiver);
    const { MessageId } = await publish(bench, topic, "hello", "Subject");
    await bench.bus.settled();
    const [{ headers, body }] = receiver.received as [Received];
    expect(headers).toMatchObject({
      "x-amz-sns-message-type": "Notification",
      "x-amz-sns-message-id": MessageId,
      "x-amz-sns-topic-arn": topic,
      "x-amz-sns-subscription-arn": subscription,
    });
    expect(JSON.parse(body)).toMatchObject({ Type: "Notification", MessageId, Subject: "Subject", Message: "hello" });
  });

  it("are raw when asked for, with the content type of the request policy", async () => {
    const { bench, receiver } = await start();
    const { topic } = await subscribed(bench, receiver, {
      RawMessageDelivery: "true",
      DeliveryPolicy: '{"requestPolicy":{"headerContentType":"application/json"}}',
    });
    await publish(bench, topic, '{"a":1}');
    await bench.bus.settled();
    const [{ headers, body }] = receiver.received as [Received];
    expect(body).toBe('{"a":1}');
    expect(headers).toMatchObject({ "x-amz-sns-rawdelivery": "true", "content-type": "application/json" });
  });

  it("end by their own link; the endpoint is notified and may undo it", async () => {
    const { bench, receiver } = await start();
    const { topic, subscription } = await subscribed(bench, receiver);
    await publish(bench, topic, "1");
    await bench.bus.settled();
    await visit(JSON.parse(receiver.received[0]?.body ?? "").UnsubscribeURL);
    await publish(bench, topic, "2");
    await bench.bus.settled();
    expect(receiver.received.length).toBe(2);
    const { headers, body } = receiver.received[1] as Received;
    expect(headers).toMatchObject({
      "x-amz-sns-message-type": "UnsubscribeConfirmation",
      "x-amz-sns-subscription-arn": subscription,
    });
    const message = JSON.parse(body);
    expect(message.Message).toMatch(/^You have chosen to deactivate subscription /);
    expect(await verifies(message)).toBe(true);
    await visit(message.SubscribeURL);
    await publish(bench, topic, "3");
    await bench.bus.settled();
    expect(JSON.parse(receiver.received[2]?.body ?? "").Message).toBe("3");
  });

  it("carry the credentials of the URL, Basic and Digest, once they are asked for", async () => {
    const bench = await startSns();
    const receiver = await startReceiver(() => bench.bus.clock.now(), "https");
    const seen: (string | undefined)[] = [];
    let challenge = 'Basic realm="r"';
    receiver.answer = ({ headers }) => {
      seen.push(headers.authorization);
      return headers.authorization ? { status: 200 } : { status: 401, headers: { "www-authenticate": challenge } };
    };
    const url = receiver.url.replace("https://", "https://user:p%40ss@");
    const { topic } = await subscribed(bench, receiver, undefined, `${url}/x`);
    expect(seen.splice(0)).toEqual([undefined, `Basic ${Buffer.from("user:p@ss").toString("base64")}`]);
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5, opaque="o"';
    await publish(bench, topic, "m");
    await bench.bus.settled();
    const given = Object.fromEntries([...(seen[1] ?? "").matchAll(/(\w+)="?([^",]+)"?/g)].map(([, k, v]) => [k, v]));
    const md5 = (text: string) => createHash("md5").update(text).digest("hex");
    expect(given).toMatchObject({ username: "user", realm: "r", nonce: "n", uri: "/x", opaque: "o", nc: "00000001" });
    const expected = md5(`${md5("user:r:p@ss")}:n:00000001:${given["cnonce"]}:auth:${md5("POST:/x")}`);
    expect(given["response"]).toBe(expected);
  });

  it("stay within the rate of the throttle policy", async () => {
    const { bench, receiver } = await start();
    const { topic } = await subscribed(bench, receiver, {
      DeliveryPolicy: '{"throttlePolicy":{"maxReceivesPerSecond":2}}',
    });
    for (let i = 0; i < 4; i++) await publish(bench, topic, `${i}`);
    await bench.bus.clock.advance("1m");
    expect(gaps(receiver.received)).toEqual([0.5, 0.5, 0.5]);
  });
});

describe("retries", () => {
  it("come three times, twenty seconds apart, and then the dead letter", async () => {
    const { bench, receiver } = await start();
    const dead = await bench.queue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead });
    const { topic, subscription } = await subscribed(bench, receiver, { RedrivePolicy });
    receiver.answer = () => ({ status: 503 });
    await publish(bench, topic, "in vain");
    await bench.bus.settled();
    expect(bench.bus.deliveries({ status: "pending" })).toMatchObject([{ source: subscription, attemptCount: 1 }]);
    await bench.bus.clock.advance("1h");
    expect(gaps(receiver.received)).toEqual([20, 20, 20]);
    const [letter] = await bench.drain(dead);
    expect(letter?.Body).toBe(receiver.received[0]?.body);
    expect(letter?.MessageAttributes).toBeUndefined();
    const [record] = bench.bus.deliveries({ status: "failed" });
    expect(record).toMatchObject({ source: subscription, attemptCount: 4, deadLetter: { arn: dead, sent: true } });
    expect(record?.attempts.map(({ code }) => code)).toEqual(["503", "503", "503", "503"]);
  });

  it("go through all four phases of a delivery policy", async () => {
    const { bench, receiver } = await start();
    const healthyRetryPolicy = {
      minDelayTarget: 10,
      maxDelayTarget: 40,
      numRetries: 9,
      numNoDelayRetries: 2,
      numMinDelayRetries: 2,
      numMaxDelayRetries: 1,
      backoffFunction: "linear",
    };
    const { topic } = await subscribed(bench, receiver, { DeliveryPolicy: JSON.stringify({ healthyRetryPolicy }) });
    receiver.answer = () => ({ status: 500 });
    await publish(bench, topic, "m");
    await bench.bus.clock.advance("1h");
    expect(gaps(receiver.received)).toEqual([0, 0, 10, 10, 10, 20, 30, 40, 40]);
  });

  it.each(["arithmetic", "geometric", "exponential"])("back off in %s steps", async (backoffFunction) => {
    const { bench, receiver } = await start();
    const healthyRetryPolicy = { minDelayTarget: 5, maxDelayTarget: 260, numRetries: 10, backoffFunction };
    const { topic } = await subscribed(bench, receiver, { DeliveryPolicy: JSON.stringify({ healthyRetryPolicy }) });
    receiver.answer = () => ({ status: 500 });
    await publish(bench, topic, "m");
    await bench.bus.clock.advance("2h");
    const delays = gaps(receiver.received);
    expect([delays[0], delays.at(-1), delays.length]).toEqual([5, 260, 10]);
    const steps = delays.slice(1).map((delay, i) => delay - (delays[i] as number));
    expect(steps.every((step, i) => step > 0 && (i === 0 || step >= (steps[i - 1] as number)))).toBe(true);
  });

  it("follow the topic's policy when it forbids others", async () => {
    const { bench, receiver } = await start();
    const own = { healthyRetryPolicy: { minDelayTarget: 1, maxDelayTarget: 1, numRetries: 5 } };
    const { topic } = await subscribed(bench, receiver, { DeliveryPolicy: JSON.stringify(own) });
    const http = {
      defaultHealthyRetryPolicy: { minDelayTarget: 7, maxDelayTarget: 7, numRetries: 2 },
      disableSubscriptionOverrides: true,
    };
    const AttributeValue = JSON.stringify({ http });
    await bench.sns.send(
      new SetTopicAttributesCommand({ TopicArn: topic, AttributeName: "DeliveryPolicy", AttributeValue }),
    );
    receiver.answer = () => ({ status: 429 });
    await publish(bench, topic, "m");
    await bench.bus.clock.advance("1h");
    expect(gaps(receiver.received)).toEqual([7, 7]);
  });

  it("are not made for what the endpoint refuses, and are for one that is not there", async () => {
    const { bench, receiver } = await start();
    const { topic } = await subscribed(bench, receiver);
    receiver.answer = () => ({ status: 404 });
    await publish(bench, topic, "refused");
    await bench.bus.clock.advance("1h");
    expect(receiver.received.length).toBe(1);
    expect(bench.bus.deliveries({ status: "failed" })[0]?.reason).toBe("404: The endpoint answered with status 404.");
    const nobody = await bench.subscribe(topic, "http", "http://127.0.0.1:1/");
    await bench.bus.clock.advance("1h");
    expect(bench.bus.deliveries({ source: nobody })[0]).toMatchObject({
      status: "failed",
      attemptCount: 4,
      attempts: [{ code: "ECONNREFUSED" }, {}, {}, {}],
    });
  });

  it("succeed when the endpoint recovers", async () => {
    const { bench, receiver } = await start();
    const { topic, subscription } = await subscribed(bench, receiver);
    let refusals = 2;
    receiver.answer = () => ({ status: refusals-- > 0 ? 500 : 204 });
    await publish(bench, topic, "m");
    await bench.bus.clock.advance("1h");
    expect(receiver.received.length).toBe(3);
    expect(bench.bus.deliveries({ source: subscription })[0]).toMatchObject({ status: "delivered", attemptCount: 3 });
  });

  it("survive a restart in their middle, repeating nothing that was acknowledged", async () => {
    const dataDir = await temporaryDirectory();
    const first = await startSns({ dataDir });
    const { clock } = first.bus;
    let now = () => clock.now();
    const receiver = await startReceiver(() => now());
    const dead = await first.queue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead });
    const { topic, subscription } = await subscribed(first, receiver, { RedrivePolicy });
    await publish(first, topic, "delivered");
    await first.bus.settled();
    receiver.answer = () => ({ status: 500 });
    await publish(first, topic, "retried");
    await publish(first, topic, "given up");
    await first.bus.clock.advance("30s");
    expect(receiver.received.map(({ body }) => JSON.parse(body).Message)).toEqual([
      "delivered",
      "retried",
      "given up",
      "retried",
      "given up",
    ]);
    await first.bus.close();
    receiver.received.length = 0;
    const second = await startSns({ dataDir });
    now = () => second.bus.clock.now();
    receiver.answer = ({ body }) => ({ status: JSON.parse(body).Message === "retried" ? 200 : 500 });
    expect(second.bus.deliveries({ status: "pending" }).map(({ attemptCount }) => attemptCount)).toEqual([2, 2]);
    await second.bus.clock.advance("1h");
    expect(receiver.received.map(({ body }) => JSON.parse(body).Message)).toEqual(["retried", "given up", "given up"]);
    expect((await second.drain(dead)).map(({ Body }) => JSON.parse(Body ?? "").Message)).toEqual(["given up"]);
    expect(second.bus.deliveries({ source: subscription, status: "failed" })).toMatchObject([{ attemptCount: 4 }]);
  });
});

describe("signatures", () => {
  it.each(["1", "2"])("of version %s are accepted by a verifier, and no altered message is", async (version) => {
    const { bench, receiver } = await start();
    const { topic } = await subscribed(bench, receiver);
    const input = { TopicArn: topic, AttributeName: "SignatureVersion", AttributeValue: version };
    await bench.sns.send(new SetTopicAttributesCommand(input));
    await publish(bench, topic, 'grüße\n"quoted"', "Subject");
    await publish(bench, topic, "no subject");
    await bench.bus.settled();
    for (const { body } of receiver.received) {
      const message = JSON.parse(body);
      expect(message.SignatureVersion).toBe(version);
      expect(await verifies(message)).toBe(true);
      expect(await verifies({ ...message, Message: "forged" })).toBe(false);
    }
    expect(receiver.received.length).toBe(2);
  });

  it("stay valid over a restart, by the certificate of then", async () => {
    const dataDir = await temporaryDirectory();
    const bench = await startSns({ dataDir });
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    await bench.subscribe(topic, "sqs", queue);
    await publish(bench, topic, "m");
    await bench.bus.close();
    const again = await startSns({ dataDir });
    const [message] = await again.drain(queue);
    const envelope = JSON.parse(message?.Body ?? "");
    const SigningCertURL = `${again.bus.endpoint}${new URL(envelope.SigningCertURL).pathname}`;
    expect(await verifies({ ...envelope, SigningCertURL })).toBe(true);
  });

  it("are made for each copy when it is read, in dead letters as well", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const queues = [await bench.queue("a"), await bench.queue("b")];
    const arns: string[] = [];
    for (const queue of queues) arns.push(await bench.subscribe(topic, "sqs", queue));
    const dead = await bench.queue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead });
    arns.push(await bench.subscribe(topic, "sqs", "arn:aws:sqs:us-east-1:000000000000:none", { RedrivePolicy }));
    const texts = ['"Signature" : "" grüße \u{1f600}', "second"];
    for (const text of texts) await publish(bench, topic, text);
    for (const [i, queue] of [...queues, dead].entries()) {
      const messages = await bench.drain(queue);
      expect(messages.map(({ Body }) => JSON.parse(Body ?? "").Message)).toEqual(texts);
      for (const { Body = "", MD5OfBody } of messages) {
        const envelope = JSON.parse(Body);
        expect(await verifies(envelope)).toBe(true);
        expect(envelope.UnsubscribeURL.endsWith(`=${arns[i]}`)).toBe(true);
        expect(MD5OfBody).toBe(createHash("md5").update(Body).digest("hex"));
      }
    }
  });

  it("have a certificate at no other address", async () => {
    const { bench } = await start();
    const answer = await visit(`${bench.bus.endpoint}/SimpleNotificationService-${"0".repeat(32)}.pem`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });
});

describe("delivery policies of subscriptions", () => {
  it.each([
    ["[]", "failed to parse JSON."],
    [
      '{"healthyRetryPolicy":{"minDelayTarget":0,"maxDelayTarget":1,"numRetries":1}}',
      "healthyRetryPolicy.minDelayTarget must be greater than or equal to 1",
    ],
    [
      '{"healthyRetryPolicy":{"minDelayTarget":2,"maxDelayTarget":1,"numRetries":1}}',
      "healthyRetryPolicy.minDelayTarget must be less than or equal to maxDelayTarget",
    ],
    [
      '{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":101}}',
      "healthyRetryPolicy.numRetries must be less than or equal to 100",
    ],
    [
      '{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1}}',
      "healthyRetryPolicy.numRetries must be specified",
    ],
    [
      '{"throttlePolicy":{"maxReceivesPerSecond":0}}',
      "throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1",
    ],
    [
      '{"requestPolicy":{"headerContentType":"image/png"}}',
      "requestPolicy.headerContentType is not a valid content type",
    ],
    ['{"nonsense":1}', "nonsense is not a valid attribute"],
  ])("refuse %s", async (AttributeValue, message) => {
    const { bench, receiver } = await start();
    const { subscription } = await subscribed(bench, receiver);
    const input = { SubscriptionArn: subscription, AttributeName: "DeliveryPolicy", AttributeValue };
    const call = bench.sns.send(new SetSubscriptionAttributesCommand(input));
    expect(await refusal(call)).toBe(`InvalidParameter: Invalid parameter: DeliveryPolicy: ${message}`);
  });
});
