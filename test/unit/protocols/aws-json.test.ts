import { QueueDoesNotExist$ } from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import { awsJson1_0, awsJson1_1 } from "../../../protocols/aws-json.ts";
import { Blob64 } from "../../../protocols/blob.ts";
import { AwsError } from "../../../protocols/error.ts";
import { serviceNamed } from "../../support/service-models.ts";
import { codec, failureOf, REQUEST_ID, request } from "../../support/wire.ts";

const send = codec("awsJson1_0", "sqs", "SendMessage");
const putRecord = codec("awsJson1_1", "kinesis", "PutRecord");

function decode(target: typeof send, body: unknown): Record<string, unknown> {
  return target.decode(request({ body: typeof body === "string" ? body : JSON.stringify(body) }));
}

describe("AWS JSON input", () => {
  it("ignores what the model does not know and takes null for absent", () => {
    expect(decode(send, { QueueUrl: "q", MessageBody: null, Surplus: [1] })).toEqual({ QueueUrl: "q" });
    expect(decode(send, {})).toEqual({});
  });

  it("keeps blobs as the base64 they came in and reads timestamps in seconds", () => {
    const { Data } = decode(putRecord, { Data: "AAEC" });
    expect(Data).toBeInstanceOf(Blob64);
    expect((Data as Blob64).base64).toBe("AAEC");
    const iterator = codec("awsJson1_1", "kinesis", "GetShardIterator");
    expect(decode(iterator, { Timestamp: 1545084650.987 })).toEqual({ Timestamp: new Date(1545084650987) });
  });

  it.each([
    [{ DelaySeconds: "1" }, "STRING_VALUE can not be converted to an Integer"],
    [{ DelaySeconds: true }, "TRUE_VALUE can not be converted to an Integer"],
    [{ MessageBody: 1 }, "NUMBER_VALUE can not be converted to a String"],
    [{ MessageBody: {} }, "Start of structure or map found where not expected."],
    [{ MessageBody: [] }, "Start of list found where not expected"],
    [{ MessageAttributes: [] }, "Start of list found where not expected"],
    [{ MessageAttributes: "x" }, "Expected map or null"],
  ])("refuses %j", (body, message) => {
    expect(failureOf(() => decode(send, body))).toMatchObject({ name: "SerializationException", status: 400, message });
  });

  it.each(["A", "AA=A", "AB==", "AAF=", "AA-_", "A===", "AAA=AAA="])("refuses the base64 %s", (Data) => {
    expect(failureOf(() => decode(putRecord, { Data })).name).toBe("SerializationException");
  });

  it("cuts fractions off integers and refuses numbers beyond all bounds", () => {
    expect(decode(send, { DelaySeconds: 1.9 })).toEqual({ DelaySeconds: 1 });
    expect(failureOf(() => decode(send, '{"DelaySeconds":1e999}')).name).toBe("SerializationException");
    const iterator = codec("awsJson1_1", "kinesis", "GetShardIterator");
    expect(failureOf(() => decode(iterator, { Timestamp: 1e300 })).name).toBe("SerializationException");
  });

  it.each([
    ["a million brackets", "[".repeat(1_000_000)],
    ["a million nested lists", `{"MessageBody":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`],
    ["nothing", ""],
    ["null", "null"],
    ["a list", "[]"],
    ["a word", "nonsense"],
  ])("answers %s with SerializationException", (_name, body) => {
    expect(failureOf(() => decode(send, body)).name).toBe("SerializationException");
  });

  it("skips unknown members however deep they are", () => {
    expect(decode(send, `{"QueueUrl":"q","Surplus":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)).toEqual({
      QueueUrl: "q",
    });
  });

  it("refuses bytes that are not UTF-8", () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    expect(failureOf(() => send.decode(request({ body }))).name).toBe("SerializationException");
  });

  it("takes prototype names for ordinary keys", () => {
    const body = '{"__proto__":{"QueueUrl":"evil"},"MessageAttributes":{"__proto__":{"DataType":"String"}}}';
    const input = decode(send, body);
    expect(input["QueueUrl"]).toBeUndefined();
    const attributes = input["MessageAttributes"] as Record<string, unknown>;
    expect(Object.keys(attributes)).toEqual(["__proto__"]);
    expect(attributes["toString"]).toBeUndefined();
  });
});

describe("AWS JSON output", () => {
  it("writes members that are there, escaped, with the request's own headers", () => {
    const answer = send.encode({ MessageId: 'a"\n', MD5OfMessageBody: undefined }, REQUEST_ID, request({}));
    expect(answer).toEqual({
      status: 200,
      headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-RequestId": REQUEST_ID },
      body: '{"MessageId":"a\\"\\n"}',
    });
  });

  it("answers nothing for no output and {} for an empty one", () => {
    expect(codec("awsJson1_0", "sqs", "DeleteMessage").encode(undefined, REQUEST_ID, request({})).body).toBe("");
    expect(
      codec("awsJson1_0", "stepfunctions", "SendTaskSuccess").encode(undefined, REQUEST_ID, request({})).body,
    ).toBe("{}");
  });

  it("gives Kinesis its second request id", () => {
    const { headers } = putRecord.encode({ ShardId: "s" }, REQUEST_ID, request({}));
    expect(headers["x-amz-id-2"]).toMatch(/^[A-Za-z0-9+/]+=*$/);
  });
});

describe("AWS JSON errors", () => {
  it("names the shape with its namespace over 1.0 and adds the Query code", () => {
    const error = AwsError.of(QueueDoesNotExist$, "The specified queue does not exist.");
    const answer = awsJson1_0.encodeError(error, REQUEST_ID, serviceNamed("sqs"), request({}));
    expect(answer.status).toBe(400);
    expect(answer.headers["x-amzn-query-error"]).toBe("AWS.SimpleQueueService.NonExistentQueue;Sender");
    expect(answer.body).toBe(
      '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}',
    );
  });

  it("names it bare over 1.1 and says nothing where there is no message", () => {
    const error = AwsError.unmodeled({ name: "UnknownOperationException" });
    const answer = awsJson1_1.encodeError(error, REQUEST_ID, serviceNamed("kinesis"), request({}));
    expect(answer.body).toBe('{"__type":"UnknownOperationException"}');
    expect(answer.headers["x-amz-id-2"]).toBeDefined();
  });

  it("spells the text of a SerializationException with a capital", () => {
    const error = failureOf(() => decode(send, { MessageBody: 1 }));
    expect(awsJson1_0.encodeError(error, REQUEST_ID, serviceNamed("sqs"), request({})).body).toBe(
      '{"__type":"com.amazon.coral.service#SerializationException","Message":"NUMBER_VALUE can not be converted to a String"}',
    );
  });
});
