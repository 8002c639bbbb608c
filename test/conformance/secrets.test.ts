/** What is secret appears nowhere: not in lists and records, and not in what the process writes. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Cause } from "../../src/calls/cause.ts";
import { Invocation } from "../../src/calls/invocation.ts";
import { Emulator } from "../../src/emulator.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { http } from "../support/http.ts";
import { webServer } from "../support/web-server.ts";

const secret = "s3cr3t";
const written: string[] = [];
let emulator: Emulator;
let server: RunningServer;
let endpoint: string;
let receiver: Awaited<ReturnType<typeof webServer>>;

beforeAll(async () => {
  emulator = await Emulator.start({ onBug: (error, where) => written.push(`${where} ${error}`) });
  const logger = pino({ level: "trace" }, { write: (line: string) => written.push(line) });
  server = await startServer(emulator, { host: "127.0.0.1", port: 0, logger });
  endpoint = `http://127.0.0.1:${server.port}`;
  receiver = await webServer(({ url }) => ({
    status: url === "/token" ? 401 : 403,
    body: url === "/task" ? "no" : `{"token":"${secret}"}`,
  }));
});
afterAll(async () => {
  await server.close(500, 20);
  await emulator.close();
  await receiver.close();
});

const client = { region: "us-east-1", credentials: { accessKeyId: "000000000000", secretAccessKey: secret } };

/** Everything there is to look at. */
async function views(): Promise<string> {
  const paths = ["requests", "deliveries", "mailbox", "events", "logs", "state", "health"];
  const texts = await Promise.all(paths.map((path) => http(`${endpoint}/_busbar/${path}`)));
  return texts.map(({ text }) => text).join("\n");
}

it("keeps passwords of endpoint URLs, signatures and authorization to itself", async () => {
  const sns = new SNS({ ...client, endpoint });
  const { TopicArn } = await sns.createTopic({ Name: "t" });
  // Nobody listens there by TLS: the attempt fails, and that is told.
  const address = receiver.url.replace("http://", `https://ann:${secret}@`);
  await sns.subscribe({ TopicArn, Protocol: "https", Endpoint: `${address}/in` });
  await sns.subscribe({ TopicArn, Protocol: "http", Endpoint: `${receiver.url}/put?X-Amz-Signature=${secret}` });
  await emulator.deliveries.settled();
  const listed = (await sns.listSubscriptions({})).Subscriptions?.map(({ Endpoint }) => Endpoint);
  expect(listed).toContain(`${address.replace(secret, "****")}/in`);
  expect(await sns.listSubscriptionsByTopic({ TopicArn })).toMatchObject({ Subscriptions: [{}, {}] });
  expect(JSON.stringify(await sns.listSubscriptionsByTopic({ TopicArn }))).not.toContain(secret);
  sns.destroy();
  const all = await views();
  expect(all).toContain(`${address.replace(secret, "****")}/in`);
  expect(all).toContain("/put?X-Amz-Signature=****");
  expect(all).not.toContain(secret);
  // Asked for by its whole address it is found all the same.
  expect(emulator.deliveries.list({ target: `${address}/in` })).toHaveLength(1);
});

it("keeps secrets of connections to itself", async () => {
  const events = new EventBridge({ ...client, endpoint });
  await events.createConnection({
    Name: "oauth",
    AuthorizationType: "OAUTH_CLIENT_CREDENTIALS",
    AuthParameters: {
      OAuthParameters: {
        AuthorizationEndpoint: `${receiver.url.replace("http:", "https:")}/token`,
        HttpMethod: "GET",
        ClientParameters: { ClientID: "id", ClientSecret: secret },
        OAuthHttpParameters: { QueryStringParameters: [{ Key: "k", Value: secret, IsValueSecret: true }] },
      },
    },
  });
  await events.createConnection({
    Name: "basic",
    AuthorizationType: "BASIC",
    AuthParameters: { BasicAuthParameters: { Username: "ann", Password: secret } },
  });
  const described = await Promise.all(["oauth", "basic"].map((Name) => events.describeConnection({ Name })));
  expect(JSON.stringify([described, await events.listConnections({})])).not.toContain(secret);
  events.destroy();
  expect(await views()).not.toContain(secret);
});

