/** Every answer that REST APIs give of themselves: AWS's own, and as an API words it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri } from "../../support/apigateway.ts";
import { type RawCall, rawHttp } from "../../support/raw-http.ts";
import { webServer } from "../../support/web-server.ts";

let env: ApiGatewayEnvironment;
let silent: Awaited<ReturnType<typeof webServer>>;
/** As AWS words answers, and as the API words each type. */
let plain: string;
let worded: string;

const worded4xx = [
  ...["ACCESS_DENIED", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "EXPIRED_TOKEN", "INVALID_API_KEY"],
  ...["INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "THROTTLED"],
  ...["UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "DEFAULT_4XX"],
];
const worded5xx = [
  ...["API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE", "INTEGRATION_FAILURE"],
  ...["INTEGRATION_TIMEOUT", "DEFAULT_5XX"],
];
const keys: Record<string, string> = { used: "u".repeat(20), slow: "s".repeat(20) };

async function api(isWorded: boolean): Promise<string> {
  const { client } = env;
  const { restApiId } = await env.api();
  const responseParameters = {
    "gatewayresponse.header.X-Type": "context.error.responseType",
    "gatewayresponse.header.X-Path": "method.request.path.id",
    "gatewayresponse.header.X-Asked": "method.request.querystring.q",
    "gatewayresponse.header.X-Fixed": "'fixed'",
  };
  const text =
    '{"$context.error.responseType":$context.error.messageString,"why":"$context.error.validationErrorString"}';
  for (const responseType of isWorded ? [...worded4xx, ...worded5xx] : []) {
    const responseTemplates = { "application/json": text, "text/plain": "#if(true)$context.httpMethod" };
    const own = { restApiId, responseType: responseType as "THROTTLED", statusCode: "499" };
    await client.putGatewayResponse({ ...own, responseParameters, responseTemplates });
  }
  const schema = '{"type":"object","required":["name"]}';
  await client.createModel({ restApiId, name: "Named", contentType: "application/json", schema });
  const checks = { validateRequestBody: true, validateRequestParameters: true };
  const { id: requestValidatorId } = await client.createRequestValidator({ restApiId, name: "both", ...checks });
  const authorizer = async (name: string) => {
    const token = { type: "TOKEN", identitySource: "method.request.header.Auth" } as const;
    const authorizerUri = functionUri(`auth-${name}`);
    const made = await client.createAuthorizer({
      restApiId,
      name,
      authorizerUri,
      authorizerResultTtlInSeconds: 0,
      ...token,
    });
    return { authorizationType: "CUSTOM", authorizerId: made.id };
  };
  const methods: Record<string, [method: object, integration: object]> = {
    "/ok": [{}, {}],
    "/iam": [{ authorizationType: "AWS_IAM" }, {}],
    "/key": [{ apiKeyRequired: true }, {}],
    "/checked/{id}": [
      {
        requestValidatorId,
        requestModels: { "application/json": "Named" },
        requestParameters: { "method.request.querystring.q": true, "method.request.header.H": true },
      },
      {},
    ],
    "/denied": [await authorizer("deny"), {}],
    "/silent-policy": [await authorizer("silent"), {}],
    "/unauthorized": [await authorizer("refuse"), {}],
    "/misconfigured": [await authorizer("nonsense"), {}],
    "/late-authorizer": [await authorizer("never"), {}],
    "/unmapped": [{}, { requestTemplates: { "application/json": '{"statusCode":500}' } }],
    "/picky": [{}, { passthroughBehavior: "NEVER", requestTemplates: { "text/xml": "" } }],
    "/refusing": [{}, { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri: "http://127.0.0.1:1/" }],
    "/silent": [{}, { type: "HTTP_PROXY", integrationHttpMethod: "GET", uri: silent.url }],
    "/malformed": [{}, { type: "AWS_PROXY", integrationHttpMethod: "POST", uri: functionUri("malformed") }],
  };
  for (const [path, [method, integration]] of Object.entries(methods)) {
    const address = { restApiId, resourceId: await env.resource(restApiId, path), httpMethod: "POST" };
    await client.putMethod({ ...address, authorizationType: "NONE", ...method });
    const requestTemplates = { "application/json": '{"statusCode":200}' };
    await client.putIntegration({ ...address, type: "MOCK", requestTemplates, ...integration });
    if (path === "/ok" || path === "/picky") {
      await client.putMethodResponse({ ...address, statusCode: "200" });
      await client.putIntegrationResponse({ ...address, statusCode: "200", selectionPattern: "200" });
    }
  }
  await client.createDeployment({ restApiId, stageName: "dev" });
  const limits = {
    used: { quota: { limit: 0, period: "DAY" as const } },
    slow: { throttle: { rateLimit: 0, burstLimit: 0 } },
  };
  for (const [name, limit] of Object.entries(limits)) {
    const plan = { name, apiStages: [{ apiId: restApiId, stage: "dev" }], ...limit };
    const { id: usagePlanId } = await client.createUsagePlan(plan);
    const value = `${keys[name]}${isWorded}`;
    const { id: keyId } = await client.createApiKey({ enabled: true, value });
    await client.createUsagePlanKey({ usagePlanId, keyId, keyType: "API_KEY" });
  }
  return restApiId;
}

beforeAll(async () => {
  silent = await webServer(() => ({ silent: true }));
  env = await ApiGatewayEnvironment.start();
  const { bus } = env;
  const policy = (Effect: string) => ({
    principalId: "me",
    policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect, Resource: "*" }] },
  });
  bus.registerFunction("auth-deny", () => policy("Deny"));
  bus.registerFunction("auth-silent", () => ({ principalId: "me", policyDocument: { Statement: [] } }));
  bus.registerFunction("auth-refuse", () => Promise.reject(new Error("Unauthorized")));
  bus.registerFunction("auth-nonsense", () => ({ principalId: "me" }));
  bus.registerFunction("auth-never", () => new Promise(() => {}));
  bus.registerFunction("malformed", () => "no answer");
  plain = await api(false);
  worded = await api(true);
});

