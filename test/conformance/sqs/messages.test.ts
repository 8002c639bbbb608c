/** Sending, receiving, deleting and holding back messages of standard queues. */
import { createHash } from "node:crypto";
import type { ReceiveMessageCommandInput } from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import {
  eachSqs,
  invalidParameter,
  invalidValue,
  missingParameter,
  prefixed,
  refusal,
  refused,
} from "../../support/sqs.ts";

const mebibyte = 1_048_576;
const badCharacters =
  "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
const wrongForQueueType = "The request include parameter that is not valid for this queue type";
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

eachSqs("SendMessage", (env) => {
  it("wants a body", async () => {
    const QueueUrl = await env.queue();
    for (const MessageBody of [undefined, ""]) {
      expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody }))).toEqual(missingParameter("MessageBody"));
    }
  });

  it("keeps every character XML allows as it is, line ends included", async () => {
    const QueueUrl = await env.queue();
    const bodies = ["a\r\nb\rc\nd\te", "<&>\"'", " spaces ", "\u{10FFFF}\u{1F680}\uD7FF\uE000\uFFFD", "%41+b=c&d"];
    for (const body of bodies) await env.send(QueueUrl, body);
    expect(await env.receiveBodies(QueueUrl)).toEqual(bodies);
  });

  it("refuses other characters", async () => {
    const QueueUrl = await env.queue();
    for (const MessageBody of ["\u0000", "a\u0008", "\u001f", "\uFFFE", "\uFFFF"]) {
      expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody }))).toEqual(
        refusal("InvalidMessageContents", badCharacters),
      );
    }
  });

  it("takes exactly as many bytes as the queue allows", async () => {
    const QueueUrl = await env.queue({ MaximumMessageSize: "1024" });
    const tooLong = invalidParameter(
      "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
    );
    await env.send(QueueUrl, "x".repeat(1024));
    await env.send(QueueUrl, "ä".repeat(512));
    expect(await refused(env.send(QueueUrl, "x".repeat(1025)))).toEqual(tooLong);
    expect(await refused(env.send(QueueUrl, `${"ä".repeat(512)}x`))).toEqual(tooLong);
    const withAttributes = (bodyLength: number) =>
      env.sqs.sendMessage({
        QueueUrl,
        MessageBody: "x".repeat(bodyLength),
        // 4 + 6 + 10 and 3 + 6 + 5 bytes.
        MessageAttributes: {
          name: { DataType: "String", StringValue: "0123456789" },
          bin: { DataType: "Binary", BinaryValue: Buffer.from([1, 2, 3, 4, 5]) },
        },
        MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: "Root=1-5759e988" } },
      });
    await withAttributes(1024 - 34);
    expect(await refused(withAttributes(1024 - 33))).toEqual(tooLong);
  });

  it("takes a mebibyte by default", async () => {
    const QueueUrl = await env.queue();
    await env.send(QueueUrl, "x".repeat(mebibyte));
    const [message] = await env.receive(QueueUrl);
    expect(message?.Body?.length).toBe(mebibyte);
    expect(await refused(env.send(QueueUrl, "x".repeat(mebibyte + 1)))).toEqual(
      invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."),
    );
  });

  it("delays by the queue's delay or the message's own", async () => {
    const QueueUrl = await env.queue({ DelaySeconds: "60" });
    await env.send(QueueUrl, "queue's");
    await env.sqs.sendMessage({ QueueUrl, MessageBody: "none", DelaySeconds: 0 });
    await env.sqs.sendMessage({ QueueUrl, MessageBody: "longest", DelaySeconds: 900 });
    expect(await env.counts(QueueUrl)).toEqual([1, 0, 2]);
    expect(await env.receiveBodies(QueueUrl)).toEqual(["none"]);
    await env.bus.clock.advance("59999ms");
    expect(await env.receiveBodies(QueueUrl)).toEqual(["none"]);
    await env.bus.clock.advance(1);
    expect(await env.receiveBodies(QueueUrl, { VisibilityTimeout: 1000 })).toEqual(["queue's"]);
    await env.bus.clock.advance("14m");
    expect(await env.receiveBodies(QueueUrl)).toContain("longest");
    for (const DelaySeconds of [901, -1]) {
      expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody: "x", DelaySeconds }))).toEqual(
        invalidValue(DelaySeconds, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."),
      );
    }
  });

  it("does not delay anew what is queued when the queue's delay changes", async () => {
    const QueueUrl = await env.queue({ DelaySeconds: "10" });
    await env.send(QueueUrl, "before");
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: "100" } });
    await env.bus.clock.advance("10s");
    expect(await env.receiveBodies(QueueUrl)).toEqual(["before"]);
  });

  it("is judged by its body, delay, attributes, characters and size, in this order", async () => {
    const QueueUrl = await env.queue({ MaximumMessageSize: "1024" });
    const wrong = {
      MessageDeduplicationId: "d",
      DelaySeconds: -1,
      MessageAttributes: { a: { DataType: "Nonsense", StringValue: "x" } },
      MessageBody: "\u0001".repeat(2000),
    };
    const reasons = [
      missingParameter("MessageBody"),
      invalidValue("d", "MessageDeduplicationId", `${wrongForQueueType}.`),
      invalidValue(-1, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."),
      invalidParameter(
        "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
      ),
      refusal("InvalidMessageContents", badCharacters),
      invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."),
    ];
    const mended = [
      { ...wrong, MessageBody: "" },
      wrong,
      { ...wrong, MessageDeduplicationId: undefined },
      { ...wrong, MessageDeduplicationId: undefined, DelaySeconds: 0 },
      { MessageBody: wrong.MessageBody },
      { MessageBody: "x".repeat(2000) },
    ];
    for (const [index, message] of mended.entries()) {
      expect(await refused(env.sqs.sendMessage({ QueueUrl, ...message }))).toEqual(reasons[index]);
    }
  });

  it("takes a message group on a standard queue, but no deduplication id", async () => {
    const QueueUrl = await env.queue();
    await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageGroupId: "tenant" });
    const [message] = await env.receive(QueueUrl);
    expect(message?.Attributes).toMatchObject({ MessageGroupId: "tenant" });
    expect(message?.Attributes).not.toHaveProperty("SequenceNumber");
    expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageDeduplicationId: "d" }))).toEqual(
      invalidValue("d", "MessageDeduplicationId", `${wrongForQueueType}.`),
    );
  });
});

