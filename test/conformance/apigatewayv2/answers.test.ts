/** What HTTP APIs answer: to tokens, with what a function gives, and to pages of other origins. */
import { createSign, generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOptions } from "../../../src/cli-options.ts";
import { ask, functionArn, GatewayEnvironment, startTime } from "../../support/apigatewayv2.ts";
import { webServer } from "../../support/web-server.ts";

const issuer = "https://issuer.example/pool";
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const now = Date.parse(startTime) / 1000;

let env: GatewayEnvironment;
let keySet: Awaited<ReturnType<typeof webServer>>;
beforeAll(async () => {
  const jwk = { ...keys.publicKey.export({ format: "jwk" }), kid: "k1", alg: "RS256" };
  keySet = await webServer(() => ({ body: JSON.stringify({ keys: [jwk] }) }));
  const { jwks } = readOptions(["--jwks", `${issuer}=${keySet.url}`], {});
  env = await GatewayEnvironment.start("memory", { jwks });
});
afterAll(async () => {
  await env.stop();
  await keySet.close();
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
function token(claims: object, head: object = {}): string {
  const given = { iss: issuer, aud: "shop", iat: now, exp: now + 3600, ...claims };
  const text = `${part({ alg: "RS256", kid: "k1", ...head })}.${part(given)}`;
  return `${text}.${createSign("sha256").update(text).sign(keys.privateKey).toString("base64url")}`;
}

describe("a token", () => {
  let ApiId = "";

  beforeAll(async () => {
    const made = await env.quick("claims", (event) => {
      const { requestContext } = event as { requestContext: { authorizer: { jwt: unknown } } };
      return requestContext.authorizer.jwt;
    });
    ApiId = made.ApiId as string;
    const { AuthorizerId } = await env.gateway.createAuthorizer({
      ...{ ApiId, Name: "jwt", AuthorizerType: "JWT", IdentitySource: ["$request.header.Authorization"] },
      JwtConfiguration: { Issuer: issuer, Audience: ["shop", "other"] },
    });
    const { Items: [route] = [] } = await env.gateway.getRoutes({ ApiId });
    const { Target } = route ?? {};
    const guarded = { ApiId, Target, AuthorizationType: "JWT", AuthorizerId } as const;
    await env.gateway.createRoute({ ...guarded, RouteKey: "GET /plain" });
    await env.gateway.createRoute({ ...guarded, RouteKey: "GET /scoped", AuthorizationScopes: ["read", "write"] });
  });

  const invalid = (why: string) => `Bearer scope="" error="invalid_token" error_description="${why}"`;
  const audience = invalid("the token does not have a valid audience");
  const tampered = () =>
    token({}).replace(/[^.]+$/, (signature) => signature.replace(/^./, (one) => (one === "A" ? "B" : "A")));
  const insufficient =
    'Bearer scope="read write" error="insufficient_scope" error_description="expected scopes within the token"';

  it.each<[what: string, given: string | undefined, path: string, status: number, challenge: unknown]>([
    ["is missing", undefined, "/plain", 401, "Bearer"],
    ["has one part", "abc", "/plain", 401, invalid("token contains an invalid number of segments")],
    ["is signed with a secret", token({}, { alg: "HS256" }), "/plain", 401, invalid("signing method HS256 is invalid")],
    ["is not signed", token({}, { alg: "none" }), "/plain", 401, invalid("signing method none is invalid")],
    ["is signed by somebody else", token({}, { kid: "k2" }), "/plain", 401, expect.stringContaining("invalid_token")],
    ["was changed", tampered(), "/plain", 401, expect.stringContaining("invalid_token")],
    ["is of another issuer", token({ iss: "https://other.example" }), "/plain", 401, expect.stringContaining("issuer")],
    ["is for others", token({ aud: "nobody" }), "/plain", 401, audience],
    ["has a client but is for others", token({ aud: "nobody", client_id: "shop" }), "/plain", 401, audience],
    ["is for nobody", token({ aud: undefined }), "/plain", 401, audience],
    ["is over", token({ exp: now }), "/plain", 401, invalid("the token has expired")],
    ["never ends", token({ exp: undefined }), "/plain", 401, expect.stringContaining("invalid_token")],
    ["is not valid yet", token({ nbf: now + 60 }), "/plain", 401, expect.stringContaining("invalid_token")],
    ["is of tomorrow", token({ iat: now + 60 }), "/plain", 401, expect.stringContaining("invalid_token")],
    ["is good", token({}), "/plain", 200, undefined],
    ["is for several", token({ aud: ["nobody", "other"] }), "/plain", 200, undefined],
    ["is for a client", token({ aud: undefined, client_id: "shop" }), "/plain", 200, undefined],
    ["has no scope", token({}), "/scoped", 403, insufficient],
    ["has other scopes", token({ scope: "list readers" }), "/scoped", 403, insufficient],
    ["has a scope among others", token({ scope: "list write" }), "/scoped", 200, undefined],
    ["has its scopes in scp", token({ scp: ["read"] }), "/scoped", 200, undefined],
  ])("that %s", async (_what, given, path, status, challenge) => {
    for (const prefix of given === undefined ? [""] : ["", "Bearer "]) {
      const headers: Record<string, string> = given === undefined ? {} : { Authorization: `${prefix}${given}` };
      const reply = await env.call(ApiId, path, { headers });
      expect([reply.status, reply.headers["www-authenticate"]]).toEqual([status, challenge]);
      const words = { 401: '{"message":"Unauthorized"}', 403: '{"message":"Forbidden"}' }[status];
      if (words !== undefined) expect(reply.text).toBe(words);
    }
  });

  it("passes its claims as texts, with the scopes that matched the route's", async () => {
    const given = { sub: "me", n: 7, admin: true, groups: ["a", "b"], scope: "list read" };
    const headers = { Authorization: token(given) };
    const claims = {
      ...{ iss: issuer, aud: "shop", iat: `${now}`, exp: `${now + 3600}`, sub: "me", n: "7", admin: "true" },
      ...{ groups: "[a b]", scope: "list read" },
    };
    expect(JSON.parse((await env.call(ApiId, "/plain", { headers })).text)).toEqual({ claims, scopes: null });
    expect(JSON.parse((await env.call(ApiId, "/scoped", { headers })).text)).toEqual({ claims, scopes: ["read"] });
  });
});

describe("a function's result", () => {
  let ApiId = "";
  let says: unknown;

  beforeAll(async () => {
    const made = await env.quick("says", () => {
      if (says instanceof Error) throw says;
      return says;
    });
    ApiId = made.ApiId as string;
    const older = { IntegrationType: "AWS_PROXY", IntegrationUri: functionArn("says") } as const;
    const { IntegrationId } = await env.gateway.createIntegration({ ApiId, ...older, PayloadFormatVersion: "1.0" });
    await env.gateway.createRoute({ ApiId, RouteKey: "GET /1", Target: `integrations/${IntegrationId}` });
  });

  const text = "text/plain; charset=utf-8";
  const json = "application/json";
  const failed = [500, json, '{"message":"Internal Server Error"}'] as const;
  it.each<[version: 1 | 2, result: unknown, status: number, type: string | undefined, body: string]>([
    [2, { statusCode: 201, body: "x" }, 201, text, "x"],
    [2, { statusCode: 200, headers: { "Content-Type": "text/html" }, body: "<p>" }, 200, "text/html", "<p>"],
    [2, { statusCode: 200, isBase64Encoded: true, body: "aGk=" }, 200, text, "hi"],
    [2, { a: 1 }, 200, json, '{"a":1}'],
    [2, "text", 200, json, "text"],
    [2, 7, 200, json, "7"],
    [2, true, 200, json, "true"],
    [2, [1, "a"], 200, json, '[1,"a"]'],
    [2, null, 200, json, "null"],
    [2, { statusCode: "many" }, ...failed],
    [2, { statusCode: 200, body: { a: 1 } }, ...failed],
    [2, new Error("no"), ...failed],
    [1, { statusCode: 201, body: "x" }, 201, text, "x"],
    [1, { a: 1 }, ...failed],
    [1, "text", ...failed],
    [1, null, ...failed],
    [1, new Error("no"), ...failed],
  ])("of version %s: %j", async (version, result, status, type, body) => {
    says = result;
    const reply = await env.call(ApiId, `/${version}`);
    expect([reply.status, reply.headers["content-type"], reply.text]).toEqual([status, type, body]);
  });

  it("has headers of several kinds, cookies, and lists only in version 1.0", async () => {
    says = {
      ...{ statusCode: 200, headers: { "x-n": 7, "x-b": true, "x-s": "s" }, cookies: ["a=1; Path=/", "b=2"] },
      multiValueHeaders: { "x-l": ["1", "2"] },
    };
    const values = async (path: string, name: string) => {
      const { rawHeaders } = await env.call(ApiId, path);
      return rawHeaders.filter((_text, at) => rawHeaders[at - 1]?.toLowerCase() === name);
    };
    for (const [name, value] of Object.entries({ "x-n": "7", "x-b": "true", "x-s": "s" })) {
      expect(await values("/2", name)).toEqual([value]);
    }
    expect(await values("/2", "set-cookie")).toEqual(["a=1; Path=/", "b=2"]);
    expect(await values("/2", "x-l")).toEqual([]);
    expect(await values("/1", "x-l")).toEqual(["1", "2"]);
  });
});

describe("a page of another origin", () => {
  const Origin = "https://shop.example";
  const preflight = { method: "OPTIONS", headers: { Origin, "Access-Control-Request-Method": "GET" } };

  it("reads the gateway's own errors, too", async () => {
    const { ApiId = "" } = await env.quick("paged", () => "x");
    const { Items: [route] = [] } = await env.gateway.getRoutes({ ApiId });
    const Target = route?.Target as string;
    await env.gateway.updateApi({ ApiId, RouteKey: "GET /open", CorsConfiguration: { AllowOrigins: [Origin] } });
    await env.gateway.createRoute({ ApiId, RouteKey: "GET /iam", Target, AuthorizationType: "AWS_IAM" });
    const { AuthorizerId } = await env.gateway.createAuthorizer({
      ...{ ApiId, Name: "jwt", AuthorizerType: "JWT", IdentitySource: ["$request.header.Authorization"] },
      JwtConfiguration: { Issuer: issuer, Audience: ["shop"] },
    });
    const guarded = { AuthorizationType: "JWT", AuthorizerId } as const;
    await env.gateway.createRoute({ ApiId, RouteKey: "GET /jwt", Target, ...guarded });
    await env.gateway.createRoute({ ApiId, RouteKey: "GET /slow", Target });
    const RouteSettings = { "GET /slow": { ThrottlingRateLimit: 0, ThrottlingBurstLimit: 0 } };
    await env.gateway.updateStage({ ApiId, StageName: "$default", RouteSettings });
    const statuses = { "/open": 200, "/nowhere": 404, "/iam": 403, "/jwt": 401, "/slow": 429 };
    for (const [path, status] of Object.entries(statuses)) {
      const reply = await env.call(ApiId, path, { headers: { Origin } });
      expect([path, reply.status, reply.headers["access-control-allow-origin"]]).toEqual([path, status, Origin]);
      expect((await env.call(ApiId, path, preflight)).status).toBe(204);
    }
    // Without an origin there is nobody to allow anything.
    expect((await env.call(ApiId, "/open")).headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("is answered by the API's own function where CORS is not configured", async () => {
    const headers = { "access-control-allow-origin": "https://mine.example", "access-control-max-age": "5" };
    const { ApiId = "" } = await env.quick("own", () => ({ statusCode: 200, headers }));
    for (const given of [preflight, { headers: { Origin } }]) {
      expect((await env.call(ApiId, "/x", given)).headers).toMatchObject(headers);
    }
    expect(env.eventsOf("own")).toMatchObject([
      { requestContext: { http: { method: "OPTIONS" } } },
      { requestContext: { http: { method: "GET" } } },
    ]);
  });

  it("gets a star for any origin, and its own origin with credentials", async () => {
    const { ApiId = "" } = await env.quick("any", () => "x");
    const allowed = async (CorsConfiguration: object) => {
      await env.gateway.updateApi({ ApiId, CorsConfiguration });
      const { headers } = await ask(env.bus.endpoint, `/_aws/execute-api/${ApiId}/x`, { headers: { Origin } });
      return headers["access-control-allow-origin"];
    };
    expect(await allowed({ AllowOrigins: ["*"] })).toBe("*");
    expect(await allowed({ AllowOrigins: ["https://*"], AllowCredentials: true })).toBe(Origin);
    expect(await allowed({ AllowOrigins: ["http://*"] })).toBeUndefined();
  });
});
