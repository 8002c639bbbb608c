import {
  CreateApiDestinationCommand,
  type CreateApiDestinationCommandInput,
  CreateConnectionCommand,
  type CreateConnectionCommandInput,
  DeauthorizeConnectionCommand,
  DeleteApiDestinationCommand,
  DeleteConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  ListApiDestinationsCommand,
  ListConnectionsCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
  UpdateApiDestinationCommand,
  UpdateConnectionCommand,
} from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Heard, type Said, webServer } from "../../support/web-server.ts";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
let server: Awaited<ReturnType<typeof webServer>>;
/** What the server says by the first part of the path. */
const answers = new Map<string, (request: Heard) => Said | undefined>();
const role = "arn:aws:iam::000000000000:role/r";
const created = new Date("2026-03-01T00:00:00Z");

beforeAll(async () => {
  h = await harness();
  server = await webServer((request) => answers.get(request.url.split(/[/?]/)[1] ?? "")?.(request));
});
afterAll(() => server.close());

const basic = { BasicAuthParameters: { Username: "me", Password: "secret" } };
const apiKey = { ApiKeyAuthParameters: { ApiKeyName: "x-key", ApiKeyValue: "value" } };

async function connect(Name: string, AuthParameters: object, AuthorizationType = "BASIC") {
  const input = { Name, AuthorizationType, AuthParameters } as CreateConnectionCommandInput;
  return (await h.events.send(new CreateConnectionCommand(input))).ConnectionArn as string;
}

async function destination(Name: string, ConnectionArn: string, path: string, more: object = {}) {
  const InvocationEndpoint = `${server.url}${path}`;
  const input = { Name, ConnectionArn, InvocationEndpoint, HttpMethod: "POST", ...more };
  const answer = await h.events.send(new CreateApiDestinationCommand(input as CreateApiDestinationCommandInput));
  return answer.ApiDestinationArn as string;
}

async function route(name: string, Arn: string, more: Partial<Target> = {}): Promise<void> {
  await h.events.send(new PutRuleCommand({ Name: name, EventPattern: `{"source":["${name}"]}` }));
  const Targets = [{ Id: "1", Arn, RoleArn: role, InputPath: "$.detail", ...more }];
  await h.events.send(new PutTargetsCommand({ Rule: name, Targets }));
}

async function put(source: string, detail: object = {}): Promise<void> {
  const entry = { Source: source, DetailType: "d", Detail: JSON.stringify(detail) };
  await h.events.send(new PutEventsCommand({ Entries: [entry] }));
  await h.bus.settled();
}

const heardAt = (path: string) => server.heard.filter(({ url }) => url.startsWith(path));
const described = async (Name: string) => {
  const { $metadata: _, ...connection } = await h.events.send(new DescribeConnectionCommand({ Name }));
  return connection;
};

