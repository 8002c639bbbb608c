/**
 * The AWS CLI, where it is installed: every resource type of our services is made, shown, shown again without a
 * difference, changed, shown with that difference and no other, and deleted.
 */
import { expect, it } from "vitest";
import { createBusbar } from "../../src/index.ts";
import { AwsCli, hasAwsCli } from "../support/aws-cli.ts";

const account = "111122223333";
const region = "eu-central-1";
const role = `arn:aws:iam::${account}:role/worker`;
const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
const topic = arn("sns", "news");
const queueArn = arn("sqs", "work");
const stream = arn("kinesis", "stream/clicks");
const bus = arn("events", "event-bus/shop");
const machine = arn("states", "stateMachine:flow");
const definition = (comment: string) => `{"Comment":"${comment}","StartAt":"A","States":{"A":{"Type":"Succeed"}}}`;

interface ResourceType {
  readonly name: string;
  /** Commands that make it; `{url}` is the queue's URL, `{made}` what `keep` found in the answer of the first. */
  readonly create: readonly string[][];
  readonly keep?: string;
  readonly show: string[];
  /** Members that are shown after creation, by dotted path. */
  readonly shown: Readonly<Record<string, unknown>>;
  readonly change?: string[];
  /** Members that the change alters, with their new values. */
  readonly changed?: Readonly<Record<string, unknown>>;
  readonly remove: string[];
  /** The error code after its deletion, or what a list shows then. */
  readonly gone: string | Readonly<Record<string, unknown>>;
}

const words = (text: string) => text.split(" ");

