/** What the front ends of AWS's JSON services answer to pages, and to requests that are no calls of their protocol. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCbor } from "../../protocols/cbor-bytes.ts";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { type RawCall, rawHttp } from "../support/raw-http.ts";
import { signedFor } from "../support/wire.ts";

let bus: Busbar;
beforeAll(async () => {
  bus = await createBusbar();
});
afterAll(() => bus.close());

const ask = (call: RawCall, path = "/") => rawHttp(bus.endpoint, path, call);
const requestId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const origin = "http://localhost:3000";
const exposed = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date";
const json = "application/x-amz-json-1.1";

describe("a preflight is any OPTIONS with an Origin", () => {
  it.each<[string, Record<string, string>, string | undefined, string | undefined]>([
    ["asks for nothing", {}, undefined, undefined],
    ["asks for a method", { "access-control-request-method": "DELETE" }, "DELETE", undefined],
    ["asks for headers", { "access-control-request-headers": "X-My, x-amz-date" }, undefined, "X-My, x-amz-date"],
    ["is signed", { ...signedFor("states"), "access-control-request-method": "POST" }, "POST", undefined],
    ["names a target", { "x-amz-target": "AWSEvents.PutRule" }, undefined, undefined],
  ])("%s", async (_name, headers, methods, allowed) => {
    const answer = await ask({ method: "OPTIONS", headers: { origin, ...headers } });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect({
      origin: answer.header("access-control-allow-origin"),
      methods: answer.header("access-control-allow-methods"),
      headers: answer.header("access-control-allow-headers"),
      age: answer.header("access-control-max-age"),
      exposed: answer.header("access-control-expose-headers"),
    }).toEqual({ origin: "*", methods, headers: allowed, age: "172800", exposed });
    expect(answer.header("x-amzn-requestid")).toMatch(requestId);
  });

  it("of a page that is not accepted gets no such answer", async () => {
    const headers = { origin: "https://elsewhere.example", "access-control-request-method": "POST" };
    const answer = await ask({ method: "OPTIONS", headers });
    expect([answer.status, answer.header("access-control-allow-origin")]).toEqual([403, undefined]);
  });
});

it.each([
  ["Kinesis_20131202.ListStreams", 200, exposed],
  ["AWSStepFunctions.DescribeStateMachine", 400, exposed],
  // JavaScript finds the name of SQS's error there.
  ["AmazonSQS.GetQueueUrl", 400, `${exposed},x-amzn-query-error`],
])("an answer of %s lets a page read its headers", async (target, status, headers) => {
  const type = target.startsWith("Kinesis") ? json : "application/x-amz-json-1.0";
  const call = { method: "POST", headers: { origin, "x-amz-target": target, "content-type": type }, body: "{}" };
  const answer = await ask(call);
  expect([answer.status, answer.header("access-control-allow-origin")]).toEqual([status, "*"]);
  expect(answer.header("access-control-expose-headers")).toBe(headers);
});

const targets = ["Kinesis_20131202.ListStreams", "AWSEvents.ListRules", "AWSStepFunctions.ListActivities"];
const bodies = ["", "null", "[]", "7", '"text"', "{", "[{}]"];

describe("a body that is no map is SerializationException", () => {
  it.each(targets.flatMap((target) => bodies.map((body) => [target, body])))("%s with %j", async (target, body) => {
    const version = target.startsWith("AWSStep") ? "1.0" : "1.1";
    const headers = { "x-amz-target": target, "content-type": `application/x-amz-json-${version}` };
    const answer = await ask({ method: "POST", headers, body });
    const type = target.startsWith("AWSStep")
      ? "com.amazon.coral.service#SerializationException"
      : "SerializationException";
    expect([answer.status, answer.text]).toEqual([400, JSON.stringify({ __type: type })]);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["null", Buffer.of(0xf6)],
    ["a list", Buffer.of(0x80)],
    ["a number", Buffer.of(0x07)],
  ])("in CBOR, with %s", async (_name, body) => {
    const type = "application/x-amz-cbor-1.1";
    const headers = { "x-amz-target": "Kinesis_20131202.ListStreams", "content-type": type };
    const answer = await ask({ method: "POST", headers, body });
    expect([answer.status, answer.header("content-type")]).toEqual([400, type]);
    expect(readCbor(answer.body)).toEqual(new Map([["__type", "SerializationException"]]));
  });
});

const denied =
  "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n";
const unknown = "<UnknownOperationException/>\n";
const output = '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}';

describe("a request that is no call of a JSON service", () => {
  const form = "application/x-www-form-urlencoded";
  const signed = signedFor("kinesis");
  const target = { "x-amz-target": "Kinesis_20131202.ListStreams" };
  const action = "Action=ListStreams&Version=2013-12-02";

  it.each<[string, RawCall & { path?: string }, number, string]>([
    ["another method, signed", { method: "GET", headers: signed }, 403, denied],
    ["another method, with a target", { method: "PUT", headers: { ...target, "content-type": json } }, 403, denied],
    ["another method, by host", { method: "DELETE", headers: { host: "events.eu-west-1.amazonaws.com" } }, 403, denied],
    ["an action in the query", { path: `/?${action}`, headers: signedFor("states") }, 403, denied],
    [
      "an action in a form",
      { method: "POST", headers: { ...signed, "content-type": form }, body: action },
      403,
      denied,
    ],
    ["a form, no target", { method: "POST", headers: { ...signed, "content-type": form }, body: "x=1" }, 403, denied],
    [
      "text, no target",
      { method: "POST", headers: { ...signed, "content-type": "text/plain" }, body: "{}" },
      403,
      denied,
    ],
    ["no type, no target", { method: "POST", headers: signed, body: "{}" }, 403, denied],
    [
      "a form, with a target",
      { method: "POST", headers: { ...target, "content-type": form }, body: "{}" },
      404,
      unknown,
    ],
    ["text, with a target", { method: "POST", headers: { ...target, "content-type": "text/plain" } }, 404, unknown],
    ["no type, with a target", { method: "POST", headers: target, body: "{}" }, 404, unknown],
    [
      "application/json, with a target",
      { method: "POST", headers: { "x-amz-target": "AWSEvents.ListRules", "content-type": "application/json" } },
      404,
      output,
    ],
    [
      "application/json, no target",
      { method: "POST", headers: { ...signed, "content-type": "application/json; charset=utf-8" }, body: "{}" },
      404,
      output,
    ],
    [
      "another service's operation",
      { method: "POST", headers: { "x-amz-target": "AWSEvents.ListStreams", "content-type": json }, body: "" },
      400,
      '{"__type":"UnknownOperationException"}',
    ],
    [
      "no target",
      { method: "POST", headers: { ...signed, "content-type": json } },
      400,
      '{"__type":"UnknownOperationException"}',
    ],
  ])("%s", async (_name, { path, ...call }, status, text) => {
    const answer = await ask(call, path);
    expect([answer.status, answer.text]).toEqual([status, text]);
    expect(answer.header("x-amzn-requestid")).toMatch(requestId);
  });

  it("does not name a service if nothing tells, as other services share the endpoint", async () => {
    expect((await ask({ method: "POST", headers: { "content-type": form }, body: "x=1" })).text).toContain(
      "MissingAction",
    );
    expect((await ask({ method: "PUT" })).text).toContain("UnknownOperationException");
  });
});