describe("connections", () => {
  it("are authorised at once with a user or a key, and keep their secrets", async () => {
    const InvocationHttpParameters = {
      HeaderParameters: [
        { Key: "a", Value: "1", IsValueSecret: false },
        { Key: "b", Value: "2", IsValueSecret: true },
      ],
    };
    const arn = await connect("user", { ...basic, InvocationHttpParameters });
    expect(arn).toMatch(new RegExp(`^arn:aws:events:${region}:${account}:connection/user/[0-9a-f-]{36}$`));
    expect(await described("user")).toEqual({
      ConnectionArn: arn,
      Name: "user",
      ConnectionState: "AUTHORIZED",
      AuthorizationType: "BASIC",
      SecretArn: expect.stringMatching(
        new RegExp(`^arn:aws:secretsmanager:${region}:${account}:secret:events!connection/user/[0-9a-f-]{36}-\\w{6}$`),
      ),
      AuthParameters: {
        BasicAuthParameters: { Username: "me" },
        InvocationHttpParameters: {
          HeaderParameters: [
            { Key: "a", Value: "1", IsValueSecret: false },
            { Key: "b", IsValueSecret: true },
          ],
        },
      },
      CreationTime: created,
      LastModifiedTime: created,
      LastAuthorizedTime: created,
    });
    await connect("key", { ...apiKey, InvocationHttpParameters: {} }, "API_KEY");
    expect((await described("key")).AuthParameters).toEqual({
      ApiKeyAuthParameters: { ApiKeyName: "x-key" },
      InvocationHttpParameters: {},
    });
  });

  it("are updated, listed, deauthorised and deleted", async () => {
    const update = (more: object) => h.events.send(new UpdateConnectionCommand({ Name: "user", ...more }));
    await update({ AuthParameters: { BasicAuthParameters: { Username: "you" } }, Description: "d" });
    expect(await described("user")).toMatchObject({
      Description: "d",
      AuthParameters: { BasicAuthParameters: { Username: "you" } },
    });
    const { Connections } = await h.events.send(new ListConnectionsCommand({ NamePrefix: "user" }));
    expect(Connections).toMatchObject([{ Name: "user", ConnectionState: "AUTHORIZED", AuthorizationType: "BASIC" }]);
    const deauthorize = new DeauthorizeConnectionCommand({ Name: "user" });
    expect((await h.events.send(deauthorize)).ConnectionState).toBe("DEAUTHORIZING");
    expect((await described("user")).ConnectionState).toBe("DEAUTHORIZED");
    const gone = await h.events.send(new ListConnectionsCommand({ ConnectionState: "DEAUTHORIZED" }));
    expect(gone.Connections).toHaveLength(1);
    await update({ AuthorizationType: "API_KEY", AuthParameters: apiKey });
    expect(await described("user")).toMatchObject({ ConnectionState: "AUTHORIZED", AuthorizationType: "API_KEY" });
    const deleted = await h.events.send(new DeleteConnectionCommand({ Name: "user" }));
    expect(deleted.ConnectionState).toBe("DELETING");
    expect(await refusal(described("user"))).toBe(
      "ResourceNotFoundException: Failed to describe the connection(s). Connection 'user' does not exist.",
    );
  });

  it("are refused in AWS's words", async () => {
    expect(await refusal(connect("key", apiKey, "API_KEY"))).toBe(
      "ResourceAlreadyExistsException: Connection key already exists.",
    );
    expect(await refusal(connect("x", apiKey))).toContain(
      "ValidationException: Parameter AuthParameters is not valid.",
    );
    const long = `${"a b".padEnd(65, "x")}`;
    expect(await refusal(connect(long, basic, "INVALID"))).toBe(
      `ValidationException: 3 validation errors detected: Value '${long}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; Value '${long}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; Value 'INVALID' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]`,
    );
  });
});

