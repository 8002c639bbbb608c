/** Events of handlers in this process are values that were never a text, and yet what reading their text would give. */
import { isDeepStrictEqual } from "node:util";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ApiGatewayEnvironment, functionUri } from "../../support/apigateway.ts";
import { functionArn } from "../../support/apigatewayv2.ts";
import { rawHttp } from "../../support/raw-http.ts";

let env: ApiGatewayEnvironment;
let client: ApiGatewayV2;
const paths: Record<string, string> = {};
/** Of the last call: the event, and whether it was what JSON would have made of it. */
let given: { event: Record<string, Record<string, unknown>>; isPlain: boolean } | undefined;

beforeAll(async () => {
  env = await ApiGatewayEnvironment.start();
  client = new ApiGatewayV2({ ...env.bus.clientConfig(), maxAttempts: 1 });
  env.bus.registerFunction("spoils", (event) => {
    const text = JSON.stringify(event);
    given = { event: JSON.parse(text), isPlain: isDeepStrictEqual(event, JSON.parse(text)) };
    for (const part of Object.values(event as object)) if (typeof part === "object" && part !== null) empty(part);
    return { statusCode: 200 };
  });
  const { restApiId } = await env.api();
  await env.method(restApiId, "POST", "/{id}", {
    type: "AWS_PROXY",
    uri: functionUri("spoils"),
    integrationHttpMethod: "POST",
  });
  await env.client.createDeployment({ restApiId, stageName: "dev", variables: { color: "blue" } });
  paths["rest"] = `/_aws/execute-api/${restApiId}/dev/7`;
  for (const PayloadFormatVersion of ["1.0", "2.0"]) {
    const { ApiId = "" } = await client.createApi({ Name: "test", ProtocolType: "HTTP" });
    const { IntegrationId } = await client.createIntegration({
      ApiId,
      IntegrationType: "AWS_PROXY",
      IntegrationUri: functionArn("spoils"),
      PayloadFormatVersion,
    });
    await client.createRoute({ ApiId, RouteKey: "POST /{id}", Target: `integrations/${IntegrationId}` });
    await client.createStage({ ApiId, StageName: "dev", AutoDeploy: true, StageVariables: { color: "blue" } });
    paths[PayloadFormatVersion] = `/_aws/execute-api/${ApiId}/dev/7`;
  }
});

afterAll(async () => {
  client.destroy();
  await env.stop();
});

function empty(part: object): void {
  for (const name of Object.keys(part)) delete (part as Record<string, unknown>)[name];
}

it.each(["rest", "1.0", "2.0"])("gives a handler of %s plain objects that are its own", async (form) => {
  const headers = { constructor: "y", "X-Twice": ["a", "b"], Cookie: "c=d" };
  Object.defineProperty(headers, "__proto__", { value: "z", enumerable: true });
  const seen: unknown[] = [];
  for (const query of ["", "?__proto__=1&a=2&a=3", "?__proto__=1&a=2&a=3"]) {
    given = undefined;
    const { status } = await rawHttp(env.bus.endpoint, `${paths[form]}${query}`, {
      method: "POST",
      headers,
      body: "{}",
    });
    expect(status).toBe(200);
    const { event, isPlain } = given as unknown as NonNullable<typeof given>;
    expect(isPlain).toBe(true);
    expect(Object.getOwnPropertyDescriptor(event["headers"], "__proto__")?.value).toBe("z");
    expect(Object.hasOwn(event["headers"] as object, "constructor")).toBe(true);
    expect(event["pathParameters"]).toEqual({ id: "7" });
    expect(event["stageVariables"]).toEqual({ color: "blue" });
    seen.push(event["queryStringParameters"]);
  }
  expect(seen[1]).toEqual(seen[2]);
});