eachSqs("SendMessageBatch", (env) => {
  const entries = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ Id: `e${index}`, MessageBody: `m${index}` }));

  it("answers each entry and keeps their order", async () => {
    const QueueUrl = await env.queue();
    const MessageAttributes = { attr1: { DataType: "Number", StringValue: "99.12" } };
    const { Successful, Failed } = await env.sqs.sendMessageBatch({
      QueueUrl,
      Entries: entries(10).map((entry) => ({ ...entry, MessageAttributes })),
    });
    expect(Failed).toBeUndefined();
    expect(Successful?.map(({ Id }) => Id)).toEqual(entries(10).map(({ Id }) => Id));
    expect(Successful?.[3]).toEqual({
      Id: "e3",
      MessageId: expect.stringMatching(uuid),
      MD5OfMessageBody: createHash("md5").update("m3").digest("hex"),
      MD5OfMessageAttributes: "d302007e9aa062660afc85fd0a482472",
    });
    expect(await env.receiveBodies(QueueUrl)).toEqual(entries(10).map(({ MessageBody }) => MessageBody));
  });

  it("is refused as a whole for what is wrong with it as a whole", async () => {
    const QueueUrl = await env.queue();
    const send = (Entries: { Id: string; MessageBody: string }[]) =>
      refused(env.sqs.sendMessageBatch({ QueueUrl, Entries }));
    expect(await send([])).toEqual(
      prefixed("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."),
    );
    expect(await send(entries(11))).toEqual(
      prefixed("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."),
    );
    for (const Id of ["", "a b", "x".repeat(81), "ä", "a.b"]) {
      expect(await send([{ Id, MessageBody: "x" }])).toEqual(
        prefixed(
          "InvalidBatchEntryId",
          "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        ),
      );
    }
    expect(await send([...entries(2), { Id: "e1", MessageBody: "again" }])).toEqual(
      prefixed("BatchEntryIdsNotDistinct", "Id e1 repeated."),
    );
    expect(
      await send([
        { Id: "a", MessageBody: "x" },
        { Id: "a", MessageBody: "x" },
        { Id: "a b", MessageBody: "x" },
      ]),
    ).toEqual(
      prefixed(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      ),
    );
    expect(await send([{ Id: "a", MessageBody: "x".repeat(mebibyte + 1) }])).toMatchObject({
      name: "BatchRequestTooLong",
    });
    const half = "x".repeat(mebibyte / 2);
    expect(
      await send([
        { Id: "a", MessageBody: half },
        { Id: "b", MessageBody: `${half}x` },
      ]),
    ).toEqual(
      prefixed(
        "BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
      ),
    );
    expect(await env.counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  it("takes a mebibyte in all", async () => {
    const QueueUrl = await env.queue();
    const half = "x".repeat(mebibyte / 2);
    const { Successful } = await env.sqs.sendMessageBatch({
      QueueUrl,
      Entries: [
        { Id: "a", MessageBody: half },
        { Id: "b", MessageBody: half },
      ],
    });
    expect(Successful?.length).toBe(2);
  });

  it("fails single entries and takes the others", async () => {
    const QueueUrl = await env.queue({ MaximumMessageSize: "1024" });
    const { Successful, Failed } = await env.sqs.sendMessageBatch({
      QueueUrl,
      Entries: [
        { Id: "fits", MessageBody: "x".repeat(1024) },
        { Id: "long", MessageBody: "x".repeat(1025) },
        { Id: "bad", MessageBody: "\u0001" },
        { Id: "dedup", MessageBody: "x", MessageDeduplicationId: "d" },
        { Id: "late", MessageBody: "x", DelaySeconds: 901 },
        { Id: "fine", MessageBody: "fine" },
      ],
    });
    expect(Successful?.map(({ Id }) => Id)).toEqual(["fits", "fine"]);
    const failed = (Id: string, Code: string, Message: string) => ({ Id, SenderFault: true, Code, Message });
    expect(Failed).toEqual([
      failed(
        "long",
        "InvalidParameterValue",
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
      ),
      failed("bad", "InvalidMessageContents", badCharacters),
      failed("dedup", "InvalidParameterValue", wrongForQueueType),
      failed(
        "late",
        "InvalidParameterValue",
        "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
      ),
    ]);
    expect(await env.counts(QueueUrl)).toEqual([2, 0, 0]);
  });
});

eachSqs("ReceiveMessage", (env) => {
  it("has no Messages when there are none", async () => {
    const QueueUrl = await env.queue();
    expect((await env.sqs.receiveMessage({ QueueUrl })).Messages).toBeUndefined();
  });

  it("gives one message unless asked for more, oldest first, and nothing that was not asked for", async () => {
    const QueueUrl = await env.queue();
    for (const body of ["a", "b", "c"]) await env.send(QueueUrl, body);
    const { Messages } = await env.sqs.receiveMessage({ QueueUrl });
    expect(Messages).toEqual([
      {
        MessageId: expect.stringMatching(uuid),
        ReceiptHandle: expect.stringMatching(/^AQEB[A-Za-z0-9+/=]+$/),
        MD5OfBody: createHash("md5").update("a").digest("hex"),
        Body: "a",
      },
    ]);
    expect(await env.receiveBodies(QueueUrl)).toEqual(["b", "c"]);
  });

  it("checks its numbers", async () => {
    const QueueUrl = await env.queue();
    for (const MaxNumberOfMessages of [0, 11, -1]) {
      expect(await refused(env.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages }))).toEqual(
        invalidValue(MaxNumberOfMessages, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."),
      );
    }
    for (const WaitTimeSeconds of [21, -1]) {
      expect(await refused(env.sqs.receiveMessage({ QueueUrl, WaitTimeSeconds }))).toEqual(
        invalidValue(WaitTimeSeconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."),
      );
    }
    for (const VisibilityTimeout of [43_201, -1]) {
      expect(await refused(env.sqs.receiveMessage({ QueueUrl, VisibilityTimeout }))).toEqual(
        invalidValue(VisibilityTimeout, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided."),
      );
    }
  });

  it("tells the system attributes asked for, by either name of the parameter", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "0" });
    const sentMs = env.bus.clock.now();
    await env.send(QueueUrl, "x");
    await env.bus.clock.advance("5s");
    const [first] = await env.receive(QueueUrl);
    expect(first?.Attributes).toEqual({
      SenderId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      SentTimestamp: String(sentMs),
      ApproximateReceiveCount: "1",
      ApproximateFirstReceiveTimestamp: String(sentMs + 5000),
    });
    await env.bus.clock.advance("5s");
    const [second] = await env.receive(QueueUrl);
    expect(second?.Attributes).toMatchObject({
      ApproximateReceiveCount: "2",
      ApproximateFirstReceiveTimestamp: String(sentMs + 5000),
    });
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    const shown = async (asked: Partial<ReceiveMessageCommandInput>) => {
      const { Messages } = await env.sqs.receiveMessage({ QueueUrl, ...asked });
      return Object.keys(Messages?.[0]?.Attributes ?? {}).sort();
    };
    expect(await shown({ AttributeNames: ["SenderId"] as never })).toEqual(["SenderId"]);
    expect(await shown({ MessageSystemAttributeNames: ["SentTimestamp"] })).toEqual(["SentTimestamp"]);
    // Over Query both parameters have one name on the wire, and the client sends but one of them.
    if (env.protocol === "JSON") {
      expect(
        await shown({ AttributeNames: ["SenderId"] as never, MessageSystemAttributeNames: ["SentTimestamp"] }),
      ).toEqual(["SenderId", "SentTimestamp"]);
    }
    const { Messages: none } = await env.sqs.receiveMessage({
      QueueUrl,
      MessageSystemAttributeNames: ["SequenceNumber"],
    });
    expect(none?.[0]?.Attributes).toBeUndefined();
    expect(
      await refused(env.sqs.receiveMessage({ QueueUrl, MessageSystemAttributeNames: ["Nonsense" as never] })),
    ).toEqual(refusal("InvalidAttributeName", "Unknown Attribute Nonsense."));
  });

  it("hides what it gives for the visibility timeout, and gives it again in its old place", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "10" });
    await env.send(QueueUrl, "older");
    expect(await env.receiveBodies(QueueUrl)).toEqual(["older"]);
    await env.send(QueueUrl, "newer");
    expect(await env.counts(QueueUrl)).toEqual([1, 1, 0]);
    await env.bus.clock.advance("9999ms");
    expect(await env.counts(QueueUrl)).toEqual([1, 1, 0]);
    await env.bus.clock.advance(1);
    expect(await env.counts(QueueUrl)).toEqual([2, 0, 0]);
    expect(await env.receiveBodies(QueueUrl, { VisibilityTimeout: 0 })).toEqual(["older", "newer"]);
    expect(await env.counts(QueueUrl)).toEqual([2, 0, 0]);
  });

  it("ignores a ReceiveRequestAttemptId on a standard queue", async () => {
    const QueueUrl = await env.queue();
    await env.send(QueueUrl, "x");
    const ReceiveRequestAttemptId = "attempt";
    expect(await env.receiveBodies(QueueUrl, { ReceiveRequestAttemptId })).toEqual(["x"]);
    expect(await env.receiveBodies(QueueUrl, { ReceiveRequestAttemptId })).toEqual([]);
  });

  it("tells a session's sender by its role", async () => {
    const QueueUrl = await env.queue();
    const bus = env.bus;
    const { STS } = await import("@aws-sdk/client-sts");
    const sts = new STS(bus.clientConfig());
    const { Credentials, AssumedRoleUser } = await sts.assumeRole({
      RoleArn: "arn:aws:iam::000000000000:role/sender",
      RoleSessionName: "nightly",
    });
    const { SQS } = await import("@aws-sdk/client-sqs");
    const client = new SQS({
      ...bus.clientConfig(),
      credentials: {
        accessKeyId: Credentials?.AccessKeyId as string,
        secretAccessKey: Credentials?.SecretAccessKey as string,
        sessionToken: Credentials?.SessionToken as string,
      },
    });
    await client.sendMessage({ QueueUrl, MessageBody: "x" });
    const [message] = await env.receive(QueueUrl);
    expect(message?.Attributes?.SenderId).toBe(AssumedRoleUser?.AssumedRoleId);
    expect(message?.Attributes?.SenderId).toMatch(/^AROA[A-Z0-9]{17}:nightly$/);
  });
});
