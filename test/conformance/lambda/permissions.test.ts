/** Who may invoke a created function: what AddPermission gives to services, other accounts and URLs, in each of the modes. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { type AddPermissionCommandInput, Lambda } from "@aws-sdk/client-lambda";
import { SNS } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PolicyMode } from "../../../src/access/guard.ts";
import { functionUri } from "../../support/apigateway.ts";
import { functionArn, LambdaEnvironment, roleArn } from "../../support/lambda.ts";
import { refused } from "../../support/refusal.ts";
import { openSocket } from "../../support/web-sockets.ts";

const owner = "000000000000";
const stranger = "111122223333";
const FunctionName = "guarded";
const arn = functionArn(FunctionName);
const ruleArn = `arn:aws:events:us-east-1:${owner}:rule/r`;
const topicArn = `arn:aws:sns:us-east-1:${owner}:t`;
const apiArn = (id: string, rest: string) => `arn:aws:execute-api:us-east-1:${owner}:${id}/${rest}`;

/** Answers whoever asks as they want to be answered. */
const code = `export const handler = async (event) => {
  if (event.type === undefined) return { statusCode: 200, body: "ran" };
  if (event.version === "2.0") return { isAuthorized: true };
  const Statement = [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: "*" }];
  return { principalId: "p", policyDocument: { Version: "2012-10-17", Statement } };
};`;

/** One function, and everything that can be made to call it. */
class Callers {
  readonly env: LambdaEnvironment;
  readonly sns: SNS;
  readonly events: EventBridge;
  readonly other: Lambda;
  readonly rest: APIGateway;
  dead = "";
  url = "";
  signedUrl = "";
  restId = "";
  restMethodId = "";
  restAuthorizerId = "";
  httpId = "";
  httpAuthorizerId = "";
  webSocketId = "";

  private constructor(env: LambdaEnvironment) {
    const config = { ...env.bus.clientConfig(), maxAttempts: 1 };
    this.env = env;
    this.sns = new SNS(config);
    this.events = new EventBridge(config);
    this.rest = new APIGateway(config);
    this.other = new Lambda({ ...env.bus.clientConfig({ account: stranger }), maxAttempts: 1 });
  }

  static async start(policies: PolicyMode): Promise<Callers> {
    const callers = new Callers(await LambdaEnvironment.start("memory", { policies }));
    await callers.#make();
    return callers;
  }

