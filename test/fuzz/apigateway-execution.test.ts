/** Damaged requests and templates at a REST API's data plane: AWS's own answers, never another 5xx, never a hang. */
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, functionUri } from "../support/apigateway.ts";
import { rawHttp } from "../support/raw-http.ts";

/** AWS's own responses when templates and functions fail. */
const knownFailures = new Set([500, 502, 504]);

let env: ApiGatewayEnvironment;
let restApiId: string;
const bugs: string[] = [];
const { error: told } = console;

beforeAll(async () => {
  // Reports what is thrown and is not one of AWS's responses.
  console.error = (...parts: unknown[]) => void bugs.push(parts.map(String).join(" "));
  env = await ApiGatewayEnvironment.start("memory", { clock: "real" });
  ({ restApiId } = await env.api());
  env.bus.registerFunction("echo", (event) => ({ statusCode: 200, body: JSON.stringify(event) }));
  const proxy = { type: "AWS_PROXY" as const, integrationHttpMethod: "POST", uri: functionUri("echo") };
  await env.method(restApiId, "ANY", "/echo/{proxy+}", proxy);
  await env.client.createDeployment({ restApiId, stageName: "dev" });
});

afterAll(async () => {
  console.error = told;
  await env.stop();
});

/** Sends bytes and returns everything until the connection ends, which it must within the time of the test. */
function exchange(bytes: Buffer): Promise<string> {
  const { port, hostname } = new URL(env.bus.endpoint);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.end(bytes);
  });
}

const odd = fc.string({ unit: "binary", maxLength: 30 });
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
const printable = fc.stringMatching(/^[\t -~\u0080-\u00ff]{0,40}$/);

describe("a request", () => {
  it("with any path, query and headers is answered as by AWS", async () => {
    const headers = fc.array(fc.tuple(token, printable), { maxLength: 8 });
    const path = fc.stringMatching(/^[!-~]{0,40}$/);
    await fc.assert(
      fc.asyncProperty(token, path, headers, async (method, target, extra) => {
        const lines = extra
          .filter(([name]) => !/^(content-length|transfer-encoding|host|expect|upgrade|connection)$/i.test(name))
          .map(([name, value]) => `${name}: ${value.trim()}\r\n`);
        const head = `${method} /dev/echo/${target} HTTP/1.1\r\nHost: ${restApiId}.execute-api.localhost\r\n`;
        const text = await exchange(Buffer.from(`${head}${lines.join("")}Connection: close\r\n\r\n`, "latin1"));
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
        expect(status).toBeGreaterThanOrEqual(200);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(bugs).toEqual([]);
  });

  it("that is damaged anywhere is answered, or its connection is closed", async () => {
    const whole = Buffer.from(
      `POST /dev/echo/a%20b?x=1&y=%41 HTTP/1.1\r\nHost: ${restApiId}.execute-api.localhost\r\nContent-Type: application/json\r\n` +
        'X-Forwarded-For: 1.2.3.4\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"a":1}',
    );
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        const text = await exchange(bytes);
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 400);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(bugs).toEqual([]);
  });
});

describe("templates and mappings", () => {
  const pieces = fc.constantFrom(
    ...["$input.body", "$input.json('$')", "$input.path('$.a')", "$input.params('x')", "$context.identity", "${", "}"],
    ...["#if($a)", "#end", "#foreach($i in [1..999])", "#set($a = $a + 'x')", "$context.requestOverride.header.X", '"'],
    ...["#set($context.responseOverride.status = 700)", "#set($context.requestOverride.header.Host = 'x')", "{", ","],
    ...[
      '"statusCode": 200',
      "$util.parseJson($input.body)",
      "$stageVariables.x",
      "$context.authorizer.claims",
      "(",
      "'",
    ],
  );
  const template = fc.array(fc.oneof(pieces, odd), { maxLength: 12 }).map((parts) => parts.join(""));
  const expression = fc.oneof(
    odd,
    fc.constantFrom(
      ...[
        "method.request.body",
        "method.request.body.a[",
        "'x\r\ny: z'",
        "context.identity.sourceIp",
        "context..",
        "''",
      ],
      ...[
        "integration.response.body.$..*",
        "stageVariables.__proto__",
        "method.request.header.__proto__",
        "method.request.",
      ],
    ),
  );

  it("of any text result in one of AWS's responses", async () => {
    const { client, bus } = env;
    const address = await env.method(restApiId, "POST", "/template", { type: "MOCK" });
    await client.putMethodResponse({
      ...address,
      statusCode: "200",
      responseParameters: { "method.response.header.X": false },
    });
    const body = fc.oneof(fc.json(), odd);
    await fc.assert(
      fc.asyncProperty(template, template, expression, body, async (request, response, mapped, sent) => {
        await client.putIntegration({
          ...address,
          type: "MOCK",
          requestTemplates: { "application/json": `{"statusCode": 200}${request}` },
        });
        const put = { ...address, statusCode: "200", responseTemplates: { "application/json": response } };
        await client
          .putIntegrationResponse({ ...put, responseParameters: { "method.response.header.X": mapped } })
          .catch(() => client.putIntegrationResponse(put));
        await client.createDeployment({ restApiId, stageName: "dev" });
        const { status } = await rawHttp(bus.endpoint, `/_aws/execute-api/${restApiId}/dev/template?x=1`, {
          method: "POST",
          headers: { Host: "localhost:4566", "Content-Type": "application/json" },
          body: sent,
        });
        expect(status >= 200 && (status < 500 || knownFailures.has(status))).toBe(true);
      }),
      { numRuns: 60, seed: 7 },
    );
    expect(bugs).toEqual([]);
  });
});
