/** SQS on the wire: what old Query clients send and read, and what no SDK shows of an error. */
import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";
import { http, postForm, postJson } from "../../support/http.ts";

const namespace = 'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"';
const Version = "2012-11-05";
const requestId = /<RequestId>([0-9a-f-]{36})<\/RequestId>/;

let bus: Busbar;
let url: string;

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual" });
  await postJson(bus.endpoint, "AmazonSQS.CreateQueue", { QueueName: "wire", Attributes: { VisibilityTimeout: "0" } });
  await postJson(bus.endpoint, "AmazonSQS.SendMessage", {
    QueueUrl: "wire",
    MessageBody: 'a <b> & "c"',
    MessageAttributes: { n: { DataType: "Number", StringValue: "1" } },
  });
  url = `${bus.endpoint}/000000000000/wire`;
});
afterAll(() => bus.close());

describe("Query answers", () => {
  it("have a root, a result and a request id, the header's own", async () => {
    const { status, headers, text } = await postForm(bus.endpoint, {
      Action: "GetQueueUrl",
      Version,
      QueueName: "wire",
    });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toMatch(/^text\/xml/);
    const id = headers.get("x-amzn-requestid");
    expect(text).toContain(
      `<GetQueueUrlResponse ${namespace}><GetQueueUrlResult><QueueUrl>${url}</QueueUrl></GetQueueUrlResult><ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata></GetQueueUrlResponse>`,
    );
  });

  it("have no result where an operation has no output", async () => {
    const { text } = await postForm(url, {
      Action: "SetQueueAttributes",
      Version,
      "Attribute.1.Name": "DelaySeconds",
      "Attribute.1.Value": "0",
    });
    expect(text).toMatch(
      new RegExp(
        `^(<\\?xml[^>]*\\?>)?<SetQueueAttributesResponse ${namespace}><ResponseMetadata><RequestId>[0-9a-f-]{36}</RequestId></ResponseMetadata></SetQueueAttributesResponse>$`,
      ),
    );
  });

  it("flatten lists and maps under AWS's element names", async () => {
    const received = await postForm(url, {
      Action: "ReceiveMessage",
      "AttributeName.1": "SenderId",
      "MessageAttributeName.1": "All",
    });
    expect(received.text).toContain("<Body>a &lt;b&gt; &amp; &quot;c&quot;</Body>");
    expect(received.text).toMatch(/<Attribute><Name>SenderId<\/Name><Value>AIDA[A-Z2-7]{17}<\/Value><\/Attribute>/);
    expect(received.text).toMatch(
      /<MessageAttribute><Name>n<\/Name><Value>(<StringValue>1<\/StringValue><DataType>Number<\/DataType>|<DataType>Number<\/DataType><StringValue>1<\/StringValue>)<\/Value><\/MessageAttribute>/,
    );
    const batch = await postForm(url, {
      Action: "SendMessageBatch",
      "SendMessageBatchRequestEntry.1.Id": "good",
      "SendMessageBatchRequestEntry.1.MessageBody": "x",
      "SendMessageBatchRequestEntry.2.Id": "bad",
      "SendMessageBatchRequestEntry.2.MessageBody": "x",
      "SendMessageBatchRequestEntry.2.DelaySeconds": "901",
    });
    expect(batch.text).toMatch(/<SendMessageBatchResultEntry><Id>good<\/Id>/);
    expect(batch.text).toMatch(/<BatchResultErrorEntry><Id>bad<\/Id><SenderFault>true<\/SenderFault>/);
    await postForm(url, { Action: "TagQueue", "Tag.1.Key": "k", "Tag.1.Value": "v" });
    const tags = await postForm(url, { Action: "ListQueueTags" });
    expect(tags.text).toContain("<Tag><Key>k</Key><Value>v</Value></Tag>");
    await postForm(url, { Action: "UntagQueue", "TagKey.1": "k" });
    expect((await postForm(url, { Action: "ListQueueTags" })).text).not.toContain("<Tag>");
    const list = await postForm(bus.endpoint, { Action: "ListQueues", Version });
    expect(list.text).toContain(`<ListQueuesResult><QueueUrl>${url}</QueueUrl></ListQueuesResult>`);
  });

  it("read parameters whose indices have gaps and stand in any order", async () => {
    const { text } = await postForm(bus.endpoint, {
      Action: "CreateQueue",
      Version,
      QueueName: "sparse",
      "Attribute.10.Name": "DelaySeconds",
      "Attribute.10.Value": "3",
      "Attribute.2.Value": "44",
      "Attribute.2.Name": "VisibilityTimeout",
      "Tag.7.Key": "k",
      "Tag.7.Value": "v",
    });
    expect(text).toContain("/000000000000/sparse</QueueUrl>");
    const attributes = await postForm(`${bus.endpoint}/000000000000/sparse`, {
      Action: "GetQueueAttributes",
      "AttributeName.1": "All",
    });
    expect(attributes.text).toContain("<Attribute><Name>DelaySeconds</Name><Value>3</Value></Attribute>");
    expect(attributes.text).toContain("<Attribute><Name>VisibilityTimeout</Name><Value>44</Value></Attribute>");
    await postForm(`${bus.endpoint}/000000000000/sparse`, { Action: "DeleteQueue" });
  });

  it("keep carriage returns apart from line feeds", async () => {
    await postForm(url, { Action: "SendMessage", MessageBody: "crlf\r\n" });
    const { text } = await postForm(url, { Action: "ReceiveMessage", MaxNumberOfMessages: "10" });
    expect(text).toMatch(/<Body>crlf(&#xD;|&#13;)\n<\/Body>/);
  });
});

describe("a queue's own URL", () => {
  it("needs neither Version nor QueueUrl, by GET and by POST", async () => {
    const got = await http(`${url}?Action=GetQueueAttributes&AttributeName.1=All`);
    expect(got.status).toBe(200);
    expect(got.text).toContain(
      "<Attribute><Name>QueueArn</Name><Value>arn:aws:sqs:us-east-1:000000000000:wire</Value></Attribute>",
    );
    const posted = await postForm(url, { Action: "GetQueueAttributes", "AttributeName.1": "QueueArn" });
    expect(posted.text).toContain("arn:aws:sqs:us-east-1:000000000000:wire");
    const mixed = await postForm(`${url}?Action=GetQueueAttributes`, { "AttributeName.1": "QueueArn" });
    expect(mixed.text).toContain("arn:aws:sqs:us-east-1:000000000000:wire");
  });

  it("answers JSON calls too", async () => {
    const { status, headers, text } = await postJson(url, "AmazonSQS.GetQueueAttributes", {
      QueueUrl: url,
      AttributeNames: ["QueueArn"],
    });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/x-amz-json-1.0");
    expect(JSON.parse(text)).toEqual({ Attributes: { QueueArn: "arn:aws:sqs:us-east-1:000000000000:wire" } });
  });

  it("without an action is an unknown operation, in XML whatever is accepted", async () => {
    for (const accept of ["*/*", "application/json"]) {
      const { status, text } = await http(url, { headers: { accept } });
      expect(status).toBe(404);
      expect(text).toContain("<UnknownOperationException/>");
    }
  });

  it("takes presigned parameters for account and region", async () => {
    const query = new URLSearchParams({
      Action: "CreateQueue",
      Version,
      QueueName: "presigned",
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": "111122223333/20260101/ap-south-1/sqs/aws4_request",
      "X-Amz-Signature": "0".repeat(64),
    });
    const { text } = await http(`${bus.endpoint}/?${query}`);
    expect(text).toContain(`<QueueUrl>${bus.endpoint}/111122223333/presigned</QueueUrl>`);
    expect(bus.requests()[0]).toMatchObject({ account: "111122223333", region: "ap-south-1" });
  });

  it("is minted from the host by which the client came", async () => {
    const { text } = await postForm(bus.endpoint.replace("127.0.0.1", "localhost"), {
      Action: "GetQueueUrl",
      Version,
      QueueName: "wire",
    });
    expect(text).toContain(`<QueueUrl>${bus.endpoint.replace("127.0.0.1", "localhost")}/000000000000/wire</QueueUrl>`);
  });
});

describe("Query answers as JSON", () => {
  const json = { accept: "application/json" };

  it("are the tree of the XML, a list under its member's name in lower case", async () => {
    await postForm(url, { Action: "PurgeQueue" });
    await postForm(url, { Action: "SendMessage", MessageBody: "as JSON" });
    const { headers, text } = await postForm(url, { Action: "ReceiveMessage" }, json);
    expect(headers.get("content-type")).toMatch(/^application\/json/);
    expect(JSON.parse(text)).toEqual({
      ReceiveMessageResponse: {
        ReceiveMessageResult: {
          messages: [
            {
              MessageId: expect.any(String),
              ReceiptHandle: expect.any(String),
              MD5OfBody: expect.any(String),
              Body: "as JSON",
            },
          ],
        },
        ResponseMetadata: { RequestId: headers.get("x-amzn-requestid") },
      },
    });
  });

  it("tell errors with an empty detail", async () => {
    const { status, text } = await postForm(bus.endpoint, { Action: "GetQueueUrl", Version, QueueName: "nope" }, json);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      Error: {
        Type: "Sender",
        Code: "AWS.SimpleQueueService.NonExistentQueue",
        Message: "The specified queue does not exist for this wsdl version.",
        Detail: null,
      },
    });
  });
});

