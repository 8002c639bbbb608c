/** Services behind HTTP APIs, what queues' policies say of the roles of integrations, and whom AWS_IAM lets in. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, GatewayEnvironment, roleArn } from "../../support/apigatewayv2.ts";
import { webServer } from "../../support/web-server.ts";
import { handshake, openSocket } from "../../support/web-sockets.ts";

const stranger = "111122223333";

let env: GatewayEnvironment;
let appConfig: Awaited<ReturnType<typeof webServer>>;
let sqs: SQS;

beforeAll(async () => {
  appConfig = await webServer(({ url }) =>
    url.includes("/none/")
      ? { status: 404, headers: { "content-type": "application/json" }, body: '{"Message":"no such application"}' }
      : {
          headers: { "content-type": "application/x-settings" },
          body: Buffer.from([1, 0xff]),
        },
  );
  env = await GatewayEnvironment.start("memory", { policies: "enforce", endpoints: { appconfig: appConfig.url } });
  sqs = new SQS(env.bus.clientConfig());
});

afterAll(async () => {
  sqs.destroy();
  await env.stop();
  await appConfig.close();
});

/** An HTTP API with one route to a service, as a call of it with a JSON body. */
async function integrated(IntegrationSubtype: string, RequestParameters: Record<string, string>, at = env) {
  const { ApiId = "" } = await at.gateway.createApi({ Name: IntegrationSubtype, ProtocolType: "HTTP" });
  const { IntegrationId } = await at.gateway.createIntegration({
    ApiId,
    IntegrationType: "AWS_PROXY",
    IntegrationSubtype,
    CredentialsArn: roleArn,
    PayloadFormatVersion: "1.0",
    RequestParameters,
  });
  await at.gateway.createRoute({ ApiId, RouteKey: "POST /x", Target: `integrations/${IntegrationId}` });
  await at.gateway.createStage({ ApiId, StageName: "$default", AutoDeploy: true });
  return (body: object) => at.call(ApiId, "/x", { method: "POST", body: JSON.stringify(body) });
}

/** Parameters of these names, each from the member of its name. */
function fromBody(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `$request.body.${name}`]));
}