describe("API destinations", () => {
  it("are created, described, updated, listed and deleted", async () => {
    const connection = await connect("for-crud", basic);
    const arn = await destination("crud", connection, "/crud", { Description: "d" });
    expect(arn).toMatch(new RegExp(`^arn:aws:events:${region}:${account}:api-destination/crud/[0-9a-f-]{36}$`));
    const find = async () => {
      const { $metadata: _, ...found } = await h.events.send(new DescribeApiDestinationCommand({ Name: "crud" }));
      return found;
    };
    const shown = {
      ApiDestinationArn: arn,
      Name: "crud",
      ApiDestinationState: "ACTIVE",
      ConnectionArn: connection,
      InvocationEndpoint: `${server.url}/crud`,
      HttpMethod: "POST",
      InvocationRateLimitPerSecond: 300,
      CreationTime: created,
      LastModifiedTime: created,
    };
    expect(await find()).toEqual({ ...shown, Description: "d" });
    await h.events.send(
      new UpdateApiDestinationCommand({ Name: "crud", HttpMethod: "PUT", InvocationRateLimitPerSecond: 5 }),
    );
    const { ApiDestinations } = await h.events.send(new ListApiDestinationsCommand({ ConnectionArn: connection }));
    expect(ApiDestinations).toEqual([{ ...shown, HttpMethod: "PUT", InvocationRateLimitPerSecond: 5 }]);
    await h.events.send(new DeauthorizeConnectionCommand({ Name: "for-crud" }));
    expect((await find()).ApiDestinationState).toBe("INACTIVE");
    await h.events.send(new DeleteApiDestinationCommand({ Name: "crud" }));
    expect(await refusal(find())).toBe(
      "ResourceNotFoundException: Failed to describe the api-destination(s). An api-destination 'crud' does not exist.",
    );
    const nobody = `arn:aws:events:${region}:${account}:connection/nobody/1`;
    expect(await refusal(destination("x", nobody, "/"))).toBe(
      `ResourceNotFoundException: Connection '${nobody}' does not exist.`,
    );
  });

  it("get the payload with the connection's authorization and both sides' parameters", async () => {
    const connection = await connect("basic", {
      ...basic,
      InvocationHttpParameters: {
        HeaderParameters: [{ Key: "X-Both", Value: "connection" }],
        QueryStringParameters: [{ Key: "q", Value: "connection" }],
        BodyParameters: [{ Key: "added", Value: "by connection", IsValueSecret: true }],
      },
    });
    const arn = await destination("basic", connection, "/basic/*/x/*");
    await route("basic", arn, {
      HttpParameters: {
        PathParameterValues: ["$.detail.id", "fixed"],
        HeaderParameters: { "x-both": "target", "X-Own": "$.detail.id" },
        QueryStringParameters: { q: "target", r: "1" },
      },
    });
    await put("basic", { id: "a b" });
    expect(heardAt("/basic")).toMatchObject([
      {
        method: "POST",
        url: "/basic/a%20b/x/fixed?q=connection&r=1",
        body: '{"id":"a b","added":"by connection"}',
        headers: {
          "user-agent": "Amazon/EventBridge/ApiDestinations",
          "content-type": "application/json; charset=utf-8",
          range: "bytes=0-1048575",
          "accept-encoding": "gzip,deflate",
          connection: "close",
          authorization: `Basic ${Buffer.from("me:secret").toString("base64")}`,
          "x-both": "connection",
          "x-own": "a b",
        },
      },
    ]);
  });

  it("get an API key", async () => {
    await route(
      "key",
      await destination("key", await connect("with-key", apiKey, "API_KEY"), "/key", { HttpMethod: "PUT" }),
    );
    await put("key");
    expect(heardAt("/key")).toMatchObject([{ method: "PUT", body: "{}", headers: { "x-key": "value" } }]);
  });

  it("are retried after 429, 409 and 5xx, and as late as they ask", async () => {
    const said: Said[] = [{ status: 429, headers: { "Retry-After": "120" } }, { status: 503 }, { status: 409 }];
    answers.set("retried", () => said.shift());
    await route("retried", await destination("retried", await connect("retried", basic), "/retried"));
    await put("retried");
    await h.bus.clock.advance("119s");
    expect(heardAt("/retried")).toHaveLength(1);
    await h.bus.clock.advance("1m");
    expect(heardAt("/retried")).toHaveLength(4);
    expect(h.bus.deliveries({ source: `arn:aws:events:${region}:${account}:rule/retried` })).toMatchObject([
      { status: "delivered", attempts: [{ code: "429" }, { code: "503" }, { code: "409" }, { outcome: "delivered" }] },
    ]);
  });

  it("are given up after other answers, or when told to", async () => {
    const dead = await h.queue("http-dead");
    answers.set("no", ({ url }) =>
      url === "/no/400" ? { status: 400 } : { status: 503, headers: { "Retry-After": "-1" } },
    );
    const connection = await connect("no", basic);
    for (const status of ["400", "503"]) {
      await route(`no-${status}`, await destination(`no-${status}`, connection, `/no/${status}`), {
        DeadLetterConfig: { Arn: dead.arn },
      });
      await put(`no-${status}`);
    }
    const letters = await h.take(dead.url);
    expect(
      letters.map(({ MessageAttributes: a }) => [a?.["ERROR_CODE"]?.StringValue, a?.["ERROR_MESSAGE"]?.StringValue]),
    ).toEqual([
      ["ERROR_FROM_TARGET", "The endpoint answered with status 400."],
      ["ERROR_FROM_TARGET", "The endpoint answered with status 503."],
    ]);
  });

  it("are not called faster than their rate allows, by all rules together", async () => {
    const arn = await destination("slow", await connect("slow", basic), "/slow", { InvocationRateLimitPerSecond: 2 });
    await route("slow-a", arn);
    await route("slow-b", arn);
    for (let i = 0; i < 3; i++) {
      await put("slow-a");
      await put("slow-b");
    }
    expect(heardAt("/slow")).toHaveLength(1);
    await h.bus.clock.advance("1s");
    expect(heardAt("/slow")).toHaveLength(3);
    await h.bus.clock.advance("2s");
    expect(heardAt("/slow")).toHaveLength(6);
  });

  it("are not called without authorization", async () => {
    const arn = await destination("locked", await connect("locked", basic), "/locked");
    await h.events.send(new DeauthorizeConnectionCommand({ Name: "locked" }));
    await route("locked", arn);
    await put("locked");
    expect(heardAt("/locked")).toEqual([]);
    expect(h.bus.deliveries({ target: arn })).toMatchObject([
      { status: "failed", attempts: [{ code: "NO_PERMISSIONS" }] },
    ]);
  });
});