describe("Query errors", () => {
  it("have type, code, message, an empty detail and a request id", async () => {
    const { status, headers, text } = await postForm(bus.endpoint, {
      Action: "GetQueueUrl",
      Version,
      QueueName: "nope",
    });
    expect(status).toBe(400);
    expect(headers.get("content-type")).toMatch(/^text\/xml/);
    expect(text).toContain(
      `<ErrorResponse ${namespace}><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl version.</Message><Detail/></Error>`,
    );
    expect(requestId.exec(text)?.[1]).toBe(headers.get("x-amzn-requestid"));
  });

  it("name an action there is not", async () => {
    for (const target of [url, bus.endpoint]) {
      const { status, text } = await postForm(target, { Action: "FooBar", Version });
      expect(status).toBe(400);
      expect(text).toContain(
        "<Code>InvalidAction</Code><Message>The action FooBar is not valid for this endpoint.</Message>",
      );
    }
  });

  it("name a parameter that is missing", async () => {
    const { status, text } = await postForm(url, { Action: "SendMessage" });
    expect(status).toBe(400);
    expect(text).toContain(
      "<Code>MissingParameter</Code><Message>The request must contain the parameter MessageBody.</Message>",
    );
  });

  it("say 404 for a bad handle and 403 for too many statements", async () => {
    const handle = await postForm(url, { Action: "DeleteMessage", ReceiptHandle: "nonsense" });
    expect(handle.status).toBe(404);
    expect(handle.text).toContain("<Code>ReceiptHandleIsInvalid</Code>");
    const actions = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [`ActionName.${index + 1}`, "SendMessage"]),
    );
    const many = await postForm(url, {
      Action: "AddPermission",
      Label: "l",
      "AWSAccountId.1": "111122223333",
      ...actions,
    });
    expect(many.status).toBe(403);
    expect(many.text).toContain("<Code>OverLimit</Code>");
  });

  it("say so when a number is invalid", async () => {
    const { status, text } = await postForm(url, { Action: "ReceiveMessage", MaxNumberOfMessages: "many" });
    expect(status).toBe(400);
    expect(text).toContain("<Type>Sender</Type>");
  });
});

