import { NotFoundException$ } from "@aws-sdk/client-sns";
import { QueueDoesNotExist$ } from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import { awsQuery } from "../../../protocols/aws-query.ts";
import { AwsError } from "../../../protocols/error.ts";
import { serviceNamed } from "../../support/service-models.ts";
import { codec, failureOf, form, REQUEST_ID, request } from "../../support/wire.ts";

const publish = codec("awsQuery", "sns", "Publish");
const createQueue = codec("awsQuery", "sqs", "CreateQueue");
const receive = codec("awsQuery", "sqs", "ReceiveMessage");

describe("Query input", () => {
  it("reads nested maps with their own names for keys and values", () => {
    const input = publish.decode(
      form({
        Message: "a b+c",
        "MessageAttributes.entry.1.Name": "n",
        "MessageAttributes.entry.1.Value.DataType": "Binary",
        "MessageAttributes.entry.1.Value.BinaryValue": "AAEC",
      }),
    );
    expect(input).toMatchObject({ Message: "a b+c", MessageAttributes: { n: { DataType: "Binary" } } });
  });

  it("reads flattened maps and lists", () => {
    expect(
      createQueue.decode(form({ QueueName: "q", "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "5" })),
    ).toEqual({
      QueueName: "q",
      Attributes: { DelaySeconds: "5" },
    });
    const batch = codec("awsQuery", "sqs", "DeleteMessageBatch");
    const entries = {
      "DeleteMessageBatchRequestEntry.1.Id": "a",
      "DeleteMessageBatchRequestEntry.1.ReceiptHandle": "h",
    };
    expect(batch.decode(form(entries))).toEqual({ Entries: [{ Id: "a", ReceiptHandle: "h" }] });
  });

  it("sorts sparse and huge indices without making room for them", () => {
    const untag = codec("awsQuery", "sns", "UntagResource");
    const keys = {
      "TagKeys.member.1000000000": "c",
      "TagKeys.member.2": "b",
      "TagKeys.member.10": "x",
      "TagKeys.member.y": "-",
    };
    expect(untag.decode(form(keys))).toEqual({ TagKeys: ["b", "x", "c"] });
  });

  it.each([
    ["GetQueueAttributes", { AttributeName: "QueueArn" }, { AttributeNames: ["QueueArn"] }],
    ["GetQueueAttributes", { AttributeName: "" }, { AttributeNames: [] }],
    ["GetQueueAttributes", { "AttributeName.1": "b", AttributeName: "a" }, { AttributeNames: ["a", "b"] }],
    [
      "CreateQueue",
      { "Attribute.Name": "DelaySeconds", "Attribute.Value": "5" },
      { Attributes: { DelaySeconds: "5" } },
    ],
    [
      "CreateQueue",
      { "Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "5", "Attribute.Name": "a", "Attribute.Value": "b" },
      { Attributes: { a: "b", DelaySeconds: "5" } },
    ],
    ["TagQueue", { "Tag.Key": "k", "Tag.Value": "v" }, { Tags: { k: "v" } }],
    [
      "SendMessage",
      {
        "MessageAttribute.Name": "n",
        "MessageAttribute.Value.DataType": "String",
        "MessageAttribute.Value.StringValue": "v",
      },
      { MessageAttributes: { n: { DataType: "String", StringValue: "v" } } },
    ],
    [
      "DeleteMessageBatch",
      { "DeleteMessageBatchRequestEntry.Id": "1", "DeleteMessageBatchRequestEntry.ReceiptHandle": "r" },
      { Entries: [{ Id: "1", ReceiptHandle: "r" }] },
    ],
  ])("reads lists and maps without an index as one item, before others (%s %j)", (operation, fields, expected) => {
    expect(codec("awsQuery", "sqs", operation).decode(form(fields as unknown as Record<string, string>))).toEqual(
      expected,
    );
  });

  it.each([
    ["TagResource", { "Tags.member.Key": "k", "Tags.member.Value": "v" }, { Tags: [{ Key: "k", Value: "v" }] }],
    [
      "CreateTopic",
      { "Attributes.entry.key": "DisplayName", "Attributes.entry.value": "d" },
      { Attributes: { DisplayName: "d" } },
    ],
  ])("reads lists with a member name likewise (%s)", (operation, fields, expected) => {
    expect(codec("awsQuery", "sns", operation).decode(form(fields as unknown as Record<string, string>))).toEqual(
      expected,
    );
  });

  it("lays out SNS's answers as AWS does, to the byte", () => {
    const publish = codec("awsQuery", "sns", "Publish");
    const MessageId = "5e0a6a58-8f5a-5c5b-8a44-3d1f4d0a9e11";
    const answer = (value: object) => publish.encode(value, REQUEST_ID, request({})).body as string;
    expect(REQUEST_ID).toHaveLength(36);
    expect(answer({ MessageId })).toHaveLength(294);
    expect(answer({ MessageId, SequenceNumber: "10000000000000000000" })).toHaveLength(352);
    expect(answer({ MessageId })).toBe(
      `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">\n  <PublishResult>\n    <MessageId>${MessageId}</MessageId>\n  </PublishResult>\n  <ResponseMetadata>\n    <RequestId>${REQUEST_ID}</RequestId>\n  </ResponseMetadata>\n</PublishResponse>\n`,
    );
  });

  it("reads an empty list, and leaves out what was not sent", () => {
    const untag = codec("awsQuery", "sns", "UntagResource");
    expect(untag.decode(form({ TagKeys: "" }))).toEqual({ TagKeys: [] });
    expect(untag.decode(form({}))).toEqual({});
  });

  it("merges the URL with the body, which wins", () => {
    const wire = form({ Message: "body" }, { url: "/?Message=url&Subject=s" });
    expect(publish.decode(wire)).toEqual({ Message: "body", Subject: "s" });
  });

  it("takes the queue from the path where QueueUrl is left out", () => {
    const wire = request({
      method: "GET",
      url: "/000000000000/orders?Action=ReceiveMessage&AttributeName.1=All",
      headers: { host: "localhost:4566" },
    });
    expect(receive.decode(wire)).toEqual({
      QueueUrl: "http://localhost:4566/000000000000/orders",
      AttributeNames: ["All"],
    });
  });

  it.each([{ MaxNumberOfMessages: "many" }, { MaxNumberOfMessages: "" }, { MaxNumberOfMessages: "1e3" }])(
    "refuses %j",
    (parameters) => {
      expect(failureOf(() => receive.decode(form(parameters)))).toMatchObject({ name: "MalformedInput", status: 400 });
    },
  );

  it("refuses broken percent-encoding", () => {
    const wire = request({ body: "QueueUrl=%zz", headers: { "content-type": "application/x-www-form-urlencoded" } });
    expect(failureOf(() => receive.decode(wire)).name).toBe("MalformedQueryString");
  });

  it("takes prototype names for ordinary keys", () => {
    const wire = form({ "Attribute.1.Name": "__proto__", "Attribute.1.Value": "x", "__proto__.polluted": "y" });
    expect(Object.keys(createQueue.decode(wire)["Attributes"] as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("Query output", () => {
  it("writes SQS's flattened lists and maps", () => {
    const output = { Messages: [{ MessageId: "m", Body: "<a>&\r\n", Attributes: { SenderId: "x" } }] };
    const { body, headers } = receive.encode(output, REQUEST_ID, request({}));
    expect(headers["content-type"]).toBe("text/xml");
    expect(body).toBe(
      '<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult>' +
        "<Message><MessageId>m</MessageId><Body>&lt;a&gt;&amp;&#xD;\n</Body>" +
        "<Attribute><Name>SenderId</Name><Value>x</Value></Attribute></Message></ReceiveMessageResult>" +
        `<ResponseMetadata><RequestId>${REQUEST_ID}</RequestId></ResponseMetadata></ReceiveMessageResponse>`,
    );
  });

  it("writes empty lists, empty results and no result", () => {
    const list = codec("awsQuery", "sns", "ListSubscriptions").encode({ Subscriptions: [] }, REQUEST_ID, request({}));
    expect(list.body).toContain("<ListSubscriptionsResult>\n    <Subscriptions/>\n  </ListSubscriptionsResult>");
    expect(codec("awsQuery", "sns", "TagResource").encode({}, REQUEST_ID, request({})).body).toContain(
      "<TagResourceResult/>",
    );
    expect(codec("awsQuery", "sns", "DeleteTopic").encode(undefined, REQUEST_ID, request({})).body).not.toContain(
      "Result",
    );
  });

  it("writes timestamps without empty milliseconds", () => {
    const Credentials = {
      AccessKeyId: "a",
      SecretAccessKey: "s",
      SessionToken: "t",
      Expiration: new Date(1_735_689_600_000),
    };
    const { body } = codec("awsQuery", "sts", "AssumeRole").encode({ Credentials }, REQUEST_ID, request({}));
    expect(body).toContain("<Expiration>2025-01-01T00:00:00Z</Expiration>");
  });

  it("answers SQS clients that accept JSON with the tree as JSON", () => {
    const wire = request({ headers: { accept: "application/json" } });
    const { body } = receive.encode({ Messages: [{ Body: "b" }] }, REQUEST_ID, wire);
    expect(JSON.parse(body as string)).toEqual({
      ReceiveMessageResponse: {
        ReceiveMessageResult: { messages: [{ Body: "b" }] },
        ResponseMetadata: { RequestId: REQUEST_ID },
      },
    });
  });
});

describe("Query answers as JSON", () => {
  const wire = request({ headers: { accept: "application/json" } });

  it("have all members of other services, without a value as null", () => {
    const { body, headers } = publish.encode({ MessageId: "m" }, REQUEST_ID, wire);
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body as string)).toEqual({
      PublishResponse: {
        PublishResult: { MessageId: "m", SequenceNumber: null },
        ResponseMetadata: { RequestId: REQUEST_ID },
      },
    });
  });

  it("have maps as objects, lists under their names and times in seconds", () => {
    const attributes = codec("awsQuery", "sns", "GetTopicAttributes").encode({ Attributes: { a: "1" } }, "r", wire);
    expect(JSON.parse(attributes.body as string)).toMatchObject({
      GetTopicAttributesResponse: { GetTopicAttributesResult: { Attributes: { a: "1" } } },
    });
    const topics = codec("awsQuery", "sns", "ListTopics").encode({ Topics: [{ TopicArn: "t" }] }, "r", wire);
    expect(JSON.parse(topics.body as string)).toMatchObject({
      ListTopicsResponse: { ListTopicsResult: { Topics: [{ TopicArn: "t" }], NextToken: null } },
    });
    const Credentials = { AccessKeyId: "a", Expiration: new Date(1_735_689_600_000) };
    const assumed = codec("awsQuery", "sts", "AssumeRole").encode({ Credentials }, "r", wire);
    expect(JSON.parse(assumed.body as string)).toMatchObject({
      AssumeRoleResponse: { AssumeRoleResult: { Credentials: { Expiration: 1_735_689_600 } } },
    });
  });

  it("tell errors too", () => {
    const error = AwsError.of(NotFoundException$, "Topic does not exist");
    const { status, body } = awsQuery.encodeError(error, "r", serviceNamed("sns"), wire);
    expect(status).toBe(404);
    expect(JSON.parse(body as string)).toEqual({
      Error: { Type: "Sender", Code: "NotFound", Message: "Topic does not exist" },
      RequestId: "r",
    });
  });
});

describe("Query errors", () => {
  it("has a Detail on SQS, and its Query code", () => {
    const error = AwsError.of(QueueDoesNotExist$, "Gone & lost");
    expect(awsQuery.encodeError(error, REQUEST_ID, serviceNamed("sqs"), request({}))).toMatchObject({
      status: 400,
      body:
        '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type>' +
        "<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>Gone &amp; lost</Message><Detail/></Error>" +
        `<RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`,
    });
  });

  it("has none elsewhere", () => {
    const error = AwsError.of(NotFoundException$, "Topic does not exist");
    const { status, body } = awsQuery.encodeError(error, REQUEST_ID, serviceNamed("sns"), request({}));
    expect(status).toBe(404);
    expect(body).toContain("    <Code>NotFound</Code>\n    <Message>Topic does not exist</Message>\n  </Error>\n");
  });
});
