/** What REST APIs answer with what a function gives, and what becomes of bytes on their way to a back end and from it. */
import { connect } from "node:net";
import type { APIGateway, ContentHandlingStrategy } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, functionUri } from "../../support/apigateway.ts";
import { type RawCall, rawHttp } from "../../support/raw-http.ts";
import { until } from "../../support/until.ts";
import { webServer } from "../../support/web-server.ts";

let env: ApiGatewayEnvironment;
let client: APIGateway;
beforeAll(async () => {
  env = await ApiGatewayEnvironment.start();
  client = env.client;
});
afterAll(() => env.stop());

const call = (restApiId: string, path: string, given: RawCall = {}) =>
  rawHttp(env.bus.endpoint, `/_aws/execute-api/${restApiId}/dev${path}`, given);

describe("a function's result", () => {
  let restApiId = "";
  let says: unknown;
  let calls = 0;

  beforeAll(async () => {
    restApiId = (await env.api()).restApiId;
    env.bus.registerFunction("says", () => {
      calls += 1;
      if (says instanceof Error) throw says;
      return says;
    });
    await env.method(restApiId, "GET", "/a", {
      ...{ type: "AWS_PROXY", integrationHttpMethod: "POST", uri: functionUri("says") },
    });
    await client.createDeployment({ restApiId, stageName: "dev" });
  });

  it("lets others have their turn, however many requests a client sends at once", async () => {
    says = { statusCode: 200 };
    calls = 0;
    const { hostname, port } = new URL(env.bus.endpoint);
    const socket = connect(Number(port), hostname).resume();
    const request = `GET /_aws/execute-api/${restApiId}/dev/a HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    socket.write(request.repeat(1_000));
    await until(() => calls > 0);
    expect((await fetch(`${env.bus.endpoint}/_busbar/health`)).status).toBe(200);
    expect(calls).toBeLessThan(500);
    await until(() => calls === 1_000);
    socket.destroy();
  });

  const json = "application/json";
  const malformed = [502, json, '{"message":"Internal server error"}'] as const;
  it.each<[result: unknown, status: number, type: string, body: string]>([
    [{ statusCode: 201, body: "x" }, 201, json, "x"],
    [{ statusCode: 200, headers: { "Content-Type": "text/html" }, body: "<p>" }, 200, "text/html", "<p>"],
    [{ statusCode: 200, multiValueHeaders: { "content-type": ["text/css"] }, body: "a" }, 200, "text/css", "a"],
    [{ statusCode: "203", body: "x" }, 203, json, "x"],
    [{ statusCode: 418 }, 418, json, ""],
    [{ statusCode: 204, body: null }, 204, json, ""],
    [{ body: "x" }, 200, json, "x"],
    [{ statusCode: 200, body: "aGk=", isBase64Encoded: true }, 200, json, "aGk="],
    [{}, 200, json, ""],
    [{ statusCode: 99 }, ...malformed],
    [{ statusCode: 600 }, ...malformed],
    [{ statusCode: 200.5 }, ...malformed],
    [{ statusCode: "many" }, ...malformed],
    [{ statusCode: 200, body: 7 }, ...malformed],
    [{ statusCode: 200, body: true }, ...malformed],
    [{ statusCode: 200, body: {} }, ...malformed],
    [{ statusCode: 200, headers: { a: {} } }, ...malformed],
    [{ statusCode: 200, headers: "a" }, ...malformed],
    [{ statusCode: 200, multiValueHeaders: { a: "x" } }, ...malformed],
    [{ statusCode: 200, cookies: ["a=1"] }, ...malformed],
    ["text", ...malformed],
    [7, ...malformed],
    [[{ statusCode: 200 }], ...malformed],
    [null, ...malformed],
    [new Error("no"), ...malformed],
  ])("%j", async (result, status, type, body) => {
    says = result;
    const answer = await call(restApiId, "/a");
    expect([answer.status, answer.header("content-type"), answer.text]).toEqual([status, type, body]);
    const errorType = status === 502 ? "InternalServerErrorException" : undefined;
    expect(answer.header("x-amzn-errortype")).toBe(errorType);
  });
});

describe("bytes", () => {
  const png = "image/png";
  const bytes = Buffer.from([0x89, 0x50, 0xff, 0x00]);
  /** `hello` in base64, which is a text as well. */
  const text = Buffer.from("aGVsbG8=");
  const hello = Buffer.from("hello");
  const handlings: (ContentHandlingStrategy | undefined)[] = [undefined, "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"];
  let backend: Awaited<ReturnType<typeof webServer>>;
  const got: Buffer[] = [];
  let restApiId = "";

  beforeAll(async () => {
    backend = await webServer(({ url, body }) => {
      got.push(Buffer.from(body, "latin1"));
      const isText = url.endsWith("text");
      return { headers: { "content-type": isText ? "text/plain" : png }, body: isText ? text : bytes };
    }, "latin1");
    const api = await client.createRestApi({ name: "bytes", binaryMediaTypes: [png] });
    restApiId = api.id as string;
    for (const handling of handlings) {
      for (const kind of ["text", "bytes"]) {
        const integration = { type: "HTTP", integrationHttpMethod: "POST", uri: `${backend.url}/${kind}` } as const;
        const path = `/${handling ?? "none"}/${kind}`;
        const address = await env.method(restApiId, "POST", path, { ...integration, contentHandling: handling });
        await client.putMethodResponse({ ...address, statusCode: "200" });
        await client.putIntegrationResponse({ ...address, statusCode: "200", contentHandling: handling });
      }
    }
    await client.createDeployment({ restApiId, stageName: "dev" });
  });
  afterAll(() => backend.close());

  const shown = (body: Buffer) => body.toString("latin1");
  const inBase64 = Buffer.from(bytes.toString("base64"));

  // The rows and columns of AWS's tables of content type conversions.
  it.each([
    ["text/plain", undefined, text],
    ["text/plain", "CONVERT_TO_TEXT", text],
    ["text/plain", "CONVERT_TO_BINARY", hello],
    [png, undefined, bytes],
    [png, "CONVERT_TO_TEXT", inBase64],
    [png, "CONVERT_TO_BINARY", bytes],
  ])("of a request of %s reach the backend with %s", async (type, handling, expected) => {
    got.length = 0;
    const body = type === png ? bytes : text;
    await call(restApiId, `/${handling ?? "none"}/text`, { method: "POST", headers: { "Content-Type": type }, body });
    expect(got.map(shown)).toEqual([shown(expected)]);
  });

  it.each([
    ["text", "text/plain", undefined, text],
    ["text", "text/plain", "CONVERT_TO_TEXT", text],
    ["text", "text/plain", "CONVERT_TO_BINARY", hello],
    ["text", png, undefined, hello],
    ["text", png, "CONVERT_TO_TEXT", text],
    ["text", png, "CONVERT_TO_BINARY", hello],
    ["bytes", "text/plain", undefined, inBase64],
    ["bytes", "text/plain", "CONVERT_TO_TEXT", inBase64],
    ["bytes", "text/plain", "CONVERT_TO_BINARY", bytes],
    ["bytes", png, undefined, bytes],
    ["bytes", png, "CONVERT_TO_TEXT", inBase64],
    ["bytes", png, "CONVERT_TO_BINARY", bytes],
  ])("of a backend's %s reach a client that accepts %s with %s", async (kind, accept, handling, expected) => {
    const headers = { Accept: accept, "Content-Type": png };
    const path = `/${handling ?? "none"}/${kind}`;
    const answer = await call(restApiId, path, { method: "POST", headers, body: inBase64 });
    expect([answer.status, shown(answer.body)]).toEqual([200, shown(expected)]);
  });

  it("that should be decoded but are not base64 fail the call", async () => {
    const given = { method: "POST", headers: { "Content-Type": "text/plain" }, body: "*!*" };
    const answer = await call(restApiId, "/CONVERT_TO_BINARY/text", given);
    expect([answer.status, answer.text]).toEqual([500, '{"message":"Internal server error"}']);
  });
});