it("shows no password of an API destination's URL, and nothing its connection adds", async () => {
  const events = new EventBridge({ ...client, endpoint });
  const { ConnectionArn } = await events.createConnection({
    Name: "key",
    AuthorizationType: "API_KEY",
    AuthParameters: {
      ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: secret },
      InvocationHttpParameters: { QueryStringParameters: [{ Key: "k", Value: secret, IsValueSecret: true }] },
    },
  });
  const InvocationEndpoint = `${receiver.url.replace("http://", `http://ann:${secret}@`)}/api`;
  const { ApiDestinationArn } = await events.createApiDestination({
    Name: "d",
    ConnectionArn,
    InvocationEndpoint,
    HttpMethod: "POST",
  });
  const shown = [await events.describeApiDestination({ Name: "d" }), await events.listApiDestinations({})];
  expect(JSON.stringify(shown)).toContain(InvocationEndpoint.replace(secret, "****"));
  expect(JSON.stringify(shown)).not.toContain(secret);
  const broken = events.createApiDestination({
    Name: "e",
    ConnectionArn,
    InvocationEndpoint: `ftp://ann:${secret}@h/`,
    HttpMethod: "POST",
  });
  expect(String(await broken.catch((error: Error) => error))).toMatch(/ftp:\/\/ann:\*\*\*\*@h\//);
  await events.putRule({ Name: "r", EventPattern: '{"source":["mine"]}' });
  const RoleArn = "arn:aws:iam::000000000000:role/r";
  const RetryPolicy = { MaximumRetryAttempts: 0 };
  await events.putTargets({ Rule: "r", Targets: [{ Id: "d", Arn: ApiDestinationArn, RoleArn, RetryPolicy }] });
  await events.putEvents({ Entries: [{ Source: "mine", DetailType: "d", Detail: "{}" }] });
  await emulator.deliveries.settled();
  const call = receiver.heard.find(({ url }) => url?.startsWith("/api"));
  expect([call?.url, call?.headers["x-key"]]).toEqual([`/api?k=${secret}`, secret]);
  events.destroy();
  expect(await views()).not.toContain(secret);
});

it("does not show what a connection adds in histories and logs of HTTP tasks", async () => {
  const events = new EventBridge({ ...client, endpoint });
  const states = new SFN({ ...client, endpoint, disableHostPrefix: true });
  const { ConnectionArn } = await events.createConnection({
    Name: "task",
    AuthorizationType: "BASIC",
    AuthParameters: {
      BasicAuthParameters: { Username: "ann", Password: secret },
      InvocationHttpParameters: {
        HeaderParameters: [{ Key: "x-more", Value: secret, IsValueSecret: true }],
        BodyParameters: [{ Key: "more", Value: secret, IsValueSecret: true }],
      },
    },
  });
  const roleArn = "arn:aws:iam::000000000000:role/r";
  const closed = "http://127.0.0.1:1/closed";
  for (const [name, ApiEndpoint] of Object.entries({ answers: `${receiver.url}/task`, closed })) {
    const Parameters = { ApiEndpoint, Method: "POST", Authentication: { ConnectionArn }, RequestBody: { a: 1 } };
    const Task = { Type: "Task", Resource: "arn:aws:states:::http:invoke", Parameters, End: true };
    const { stateMachineArn } = await states.createStateMachine({
      name,
      roleArn,
      definition: JSON.stringify({ StartAt: "T", States: { T: Task } }),
      loggingConfiguration: {
        level: "ALL",
        includeExecutionData: true,
        destinations: [
          { cloudWatchLogsLogGroup: { logGroupArn: "arn:aws:logs:us-east-1:000000000000:log-group:tasks:*" } },
        ],
      },
    });
    const { executionArn } = await states.startExecution({ stateMachineArn });
    await expect.poll(async () => (await states.describeExecution({ executionArn })).status).toBe("FAILED");
    const { events: history } = await states.getExecutionHistory({ executionArn, includeExecutionData: true });
    expect(history?.map(({ type }) => type)).toContain("TaskFailed");
    const told = JSON.stringify([history, await states.describeExecution({ executionArn })]);
    expect(told).not.toContain(secret);
  }
  const call = receiver.heard.find(({ url }) => url === "/task");
  expect(call?.headers["authorization"]).toBe(`Basic ${Buffer.from(`ann:${secret}`).toString("base64")}`);
  expect(call?.body).toContain(secret);
  const basic = Buffer.from(`ann:${secret}`).toString("base64");
  events.destroy();
  states.destroy();
  for (const text of [await views(), written.join("\n")]) {
    expect(text).not.toContain(basic);
    expect(text).not.toContain(secret);
  }
});

it("writes none of them to its log, which has each request", async () => {
  const signed = `/?Action=Nothing&X-Amz-Signature=${secret}&X-Amz-Credential=000000000000/20300101/us-east-1/sqs/aws4_request`;
  await http(endpoint + signed, { headers: { authorization: `Basic ${secret}` } });
  await http(`${endpoint}/_busbar/nowhere?X-Amz-Signature=${secret}`);
  await http(`${endpoint}/_busbar/requests`);
  const log = written.join("\n");
  expect(log).toContain('"path":"/_busbar/nowhere"');
  expect(log).not.toContain(secret);
  expect(await views()).not.toContain(secret);
});

it("does not show the password in a function's URL when the function does not answer", async () => {
  const other = await Emulator.start({ functions: { f: `http://ann:${secret}@127.0.0.1:1/` } });
  const invocation = Invocation.ofService(
    "states",
    "arn",
    { account: "000000000000", region: "us-east-1" },
    Cause.from(),
  );
  const answer = Promise.resolve(other.functions.invoke("f", "{}", invocation));
  const failed = await answer.catch((error: Error) => error.message);
  expect(failed).toContain("http://ann:****@127.0.0.1:1/");
  await other.close();
});