/** In order of creation; they are deleted in reverse order. */
const resourceTypes: readonly ResourceType[] = [
  {
    name: "queue",
    create: [
      words("sqs create-queue --queue-name dead"),
      [
        ...words("sqs create-queue --queue-name work --tags team=a --attributes"),
        JSON.stringify({
          VisibilityTimeout: "45",
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn("sqs", "dead"), maxReceiveCount: 3 }),
        }),
      ],
    ],
    show: words("sqs get-queue-attributes --queue-url {url} --attribute-names All"),
    shown: { "Attributes.QueueArn": queueArn, "Attributes.VisibilityTimeout": "45" },
    change: words("sqs set-queue-attributes --queue-url {url} --attributes DelaySeconds=7"),
    changed: { "Attributes.DelaySeconds": "7", "Attributes.LastModifiedTimestamp": expect.any(String) },
    remove: words("sqs delete-queue --queue-url {url}"),
    gone: "AWS.SimpleQueueService.NonExistentQueue",
  },
  {
    name: "topic",
    create: [words("sns create-topic --name news --attributes DisplayName=News")],
    show: words(`sns get-topic-attributes --topic-arn ${topic}`),
    shown: { "Attributes.DisplayName": "News", "Attributes.SubscriptionsConfirmed": "0" },
    change: words(`sns set-topic-attributes --topic-arn ${topic} --attribute-name DisplayName --attribute-value Old`),
    changed: { "Attributes.DisplayName": "Old" },
    remove: words(`sns delete-topic --topic-arn ${topic}`),
    gone: "NotFound",
  },
  {
    name: "subscription",
    create: [
      [
        ...words(`sns subscribe --topic-arn ${topic} --protocol sqs --notification-endpoint ${queueArn} --attributes`),
        JSON.stringify({ FilterPolicy: JSON.stringify({ kind: ["a"] }), RawMessageDelivery: "true" }),
      ],
    ],
    keep: "SubscriptionArn",
    show: words("sns get-subscription-attributes --subscription-arn {made}"),
    shown: { "Attributes.FilterPolicy": '{"kind":["a"]}', "Attributes.RawMessageDelivery": "true" },
    change: [
      ...words("sns set-subscription-attributes --subscription-arn {made} --attribute-name FilterPolicy"),
      ...["--attribute-value", '{"kind":["b"]}'],
    ],
    changed: { "Attributes.FilterPolicy": '{"kind":["b"]}' },
    remove: words("sns unsubscribe --subscription-arn {made}"),
    gone: "NotFound",
  },
  {
    name: "stream",
    create: [
      words("kinesis create-stream --stream-name clicks --shard-count 2"),
      words("kinesis wait stream-exists --stream-name clicks"),
    ],
    show: words("kinesis describe-stream-summary --stream-name clicks"),
    shown: { "StreamDescriptionSummary.StreamARN": stream, "StreamDescriptionSummary.OpenShardCount": 2 },
    change: words("kinesis increase-stream-retention-period --stream-name clicks --retention-period-hours 48"),
    changed: { "StreamDescriptionSummary.RetentionPeriodHours": 48 },
    remove: words("kinesis delete-stream --stream-name clicks --enforce-consumer-deletion"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "stream consumer",
    create: [words(`kinesis register-stream-consumer --stream-arn ${stream} --consumer-name reader`)],
    show: words(`kinesis describe-stream-consumer --stream-arn ${stream} --consumer-name reader`),
    shown: { "ConsumerDescription.ConsumerStatus": "ACTIVE" },
    remove: words(`kinesis deregister-stream-consumer --stream-arn ${stream} --consumer-name reader`),
    gone: "ResourceNotFoundException",
  },
  {
    name: "event bus",
    create: [words("events create-event-bus --name shop --tags Key=team,Value=a")],
    show: words("events describe-event-bus --name shop"),
    shown: { Arn: bus },
    change: words("events update-event-bus --name shop --description Orders"),
    changed: { Description: "Orders", LastModifiedTime: expect.anything() },
    remove: words("events delete-event-bus --name shop"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "rule",
    create: [words('events put-rule --name placed --event-bus-name shop --event-pattern {"source":["s"]}')],
    show: words("events describe-rule --name placed --event-bus-name shop"),
    shown: { State: "ENABLED", EventPattern: '{"source":["s"]}' },
    change: words("events disable-rule --name placed --event-bus-name shop"),
    changed: { State: "DISABLED" },
    remove: words("events delete-rule --name placed --event-bus-name shop"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "target",
    create: [words(`events put-targets --rule placed --event-bus-name shop --targets Id=t,Arn=${topic},Input=1`)],
    show: words("events list-targets-by-rule --rule placed --event-bus-name shop"),
    shown: { "Targets.0.Arn": topic, "Targets.0.Input": "1" },
    change: words(`events put-targets --rule placed --event-bus-name shop --targets Id=t,Arn=${topic},Input=2`),
    changed: { "Targets.0.Input": "2" },
    remove: words("events remove-targets --rule placed --event-bus-name shop --ids t"),
    gone: { Targets: [] },
  },
  {
    name: "archive",
    create: [words(`events create-archive --archive-name all --event-source-arn ${bus} --retention-days 3`)],
    show: words("events describe-archive --archive-name all"),
    shown: { State: "ENABLED", RetentionDays: 3 },
    change: words("events update-archive --archive-name all --retention-days 4"),
    changed: { RetentionDays: 4 },
    remove: words("events delete-archive --archive-name all"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "connection",
    create: [
      [
        ...words("events create-connection --name partner --authorization-type API_KEY --auth-parameters"),
        JSON.stringify({ ApiKeyAuthParameters: { ApiKeyName: "k", ApiKeyValue: "v" } }),
      ],
    ],
    keep: "ConnectionArn",
    show: words("events describe-connection --name partner"),
    shown: { ConnectionState: "AUTHORIZED", "AuthParameters.ApiKeyAuthParameters.ApiKeyName": "k" },
    change: words("events update-connection --name partner --description Partner"),
    changed: { Description: "Partner", LastModifiedTime: expect.anything() },
    remove: words("events delete-connection --name partner"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "API destination",
    create: [
      // Version 1 of the CLI would fetch a URL that is the whole value of a parameter.
      [
        ...words("events create-api-destination --name orders --connection-arn {connection} --http-method POST"),
        ...["--cli-input-json", '{"InvocationEndpoint":"https://example.com/a"}'],
      ],
    ],
    show: words("events describe-api-destination --name orders"),
    shown: { ApiDestinationState: "ACTIVE", HttpMethod: "POST" },
    change: words("events update-api-destination --name orders --http-method PUT"),
    changed: { HttpMethod: "PUT", LastModifiedTime: expect.anything() },
    remove: words("events delete-api-destination --name orders"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "schedule group",
    create: [words("scheduler create-schedule-group --name jobs")],
    show: words("scheduler get-schedule-group --name jobs"),
    shown: { Name: "jobs", State: "ACTIVE" },
    remove: words("scheduler delete-schedule-group --name jobs"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "schedule",
    create: [
      words(
        `scheduler create-schedule --name nightly --group-name jobs --schedule-expression at(2040-01-01T00:00:00) --flexible-time-window Mode=OFF --target Arn=${topic},RoleArn=${role}`,
      ),
    ],
    show: words("scheduler get-schedule --name nightly --group-name jobs"),
    shown: { State: "ENABLED", ScheduleExpression: "at(2040-01-01T00:00:00)" },
    change: words(
      `scheduler update-schedule --name nightly --group-name jobs --schedule-expression rate(5minutes) --flexible-time-window Mode=OFF --target Arn=${topic},RoleArn=${role}`,
    ).map((word) => (word === "rate(5minutes)" ? "rate(5 minutes)" : word)),
    changed: { ScheduleExpression: "rate(5 minutes)", LastModificationDate: expect.anything() },
    remove: words("scheduler delete-schedule --name nightly --group-name jobs"),
    gone: "ResourceNotFoundException",
  },
  {
    name: "pipe",
    create: [
      words(
        `pipes create-pipe --name move --role-arn ${role} --source ${queueArn} --target ${topic} --desired-state STOPPED`,
      ),
    ],
    show: words("pipes describe-pipe --name move"),
    shown: { CurrentState: "STOPPED", Source: queueArn },
    change: words(`pipes update-pipe --name move --role-arn ${role} --description Moves`),
    changed: { Description: "Moves", LastModifiedTime: expect.anything() },
    remove: words("pipes delete-pipe --name move"),
    gone: "NotFoundException",
  },
  {
    name: "state machine",
    create: [
      [
        ...words(`stepfunctions create-state-machine --name flow --role-arn ${role} --publish --definition`),
        definition("one"),
      ],
    ],
    show: words(`stepfunctions describe-state-machine --state-machine-arn ${machine}`),
    shown: { status: "ACTIVE", definition: definition("one") },
    change: [
      ...words(`stepfunctions update-state-machine --state-machine-arn ${machine} --definition`),
      definition("two"),
    ],
    changed: { definition: definition("two"), revisionId: expect.any(String) },
    remove: words(`stepfunctions delete-state-machine --state-machine-arn ${machine}`),
    gone: "StateMachineDoesNotExist",
  },
  {
    name: "state machine's version",
    create: [words(`stepfunctions publish-state-machine-version --state-machine-arn ${machine}`)],
    show: words(`stepfunctions describe-state-machine --state-machine-arn ${machine}:2`),
    shown: { stateMachineArn: `${machine}:2`, definition: definition("two") },
    remove: words(`stepfunctions delete-state-machine-version --state-machine-version-arn ${machine}:2`),
    gone: "StateMachineDoesNotExist",
  },
  {
    name: "state machine's alias",
    create: [
      words(
        `stepfunctions create-state-machine-alias --name live --routing-configuration stateMachineVersionArn=${machine}:1,weight=100`,
      ),
    ],
    show: words(`stepfunctions describe-state-machine-alias --state-machine-alias-arn ${machine}:live`),
    shown: { "routingConfiguration.0.weight": 100 },
    change: words(
      `stepfunctions update-state-machine-alias --state-machine-alias-arn ${machine}:live --description Traffic`,
    ),
    changed: { description: "Traffic", updateDate: expect.anything() },
    remove: words(`stepfunctions delete-state-machine-alias --state-machine-alias-arn ${machine}:live`),
    gone: "ResourceNotFound",
  },
  {
    name: "activity",
    create: [words("stepfunctions create-activity --name people")],
    show: words(`stepfunctions describe-activity --activity-arn ${arn("states", "activity:people")}`),
    shown: { name: "people" },
    remove: words(`stepfunctions delete-activity --activity-arn ${arn("states", "activity:people")}`),
    gone: "ActivityDoesNotExist",
  },
  {
    name: "REST API",
    create: [words("apigateway create-rest-api --name orders")],
    keep: "id",
    show: words("apigateway get-rest-api --rest-api-id {made}"),
    shown: { name: "orders" },
    change: words(
      "apigateway update-rest-api --rest-api-id {made} --patch-operations op=replace,path=/description,value=Orders",
    ),
    changed: { description: "Orders" },
    remove: words("apigateway delete-rest-api --rest-api-id {made}"),
    gone: "NotFoundException",
  },
  {
    name: "HTTP API",
    create: [words("apigatewayv2 create-api --name orders --protocol-type HTTP")],
    keep: "ApiId",
    show: words("apigatewayv2 get-api --api-id {made}"),
    shown: { Name: "orders", ProtocolType: "HTTP" },
    change: words("apigatewayv2 update-api --api-id {made} --description Orders"),
    changed: { Description: "Orders" },
    remove: words("apigatewayv2 delete-api --api-id {made}"),
    gone: "NotFoundException",
  },
];

/** The members of a value by their dotted paths. */
function membersOf(value: unknown, path = ""): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return { [path]: value };
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, member]) => membersOf(member, path === "" ? key : `${path}.${key}`)),
  );
}

it("the AWS CLI creates, shows, updates and deletes every resource type", async () => {
  if (!(await hasAwsCli())) {
    console.log("python3 has no AWS CLI to import: not tried with it");
    return;
  }
  const busbar = await createBusbar({ account, region, clock: "virtual" });
  const endpoint = busbar.endpoint.replace("127.0.0.1", "localhost");
  const cli = new AwsCli(endpoint, account, region);
  const names: Record<string, string> = { "{url}": `${endpoint}/${account}/work` };
  const named = (args: readonly string[]) => args.map((word) => names[word] ?? word);
  const removals: (() => Promise<void>)[] = [];
  try {
    for (const type of resourceTypes) {
      const answers = [];
      for (const command of type.create) answers.push(await cli.answer(named(command)));
      const made = type.keep === undefined ? "" : String(membersOf(answers.at(-1))[type.keep]);
      if (type.name === "connection") names["{connection}"] = made;
      const own = (args: readonly string[]) => named(args).map((word) => (word === "{made}" ? made : word));

      const shown = membersOf(await cli.answer(own(type.show)));
      expect([type.name, shown]).toEqual([type.name, expect.objectContaining(type.shown)]);
      await busbar.clock.advance("5s");
      expect([type.name, membersOf(await cli.answer(own(type.show)))]).toEqual([type.name, shown]);
      if (type.change) {
        await cli.answer(own(type.change));
        const changed = membersOf(await cli.answer(own(type.show)));
        expect([type.name, changed]).toEqual([type.name, { ...shown, ...type.changed }]);
        for (const path of Object.keys(type.changed ?? {})) expect(changed[path], path).not.toEqual(shown[path]);
        await busbar.clock.advance("5s");
        expect([type.name, membersOf(await cli.answer(own(type.show)))]).toEqual([type.name, changed]);
      }
      removals.unshift(async () => {
        await cli.answer(own(type.remove));
        await busbar.clock.advance("1s");
        if (typeof type.gone === "string") expect(await cli.refusal(own(type.show)), type.name).toBe(type.gone);
        else expect(await cli.answer(own(type.show)), type.name).toEqual(type.gone);
      });
    }
    for (const remove of removals) await remove();
    expect(busbar.requests().filter(({ status }) => status >= 500)).toEqual([]);
  } finally {
    cli.end();
    await busbar.close();
  }
});