describe("first-class integrations", () => {
  it("send to queues, receive, delete and purge, and answer in XML", async () => {
    const { QueueUrl = "" } = await sqs.createQueue({ QueueName: "orders.fifo", Attributes: { FifoQueue: "true" } });
    const attributes = ["MessageAttributes", "MessageDeduplicationId", "MessageGroupId"];
    const send = await integrated("SQS-SendMessage", { QueueUrl, ...fromBody("MessageBody", ...attributes) });
    const receive = await integrated("SQS-ReceiveMessage", {
      QueueUrl,
      ...fromBody(
        "AttributeNames",
        "MaxNumberOfMessages",
        "MessageAttributeNames",
        "VisibilityTimeout",
        "WaitTimeSeconds",
      ),
    });
    const remove = await integrated("SQS-DeleteMessage", { QueueUrl, ...fromBody("ReceiptHandle") });
    const purge = await integrated("SQS-PurgeQueue", { QueueUrl });
    const MessageAttributes = { kind: { DataType: "String", StringValue: "new" } };
    const message = { MessageBody: "a & b", MessageAttributes, MessageGroupId: "g" };
    const sent = await send({ ...message, MessageDeduplicationId: "1" });
    expect([sent.status, sent.headers["content-type"]]).toEqual([200, "text/xml"]);
    expect(sent.text).toMatch(/<SendMessageResponse .*<SequenceNumber>\d+<\/SequenceNumber>/);
    const asked = {
      AttributeNames: ["All"],
      MessageAttributeNames: ["kind"],
      VisibilityTimeout: "0",
      WaitTimeSeconds: 0,
    };
    const received = await receive({ ...asked, MaxNumberOfMessages: 10, VisibilityTimeout: 60 });
    expect(received.text).toContain("<Body>a &amp; b</Body>");
    expect(received.text).toContain("<Name>MessageGroupId</Name><Value>g</Value>");
    expect(received.text).toContain("<StringValue>new</StringValue>");
    const ReceiptHandle = /<ReceiptHandle>(.*)<\/ReceiptHandle>/.exec(received.text)?.[1] ?? "";
    const removed = await remove({ ReceiptHandle });
    expect([removed.status, removed.text]).toEqual([200, expect.stringContaining("<DeleteMessageResponse")]);
    await send({ ...message, MessageDeduplicationId: "2" });
    expect((await purge({})).text).toContain("<PurgeQueueResponse");
    expect((await receive(asked)).text).not.toContain("<Message>");
    const refused = await send({ ...message, MessageGroupId: "no blanks" });
    expect([refused.status, refused.text]).toEqual([
      400,
      expect.stringContaining("<Code>InvalidParameterValue</Code>"),
    ]);
    expect((await receive({ MaxNumberOfMessages: "many" })).status).toBe(400);
  });

  it("put events with everything an entry has", async () => {
    const events = new EventBridge(env.bus.clientConfig());
    await events.createEventBus({ Name: "orders" });
    const put = await integrated("EventBridge-PutEvents", {
      ...fromBody("Detail", "Time", "Resources"),
      Source: "shop",
      DetailType: "$request.header.X-Kind",
      EventBusName: "orders",
      TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793",
    });
    const entry = { Detail: { id: 7 }, Time: "2026-02-03T04:05:06Z", Resources: ["arn:aws:a:b"] };
    // A required value that is not there.
    expect((await put(entry)).text).toBe('{"message":"Bad Request"}');
    const again = await integrated("EventBridge-PutEvents", {
      ...fromBody("Detail", "Time", "Resources"),
      Source: "shop",
      DetailType: "made",
      EventBusName: "orders",
    });
    const { status, text } = await again(entry);
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { Entries: [{ EventId: expect.any(String) }], FailedEntryCount: 0 },
    ]);
    expect(env.bus.events().at(-1)?.event).toMatchObject({
      "detail-type": "made",
      source: "shop",
      time: "2026-02-03T04:05:06Z",
      resources: ["arn:aws:a:b"],
      detail: { id: 7 },
    });
    events.destroy();
  });

  it("put records into streams, in the region that they name", async () => {
    const kinesis = new Kinesis({ ...env.bus.clientConfig(), region: "eu-west-1" });
    const StreamName = "orders";
    await kinesis.createStream({ StreamName, ShardCount: 1 });
    const put = await integrated("Kinesis-PutRecord", {
      ...fromBody("Data", "PartitionKey", "ExplicitHashKey"),
      StreamName,
      Region: "eu-west-1",
    });
    const { status, text } = await put({ Data: "ü", PartitionKey: "p", ExplicitHashKey: "1" });
    expect([status, JSON.parse(text)]).toMatchObject([200, { ShardId: "shardId-000000000000" }]);
    const shard = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" } as const;
    const { ShardIterator } = await kinesis.getShardIterator(shard);
    const { Records } = await kinesis.getRecords({ ShardIterator });
    expect(Records?.map(({ Data = [] }) => Buffer.from(Data).toString())).toEqual(["ü"]);
    kinesis.destroy();
  });

  it("start executions, wait for express ones, and stop them", async () => {
    const sfn = new SFN(env.bus.clientConfig());
    const machine = async (name: string, type: "STANDARD" | "EXPRESS", state: object) => {
      const definition = JSON.stringify({ StartAt: "A", States: { A: state } });
      return (await sfn.createStateMachine({ name, type, definition, roleArn })).stateMachineArn as string;
    };
    const waiting = await machine("waiting", "STANDARD", { Type: "Wait", Seconds: 600, End: true });
    const choosing = await machine("failing", "EXPRESS", { Type: "Fail", Error: "E", Cause: "c" });
    const start = await integrated("StepFunctions-StartExecution", {
      StateMachineArn: waiting,
      ...fromBody("Name", "Input"),
    });
    const started = await start({ Name: "one", Input: { n: 1 } });
    const { executionArn, startDate } = JSON.parse(started.text) as { executionArn: string; startDate: number };
    expect([started.status, executionArn, startDate]).toEqual([
      200,
      expect.stringMatching(/:one$/),
      env.bus.clock.now() / 1000,
    ]);
    const stop = await integrated("StepFunctions-StopExecution", fromBody("ExecutionArn", "Cause", "Error"));
    const stopped = await stop({ ExecutionArn: executionArn, Cause: "enough", Error: "Mine" });
    expect([stopped.status, JSON.parse(stopped.text)]).toEqual([200, { stopDate: expect.any(Number) }]);
    const shown = { status: "ABORTED", cause: "enough", error: "Mine", input: '{"n":1}' };
    expect(await sfn.describeExecution({ executionArn })).toMatchObject(shown);
    const run = await integrated("StepFunctions-StartSyncExecution", {
      StateMachineArn: choosing,
      ...fromBody("Input"),
    });
    const { status, text } = await run({ Input: "{}" });
    expect([status, JSON.parse(text)]).toMatchObject([200, { status: "FAILED", error: "E", cause: "c" }]);
    const none = await integrated("StepFunctions-StartExecution", { StateMachineArn: `${waiting}-none` });
    const missing = await none({});
    expect([missing.status, JSON.parse(missing.text)]).toMatchObject([
      400,
      { __type: expect.stringContaining("StateMachineDoesNotExist") },
    ]);
    sfn.destroy();
  });

  it("get a configuration from AppConfig's endpoint", async () => {
    const names = ["Application", "Environment", "Configuration", "ClientId", "ClientConfigurationVersion"];
    const get = await integrated("AppConfig-GetConfiguration", fromBody(...names));
    const asked = { Application: "shop/a", Environment: "prod", Configuration: "all", ClientId: "me & you" };
    const { status, headers, bytes } = await get(asked);
    expect([status, headers["content-type"], [...bytes]]).toEqual([200, "application/x-settings", [1, 0xff]]);
    const missing = await get({ ...asked, Application: "none", ClientConfigurationVersion: "6" });
    expect([missing.status, missing.text]).toEqual([404, '{"Message":"no such application"}']);
    const path = (application: string) => `/applications/${application}/environments/prod/configurations/all`;
    expect(appConfig.heard).toMatchObject([
      { method: "GET", url: `${path("shop%2Fa")}?client_id=me%20%26%20you`, body: "" },
      { method: "GET", url: `${path("none")}?client_id=me%20%26%20you&client_configuration_version=6` },
    ]);
    expect(appConfig.heard[0]?.headers.authorization).toContain("/us-east-1/appconfig/aws4_request");
  });

  it("answer 500 for a service without an endpoint, 503 for one that does not answer", async () => {
    for (const [endpoints, status] of [
      [{}, 500],
      [{ appconfig: "http://127.0.0.1:1" }, 503],
    ] as const) {
      const other = await GatewayEnvironment.start("memory", { endpoints });
      const names = ["Application", "Environment", "Configuration", "ClientId"];
      const get = await integrated("AppConfig-GetConfiguration", fromBody(...names), other);
      expect((await get(Object.fromEntries(names.map((name) => [name, "a"])))).status).toBe(status);
      await other.stop();
    }
  });
});