  async #make(): Promise<void> {
    const { env, sns, events } = this;
    const { lambda } = env;
    await env.create(code, { FunctionName });
    const Policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}}`;
    const dead = await env.queue({ Policy });
    this.dead = dead.url;
    await sns.createTopic({ Name: "t" });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn });
    await sns.subscribe({ TopicArn: topicArn, Protocol: "lambda", Endpoint: arn, Attributes: { RedrivePolicy } });
    await events.putRule({ Name: "r", EventPattern: '{"source":["s"]}' });
    await events.putTargets({ Rule: "r", Targets: [{ Id: "1", Arn: arn, DeadLetterConfig: { Arn: dead.arn } }] });
    this.url = await this.#functionUrl("NONE");
    await lambda.publishVersion({ FunctionName });
    await lambda.createAlias({ FunctionName, Name: "signed", FunctionVersion: "1" });
    this.signedUrl = await this.#functionUrl("AWS_IAM", "signed");
    await this.#restApi();
    await this.#httpApi();
    await this.#webSocketApi();
  }

  async #functionUrl(AuthType: "NONE" | "AWS_IAM", Qualifier?: string): Promise<string> {
    const { FunctionUrl = "" } = await this.env.lambda.createFunctionUrlConfig({ FunctionName, AuthType, Qualifier });
    return `${this.env.bus.endpoint}/_lambda-url/${new URL(FunctionUrl).host.split(".")[0]}/`;
  }

  async #restApi(): Promise<void> {
    const { rest } = this;
    const policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}}`;
    const { id: restApiId = "", rootResourceId: parentId = "" } = await rest.createRestApi({ name: "rest", policy });
    const uri = functionUri(FunctionName);
    const { id: authorizerId = "" } = await rest.createAuthorizer({
      restApiId,
      name: "a",
      type: "TOKEN",
      authorizerUri: uri,
      identitySource: "method.request.header.Authorization",
      authorizerResultTtlInSeconds: 0,
    });
    const method = async (
      pathPart: string,
      type: "AWS_PROXY" | "AWS" | "MOCK",
      more: { authorizerId?: string; authorizationType?: string } = {},
      credentials?: string,
    ) => {
      const { id: resourceId = "" } = await rest.createResource({ restApiId, parentId, pathPart });
      const at = { restApiId, resourceId, httpMethod: "GET" };
      await rest.putMethod({ ...at, authorizationType: more.authorizerId === undefined ? "NONE" : "CUSTOM", ...more });
      const requestTemplates = { "application/json": '{"statusCode":200}' };
      const requestParameters =
        type === "AWS" ? { "integration.request.header.X-Amz-Invocation-Type": "'Event'" } : undefined;
      const integration =
        type === "MOCK" ? { requestTemplates } : { uri, integrationHttpMethod: "POST", credentials, requestParameters };
      await rest.putIntegration({ ...at, type, ...integration });
      if (type === "AWS_PROXY") return resourceId;
      await rest.putMethodResponse({ ...at, statusCode: "200" });
      await rest.putIntegrationResponse({ ...at, statusCode: "200" });
      return resourceId;
    };
    this.restMethodId = await method("x", "AWS_PROXY");
    await method("role", "AWS_PROXY", {}, roleArn);
    await method("caller", "AWS_PROXY", { authorizationType: "AWS_IAM" }, "arn:aws:iam::*:user/*");
    await method("later", "AWS");
    await method("authorized", "MOCK", { authorizerId });
    await rest.createDeployment({ restApiId, stageName: "dev" });
    [this.restId, this.restAuthorizerId] = [restApiId, authorizerId];
  }

  async #httpApi(): Promise<void> {
    const http = new ApiGatewayV2(this.env.bus.clientConfig());
    // A handler has no policy: whoever passes the authorizer gets its answer.
    this.env.bus.registerFunction("behind", () => ({ statusCode: 200 }));
    const { ApiId = "" } = await http.createApi({ Name: "http", ProtocolType: "HTTP", Target: arn });
    const { AuthorizerId = "" } = await http.createAuthorizer({
      ApiId,
      Name: "a",
      AuthorizerType: "REQUEST",
      AuthorizerUri: functionUri(FunctionName),
      AuthorizerPayloadFormatVersion: "2.0",
      EnableSimpleResponses: true,
      IdentitySource: ["$request.header.Authorization"],
    });
    const { IntegrationId } = await http.createIntegration({
      ApiId,
      IntegrationType: "AWS_PROXY",
      IntegrationUri: functionArn("behind"),
      PayloadFormatVersion: "2.0",
    });
    const Target = `integrations/${IntegrationId}`;
    await http.createRoute({ ApiId, RouteKey: "GET /authorized", AuthorizationType: "CUSTOM", AuthorizerId, Target });
    http.destroy();
    [this.httpId, this.httpAuthorizerId] = [ApiId, AuthorizerId];
  }

  async #webSocketApi(): Promise<void> {
    const sockets = new ApiGatewayV2(this.env.bus.clientConfig());
    const RouteSelectionExpression = "$request.body.action";
    const { ApiId = "" } = await sockets.createApi({ Name: "ws", ProtocolType: "WEBSOCKET", RouteSelectionExpression });
    const { IntegrationId } = await sockets.createIntegration({
      ApiId,
      IntegrationType: "AWS_PROXY",
      IntegrationUri: functionUri(FunctionName),
    });
    const route = { ApiId, Target: `integrations/${IntegrationId}`, RouteResponseSelectionExpression: "$default" };
    const { RouteId } = await sockets.createRoute({ ...route, RouteKey: "$default" });
    await sockets.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
    await sockets.createStage({ ApiId, StageName: "dev", AutoDeploy: true });
    sockets.destroy();
    this.webSocketId = ApiId;
  }

  async get(url: string, account?: string): Promise<readonly [number, string]> {
    const scope = `Credential=${account}/20260101/us-east-1/lambda/aws4_request`;
    const signature = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`;
    const answer = await fetch(url, { headers: account === undefined ? {} : { authorization: signature } });
    return [answer.status, await answer.text()];
  }

  /** @param path behind the API's id */
  api(id: string, path: string, account = owner): Promise<readonly [number, string]> {
    return this.get(`${this.env.bus.endpoint}/_aws/execute-api/${id}${path}`, account);
  }

  /** What came back to the dead-letter queue: the code of the failure where there is one. */
  async deadLetters(): Promise<(string | undefined)[]> {
    await this.env.bus.settled();
    const messages = await this.env.drain(this.dead);
    return messages.map(({ MessageAttributes }) => MessageAttributes?.["ERROR_CODE"]?.StringValue);
  }

  /** Makes these the only permissions there are. */
  async permit(permissions: readonly Permission[]): Promise<void> {
    const { lambda } = this.env;
    for (const ResourceArn of [arn, `${arn}:signed`])
      await lambda.deleteResourcePolicy({ ResourceArn }).catch(() => {});
    for (const [place, one] of permissions.entries()) {
      await lambda.addPermission({ FunctionName, StatementId: `s${place}`, Action: "lambda:InvokeFunction", ...one });
    }
  }

  notes(): string[] {
    const { bus } = this.env;
    return [...bus.requests(), ...bus.deliveries()].flatMap(({ policy }) => policy ?? []);
  }

  async stop(): Promise<void> {
    for (const client of [this.sns, this.events, this.rest, this.other]) client.destroy();
    await this.env.stop();
  }
}

type Permission = Partial<AddPermissionCommandInput> & Pick<AddPermissionCommandInput, "Principal">;

/** Calls the function once, and tells what came of it. */
interface Way {
  call(callers: Callers): Promise<unknown>;
  readonly let: unknown;
  readonly refused: unknown;
}

const topic: Way = {
  async call(callers) {
    await callers.sns.publish({ TopicArn: topicArn, Message: "m" });
    return callers.deadLetters();
  },
  let: [],
  refused: [undefined],
};
const rule: Way = {
  async call(callers) {
    await callers.events.putEvents({ Entries: [{ Source: "s", DetailType: "d", Detail: "{}" }] });
    return callers.deadLetters();
  },
  let: [],
  refused: ["NO_PERMISSIONS"],
};
const rest: Way = {
  call: (callers) => callers.api(callers.restId, "/dev/x"),
  let: [200, "ran"],
  refused: [500, '{"message":"Internal server error"}'],
};
const restByRole: Way = { ...rest, call: (callers) => callers.api(callers.restId, "/dev/role") };
const restByCaller = (account: string): Way => ({
  ...rest,
  call: (callers) => callers.api(callers.restId, "/dev/caller", account),
});
const restLater: Way = {
  call: async (callers) => (await callers.api(callers.restId, "/dev/later"))[0],
  let: 200,
  refused: 500,
};
/** What the log of a test says of it. */
const restTest: Way = {
  async call({ rest, restId: restApiId, restMethodId: resourceId }) {
    const { status, log = "" } = await rest.testInvokeMethod({ restApiId, resourceId, httpMethod: "GET" });
    return [status, /configuration error: (.*)/.exec(log)?.[1]];
  },
  let: [200, undefined],
  refused: [500, "Invalid permissions on Lambda function"],
};
const restAuthorizer: Way = {
  call: async (callers) => (await callers.api(callers.restId, "/dev/authorized"))[0],
  let: 200,
  refused: 500,
};
const http: Way = {
  call: (callers) => callers.api(callers.httpId, "/any"),
  let: [200, "ran"],
  refused: [500, '{"message":"Internal Server Error"}'],
};
const httpAuthorizer: Way = {
  call: async (callers) => (await callers.api(callers.httpId, "/authorized"))[0],
  let: 200,
  refused: 500,
};
const webSocket: Way = {
  async call({ env, webSocketId }) {
    const { socket, next } = await openSocket(
      `${env.bus.endpoint.replace("http", "ws")}/_aws/execute-api/${webSocketId}/dev`,
    );
    socket.send("hello");
    const answer = await next();
    socket.terminate();
    return typeof answer === "string" ? answer : (answer as { message: string }).message;
  },
  let: "ran",
  refused: "Internal server error",
};
const url: Way = {
  call: (callers) => callers.get(callers.url),
  let: [200, "ran"],
  refused: [403, '{"Message":null}'],
};
/** @param account undefined for nobody */
const signedUrl = (account?: string): Way => ({ ...url, call: (callers) => callers.get(callers.signedUrl, account) });
/** Synchronously, asynchronously, and only to hear whether it may. */
const account: Way = {
  async call({ other }) {
    const answers: unknown[] = [];
    for (const InvocationType of ["RequestResponse", "Event", "DryRun"] as const) {
      const call = other.invoke({ FunctionName: arn, InvocationType });
      answers.push(await call.then(({ StatusCode }) => StatusCode).catch((error: Error) => error.name));
    }
    return answers;
  },
  let: [200, 202, 204],
  refused: ["AccessDeniedException", "AccessDeniedException", "AccessDeniedException"],
};

const service = (name: string, more: Partial<Permission> = {}) => ({ Principal: `${name}.amazonaws.com`, ...more });
const publicUrl: Permission = { Principal: "*", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" };
const viaUrl: Permission = { Principal: "*", InvokedViaFunctionUrl: true };
const strangersUrl = { Principal: stranger, Qualifier: "signed" };

type Case = readonly [
  name: string,
  way: Way,
  outcome: "let" | "refused",
  permissions?: (callers: Callers) => readonly Permission[],
];

const cases: readonly Case[] = [
  ["a topic that nothing lets", topic, "refused"],
  ["a topic let by its service", topic, "let", () => [service("sns")]],
  ["a topic let by its ARN", topic, "let", () => [service("sns", { SourceArn: topicArn })]],
  ["a topic let by its account", topic, "let", () => [service("sns", { SourceAccount: owner })]],
  ["a topic, where another one is let", topic, "refused", () => [service("sns", { SourceArn: `${topicArn}-2` })]],
  ["a topic, where another account's are let", topic, "refused", () => [service("sns", { SourceAccount: stranger })]],
  ["a topic, where S3 is let", topic, "refused", () => [service("s3", { SourceAccount: owner })]],
  ["a topic, where a version is let", topic, "refused", () => [service("sns", { Qualifier: "1" })]],
  ["a topic, where requests to the URL are let", topic, "refused", () => [viaUrl]],
  ["a topic, where its own account is named", topic, "refused", () => [{ Principal: owner }]],
  [
    "a topic, where another action is given",
    topic,
    "refused",
    () => [service("sns", { Action: "lambda:GetFunction" })],
  ],
  ["a rule that nothing lets", rule, "refused"],
  ["a rule let by its ARN", rule, "let", () => [service("events", { SourceArn: ruleArn })]],
  ["a rule, where topics are let", rule, "refused", () => [service("sns")]],
  ["a REST API that nothing lets", rest, "refused"],
  [
    "a REST API let by its method",
    rest,
    "let",
    ({ restId }) => [service("apigateway", { SourceArn: apiArn(restId, "*/GET/x") })],
  ],
  [
    "a REST API, where another method is let",
    rest,
    "refused",
    ({ restId }) => [service("apigateway", { SourceArn: apiArn(restId, "*/POST/x") })],
  ],
  ["a REST API that has a role for it", restByRole, "let"],
  ["a REST API that passes on its own account's caller", restByCaller(owner), "let"],
  ["a REST API that passes on another account's caller, whom nothing lets", restByCaller(stranger), "refused"],
  [
    "a REST API that passes on another account's caller, where the API is let",
    restByCaller(stranger),
    "refused",
    () => [service("apigateway")],
  ],
  [
    "a REST API that passes on another account's caller, who is named",
    restByCaller(stranger),
    "let",
    () => [{ Principal: stranger }],
  ],
  ["a WebSocket API that nothing lets", webSocket, "refused"],
  [
    "a WebSocket API let by its route",
    webSocket,
    "let",
    ({ webSocketId }) => [service("apigateway", { SourceArn: apiArn(webSocketId, "*/$default") })],
  ],
  [
    "a WebSocket API, where another route is let",
    webSocket,
    "refused",
    ({ webSocketId }) => [service("apigateway", { SourceArn: apiArn(webSocketId, "*/chat") })],
  ],
  ["a REST API that wants it run later, and nothing lets", restLater, "refused"],
  ["a REST API that wants it run later, and is let", restLater, "let", () => [service("apigateway")]],
  [
    "a test of a REST API, where a stage is let",
    restTest,
    "refused",
    ({ restId }) => [service("apigateway", { SourceArn: apiArn(restId, "dev/GET/x") })],
  ],
  [
    "a test of a REST API, where all stages are let",
    restTest,
    "let",
    ({ restId }) => [service("apigateway", { SourceArn: apiArn(restId, "*/GET/x") })],
  ],
  ["a REST API's authorizer that nothing lets", restAuthorizer, "refused"],
  [
    "a REST API's authorizer let by its ARN",
    restAuthorizer,
    "let",
    ({ restId, restAuthorizerId: id }) => [service("apigateway", { SourceArn: apiArn(restId, `authorizers/${id}`) })],
  ],
  [
    "a REST API's authorizer, where its methods are let",
    restAuthorizer,
    "refused",
    ({ restId }) => [service("apigateway", { SourceArn: apiArn(restId, "dev/GET/*") })],
  ],
  ["an HTTP API that nothing lets", http, "refused"],
  [
    "an HTTP API let by its ARN",
    http,
    "let",
    ({ httpId }) => [service("apigateway", { SourceArn: apiArn(httpId, "*/*") })],
  ],
  ["an HTTP API's authorizer that nothing lets", httpAuthorizer, "refused"],
  [
    "an HTTP API's authorizer let by its ARN",
    httpAuthorizer,
    "let",
    ({ httpId, httpAuthorizerId: id }) => [service("apigateway", { SourceArn: apiArn(httpId, `authorizers/${id}`) })],
  ],
  ["a URL for everybody that nothing lets", url, "refused"],
  ["a URL for everybody with one right of two", url, "refused", () => [publicUrl]],
  ["a URL for everybody with the other right", url, "refused", () => [viaUrl]],
  ["a URL for everybody with both rights", url, "let", () => [publicUrl, viaUrl]],
  [
    "a URL for everybody, let for signed requests",
    url,
    "refused",
    () => [{ ...publicUrl, FunctionUrlAuthType: "AWS_IAM" }, viaUrl],
  ],
  ["a URL that wants a signature, without one", signedUrl(), "refused", () => [publicUrl, viaUrl]],
  ["a URL that wants a signature, with the owner's", signedUrl(owner), "let"],
  ["a URL that wants a signature, with another account's", signedUrl(stranger), "refused"],
  [
    "a URL that wants a signature, with another account's that is let",
    signedUrl(stranger),
    "let",
    () => [strangersUrl, { ...strangersUrl, Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "AWS_IAM" }],
  ],
  ["another account that nothing lets", account, "refused"],
  ["another account that is named", account, "let", () => [{ Principal: stranger }]],
  [
    "another account, where a role of it is named",
    account,
    "refused",
    () => [{ Principal: `arn:aws:iam::${stranger}:role/r` }],
  ],
];

describe("with policies enforced,", () => {
  let callers: Callers;
  beforeAll(async () => {
    callers = await Callers.start("enforce");
  });
  afterAll(() => callers.stop());

  const rows = cases.map(([name, way, outcome, permissions = () => []]) => ({ name, way, outcome, permissions }));
  it.each(rows)("$name", async ({ way, outcome, permissions }) => {
    await callers.permit(permissions(callers));
    expect(await way.call(callers)).toEqual(way[outcome]);
  });

  it("a Deny applies to the owner, who may do everything else", async () => {
    await callers.permit([]);
    expect((await callers.env.invoke(FunctionName)).value).toEqual({ statusCode: 200, body: "ran" });
    const deny = { Sid: "No", Effect: "Deny", Principal: "*", Action: "lambda:InvokeFunction", Resource: arn };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [deny] });
    await callers.env.lambda.putResourcePolicy({ ResourceArn: arn, Policy });
    expect(await refused(callers.env.lambda.invoke({ FunctionName }))).toMatchObject({
      name: "AccessDeniedException",
      status: 403,
      message: `User: arn:aws:iam::${owner}:user/busbar is not authorized to perform: lambda:InvokeFunction on resource: ${arn} with an explicit deny in a resource-based policy`,
    });
  });

  it("a function that is not there is none of another account's business", async () => {
    for (const FunctionName of [functionArn("nobodys"), `${owner}:function:nobodys`]) {
      expect(await refused(callers.other.invoke({ FunctionName }))).toMatchObject({ name: "AccessDeniedException" });
    }
  });
});

describe.each(["audit", "off"] as const)("with policies in mode %s,", (mode) => {
  it("everybody is allowed, with a note on the request", async () => {
    const callers = await Callers.start(mode);
    for (const way of [topic, rule, rest, restAuthorizer, http, httpAuthorizer, url, account]) {
      expect(await way.call(callers)).toEqual(way.let);
    }
    expect(await callers.get(callers.signedUrl)).toEqual(url.refused);
    const notes = callers.notes();
    await callers.stop();
    const may = (who: string, action = "lambda:InvokeFunction") => `${who} may not ${action} ${arn}: no policy is set`;
    const noted = [may(`sns.amazonaws.com for ${topicArn}`), may(`events.amazonaws.com for ${ruleArn}`)];
    const strangers = may(`arn:aws:iam::${stranger}:user/busbar`);
    expect([...notes].sort()).toEqual(mode === "off" ? [] : [...noted, strangers, strangers, strangers].sort());
  });
});
