/** Function URLs over the port: events, answers, CORS and streams. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LambdaEnvironment } from "../../support/lambda.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

describe("function URLs", () => {
  let env: LambdaEnvironment;
  beforeAll(async () => {
    env = await LambdaEnvironment.start();
  });
  afterAll(() => env.stop());

  /** Asks a URL by its host name, whatever a resolver would say of that. */
  const ask = (
    url: string,
    path = "/",
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) =>
    new Promise<Answer>((resolve, reject) => {
      const { host } = new URL(url);
      const { port } = new URL(env.bus.endpoint);
      const { method = "GET", headers = {}, body } = options;
      const asked = request({ host: "127.0.0.1", port, path, method, headers: { host, ...headers } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString() }),
        );
      });
      asked.on("error", reject);
      asked.end(body);
    });

  const made = async (code: string, more: object = {}) => {
    const { FunctionName } = await env.create(code);
    const { FunctionUrl = "" } = await env.lambda.createFunctionUrlConfig({ FunctionName, AuthType: "NONE", ...more });
    return FunctionUrl;
  };

  it("give functions an event of format 2.0", async () => {
    const url = await made(`export const handler = async (event) => event;`);
    const { status, body, headers } = await ask(url, "/a%20b/c?x=1&x=2&y=", {
      method: "POST",
      headers: { cookie: "a=1; b=2", "content-type": "application/json", "X-Own": "1" },
      body: '{"a":1}',
    });
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
    const event = JSON.parse(body) as Record<string, unknown>;
    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "$default",
      rawPath: "/a%20b/c",
      rawQueryString: "x=1&x=2&y=",
      cookies: ["a=1", "b=2"],
      queryStringParameters: { x: "1,2", y: "" },
      headers: { "x-own": "1", "x-forwarded-proto": "http", host: new URL(url).host },
      requestContext: {
        accountId: "anonymous",
        apiId: new URL(url).host.split(".")[0],
        http: { method: "POST", path: "/a b/c", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
        stage: "$default",
      },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
    expect(headers["x-amzn-requestid"]).toBe((event["requestContext"] as { requestId: string }).requestId);
    const binary = await ask(url, "/", {
      method: "PUT",
      headers: { "content-type": "image/png" },
      body: "\u0001\u0002",
    });
    expect(JSON.parse(binary.body)).toMatchObject({ body: "AQI=", isBase64Encoded: true });
    const bare = JSON.parse((await ask(url)).body) as Record<string, unknown>;
    for (const member of ["body", "cookies", "queryStringParameters"]) expect(bare).not.toHaveProperty(member);
    const traceId = "1-[0-9a-f]{8}-[0-9a-f]{24}";
    const trace = expect.stringMatching(new RegExp(`^Self=${traceId};Root=${traceId}$`));
    expect(bare).toMatchObject({ headers: { "content-length": "0", "x-amzn-trace-id": trace } });
    const sent = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    const traced = JSON.parse((await ask(url, "/", { headers: { "x-amzn-trace-id": sent } })).body);
    expect(traced.headers["x-amzn-trace-id"]).toMatch(new RegExp(`^Self=${traceId};${sent}$`));
  });

  it("answer at a path too, for clients without DNS", async () => {
    const url = await made(`export const handler = async (event) => event.rawPath;`);
    const answer = await fetch(`${env.bus.endpoint}/_lambda-url/${new URL(url).host.split(".")[0]}/by/path`);
    expect(await answer.text()).toBe("/by/path");
  });

  it.each([
    ["a text", `"hello"`, 200, "hello"],
    ["an object", `({ a: 1 })`, 200, '{"a":1}'],
    ["null", `null`, 200, "null"],
    ["a body that is no text", `({ statusCode: 200, body: { a: 1 } })`, 200, '{"a":1}'],
    ["a status of its own", `({ statusCode: "404", body: "gone" })`, 404, "gone"],
    ["base64", `({ statusCode: 200, body: "aGk=", isBase64Encoded: true })`, 200, "hi"],
    ["a status that is none", `({ statusCode: 700, body: "x" })`, 502, "Internal Server Error"],
  ])("answer %s", async (_name, value, status, body) => {
    const url = await made(`export const handler = async () => (${value});`);
    expect(await ask(url)).toMatchObject({ status, body });
  });

  it("answer errors, headers and cookies", async () => {
    const fails = await made(`export const handler = async () => { throw new Error("no"); };`);
    expect(await ask(fails)).toMatchObject({
      status: 502,
      body: "Internal Server Error",
      headers: { "content-type": "application/json" },
    });
    const url = await made(
      `export const handler = async () => ({ statusCode: 201, headers: { "Set-Cookie": "h=1", "X-Map": { on: true } }, cookies: ["c=2"], body: "" });`,
    );
    const { status, headers } = await ask(url);
    expect(status).toBe(201);
    expect(headers["set-cookie"]).toEqual(["h=1", "c=2"]);
    expect(headers["x-map"]).toBe("{on=true}");
  });

  it("refuse unknown ids, and unsigned requests if a signature is required", async () => {
    const url = await made(`export const handler = async () => 1;`, { AuthType: "AWS_IAM" });
    for (const one of [url, url.replace(/\/\/\w{32}/, `//${"a".repeat(32)}`)]) {
      expect(await ask(one)).toMatchObject({
        status: 403,
        body: '{"Message":null}',
        headers: { "x-amzn-errortype": "AccessDeniedException" },
      });
    }
    const headers = {
      authorization: "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, Signature=0",
    };
    expect(await ask(url, "/", { headers })).toMatchObject({ status: 200, body: "1" });
  });

  it("answer preflights themselves, and add CORS headers to the rest", async () => {
    const url = await made(
      `export const handler = async () => ({ statusCode: 200, headers: { "Access-Control-Expose-Headers": "X-A" }, body: "run" });`,
      {
        Cors: {
          AllowOrigins: ["https://app.example"],
          AllowMethods: ["GET", "PUT"],
          AllowHeaders: ["x-a", "x-b"],
          ExposeHeaders: ["X-B"],
          MaxAge: 60,
          AllowCredentials: true,
        },
      },
    );
    const origin = "https://app.example";
    const preflight = await ask(url, "/", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "PUT" },
    });
    expect(preflight).toMatchObject({
      status: 200,
      body: "",
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-headers": "x-a,x-b",
        "access-control-allow-methods": "GET,PUT",
        "access-control-max-age": "60",
        "access-control-allow-credentials": "true",
        vary: "Origin",
      },
    });
    expect(await ask(url, "/", { method: "OPTIONS", headers: { origin } })).toMatchObject({ body: "run" });
    expect(await ask(url, "/", { headers: { origin } })).toMatchObject({
      body: "run",
      headers: { "access-control-allow-origin": origin, "access-control-expose-headers": "X-A,X-B" },
    });
    const { headers } = await ask(url);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("stream with a prelude, and without", async () => {
    const InvokeMode = "RESPONSE_STREAM";
    const prelude = await made(
      `export const handler = awslambda.streamifyResponse(async (event, stream) => {
        const out = awslambda.HttpResponseStream.from(stream, { statusCode: 418, headers: { "X-A": "1" }, cookies: ["a=1"] });
        out.write("tea"); out.write("pot"); out.end();
      });`,
      { InvokeMode },
    );
    expect(await ask(prelude)).toMatchObject({
      status: 418,
      body: "teapot",
      headers: { "x-a": "1", "set-cookie": ["a=1"] },
    });
    const plain = await made(
      `export const handler = awslambda.streamifyResponse(async (event, stream) => {
        stream.setContentType("text/html"); stream.write("<p>"); throw new Error("late");
      });`,
      { InvokeMode },
    );
    expect(await ask(plain)).toMatchObject({ status: 200, body: "<p>", headers: { "content-type": "text/html" } });
    const buffered = await made(`export const handler = async () => ({ statusCode: 200, body: "whole" });`, {
      InvokeMode,
    });
    expect(await ask(buffered)).toMatchObject({ status: 200, body: "whole" });
  });
});
