/** Rules of EventBridge's API as AWS was recorded to follow them; what targets get is in recorded-targets.test.ts. */
import { EventBridge, type PutPermissionCommandInput } from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
let events: EventBridge;
const busArn = (name: string) => `arn:aws:events:${region}:${account}:event-bus/${name}`;
const pattern = '{"source":["s"]}';

beforeAll(async () => {
  h = await harness();
  events = new EventBridge({ ...h.bus.clientConfig(), maxAttempts: 1 });
});

afterAll(() => events.destroy());

async function newBus(name: string): Promise<string> {
  await events.createEventBus({ Name: name });
  return name;
}

describe("events", () => {
  const entry = (detailBytes: number) => ({
    Source: "s",
    DetailType: "d",
    Detail: `{"a":"${"x".repeat(detailBytes - 8)}"}`,
  });

  it("entries of less than 1 MiB are taken, of 1 MiB together refused", async () => {
    const over = "ValidationException: Total size of the entries in the request is over the limit.";
    expect(await events.putEvents({ Entries: [entry(2 ** 20 - 3)] })).toMatchObject({ FailedEntryCount: 0 });
    expect(await refusal(events.putEvents({ Entries: [entry(2 ** 20 - 2)] }))).toBe(over);
    expect(await refusal(events.putEvents({ Entries: [entry(2 ** 19), entry(2 ** 19)] }))).toBe(over);
  });

  it("an event of 1 MiB may hold quotes, which JSON writes with two characters", async () => {
    const Detail = `[${'"",'.repeat(10)}""]`;
    const quoted = `{"a":[${'"","",'.repeat(2 ** 17 - 40)}""]}`;
    expect(await events.putEvents({ Entries: [{ Source: "s", DetailType: "d", Detail: quoted }] })).toMatchObject({
      FailedEntryCount: 0,
    });
    const { Entries } = await events.putEvents({ Entries: [{ Source: "s", DetailType: "d", Detail }] });
    expect(Entries).toEqual([{ ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." }]);
  });

  const whole = {
    id: "1",
    account,
    source: "s",
    time: "2026-01-01T00:00:00Z",
    region,
    "detail-type": "d",
  };

  it.each(Object.keys(whole))("an event that is tested has its %s", async (name) => {
    const { [name as keyof typeof whole]: _, ...rest } = whole;
    const tested = (event: object, EventPattern = pattern) =>
      events.testEventPattern({ EventPattern, Event: JSON.stringify(event) });
    expect(await refusal(tested(rest))).toBe("ValidationException: Parameter Event is not valid.");
    expect(await refusal(tested(rest, '{"other":[{"exists":false}]}'))).toMatch(/Parameter Event is not valid/);
    expect(await tested(whole)).toMatchObject({ Result: true });
    expect(await tested({ ...whole, own: 1 }, '{"own":[1]}')).toMatchObject({ Result: true });
  });
});

describe("rules and targets", () => {
  it("ListRuleNamesByTarget wants an ARN", async () => {
    for (const TargetArn of ["nonsense", "arn:x"]) {
      expect(await refusal(events.listRuleNamesByTarget({ TargetArn }))).toBe(
        `ValidationException: Parameter ${TargetArn} is not valid. Reason: Provided Arn is not in correct format.`,
      );
    }
    expect((await events.listRuleNamesByTarget({ TargetArn: busArn("nobody") })).RuleNames).toEqual([]);
  });

  it("a log group takes no role", async () => {
    await events.putRule({ Name: "to-logs", EventPattern: pattern });
    const Arn = `arn:aws:logs:${region}:${account}:log-group:/g`;
    const put = (RoleArn?: string) => events.putTargets({ Rule: "to-logs", Targets: [{ Id: "1", Arn, RoleArn }] });
    expect(await refusal(put(`arn:aws:iam::${account}:role/r`))).toBe(
      `ValidationException: RoleArn is not supported for target ${Arn}.`,
    );
    await put();
  });

  it("all management events are for a pattern or a schedule, not for both", async () => {
    const State = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    const put = (more: object) => events.putRule({ Name: "management", State, ...more });
    await put({ EventPattern: pattern });
    await put({ ScheduleExpression: "rate(1 day)" });
    expect(await refusal(put({ EventPattern: pattern, ScheduleExpression: "rate(1 day)" }))).toMatch(
      /^ValidationException/,
    );
  });
});

describe("permissions", () => {
  const statement = (Sid: string, more: object = {}) => ({
    Sid,
    Effect: "Allow",
    Principal: { AWS: "111122223333" },
    Action: "events:PutEvents",
    Resource: "*",
    ...more,
  });
  const document = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
  const put = (more: Partial<PutPermissionCommandInput>) => events.putPermission(more as PutPermissionCommandInput);

  it("a policy replaces the one before, and is shown compact, with statements as a list and accounts as ARNs", async () => {
    const EventBusName = await newBus("policy");
    await put({ EventBusName, Action: "events:PutEvents", Principal: "*", StatementId: "before" });
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: statement("a") }, null, 2);
    await put({ EventBusName, Policy });
    const stored = statement("a", { Principal: { AWS: "arn:aws:iam::111122223333:root" } });
    expect((await events.describeEventBus({ Name: EventBusName })).Policy).toBe(document(stored));
    await put({ EventBusName, Action: "events:PutEvents", Principal: "444455556666", StatementId: "b" });
    const { Policy: shown = "" } = await events.describeEventBus({ Name: EventBusName });
    expect((JSON.parse(shown) as { Statement: { Sid: string }[] }).Statement.map(({ Sid }) => Sid)).toEqual(["a", "b"]);
  });

  const twice = document(statement("same"), statement("other"), statement("same"));
  it.each([
    ["{", "This policy contains invalid Json"],
    ["", "This policy contains invalid Json"],
    ["null", "This text appears not to be a policy"],
    ['"text"', "This text appears not to be a policy"],
    ["[]", "Could not parse the policy: Statement is empty!"],
    [document(), "Could not parse the policy: Statement is empty!"],
    ["{}", "Missing required field Version"],
    [JSON.stringify({ Statement: [{}] }), "Missing required field Version"],
    [document(statement("a", { Sid: undefined })), "Missing required field Sid"],
    [document(statement("a"), statement("b", { Resource: undefined })), "Missing required field Resource"],
    [
      twice,
      `Invalid statement at line 1 column ${twice.lastIndexOf('{"Sid":"same"') + 1}: The Statement Ids in the policy are not unique`,
    ],
    [
      document(statement("a", { Resource: busArn("other") })),
      `The relative-id "event-bus/other" is invalid for ARN "${busArn("other")}"`,
    ],
    [
      document(statement("a", { Resource: ["*", `arn:aws:sqs:${region}:${account}:q`] })),
      `The relative-id "q" is invalid for ARN "arn:aws:sqs:${region}:${account}:q"`,
    ],
  ])("the policy %j is refused", async (Policy, text) => {
    expect(await refusal(put({ Policy }))).toBe(`ValidationException: ${text}`);
  });

  it("a policy names its own bus or the rules on it", async () => {
    const EventBusName = await newBus("own");
    const rules = `arn:aws:events:${region}:${account}:rule/own/*`;
    for (const Resource of [busArn("own"), [busArn("own"), rules]]) {
      await put({ EventBusName, Policy: document(statement("a", { Resource })) });
    }
  });

  const whole = { Action: "events:PutEvents", Principal: "111122223333", StatementId: "x" };
  const Condition = { Type: "StringEquals", Key: "aws:PrincipalOrgID", Value: "o-abcdefghij" };
  it.each([
    ["no action", { ...whole, Action: undefined }, "Parameter(s) Action must be specified."],
    ["no principal", { ...whole, Principal: undefined }, "Parameter(s) Principal must be specified."],
    ["no statement id", { ...whole, StatementId: undefined }, "Parameter(s) StatementId must be specified."],
    [
      "another key",
      { ...whole, Condition: { ...Condition, Key: "aws:SourceArn" } },
      "Provided value in parameter 'condition.key' is not supported.",
    ],
    [
      "another type",
      { ...whole, Condition: { ...Condition, Type: "StringLike" } },
      "Provided value in parameter 'condition.type' is not supported.",
    ],
    [
      "no organization",
      { ...whole, Condition: { ...Condition, Value: "acme" } },
      "Provided value in parameter 'condition.value' is invalid.",
    ],
    ...Object.entries({ ...whole, Condition }).map(
      ([name, value]) =>
        [
          `a policy beside ${name}`,
          { [name]: value, Policy: document(statement("a")) },
          "Action, Principal, StatementId and Condition could not be combined with Policy parameter.",
        ] as const,
    ),
  ] as const)("%s is refused", async (_, input, text) => {
    expect(await refusal(put(input as PutPermissionCommandInput))).toBe(`ValidationException: ${text}`);
  });

  it("from a bus without a policy all may be removed, and no single statement", async () => {
    for (const EventBusName of ["default", await newBus("bare")]) {
      await events.removePermission({ EventBusName, RemoveAllPermissions: true });
      expect(await refusal(events.removePermission({ EventBusName, StatementId: "s" }))).toBe(
        "ResourceNotFoundException: Statement with the provided id does not exist.",
      );
    }
    await put({ EventBusName: "bare", ...whole, Condition });
    await events.removePermission({ EventBusName: "bare", StatementId: "x" });
    expect(await events.describeEventBus({ Name: "bare" })).not.toHaveProperty("Policy");
  });

  it("lengths are told before patterns", async () => {
    const StatementId = "!".repeat(65);
    expect(await refusal(put({ ...whole, StatementId }))).toBe(
      `ValidationException: 2 validation errors detected: Value '${StatementId}' at 'statementId' failed to satisfy constraint: Member must have length less than or equal to 64; Value '${StatementId}' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+`,
    );
  });
});

describe("archives and replays", () => {
  it("an archive is fed by a rule with one target", async () => {
    const EventSourceArn = busArn(await newBus("archived"));
    const { ArchiveArn } = await events.createArchive({ ArchiveName: "fed", EventSourceArn });
    const rule = { Name: "Events-Archive-fed", EventBusName: "archived" };
    expect(await events.describeRule(rule)).toMatchObject({
      ManagedBy: "prod.vhs.events.aws.internal",
      EventPattern: '{"replay-name":[{"exists":false}]}',
    });
    const listed = () => events.listTargetsByRule({ Rule: rule.Name, EventBusName: "archived" });
    const { Targets = [] } = await listed();
    const Arn = `arn:aws:events:${region}:::`;
    expect(Targets).toEqual([
      {
        Id: rule.Name,
        Arn,
        InputTransformer: { InputPathsMap: {}, InputTemplate: expect.any(String) },
      },
    ]);
    const template = Targets[0]?.InputTransformer?.InputTemplate ?? "";
    const before = `{"archive-arn": "${ArchiveArn}:`;
    expect(template.startsWith(before)).toBe(true);
    expect(template.slice(before.length)).toMatch(
      /^[0-9a-f-]{36}","event": <aws\.events\.event\.json>,"ingestion-time": <aws\.events\.event\.ingestion-time>\}$/,
    );
    await events.updateArchive({ ArchiveName: "fed", EventPattern: pattern });
    expect((await listed()).Targets).toEqual(Targets);
    expect(JSON.parse((await events.describeRule(rule)).EventPattern ?? "")).toEqual({
      source: ["s"],
      "replay-name": [{ exists: false }],
    });
    expect((await events.listRuleNamesByTarget({ TargetArn: Arn, EventBusName: "archived" })).RuleNames).toEqual([
      rule.Name,
    ]);
    await events.deleteArchive({ ArchiveName: "fed" });
    await events.createArchive({ ArchiveName: "fed", EventSourceArn });
    expect((await listed()).Targets).toHaveLength(1);
    await events.deleteArchive({ ArchiveName: "fed" });
    await events.deleteEventBus({ Name: "archived" });
  });

  it.each([
    ["with blanks", '{"text": "abc", "number": 12}', 29],
    ["without blanks", '{"text":"äöü"}', 17],
  ])("an event counts for what was sent, %s", async (name, Detail, bytes) => {
    const bus = await newBus(`sizes-${bytes}`);
    await events.createArchive({ ArchiveName: bus, EventSourceArn: busArn(bus) });
    const entry = { EventBusName: bus, Source: "a.b", DetailType: `of "${name}"`, Detail };
    await events.putEvents({ Entries: [entry, entry, entry] });
    const one = "a.b".length + entry.DetailType.length + bytes + 20;
    expect(await events.describeArchive({ ArchiveName: bus })).toMatchObject({ EventCount: 3, SizeBytes: 3 * one });
  });

  it("an empty pattern is none, and more days than an integer holds are the most it does", async () => {
    const bus = busArn("default");
    await events.createArchive({
      ArchiveName: "plain",
      EventSourceArn: bus,
      EventPattern: "",
      RetentionDays: 2 ** 31 + 5,
    });
    const described = () => events.describeArchive({ ArchiveName: "plain" });
    expect(await described()).toMatchObject({ RetentionDays: 2 ** 31 - 1 });
    expect(await described()).not.toHaveProperty("EventPattern");
    await events.updateArchive({ ArchiveName: "plain", EventPattern: pattern });
    expect(await described()).toMatchObject({ EventPattern: pattern });
    await events.updateArchive({ ArchiveName: "plain", EventPattern: "" });
    expect(await described()).not.toHaveProperty("EventPattern");
    await events.deleteArchive({ ArchiveName: "plain" });
  });

  it("archives are of buses that exist", async () => {
    expect(await refusal(events.listArchives({ EventSourceArn: busArn("nowhere") }))).toBe(
      "ResourceNotFoundException: Event bus nowhere does not exist.",
    );
    expect((await events.listArchives({ EventSourceArn: busArn("default") })).Archives).toEqual([]);
    expect(await refusal(events.createArchive({ ArchiveName: "x", EventSourceArn: "nonsense" }))).toBe(
      "ValidationException: 1 validation error detected: Value 'nonsense' at 'eventSourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:.+\\/.+$",
    );
    const ArchiveName = "!".repeat(49);
    expect(await refusal(events.createArchive({ ArchiveName, EventSourceArn: busArn("default") }))).toBe(
      `ValidationException: 2 validation errors detected: Value '${ArchiveName}' at 'archiveName' failed to satisfy constraint: Member must have length less than or equal to 48; Value '${ArchiveName}' at 'archiveName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+`,
    );
  });

  it("a replay goes to the bus of its archive", async () => {
    const from = busArn(await newBus("replayed"));
    await newBus("another");
    const { ArchiveArn } = await events.createArchive({ ArchiveName: "replayed", EventSourceArn: from });
    const replay = (bus: string, EventEndTime = new Date("2026-01-02T00:00:00Z")) =>
      events.startReplay({
        ReplayName: "r",
        EventSourceArn: ArchiveArn,
        EventStartTime: new Date("2026-01-01T00:00:00Z"),
        EventEndTime,
        Destination: { Arn: busArn(bus) },
      });
    expect(await refusal(replay("nowhere"))).toBe("ResourceNotFoundException: Event bus nowhere does not exist.");
    expect(await refusal(replay("another"))).toBe(
      "ValidationException: Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
    );
    expect(await refusal(replay("another", new Date("2026-01-01T00:00:00Z")))).toBe(
      "ValidationException: Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
    );
  });
});

describe("connections and API destinations", () => {
  const oauth = (HttpMethod: string, AuthorizationEndpoint: string) => ({
    AuthorizationType: "OAUTH_CLIENT_CREDENTIALS" as const,
    AuthParameters: {
      OAuthParameters: {
        ClientParameters: { ClientID: "id", ClientSecret: "secret" },
        AuthorizationEndpoint,
        HttpMethod: HttpMethod as "GET",
      },
    },
  });
  const basic = {
    AuthorizationType: "BASIC",
    AuthParameters: { BasicAuthParameters: { Username: "u", Password: "p" } },
  } as const;

  it.each(["get", "put", "POST"])("an OAuth connection takes %s and any text as its endpoint", async (method) => {
    const Name = `oauth-${method}`;
    await events.createConnection({ Name, ...oauth(method, "no-url") });
    expect(await events.describeConnection({ Name })).toMatchObject({
      LastAuthorizedTime: expect.any(Date),
      AuthParameters: { OAuthParameters: { HttpMethod: method, AuthorizationEndpoint: "no-url" } },
    });
    await h.bus.settled();
    const { ConnectionArn, ConnectionState } = await events.describeConnection({ Name });
    expect(ConnectionState).not.toBe("AUTHORIZED");
    const destination = {
      Name,
      ConnectionArn,
      InvocationEndpoint: "https://example.com/a",
      HttpMethod: "GET",
    } as const;
    expect(await events.createApiDestination(destination)).toMatchObject({ ApiDestinationState: "INACTIVE" });
    expect(await events.updateApiDestination({ Name, Description: "d" })).toMatchObject({
      ApiDestinationState: "INACTIVE",
    });
  });

  it("enums are told in an order of their own", async () => {
    const wrong = (call: Promise<unknown>) => refusal(call);
    const { ConnectionArn } = await events.createConnection({ Name: "enums", ...basic });
    expect(
      await wrong(
        events.createApiDestination({
          Name: "x",
          ConnectionArn,
          InvocationEndpoint: "https://example.com",
          HttpMethod: "get" as "GET",
        }),
      ),
    ).toBe(
      "ValidationException: 1 validation error detected: Value 'get' at 'httpMethod' failed to satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
    );
    const Name = "!".repeat(65);
    expect(await wrong(events.createConnection({ ...basic, Name, AuthorizationType: "INVALID" as "BASIC" }))).toBe(
      `ValidationException: 3 validation errors detected: Value '${Name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; Value '${Name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; Value 'INVALID' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]`,
    );
  });

  it("a parameter tells whether it is secret", async () => {
    const InvocationHttpParameters = {
      HeaderParameters: [
        { Key: "open", Value: "o" },
        { Key: "closed", Value: "c", IsValueSecret: true },
      ],
      QueryStringParameters: [{ Key: "open", Value: "o", IsValueSecret: false }],
      BodyParameters: [{ Key: "open", Value: "o" }],
    };
    await events.createConnection({
      Name: "secrets",
      ...basic,
      AuthParameters: { ...basic.AuthParameters, InvocationHttpParameters },
    });
    const open = { Key: "open", Value: "o", IsValueSecret: false };
    expect((await events.describeConnection({ Name: "secrets" })).AuthParameters?.InvocationHttpParameters).toEqual({
      HeaderParameters: [open, { Key: "closed", IsValueSecret: true }],
      QueryStringParameters: [open],
      BodyParameters: [open],
    });
  });

  it("an update of a connection changes something", async () => {
    const Name = "updated";
    await events.createConnection({ Name, ...basic });
    const text =
      "ValidationException: Failed to update the connection(s). At least one of the following is required: Description, KmsKeyIdentifier, AuthorizationType with BasicAuthParameters, ApiKeyAuthParameters, or OAuthParameters.";
    for (const input of [{}, { AuthParameters: basic.AuthParameters }, { AuthorizationType: "BASIC" as const }]) {
      expect(await refusal(events.updateConnection({ Name, ...input }))).toBe(text);
    }
    for (const input of [{ Description: "d" }, { KmsKeyIdentifier: "alias/k" }, basic]) {
      expect(await events.updateConnection({ Name, ...input })).toMatchObject({ ConnectionState: "AUTHORIZED" });
    }
  });

  it.each(["ftp://example.com", "example.com/path"])("%s is no endpoint of an API destination", async (endpoint) => {
    const { ConnectionArn } = await events.describeConnection({ Name: "enums" });
    const input = { Name: "e", ConnectionArn, InvocationEndpoint: endpoint, HttpMethod: "GET" } as const;
    const text = (verb: string) =>
      `ValidationException: Failed to ${verb} the api-destination(s). Parameter InvocationEndpoint is not valid. Reason: Endpoint '${endpoint}' is invalid, please provide a valid HTTPS endpoint URL.`;
    expect(await refusal(events.createApiDestination(input))).toBe(text("create"));
    const Name = `e-${endpoint.length}`;
    await events.createApiDestination({ ...input, Name, InvocationEndpoint: "https://example.com/*" });
    expect(await refusal(events.updateApiDestination({ Name, InvocationEndpoint: endpoint }))).toBe(text("update"));
  });
});