describe("an integration's role", () => {
  const policy = (Effect: "Allow" | "Deny") => (QueueArn: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect, Principal: { AWS: roleArn }, Action: "sqs:SendMessage", Resource: QueueArn }],
    });

  it.each([
    ["its own account's", "000000000000", undefined, 200],
    ["its own account's that denies it", "000000000000", policy("Deny"), 403],
    ["another account's that says nothing", stranger, undefined, 403],
    ["another account's that allows it", stranger, policy("Allow"), 200],
    ["another account's that denies it", stranger, policy("Deny"), 403],
  ])("sends to a queue, %s", async (_name, account, policyOf, status) => {
    const owner = new SQS(env.bus.clientConfig({ account }));
    const QueueName = `role-${account}-${status}-${policyOf === undefined ? "plain" : "judged"}`;
    const { QueueUrl = "" } = await owner.createQueue({ QueueName });
    const Policy = policyOf?.(`arn:aws:sqs:us-east-1:${account}:${QueueName}`);
    if (Policy !== undefined) await owner.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
    const send = await integrated("SQS-SendMessage", { QueueUrl, MessageBody: "$request.body" });
    const { status: ofHttp } = await send({ by: "http" });
    const uri = `arn:aws:apigateway:us-east-1:sqs:path/${account}/${QueueName}`;
    const form = { "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'" };
    const template = (by: string) => `Action=SendMessage&MessageBody={"by":"${by}"}`;
    expect([
      ofHttp,
      await statusOfRest(uri, form, template("rest")),
      await statusOfSocket(uri, form, template("socket")),
    ]).toEqual([status, status, status]);
    const { Messages = [] } = await owner.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    const bodies = Messages.map(({ Body = "" }) => (JSON.parse(Body) as { by: string }).by).sort();
    expect(bodies).toEqual(status === 200 ? ["http", "rest", "socket"] : []);
    owner.destroy();
  });

  /** The status that the service answers a REST API's integration with. */
  async function statusOfRest(uri: string, requestParameters: Record<string, string>, template: string) {
    const client = new APIGateway({ ...env.bus.clientConfig(), maxAttempts: 1 });
    const { id: restApiId = "", rootResourceId: resourceId } = await client.createRestApi({ name: "rest" });
    const address = { restApiId, resourceId, httpMethod: "POST" };
    await client.putMethod({ ...address, authorizationType: "NONE" });
    await client.putIntegration({
      ...address,
      type: "AWS",
      integrationHttpMethod: "POST",
      uri,
      credentials: roleArn,
      requestParameters,
      requestTemplates: { "application/json": template },
    });
    for (const statusCode of ["200", "403"]) {
      await client.putMethodResponse({ ...address, statusCode });
      await client.putIntegrationResponse({ ...address, statusCode, selectionPattern: statusCode });
    }
    await client.createDeployment({ restApiId, stageName: "live" });
    client.destroy();
    return (await ask(env.bus.endpoint, `/_aws/execute-api/${restApiId}/live/`, { method: "POST", body: "{}" })).status;
  }

  /** The status that the service answers a WebSocket API's integration with. */
  async function statusOfSocket(IntegrationUri: string, RequestParameters: Record<string, string>, template: string) {
    const { gateway } = env;
    const { ApiId = "" } = await gateway.createApi({
      Name: "socket",
      ProtocolType: "WEBSOCKET",
      RouteSelectionExpression: "$request.body.do",
    });
    const { IntegrationId } = await gateway.createIntegration({
      ApiId,
      IntegrationType: "AWS",
      IntegrationMethod: "POST",
      IntegrationUri,
      CredentialsArn: roleArn,
      RequestParameters,
      RequestTemplates: { $default: template },
      TemplateSelectionExpression: "\\$default",
    });
    for (const status of ["200", "403"]) {
      await gateway.createIntegrationResponse({
        ApiId,
        IntegrationId,
        IntegrationResponseKey: `/${status}/`,
        ResponseTemplates: { $default: status },
        TemplateSelectionExpression: "\\$default",
      });
    }
    const { RouteId } = await gateway.createRoute({
      ApiId,
      RouteKey: "$default",
      Target: `integrations/${IntegrationId}`,
      RouteResponseSelectionExpression: "$default",
    });
    await gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
    await gateway.createStage({ ApiId, StageName: "live", AutoDeploy: true });
    const { socket, next } = await openSocket(
      `${env.bus.endpoint.replace("http", "ws")}/_aws/execute-api/${ApiId}/live`,
    );
    socket.send("{}");
    const status = await next();
    socket.terminate();
    return status;
  }
});