afterAll(async () => {
  await env.stop();
  await silent.close();
});

interface Row {
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly verb?: string;
  /** Moves the clock until the answer is there. */
  readonly seconds?: number;
  readonly status: number;
  readonly errorType: string;
  readonly message: string | null;
  readonly capital?: true;
  readonly why?: string;
}

const token = { Auth: "token" };
const signed = (credential: string) => ({
  Authorization: `AWS4-HMAC-SHA256 Credential=${credential}/20260301/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0`,
});
const missing = {
  status: 403,
  errorType: "MissingAuthenticationTokenException",
  message: "Missing Authentication Token",
};
const internal = { errorType: "InternalServerErrorException", message: "Internal server error" };

const rows: [type: string, row: Row][] = [
  ["MISSING_AUTHENTICATION_TOKEN", { path: "/nowhere", ...missing }],
  ["MISSING_AUTHENTICATION_TOKEN", { path: "/ok", verb: "PUT", ...missing }],
  ["MISSING_AUTHENTICATION_TOKEN", { path: "/iam", ...missing }],
  [
    "INVALID_SIGNATURE",
    {
      path: "/iam",
      headers: { Authorization: "Basic eDp5" },
      status: 403,
      errorType: "IncompleteSignatureException",
      message:
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'oCqWo2TpexL3+WNfMmEpQEAcH9njSQYPVUB4jREq8AE='.",
    },
  ],
  [
    "ACCESS_DENIED",
    {
      path: "/denied",
      headers: token,
      status: 403,
      errorType: "AccessDeniedException",
      message: "User is not authorized to access this resource with an explicit deny in an identity-based policy",
      capital: true,
    },
  ],
  [
    "ACCESS_DENIED",
    {
      path: "/silent-policy",
      headers: token,
      status: 403,
      errorType: "AccessDeniedException",
      message:
        "User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action",
      capital: true,
    },
  ],
  ["UNAUTHORIZED", { path: "/denied", status: 401, errorType: "UnauthorizedException", message: "Unauthorized" }],
  [
    "UNAUTHORIZED",
    { path: "/unauthorized", headers: token, status: 401, errorType: "UnauthorizedException", message: "Unauthorized" },
  ],
  [
    "AUTHORIZER_CONFIGURATION_ERROR",
    {
      path: "/misconfigured",
      headers: token,
      status: 500,
      errorType: "AuthorizerConfigurationException",
      message: null,
    },
  ],
  [
    "AUTHORIZER_FAILURE",
    {
      path: "/late-authorizer",
      headers: token,
      seconds: 30,
      status: 500,
      errorType: "AuthorizerFailureException",
      message: null,
    },
  ],
  ["INVALID_API_KEY", { path: "/key", status: 403, errorType: "ForbiddenException", message: "Forbidden" }],
  [
    "INVALID_API_KEY",
    {
      path: "/key",
      headers: { "x-api-key": "nobody's" },
      status: 403,
      errorType: "ForbiddenException",
      message: "Forbidden",
    },
  ],
  [
    "QUOTA_EXCEEDED",
    {
      path: "/key",
      headers: { key: "used" },
      status: 429,
      errorType: "LimitExceededException",
      message: "Limit Exceeded",
    },
  ],
  [
    "THROTTLED",
    {
      path: "/key",
      headers: { key: "slow" },
      status: 429,
      errorType: "TooManyRequestsException",
      message: "Too Many Requests",
    },
  ],
  [
    "BAD_REQUEST_PARAMETERS",
    {
      path: "/checked/7",
      body: "{",
      status: 400,
      errorType: "BadRequestException",
      message: "Missing required request parameters: [q, H]",
    },
  ],
  [
    "BAD_REQUEST_BODY",
    {
      path: "/checked/7?q=%20x",
      headers: { h: "1" },
      body: "{}",
      status: 400,
      errorType: "BadRequestException",
      message: "Invalid request body",
      why: '[object has missing required properties (["name"])]',
    },
  ],
  [
    "UNSUPPORTED_MEDIA_TYPE",
    {
      path: "/picky",
      headers: { "Content-Type": "text/csv" },
      body: "a",
      status: 415,
      errorType: "UnsupportedMediaTypeException",
      message: "Unsupported Media Type",
    },
  ],
  ["API_CONFIGURATION_ERROR", { path: "/unmapped", status: 500, ...internal }],
  [
    "INTEGRATION_FAILURE",
    { path: "/refusing", status: 504, ...internal, message: "Network error communicating with endpoint" },
  ],
  [
    "INTEGRATION_TIMEOUT",
    { path: "/silent", seconds: 30, status: 504, ...internal, message: "Endpoint request timed out" },
  ],
  ["DEFAULT_5XX", { path: "/malformed", status: 502, ...internal }],
  ["DEFAULT_4XX", { path: "/ok?q=|", status: 400, errorType: "BadRequestException", message: "Bad Request" }],
  [
    "DEFAULT_4XX",
    {
      path: `/ok?q=${"x".repeat(8_192)}`,
      status: 414,
      errorType: "RequestURITooLongException",
      message: "Request URI too long",
    },
  ],
];

