import { describe, expect, it } from "vitest";
import type { WireRequest } from "../../../protocols/protocol.ts";
import { claimOf, form, REQUEST_ID, request, signedFor } from "../../support/wire.ts";

function describeClaim(wire: WireRequest): string {
  const found = claimOf(wire);
  if ("error" in found) return `${found.error.name} ${found.error.queryStatus} in ${found.protocol.name}`;
  return `${found.service.name} ${found.operation.name} in ${found.protocol.name}`;
}

const json = (target: string, type = "application/x-amz-json-1.0") =>
  request({ headers: { "x-amz-target": target, "content-type": type }, body: "{}" });

describe("claim", () => {
  it.each<[string, WireRequest]>([
    ["sqs SendMessage in awsJson1_0", json("AmazonSQS.SendMessage")],
    ["kinesis PutRecord in awsJson1_1", json("Kinesis_20131202.PutRecord", "application/x-amz-json-1.1")],
    ["kinesis PutRecord in awsCbor1_1", json("Kinesis_20131202.PutRecord", "application/x-amz-cbor-1.1")],
    ["UnknownOperationException 404 in awsJson", json("Kinesis_20131202.PutRecord", "application/json")],
    ["UnknownOperationException 400 in awsJson1_0", json("AmazonSQS.Nonsense")],
    ["NotImplemented 501 in awsJson1_1", json("DynamoDB_20120810.GetItem", "application/x-amz-json-1.1")],
    ["UnknownOperationException 400 in awsJson1_1", json("Nobodys.GetItem", "application/x-amz-json-1.1")],
    [
      "UnknownOperationException 400 in awsJson1_0",
      request({ headers: { "content-type": "application/x-amz-json-1.0" } }),
    ],
    ["sqs SendMessage in awsJson1_0", { ...json("AmazonSQS.SendMessage"), path: "/000000000000/orders" }],
    [
      "sqs SendMessage in rpcv2Cbor",
      request({ url: "/service/AmazonSQS/operation/SendMessage", headers: { "smithy-protocol": "rpc-v2-cbor" } }),
    ],
    [
      "sqs SendMessage in rpcv2Cbor",
      request({
        url: "/base/service/com.amazonaws.sqs.AmazonSQS/operation/SendMessage",
        headers: { "smithy-protocol": "rpc-v2-cbor" },
      }),
    ],
    [
      "UnknownOperationException 400 in rpcv2Cbor",
      request({
        url: "/service/AmazonSQS/operation/SendMessage",
        headers: { "smithy-protocol": "rpc-v2-cbor", "x-amz-target": "AmazonSQS.SendMessage" },
      }),
    ],
    ["sns Publish in awsQuery", form({ Action: "Publish", Version: "2010-03-31" })],
    ["sns TagResource in awsQuery", form({ Action: "TagResource", Version: "2010-03-31" })],
    ["sqs AddPermission in awsQuery", form({ Action: "AddPermission", Version: "2012-11-05" })],
    ["sns AddPermission in awsQuery", form({ Action: "AddPermission" }, { headers: signedFor("sns") })],
    ["sqs AddPermission in awsQuery", form({ Action: "AddPermission" }, { url: "/000000000000/orders" })],
    [
      "sqs AddPermission in awsQuery",
      form({ Action: "AddPermission" }, { headers: { host: "sqs.eu-west-1.amazonaws.com" } }),
    ],
    ["sns Unsubscribe in awsQuery", request({ method: "GET", url: "/?Action=Unsubscribe&SubscriptionArn=x" })],
    ["sns ConfirmSubscription in awsQuery", request({ method: "GET", url: "/?Action=ConfirmSubscription&Token=x" })],
    [
      "sts GetCallerIdentity in awsQuery",
      request({ method: "GET", url: "/?Action=GetCallerIdentity&Version=2011-06-15" }),
    ],
    [
      "sqs GetQueueAttributes in awsQuery",
      request({ method: "GET", url: "/000000000000/q?Action=GetQueueAttributes" }),
    ],
    ["UnknownOperationException 404 in awsQuery", request({ method: "GET", url: "/000000000000/orders" })],
    [
      "InvalidAction 400 in awsQuery",
      request({ method: "GET", url: "/000000000000/orders?Action=ListQueues&Version=2012-11-05" }),
    ],
    [
      "InvalidAction 400 in awsQuery",
      form({ Action: "CreateQueue", Version: "2012-11-05", QueueName: "q" }, { url: "/000000000000/orders" }),
    ],
    ["MissingAction 400 in awsQuery", form({ Version: "2010-03-31" })],
    ["NotImplemented 501 in awsQuery", form({ Action: "TagResource" }, { headers: signedFor("iam") })],
    ["MalformedQueryString 404 in awsQuery", request({ method: "GET", url: "/?Action=%zz" })],
    ["scheduler ListSchedules in restJson1", request({ method: "GET", url: "/schedules?MaxResults=1" })],
    ["scheduler TagResource in restJson1", request({ url: "/tags/arn%3Aaws", headers: signedFor("scheduler") })],
    ["pipes TagResource in restJson1", request({ url: "/tags/arn%3Aaws", headers: signedFor("pipes") })],
    // botocore posts a document without a type.
    [
      "apigateway ImportRestApi in restJson1",
      request({ url: "/restapis?mode=import", headers: signedFor("apigateway"), body: '{"swagger":"2.0"}' }),
    ],
    [
      "apigateway CreateRestApi in restJson1",
      request({ url: "/restapis", headers: signedFor("apigateway"), body: "a=b" }),
    ],
    [
      "UnknownOperationException 404 in restJson1",
      request({ url: "/nothing", headers: signedFor("apigateway"), body: '{"swagger":"2.0"}' }),
    ],
    ["pipes StopPipe in restJson1", request({ url: "/v1/pipes/p/stop", headers: signedFor("pipes") })],
    [
      "UnknownOperationException 404 in restJson1",
      request({ url: "/v2/pipes", method: "GET", headers: signedFor("pipes") }),
    ],
    ["NotImplemented 501 in s3", request({ url: "/bucket/key", method: "PUT", headers: signedFor("s3") })],
    ["NotImplemented 501 in ec2", form({ Action: "RunInstances" }, { headers: signedFor("ec2") })],
    ["NotImplemented 501 in restXml", request({ url: "/2013-04-01/hostedzone", headers: signedFor("route53") })],
    ["NotImplemented 501 in restJson1", request({ url: "/v1/apis", method: "GET", headers: signedFor("appsync") })],
    ["NotImplemented 501 in restJson1", request({ url: "/", method: "GET", headers: signedFor("brand-new") })],
    [
      "NotImplemented 501 in rpcv2Cbor",
      request({
        url: "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        headers: { "smithy-protocol": "rpc-v2-cbor" },
      }),
    ],
    [
      "NotImplemented 501 in s3",
      request({ url: "/key", method: "GET", headers: { host: "photos.s3.localhost.localstack.cloud:4566" } }),
    ],
    [
      "UnknownOperationException 404 in awsQuery",
      request({ url: "/key", method: "GET", headers: { host: "s3:4566" } }),
    ],
  ])("%s", (expected, wire) => {
    expect(describeClaim(wire)).toBe(expected);
  });

  it("words unknown actions as the service does", () => {
    const message = (parameters: Record<string, string>, service: string) => {
      const found = claimOf(form(parameters, { headers: signedFor(service) }));
      return "error" in found ? found.error.message : "";
    };
    expect(message({ Action: "FooBar" }, "sqs")).toBe("The action FooBar is not valid for this endpoint.");
    expect(message({ Action: "FooBar", Version: "2010-03-31" }, "sns")).toBe(
      "Could not find operation FooBar for version 2010-03-31",
    );
  });

  it("answers a bare queue URL in XML", () => {
    const wire = request({ method: "GET", url: "/000000000000/orders", headers: { accept: "application/json" } });
    const found = claimOf(wire);
    if (!("error" in found)) throw new Error("claimed");
    const { status, body } = found.protocol.encodeError(found.error, REQUEST_ID, found.service, wire);
    expect({ status, body }).toEqual({ status: 404, body: "<UnknownOperationException/>" });
  });
});