describe.each(["enforce", "off"] as const)("AWS_IAM, policies %s", (policies) => {
  it("admits callers of the API's account, whatever else, and nobody else", async () => {
    const other = await GatewayEnvironment.start("memory", { policies });
    const { gateway, bus } = other;
    const IntegrationUri = other.handler("inside", () => ({ statusCode: 200 }));
    const apis = { HTTP: "", WEBSOCKET: "" };
    for (const ProtocolType of ["HTTP", "WEBSOCKET"] as const) {
      const RouteSelectionExpression = ProtocolType === "HTTP" ? undefined : "$request.body.do";
      const { ApiId = "" } = await gateway.createApi({ Name: "a", ProtocolType, RouteSelectionExpression });
      const integration = {
        IntegrationType: "AWS_PROXY",
        PayloadFormatVersion: ProtocolType === "HTTP" ? "2.0" : "1.0",
      } as const;
      const { IntegrationId } = await gateway.createIntegration({ ApiId, ...integration, IntegrationUri });
      const RouteKey = ProtocolType === "HTTP" ? "GET /x" : "$connect";
      await gateway.createRoute({
        ApiId,
        RouteKey,
        Target: `integrations/${IntegrationId}`,
        AuthorizationType: "AWS_IAM",
      });
      await gateway.createStage({ ApiId, StageName: "live", AutoDeploy: true });
      apis[ProtocolType] = ApiId;
    }
    /** A session of a role; a policy of the session that allows nothing does not matter, since identities have none. */
    const session = async (account: string) => {
      const sts = new STS(bus.clientConfig({ account }));
      const Policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}';
      const RoleArn = `arn:aws:iam::${account}:role/r`;
      const { Credentials } = await sts.assumeRole({ RoleArn, RoleSessionName: "session", Policy });
      sts.destroy();
      return Credentials as { AccessKeyId: string; SessionToken: string };
    };
    const signed = (key: string) => ({
      Authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260301/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0`,
    });
    const ofSession = async (account: string) => {
      const { AccessKeyId, SessionToken } = await session(account);
      return { ...signed(AccessKeyId), "X-Amz-Security-Token": SessionToken };
    };
    const own = await ofSession("000000000000");
    const cases: [name: string, headers: Record<string, string>, isIn: boolean][] = [
      ["nobody", {}, false],
      ["the account", signed("000000000000"), true],
      ["a role of the account", own, true],
      ["another account", signed(stranger), false],
      ["a role of another account", await ofSession(stranger), false],
    ];
    const socketUrl = `${bus.endpoint.replace("http", "ws")}/_aws/execute-api/${apis.WEBSOCKET}/live`;
    const look = async (name: string, headers: Record<string, string>, isIn: boolean) => {
      const { status, text } = await other.call(apis.HTTP, "/live/x", { headers });
      const socket = await handshake(socketUrl, headers);
      expect([name, status, socket.status]).toEqual([name, ...(isIn ? [200, 101] : [403, 403])]);
      if (isIn) return;
      expect(text).toBe('{"message":"Forbidden"}');
      expect(JSON.parse(socket.body)).toMatchObject({ message: "Forbidden" });
    };
    for (const [name, headers, isIn] of cases) await look(name, headers, isIn);
    await bus.clock.advance("2h");
    await look("a session that is over", own, false);
    await other.stop();
  });
});