describe("JSON errors", () => {
  const call = (operation: string, input: unknown) =>
    postJson(bus.endpoint, `AmazonSQS.${operation}`, input, { "x-amzn-query-mode": "true" });

  it("carry the shape in the body and the query code in a header", async () => {
    const cases: [operation: string, input: unknown, status: number, type: string, header: string, message: string][] =
      [
        [
          "GetQueueUrl",
          { QueueName: "nope" },
          400,
          "com.amazonaws.sqs#QueueDoesNotExist",
          "AWS.SimpleQueueService.NonExistentQueue;Sender",
          "The specified queue does not exist.",
        ],
        [
          "CreateQueue",
          { QueueName: "wire", Attributes: { VisibilityTimeout: "1" } },
          400,
          "com.amazonaws.sqs#QueueNameExists",
          "QueueAlreadyExists;Sender",
          "A queue already exists with the same name and a different value for attribute VisibilityTimeout",
        ],
        [
          "SetQueueAttributes",
          { QueueUrl: "wire", Attributes: { Policy: "x" } },
          400,
          "com.amazonaws.sqs#InvalidAttributeValue",
          "InvalidAttributeValue;Sender",
          "Invalid value for the parameter Policy.",
        ],
        [
          "ReceiveMessage",
          { QueueUrl: "wire", WaitTimeSeconds: 21 },
          400,
          "com.amazon.coral.service#InvalidParameterValueException",
          "InvalidParameterValue;Sender",
          "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ],
        [
          "SendMessage",
          { QueueUrl: "wire" },
          400,
          "com.amazon.coral.service#MissingRequiredParameterException",
          "MissingParameter;Sender",
          "The request must contain the parameter MessageBody.",
        ],
        [
          "DeleteMessage",
          { QueueUrl: "wire", ReceiptHandle: "x" },
          404,
          "com.amazonaws.sqs#ReceiptHandleIsInvalid",
          "ReceiptHandleIsInvalid;Sender",
          'The input receipt handle "x" is not a valid receipt handle.',
        ],
        [
          "StartMessageMoveTask",
          { SourceArn: "arn:aws:sqs:us-east-1:000000000000:nope" },
          404,
          "com.amazonaws.sqs#ResourceNotFoundException",
          "ResourceNotFoundException;Sender",
          "The resource that you specified for the SourceArn parameter doesn't exist.",
        ],
      ];
    for (const [operation, input, status, type, header, message] of cases) {
      const answer = await call(operation, input);
      expect([operation, answer.status]).toEqual([operation, status]);
      expect(JSON.parse(answer.text)).toEqual({ __type: type, message });
      expect(answer.headers.get("x-amzn-query-error")).toBe(header);
      expect(answer.headers.get("content-type")).toBe("application/x-amz-json-1.0");
      expect(answer.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("tell wrong types and unknown operations as the framework does", async () => {
    for (const input of [{ QueueUrl: 7 }, { QueueUrl: "wire", MaxNumberOfMessages: "x" }, "{", "[]", "7"]) {
      const { status, text } = await call("ReceiveMessage", input);
      expect(status).toBe(400);
      expect(JSON.parse(text).__type).toBe("com.amazon.coral.service#SerializationException");
    }
    const unknown = await call("FooBar", {});
    expect(unknown.status).toBe(400);
    expect(JSON.parse(unknown.text).__type).toBe("com.amazon.coral.service#UnknownOperationException");
  });

  it("answer operations without output with an empty object or nothing", async () => {
    const { status, text } = await call("PurgeQueue", { QueueUrl: "wire" });
    expect(status).toBe(200);
    expect(["", "{}"]).toContain(text);
  });

  it("answer what is empty with an empty list or with nothing, as AWS does for each", async () => {
    const { text } = await call("CreateQueue", { QueueName: "empty" });
    const { QueueUrl } = JSON.parse(text) as { QueueUrl: string };
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:empty",
      maxReceiveCount: 1,
    });
    const SourceArn = "arn:aws:sqs:us-east-1:000000000000:empty";
    const answer = async (operation: string, input: object) => JSON.parse((await call(operation, input)).text);
    expect(await answer("ListDeadLetterSourceQueues", { QueueUrl })).toEqual({ queueUrls: [] });
    expect(await answer("ListMessageMoveTasks", { SourceArn })).toEqual({ Results: [] });
    expect(await answer("ListQueues", { QueueNamePrefix: "none" })).toEqual({});
    expect(await answer("ReceiveMessage", { QueueUrl })).toEqual({});
    expect(await answer("ListQueueTags", { QueueUrl })).toEqual({});
    expect(await answer("GetQueueAttributes", { QueueUrl })).toEqual({});
    expect(await answer("GetQueueAttributes", { QueueUrl, AttributeNames: ["Policy"] })).toEqual({});
    const sent = await answer("SendMessageBatch", { QueueUrl, Entries: [{ Id: "a", MessageBody: "x" }] });
    expect(Object.keys(sent)).toEqual(["Successful"]);
    const failed = await answer("DeleteMessageBatch", { QueueUrl, Entries: [{ Id: "a", ReceiptHandle: "x" }] });
    expect(Object.keys(failed)).toEqual(["Failed"]);
    await call("CreateQueue", { QueueName: "source-of-empty", Attributes: { RedrivePolicy } });
    expect(await answer("ListDeadLetterSourceQueues", { QueueUrl })).toEqual({
      queueUrls: [`${bus.endpoint}/000000000000/source-of-empty`],
    });
  });

  it("ignore unknown members, and take null for absent", async () => {
    const { status } = await call("SendMessage", {
      QueueUrl: "wire",
      MessageBody: "x",
      DelaySeconds: null,
      MessageAttributes: null,
      Nonsense: { deep: [1] },
    });
    expect(status).toBe(200);
  });
});

describe("requests in less common forms", () => {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.GetQueueUrl" };
  const body = '{"QueueName":"wire"}';

  it("may be compressed", async () => {
    const answer = await http(bus.endpoint, {
      method: "POST",
      headers: { ...headers, "content-encoding": "gzip" },
      body: gzipSync(body),
    });
    expect([answer.status, JSON.parse(answer.text).QueueUrl]).toEqual([200, url]);
    const broken = await http(bus.endpoint, {
      method: "POST",
      headers: { ...headers, "content-encoding": "gzip" },
      body,
    });
    expect(broken.status).toBe(400);
  });

  it("may come under a base path of the endpoint", async () => {
    const answer = await http(`${bus.endpoint}/base/path/`, { method: "POST", headers, body });
    expect([answer.status, JSON.parse(answer.text).QueueUrl]).toEqual([200, url]);
  });

  it("may ask before they send", async () => {
    const status = await new Promise((done, failed) => {
      const request = httpRequest(bus.endpoint, {
        method: "POST",
        headers: { ...headers, expect: "100-continue", "content-length": body.length },
      });
      request.on("continue", () => request.end(body));
      request.on("response", (response) => {
        response.resume();
        done(response.statusCode);
      });
      request.on("error", failed);
      request.flushHeaders();
    });
    expect(status).toBe(200);
  });

  it("may come in chunks", async () => {
    const chunks = async function* () {
      yield Buffer.from(body.slice(0, 5));
      yield Buffer.from(body.slice(5));
    };
    const answer = await http(bus.endpoint, {
      method: "POST",
      headers,
      body: chunks() as never,
      duplex: "half",
    } as RequestInit);
    expect([answer.status, JSON.parse(answer.text).QueueUrl]).toEqual([200, url]);
  });
});
