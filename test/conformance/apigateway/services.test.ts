/** Services behind REST APIs: both forms of their URIs, what Query services answer, and errors that responses are chosen by. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri } from "../../support/apigateway.ts";
import { rawHttp } from "../../support/raw-http.ts";
import { type Heard, webServer } from "../../support/web-server.ts";

const roleArn = `arn:aws:iam::${account}:role/r`;
const uri = (rest: string) => `arn:aws:apigateway:us-east-1:${rest}`;
const form = { "Content-Type": "application/x-www-form-urlencoded" };
const signed = {
  Authorization: `AWS4-HMAC-SHA256 Credential=${account}/20260301/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0`,
};

interface Target {
  readonly uri: string;
  readonly template?: string;
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly credentials?: string;
}

let env: ApiGatewayEnvironment;
let restApiId: string;
const got: unknown[] = [];

/** Deploys `POST /name` before a service and calls it; `4xx` of the service are answered with 422 and what it said. */
async function answered(name: string, target: Target, body: string) {
  const { client } = env;
  const resourceId = await env.resource(restApiId, `/${name}`);
  const address = { restApiId, resourceId, httpMethod: "POST" };
  const { credentials = roleArn } = target;
  const isPassed = credentials.includes("*");
  await client.putMethod({ ...address, authorizationType: isPassed ? "AWS_IAM" : "NONE" });
  const mapped = (place: string, values: Record<string, string> = {}) =>
    Object.entries(values).map(([key, value]) => [`integration.request.${place}.${key}`, `'${value}'`] as const);
  await client.putIntegration({
    ...address,
    type: "AWS",
    integrationHttpMethod: "POST",
    uri: target.uri,
    credentials,
    requestParameters: Object.fromEntries([
      ...mapped("header", target.headers),
      ...mapped("querystring", target.query),
    ]),
    requestTemplates: target.template === undefined ? {} : { "application/json": target.template },
  });
  await client.putMethodResponse({ ...address, statusCode: "200" });
  await client.putIntegrationResponse({ ...address, statusCode: "200" });
  await client.putMethodResponse({ ...address, statusCode: "422" });
  const responseTemplates = { "application/json": '{"refused":$input.json("$")}' };
  await client.putIntegrationResponse({
    ...address,
    statusCode: "422",
    selectionPattern: "4\\d\\d",
    responseTemplates,
  });
  await client.createDeployment({ restApiId, stageName: "dev" });
  const path = `/_aws/execute-api/${restApiId}/dev/${name}`;
  const answer = await rawHttp(env.bus.endpoint, path, { method: "POST", headers: isPassed ? signed : {}, body });
  return { status: answer.status, body: answer.text === "" ? "" : (JSON.parse(answer.text) as unknown) };
}

const text = expect.any(String);
const number = expect.any(Number);
const ids: Record<string, string> = {};
let heard: Heard[];
let elsewhere: Awaited<ReturnType<typeof webServer>>;

beforeAll(async () => {
  elsewhere = await webServer(() => ({
    headers: { "Content-Type": "application/x-amz-json-1.0" },
    body: '{"Item":1}',
  }));
  heard = elsewhere.heard as Heard[];
  env = await ApiGatewayEnvironment.start("memory", { endpoints: { dynamodb: elsewhere.url } });
  ({ restApiId } = await env.api());
  const configuration = env.bus.clientConfig();
  const clients = [
    new SQS(configuration),
    new SNS(configuration),
    new Kinesis(configuration),
    new SFN(configuration),
    new EventBridge(configuration),
  ] as const;
  const [sqs, sns, kinesis, sfn] = clients;
  ids["queue"] = (await sqs.createQueue({ QueueName: "q" })).QueueUrl as string;
  ids["topic"] = (await sns.createTopic({ Name: "t" })).TopicArn as string;
  await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
  for (const [name, type, state] of [
    ["pass", "STANDARD", { Type: "Pass", End: true }],
    ["sync", "EXPRESS", { Type: "Pass", End: true }],
    ["wait", "STANDARD", { Type: "Wait", Seconds: 1_000, End: true }],
  ] as const) {
    const definition = JSON.stringify({ StartAt: "S", States: { S: state } });
    ids[name] = (await sfn.createStateMachine({ name, type, roleArn, definition })).stateMachineArn as string;
  }
  ids["execution"] = (await sfn.startExecution({ stateMachineArn: ids["wait"] as string })).executionArn as string;
  for (const client of clients) client.destroy();
  env.bus.registerFunction("f", (event) => {
    got.push(event);
    return { given: event };
  });
  env.bus.registerFunction("g", (event) => Promise.reject(new Error((event as { say: string }).say)));
});

