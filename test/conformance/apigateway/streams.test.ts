/** REST APIs whose answers stream: of functions and of HTTP back ends, as they come and of any length. */
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Lambda } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri } from "../../support/apigateway.ts";
import { zipOf } from "../../support/lambda.ts";
import { rawHttp } from "../../support/raw-http.ts";
import { refused } from "../../support/refusal.ts";

const streamUri = (name: string) =>
  `arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/arn:aws:lambda:us-east-1:${account}:function:${name}/response-streaming-invocations`;

/** What the function does is chosen by the path. */
const code = `
const { HttpResponseStream } = awslambda;
export const handler = awslambda.streamifyResponse(async ({ path }, stream) => {
  if (path === "/f/raw") return stream.end("no head");
  if (path === "/f/broken") { stream.setContentType("application/vnd.awslambda.http-integration-response"); return stream.end("{}"); }
  const out = HttpResponseStream.from(stream, {
    statusCode: 201,
    headers: { "Content-Type": "text/event-stream", "X-One": "1", Server: "mine" },
    multiValueHeaders: { "X-Two": ["a", "b"] },
    cookies: ["c=1", "d=2"],
  });
  out.write("first;");
  if (path === "/f/late") throw new Error("late");
  for (let at = 0; at < 11; at++) out.write("x".repeat(1024 * 1024));
  out.end("last");
});`;

describe("a streamed answer", () => {
  let env: ApiGatewayEnvironment;
  let restApiId: string;
  let answering: (response: ServerResponse) => void = () => {};
  const backEnd = createServer((_request, response) => answering(response));

  beforeAll(async () => {
    env = await ApiGatewayEnvironment.start("memory", { clock: "real" });
    ({ restApiId } = await env.api());
    await new Promise<void>((resolve) => backEnd.listen(0, "127.0.0.1", resolve));
    const lambda = new Lambda(env.bus.clientConfig());
    await lambda.createFunction({
      FunctionName: "streaming",
      Role: `arn:aws:iam::${account}:role/r`,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Code: { ZipFile: await zipOf({ "index.mjs": code }) },
      Timeout: 30,
    });
    await lambda.addPermission({
      FunctionName: "streaming",
      StatementId: "s",
      Action: "lambda:InvokeFunction",
      Principal: "apigateway.amazonaws.com",
    });
    lambda.destroy();
    env.bus.registerFunction("whole", () => ({ statusCode: 202, body: "whole" }));
    const proxy = { type: "AWS_PROXY", integrationHttpMethod: "POST", responseTransferMode: "STREAM" } as const;
    await env.method(restApiId, "GET", "/f/{what}", { ...proxy, uri: streamUri("streaming") });
    await env.method(restApiId, "GET", "/whole", { ...proxy, uri: functionUri("whole") });
    await env.method(restApiId, "GET", "/http", {
      type: "HTTP_PROXY",
      integrationHttpMethod: "GET",
      uri: `http://127.0.0.1:${(backEnd.address() as AddressInfo).port}/`,
      responseTransferMode: "STREAM",
      timeoutInMillis: 600_000,
    });
    await env.client.createDeployment({ restApiId, stageName: "dev" });
  });

  afterAll(async () => {
    await env.stop();
    backEnd.closeAllConnections();
    await new Promise((resolve) => backEnd.close(resolve));
  });

  const path = (to: string) => `/_aws/execute-api/${restApiId}/dev${to}`;
  const opened = (to: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      get(`${env.bus.endpoint}${path(to)}`, { agent: false }, resolve).on("error", reject);
    });

  it("of a function has its head, and a body of more than any payload may have", async () => {
    const answer = await opened("/f/long");
    expect(answer.statusCode).toBe(201);
    expect(answer.headers).toMatchObject({
      "content-type": "text/event-stream",
      "x-one": "1",
      "x-two": "a, b",
      "x-amzn-remapped-server": "mine",
      "set-cookie": ["c=1", "d=2"],
      "transfer-encoding": "chunked",
      "x-amzn-requestid": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    let length = 0;
    let text = "";
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (length === 0) text = chunk.toString("latin1", 0, 6);
      length += chunk.length;
    }
    expect([text, length]).toEqual(["first;", 6 + 11 * 1024 * 1024 + 4]);
  });

  it("of a function that fails after its head ends with what has arrived", async () => {
    const { status, text } = await rawHttp(env.bus.endpoint, path("/f/late"));
    expect([status, text]).toEqual([201, "first;"]);
  });

  it.each(["/f/raw", "/f/broken"])("of %s is malformed without a head", async (to) => {
    const { status, text } = await rawHttp(env.bus.endpoint, path(to));
    expect([status, text]).toEqual([502, '{"message":"Internal server error"}']);
  });

  it("of a function that does not stream is sent as a whole", async () => {
    const { status, text } = await rawHttp(env.bus.endpoint, path("/whole"));
    expect([status, text]).toEqual([202, "whole"]);
  });

  it("of a backend arrives before the backend has ended", async () => {
    let end = () => {};
    answering = (response) => {
      response.writeHead(206, { "Content-Type": "text/plain", Server: "mine" });
      response.write("one");
      end = () => response.end("two");
    };
    const answer = await opened("/http");
    expect([answer.statusCode, answer.headers["x-amzn-remapped-server"]]).toEqual([206, "mine"]);
    const chunks: string[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk.toString());
      if (chunks.length === 1) end();
    }
    expect(chunks).toEqual(["one", "two"]);
  });

  it("breaks off when the backend does", async () => {
    answering = (response) => {
      response.write("one");
      setImmediate(() => response.destroy());
    };
    const answer = await opened("/http");
    await expect(answer.resume().toArray()).rejects.toThrow();
  });

  it("is only for proxies, and may take fifteen minutes", async () => {
    const resourceId = await env.resource(restApiId, "/refused");
    const address = { restApiId, resourceId, httpMethod: "GET" };
    await env.client.putMethod({ ...address, authorizationType: "NONE" });
    const put = (more: object) =>
      env.client.putIntegration({ ...address, type: "MOCK", responseTransferMode: "STREAM", ...more });
    expect(await refused(put({}))).toMatchObject({ name: "BadRequestException" });
    const http = { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri: "http://localhost/" };
    expect(await put({ ...http, timeoutInMillis: 900_000 })).toMatchObject({ responseTransferMode: "STREAM" });
    expect(await refused(put({ ...http, timeoutInMillis: 900_001 }))).toMatchObject({ name: "BadRequestException" });
  });
});