describe("OAuth", () => {
  const oauth = (path: string, more: object = {}) => ({
    OAuthParameters: {
      ClientParameters: { ClientID: "id", ClientSecret: "secret" },
      AuthorizationEndpoint: `${server.url}${path}`,
      HttpMethod: "POST",
      OAuthHttpParameters: {
        HeaderParameters: [{ Key: "x-tenant", Value: "t" }],
        QueryStringParameters: [{ Key: "v", Value: "2" }],
        BodyParameters: [{ Key: "grant_type", Value: "client_credentials", IsValueSecret: false }],
      },
      ...more,
    },
  });

  it("asks for a token, uses it, and fetches another when it ends or is refused", async () => {
    let tokens = 0;
    answers.set("token", () => {
      tokens += 1;
      return { body: JSON.stringify({ access_token: `token-${tokens}`, expires_in: 3600, token_type: "Bearer" }) };
    });
    answers.set("guarded", ({ headers }) => (headers.authorization === "Bearer token-2" ? { status: 401 } : undefined));
    const connection = await connect("oauth", oauth("/token"), "OAUTH_CLIENT_CREDENTIALS");
    await h.bus.settled();
    expect(await described("oauth")).toMatchObject({
      ConnectionState: "AUTHORIZED",
      AuthParameters: {
        OAuthParameters: {
          ClientParameters: { ClientID: "id" },
          AuthorizationEndpoint: `${server.url}/token`,
          HttpMethod: "POST",
        },
      },
    });
    expect(heardAt("/token")).toMatchObject([
      {
        method: "POST",
        url: "/token?v=2",
        headers: { "x-tenant": "t", "content-type": "application/x-www-form-urlencoded" },
        body: "client_id=id&client_secret=secret&grant_type=client_credentials",
      },
    ]);
    await route("oauth", await destination("oauth", connection, "/guarded"));
    const bearers = () => heardAt("/guarded").map(({ headers }) => headers.authorization);
    await put("oauth");
    await h.bus.clock.advance("58m");
    await put("oauth");
    expect(bearers()).toEqual(["Bearer token-1", "Bearer token-1"]);
    // Less than a minute is left of it: another is fetched, which the endpoint refuses, and then a third.
    await h.bus.clock.advance("90s");
    await put("oauth");
    expect(bearers().slice(2)).toEqual(["Bearer token-2"]);
    await h.bus.clock.advance("5s");
    expect(bearers().slice(2)).toEqual(["Bearer token-2", "Bearer token-3"]);
  });

  it("may be asked with GET, and reports why it has no token", async () => {
    answers.set("refused", () => ({ status: 403 }));
    answers.set("odd", () => ({ body: "<html>" }));
    await connect("refused", oauth("/refused", { HttpMethod: "GET" }), "OAUTH_CLIENT_CREDENTIALS");
    await connect("odd", oauth("/odd"), "OAUTH_CLIENT_CREDENTIALS");
    const nobody = await connect(
      "unreachable",
      oauth("", { AuthorizationEndpoint: "http://127.0.0.1:9/" }),
      "OAUTH_CLIENT_CREDENTIALS",
    );
    await h.bus.settled();
    expect(heardAt("/refused")).toMatchObject([
      { method: "GET", url: "/refused?v=2&client_id=id&client_secret=secret&grant_type=client_credentials", body: "" },
    ]);
    expect(await described("refused")).toMatchObject({
      ConnectionState: "DEAUTHORIZED",
      StateReason: "The authorization endpoint answered with status 403.",
    });
    expect((await described("odd")).StateReason).toContain("without an access_token");
    expect((await described("unreachable")).StateReason).toContain("does not answer");
    await destination("inactive", nobody, "/inactive");
    const found = await h.events.send(new DescribeApiDestinationCommand({ Name: "inactive" }));
    expect(found.ApiDestinationState).toBe("INACTIVE");
  });
});