async function asked(restApiId: string, { path, headers = {}, body, verb = "POST", seconds }: Row) {
  const { key, ...others } = headers;
  const apiKey: Record<string, string> =
    key === undefined ? {} : { "x-api-key": `${keys[key]}${restApiId === worded}` };
  const call: RawCall = { method: verb, headers: { ...others, ...apiKey }, body };
  const answering = rawHttp(env.bus.endpoint, `/_aws/execute-api/${restApiId}/dev${path}`, call);
  let isThere = false;
  void answering.then(() => {
    isThere = true;
  });
  // The request may still be on its way when the clock is moved first.
  while (seconds !== undefined && !isThere) await env.bus.clock.advance(`${seconds}s`);
  return answering;
}

describe("an answer of the gateway's own", () => {
  it.each(rows)("%s is as AWS words it: %j", async (_type, row) => {
    const answer = await asked(plain, row);
    const { status, errorType, message, capital } = row;
    expect([answer.status, answer.header("x-amzn-ErrorType"), answer.text]).toEqual([
      status,
      errorType,
      JSON.stringify(capital ? { Message: message } : { message }),
    ]);
    expect(answer.header("content-type")).toBe("application/json");
    expect(answer.header("x-amzn-RequestId")).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(answer.header("x-amz-apigw-id")).toMatch(/^[\w+/-]{15}=$/);
    expect(answer.header("x-amzn-trace-id")).toBeUndefined();
  });

  it.each(rows)("%s is as the API words it: %j", async (type, row) => {
    const answer = await asked(worded, row);
    expect([answer.status, answer.header("x-amzn-ErrorType"), answer.header("x-type")]).toEqual([
      499,
      row.errorType,
      type,
    ]);
    expect(answer.header("x-fixed")).toBe("fixed");
    expect(answer.text).toBe(`{"${type}":${JSON.stringify(row.message)},"why":"${row.why ?? ""}"}`);
    expect(answer.header("x-path")).toBe(row.path.startsWith("/checked/") ? "7" : undefined);
  });

  it("is the template for the type the client accepts, and not Velocity", async () => {
    const answer = await asked(worded, { ...rows[0]![1], headers: { Accept: "text/plain;q=0.5, application/json" } });
    expect([answer.header("content-type"), answer.text]).toEqual(["text/plain", "#if(true)POST"]);
  });

  it("to a request that is too large cannot be customized", async () => {
    const answer = await asked(worded, { ...rows[0]![1], path: "/ok", body: "x".repeat(10 * 1024 * 1024 + 1) });
    expect([answer.status, answer.header("x-amzn-ErrorType"), answer.text]).toEqual([
      413,
      "RequestTooLargeException",
      '{"message":"Request Too Long"}',
    ]);
  });

  it("EXPIRED_TOKEN is for an expired session", async () => {
    const { STS } = await import("@aws-sdk/client-sts");
    const sts = new STS(env.bus.clientConfig());
    const role = { RoleArn: `arn:aws:iam::${account}:role/r`, RoleSessionName: "short", DurationSeconds: 900 };
    const { AccessKeyId = "", SessionToken = "" } = (await sts.assumeRole(role)).Credentials ?? {};
    sts.destroy();
    const headers = { ...signed(AccessKeyId), "X-Amz-Security-Token": SessionToken };
    const row = { ...rows[0]![1], path: "/iam", headers };
    const { status } = await asked(plain, row);
    await env.bus.clock.advance("901s");
    const late = await asked(plain, row);
    expect([status, late.status, late.header("x-amzn-ErrorType"), late.text]).toEqual([
      500,
      403,
      "ExpiredTokenException",
      '{"message":"The security token included in the request is expired"}',
    ]);
    expect((await asked(worded, row)).header("x-type")).toBe("EXPIRED_TOKEN");
  });
});
