/** OpenAPI documents with parts replaced by anything, and requests of any path: no answer but AWS's own. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, GatewayEnvironment } from "../support/apigatewayv2.ts";

let env: GatewayEnvironment;
const runs = 300;

beforeAll(async () => {
  env = await GatewayEnvironment.start();
});
afterAll(() => env.stop());

const document = {
  openapi: "3.0.1",
  info: { title: "t", version: "1" },
  servers: [{ url: "https://{h}/base/x", variables: { h: { default: "example.com" } } }],
  tags: [{ name: "a", "x-amazon-apigateway-tag-value": "b" }],
  security: [{ jwt: [] }],
  "x-amazon-apigateway-cors": { allowOrigins: ["*"], maxAge: 5, allowMethods: ["GET"] },
  "x-amazon-apigateway-endpoint-configuration": { disableExecuteApiEndpoint: false },
  paths: {
    "/a/{x}": {
      get: {
        operationId: "o",
        security: [{ jwt: ["s"] }],
        "x-amazon-apigateway-integration": {
          type: "http_proxy",
          httpMethod: "GET",
          uri: "https://example.com/{x}",
          timeoutInMillis: 1000,
          connectionType: "INTERNET",
          requestParameters: { "append:header.a": "$request.path.x" },
          responseParameters: { "200": { "overwrite:statuscode": "201" } },
          tlsConfig: { serverNameToVerify: "example.com" },
        },
      },
    },
    "/$default": {
      "x-amazon-apigateway-any-method": { "x-amazon-apigateway-integration": { $ref: "#/components/x/f" } },
    },
  },
  components: {
    x: { f: { type: "aws_proxy", uri: functionArn("f"), payloadFormatVersion: "2.0" } },
    securitySchemes: {
      jwt: {
        "x-amazon-apigateway-authorizer": {
          type: "request",
          identitySource: "$request.header.A",
          authorizerUri: functionArn("f"),
          authorizerPayloadFormatVersion: "2.0",
          authorizerResultTtlInSeconds: 60,
        },
      },
    },
  },
};

type Path = readonly (string | number)[];

function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...at, key]))];
}

function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom("#/paths", "#/components/x/f", -1, 1e9, "", "__proto__", "${stageVariables.x}", ["a", 1], {
    $ref: "#",
  }),
  fc.string(),
);

/** Whatever is refused is refused by AWS's own errors. */
async function imported(Body: string): Promise<string | undefined> {
  try {
    return (await env.gateway.importApi({ Body })).ApiId;
  } catch (error) {
    const { $metadata, name, message } = error as Error & { $metadata?: { httpStatusCode?: number } };
    expect([400, 404, 409], `${name}: ${message}`).toContain($metadata?.httpStatusCode);
    return undefined;
  }
}

describe("OpenAPI documents", () => {
  it("are imported or refused, exported, and called", async () => {
    const path = fc.constantFrom(...pathsOf(document));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(path, anything), { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = changes.reduce((value: unknown, [at, by]) => {
          try {
            return replaced(value, at, by);
          } catch {
            return value;
          }
        }, document);
        const ApiId = await imported(JSON.stringify(changed));
        if (ApiId === undefined) return;
        await env.gateway.exportApi({ ApiId, Specification: "OAS30", OutputType: "YAML" });
        await env.gateway.deleteApi({ ApiId });
      }),
      { numRuns: runs },
    );
  });

  it("that are truncated anywhere are refused", async () => {
    const text = JSON.stringify(document);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.string({ maxLength: 3 }), async (at, noise) => {
        const ApiId = await imported(text.slice(0, at) + noise);
        if (ApiId !== undefined) await env.gateway.deleteApi({ ApiId });
      }),
      { numRuns: runs },
    );
  });
});

describe("requests with any path", () => {
  it("get a response of the API", async () => {
    const { ApiId = "" } = await env.quick("any", () => "x");
    const piece = fc.oneof(
      fc.constantFrom("/", "//", "%", "%2F", "%00", "..", "?", "&", "=", "{x}", "$default", "+", "@connections"),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        const path = `/${pieces.join("")}`.replace(/[^!-~]|#/g, "_");
        expect((await env.call(ApiId, path)).status).toBeLessThan(500);
      }),
      { numRuns: runs },
    );
  });
});
