/** Which headers get to back ends and to clients, mapped or not, by the type of the integration. */
import type { IntegrationType } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, functionUri } from "../../support/apigateway.ts";
import { rawHttp } from "../../support/raw-http.ts";
import { webServer } from "../../support/web-server.ts";

const passing = [
  ...["Accept", "Accept-Charset", "Accept-Encoding", "Age", "Authorization", "Content-Encoding", "Content-MD5"],
  ...["Content-Type", "Date", "Host", "Max-Forwards", "Pragma", "Range", "Referer", "Server", "Trailer", "Upgrade"],
  ...["User-Agent", "Warn", "WWW-Authenticate", "X-Any"],
];
const dropped = ["Connection", "Proxy-Authenticate", "TE", "Via", "Expect"];
const failing = ["Content-Length", "Transfer-Encoding"];
const failingForServices = ["Authorization", "Connection", "Content-Length", "Expect", "Proxy-Authenticate", "TE"];
const all = [...new Set([...passing, ...dropped, ...failing])];

const remapped = [
  ...["Authorization", "Connection", "Content-Length", "Content-MD5", "Date", "Expect", "Host", "Max-Forwards"],
  ...["Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent", "WWW-Authenticate"],
];
const kept = ["Age", "Content-Encoding", "Pragma", "Range", "Referer", "TE", "Via", "Warn", "X-Any"];

let env: ApiGatewayEnvironment;
let backEnd: Awaited<ReturnType<typeof webServer>>;
let restApiId: string;

/** Paths are the type's and the header's: `/http_proxy/age`. */
const pathOf = (type: string, name: string) => `/${type}/${name}`.toLowerCase();

beforeAll(async () => {
  backEnd = await webServer();
  env = await ApiGatewayEnvironment.start();
  ({ restApiId } = await env.api());
  env.bus.registerFunction("answers", () => ({
    statusCode: 200,
    headers: Object.fromEntries([...remapped, ...kept, "Transfer-Encoding"].map((name) => [name, "value"])),
  }));
  const types: Partial<Record<IntegrationType, string>> = {
    HTTP: backEnd.url,
    HTTP_PROXY: backEnd.url,
    AWS: "arn:aws:apigateway:us-east-1:sqs:action/ListQueues",
    AWS_PROXY: functionUri("answers"),
  };
  for (const [type, uri] of Object.entries(types) as [IntegrationType, string][]) {
    for (const name of all) {
      const requestParameters = { [`integration.request.header.${name}`]: "'value'" };
      const integration = { type, uri, integrationHttpMethod: "POST", requestParameters };
      const address = await env.method(restApiId, "GET", pathOf(type, name), integration);
      await env.client.putMethodResponse({ ...address, statusCode: "200" });
      await env.client.putIntegrationResponse({ ...address, statusCode: "200" });
    }
  }
  await env.client.createDeployment({ restApiId, stageName: "dev" });
});

afterAll(async () => {
  await env.stop();
  await backEnd.close();
});

const call = (type: string, name: string) =>
  rawHttp(env.bus.endpoint, `/_aws/execute-api/${restApiId}/dev${pathOf(type, name)}`);

describe("a header that is mapped", () => {
  it.each(["HTTP", "HTTP_PROXY"])("reaches a backend of %s, is dropped, or fails the call", async (type) => {
    const seen: Record<string, string[]> = { passing: [], dropped: [], failing: [] };
    for (const name of all) {
      backEnd.heard.length = 0;
      const { status, text } = await call(type, name);
      const [heard] = backEnd.heard;
      if (heard === undefined) {
        expect([status, text]).toEqual([500, '{"message":"Internal server error"}']);
        seen["failing"]?.push(name);
      } else seen[heard.headers[name.toLowerCase()] === "value" ? "passing" : "dropped"]?.push(name);
    }
    expect(seen).toEqual({ passing, dropped, failing });
  });

  it.each(["AWS", "AWS_PROXY"])("fails a call of %s where the service's own request has it", async (type) => {
    const statuses: Record<string, number> = {};
    for (const name of all) statuses[name] = (await call(type, name)).status;
    const wanted = Object.fromEntries(all.map((name) => [name, 200]));
    for (const name of [...failingForServices, "Transfer-Encoding"]) wanted[name] = 500;
    expect(statuses).toEqual(wanted);
  });
});

describe("a header of a function's answer", () => {
  it("passes, is renamed, or is dropped", async () => {
    const answer = await call("AWS_PROXY", "X-Any");
    for (const name of remapped) expect([name, answer.all(`x-amzn-Remapped-${name}`)]).toEqual([name, ["value"]]);
    for (const name of kept) expect([name, answer.all(name)]).toEqual([name, ["value"]]);
    expect(answer.rawHeaders.join()).not.toMatch(/transfer-encoding/i);
  });
});