afterAll(async () => {
  await env.stop();
  await elsewhere.close();
});

const id = (name: string) => ids[name] as string;
const sent = { SendMessageResult: { MD5OfMessageBody: text, MessageId: text }, ResponseMetadata: { RequestId: text } };
const published = { PublishResult: { MessageId: text, SequenceNumber: null }, ResponseMetadata: { RequestId: text } };

describe("a service behind a REST API", () => {
  it.each<[name: string, target: () => Target, status: number, body: unknown]>([
    [
      "sqs-path",
      () => ({
        uri: uri(`sqs:path/${account}/q`),
        template: "Action=SendMessage&MessageBody=$util.urlEncode($input.body)",
        headers: form,
      }),
      200,
      { SendMessageResponse: sent },
    ],
    [
      "sqs-action",
      () => ({
        uri: uri("sqs:action/SendMessage"),
        template: `Action=SendMessage&QueueUrl=$util.urlEncode("${id("queue")}")&MessageBody=m`,
        headers: form,
      }),
      200,
      { SendMessageResponse: sent },
    ],
    [
      "sqs-query",
      () => ({
        uri: uri("sqs:action/SendMessage"),
        template: "",
        query: { QueueUrl: id("queue"), MessageBody: "a b" },
      }),
      200,
      { SendMessageResponse: sent },
    ],
    [
      "sqs-json",
      () => ({
        uri: uri("sqs:action/SendMessage"),
        template: `{"QueueUrl":"${id("queue")}","MessageBody":"m"}`,
        headers: { "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage" },
      }),
      200,
      { MD5OfMessageBody: text, MessageId: text },
    ],
    [
      "sqs-unknown-queue",
      () => ({ uri: uri(`sqs:path/${account}/no`), template: "Action=SendMessage&MessageBody=m", headers: form }),
      422,
      {
        refused: {
          Error: expect.objectContaining({ Code: "AWS.SimpleQueueService.NonExistentQueue", Type: "Sender" }),
          RequestId: text,
        },
      },
    ],
    [
      "sns-action",
      () => ({
        uri: uri("sns:action/Publish"),
        template: `Action=Publish&TopicArn=${id("topic")}&Message=$util.urlEncode($input.body)`,
        headers: form,
      }),
      200,
      { PublishResponse: published },
    ],
    [
      "sns-path",
      () => ({ uri: uri("sns:path//"), template: `Action=Publish&TopicArn=${id("topic")}&Message=m`, headers: form }),
      200,
      { PublishResponse: published },
    ],
    [
      "sns-query",
      () => ({ uri: uri("sns:action/Publish"), template: "", query: { TopicArn: id("topic"), Message: "a & b" } }),
      200,
      { PublishResponse: published },
    ],
    [
      "sns-unknown-topic",
      () => ({ uri: uri("sns:action/Publish"), template: "", query: { TopicArn: `${id("topic")}x`, Message: "m" } }),
      422,
      { refused: { Error: { Code: "NotFound", Message: text, Type: "Sender" }, RequestId: text } },
    ],
    [
      "events",
      () => ({
        uri: uri("events:action/PutEvents"),
        template: '{"Entries":[{"Source":"a","DetailType":"b","Detail":"$util.escapeJavaScript($input.body)"}]}',
      }),
      200,
      { Entries: [{ EventId: text }], FailedEntryCount: 0 },
    ],
    [
      "kinesis-record",
      () => ({
        uri: uri("kinesis:action/PutRecord"),
        template: '{"StreamName":"s","Data":"$util.base64Encode($input.body)","PartitionKey":"p"}',
      }),
      200,
      { SequenceNumber: text, ShardId: "shardId-000000000000" },
    ],
    [
      "kinesis-records",
      () => ({
        uri: uri("kinesis:action/PutRecords"),
        template: '{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"p"}]}',
      }),
      200,
      { FailedRecordCount: 0, Records: [{ SequenceNumber: text, ShardId: text }] },
    ],
    [
      "kinesis-unknown-stream",
      () => ({
        uri: uri("kinesis:action/PutRecord"),
        template: '{"StreamName":"no","Data":"YQ==","PartitionKey":"p"}',
      }),
      422,
      { refused: { __type: "ResourceNotFoundException", message: text } },
    ],
    [
      "states-start",
      () => ({
        uri: uri("states:action/StartExecution"),
        template: `{"stateMachineArn":"${id("pass")}","input":"$util.escapeJavaScript($input.json('$'))"}`,
      }),
      200,
      { executionArn: text, startDate: number },
    ],
    [
      "states-sync",
      () => ({
        uri: uri("states:action/StartSyncExecution"),
        template: `{"stateMachineArn":"${id("sync")}","input":"$util.escapeJavaScript($input.json('$'))"}`,
      }),
      200,
      expect.objectContaining({ status: "SUCCEEDED", output: '{"a":"b & c"}', startDate: number }),
    ],
    [
      "states-stop",
      () => ({ uri: uri("states:action/StopExecution"), template: `{"executionArn":"${id("execution")}"}` }),
      200,
      { stopDate: number },
    ],
    [
      "states-delete",
      () => ({ uri: uri("states:action/DeleteStateMachine"), template: `{"stateMachineArn":"${id("wait")}"}` }),
      200,
      {},
    ],
    [
      "states-bad-arn",
      () => ({ uri: uri("states:action/StartExecution"), template: '{"stateMachineArn":"x"}' }),
      422,
      {
        refused: { __type: "com.amazonaws.swf.service.v2.model#InvalidArn", message: text },
      },
    ],
    ["dynamodb", () => ({ uri: uri("dynamodb:action/PutItem"), template: '{"TableName":"t"}' }), 200, { Item: 1 }],
    [
      "caller",
      () => ({
        uri: uri("sts:action/GetCallerIdentity"),
        template: "Action=GetCallerIdentity&Version=2011-06-15",
        headers: form,
        credentials: "arn:aws:iam::*:user/*",
      }),
      200,
      {
        GetCallerIdentityResponse: {
          GetCallerIdentityResult: { Account: account, Arn: `arn:aws:iam::${account}:user/busbar`, UserId: text },
          ResponseMetadata: { RequestId: text },
        },
      },
    ],
    [
      "lambda",
      () => ({ uri: functionUri("f"), template: '{"in":$input.json("$.a")}' }),
      200,
      { given: { in: "b & c" } },
    ],
    [
      "lambda-error",
      () => ({ uri: functionUri("g"), template: '{"say":"418"}' }),
      422,
      { refused: expect.objectContaining({ errorMessage: "418" }) },
    ],
    [
      "lambda-error-not-whole",
      () => ({ uri: functionUri("g"), template: '{"say":"418: short and stout"}' }),
      200,
      expect.objectContaining({ errorMessage: "418: short and stout" }),
    ],
    [
      "unknown-action",
      () => ({ uri: uri("kinesis:action/NoSuchThing"), template: "{}" }),
      422,
      {
        refused: { __type: "UnknownOperationException" },
      },
    ],
    ["no-such-service", () => ({ uri: uri("s3:path/bucket/key") }), 500, { message: "Internal server error" }],
  ])("answers %s", async (name, target, status, body) => {
    expect(await answered(name, target(), '{"a":"b & c"}')).toEqual({ status, body });
  });

  it("gets the target of a JSON service from the name of the action", () => {
    expect(heard[0]?.headers).toMatchObject({ "x-amz-target": "DynamoDB_20120810.PutItem" });
    expect(heard[0]?.body).toBe('{"TableName":"t"}');
  });

  it("is a function that runs later if the header asks for it", async () => {
    got.length = 0;
    const headers = { "X-Amz-Invocation-Type": "Event" };
    expect(await answered("later", { uri: functionUri("f"), headers }, '{"n":1}')).toEqual({ status: 200, body: "" });
    await env.bus.settled();
    expect(got).toEqual([{ n: 1 }]);
  });
});
