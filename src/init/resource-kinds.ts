/** How each kind of declared resource is created. */
import { AwsError } from "../../protocols/error.ts";
import { numberOf, textOf } from "../../protocols/unknown-json.ts";

export type Written = Readonly<Record<string, unknown>>;

/** Calls an operation as a client would, with JSON of its members. @throws AwsError */
export type CallAws = (service: string, operation: string, input: object) => Promise<object>;

interface Caller {
  readonly account: string;
  readonly region: string;
  readonly call: CallAws;
}

export interface ResourceKind {
  /** True for entries that others of the kind may refer to: they are created first. */
  readonly before?: (entry: Written) => boolean;
  /** @throws AwsError; RangeError for an entry that cannot be read. */
  make(entry: Written, caller: Caller): Promise<unknown>;
}

/** In the order of creation: what others refer to comes first. */
export const kinds: ReadonlyMap<string, ResourceKind> = new Map<string, ResourceKind>([
  ["queues", { before: ({ RedrivePolicy }) => RedrivePolicy === undefined, make: makeQueue }],
  ["topics", { make: makeTopic }],
  ["streams", { make: makeStream }],
  ["buses", { make: makeBus }],
  ["subscriptions", { make: makeSubscription }],
  ["stateMachines", { make: makeStateMachine }],
  ["rules", { make: makeRule }],
  ["schedules", { make: makeSchedule }],
]);

async function makeQueue(entry: Written, { call }: Caller): Promise<void> {
  const { QueueName, Tags, ...attributes } = apart(entry, "QueueName");
  const Attributes = texts(attributes);
  if (await succeeds(call("sqs", "GetQueueUrl", { QueueName }), "QueueDoesNotExist")) {
    const { QueueUrl } = (await call("sqs", "GetQueueUrl", { QueueName })) as { QueueUrl: string };
    const { FifoQueue: _fixed, ...changeable } = Attributes;
    if (Object.keys(changeable).length > 0)
      await call("sqs", "SetQueueAttributes", { QueueUrl, Attributes: changeable });
    if (Tags !== undefined) await call("sqs", "TagQueue", { QueueUrl, Tags: tagMap(Tags) });
    return;
  }
  await call("sqs", "CreateQueue", { QueueName, Attributes, tags: tagMap(Tags) });
}

async function makeTopic(entry: Written, { call }: Caller): Promise<void> {
  const { Name, Tags, ...attributes } = apart(entry, "Name", "TopicName");
  const { FifoTopic, ...changeable } = texts(attributes);
  const fixed = FifoTopic === undefined ? {} : { FifoTopic };
  const { TopicArn } = (await call("sns", "CreateTopic", { Name, Attributes: fixed })) as { TopicArn: string };
  for (const [AttributeName, AttributeValue] of Object.entries(changeable)) {
    await call("sns", "SetTopicAttributes", { TopicArn, AttributeName, AttributeValue });
  }
  if (Tags !== undefined) await call("sns", "TagResource", { ResourceArn: TopicArn, Tags: tagList(Tags) });
}

async function makeSubscription(entry: Written, { call }: Caller): Promise<void> {
  const { TopicArn, Protocol, Endpoint, Region: _region, ...attributes } = apart(entry, "TopicArn");
  const subscribed = await call("sns", "Subscribe", { TopicArn, Protocol, Endpoint, ReturnSubscriptionArn: true });
  const { SubscriptionArn } = subscribed as { SubscriptionArn: string };
  for (const [AttributeName, AttributeValue] of Object.entries(texts(attributes))) {
    await call("sns", "SetSubscriptionAttributes", { SubscriptionArn, AttributeName, AttributeValue });
  }
}

async function makeStream(entry: Written, { call }: Caller): Promise<void> {
  const { StreamName, RetentionPeriodHours, Tags, ShardCount, StreamModeDetails } = apart(entry, "StreamName", "Name");
  const mode = StreamModeDetails ?? (ShardCount === undefined ? { StreamMode: "ON_DEMAND" } : undefined);
  const created = call("kinesis", "CreateStream", {
    StreamName,
    ShardCount,
    StreamModeDetails: mode,
    Tags: tagMap(Tags),
  });
  await unless(created, "ResourceInUseException");
  const described = await call("kinesis", "DescribeStreamSummary", { StreamName });
  const { StreamDescriptionSummary: stream } = described as {
    StreamDescriptionSummary: { RetentionPeriodHours: number };
  };
  const hours = RetentionPeriodHours === undefined ? stream.RetentionPeriodHours : numberOf(RetentionPeriodHours);
  if (hours === stream.RetentionPeriodHours) return;
  const change = hours > stream.RetentionPeriodHours ? "Increase" : "Decrease";
  await call("kinesis", `${change}StreamRetentionPeriod`, { StreamName, RetentionPeriodHours: hours });
}

async function makeBus(entry: Written, { call }: Caller): Promise<void> {
  const { Name, Tags, Policy: _policy, ...rest } = apart(entry, "Name");
  await unless(
    call("eventbridge", "CreateEventBus", { Name, Tags: tagList(Tags), ...rest }),
    "ResourceAlreadyExistsException",
  );
}

async function makeRule(entry: Written, { call }: Caller): Promise<void> {
  const { Name, Targets, EventPattern, Tags, ...rest } = apart(entry, "Name");
  const { EventBusName } = rest;
  await call("eventbridge", "PutRule", { Name, EventPattern: jsonText(EventPattern), Tags: tagList(Tags), ...rest });
  if (Targets === undefined) return;
  const put = await call("eventbridge", "PutTargets", { Rule: Name, EventBusName, Targets });
  const { FailedEntries = [] } = put as { FailedEntries?: readonly { TargetId: string; ErrorMessage: string }[] };
  const [failed] = FailedEntries;
  if (failed !== undefined) throw new RangeError(`target ${failed.TargetId}: ${failed.ErrorMessage}`);
}

async function makeSchedule(entry: Written, { call }: Caller): Promise<void> {
  const { Name, Target, ...rest } = apart(entry, "Name");
  const given = (Target ?? {}) as Written;
  const input = {
    Name,
    Target: { ...given, ...("Input" in given ? { Input: jsonText(given["Input"]) } : {}) },
    ...rest,
    FlexibleTimeWindow: rest["FlexibleTimeWindow"] ?? { Mode: "OFF" },
  };
  if (!(await succeeds(call("scheduler", "CreateSchedule", input), "ConflictException"))) {
    await call("scheduler", "UpdateSchedule", input);
  }
}

async function makeStateMachine(entry: Written, { call, account, region }: Caller): Promise<void> {
  const given = apart(entry, "name", "Name", "StateMachineName");
  const of = (name: string, ...others: string[]) =>
    [name, ...others].map((one) => given[one]).find((one) => one !== undefined);
  const input = {
    definition: jsonText(of("definition", "Definition", "DefinitionString")),
    roleArn: of("roleArn", "RoleArn") ?? `arn:aws:iam::${account}:role/states`,
    loggingConfiguration: of("loggingConfiguration"),
    tracingConfiguration: of("tracingConfiguration"),
  };
  const name = given["name"];
  const type = of("type", "Type", "StateMachineType");
  if (
    !(await succeeds(
      call("stepfunctions", "CreateStateMachine", { name, type, ...input }),
      "StateMachineAlreadyExists",
    ))
  ) {
    const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${textOf(name)}`;
    await call("stepfunctions", "UpdateStateMachine", { stateMachineArn, ...input });
  }
}

/**
 * An entry with its name under the first of these names, and with the members of `Attributes` beside the other
 * properties.
 */
function apart(entry: Written, name: string, ...others: readonly string[]): Written {
  const { Attributes = {}, ...rest } = entry as { Attributes?: object };
  const all: Record<string, unknown> = { ...rest, ...Attributes };
  const found = [name, ...others].find((one) => all[one] !== undefined);
  if (found === undefined) throw new RangeError(`it needs ${[name, ...others].join(" or ")}.`);
  const value = all[found];
  for (const other of others) delete all[other];
  return { ...all, [name]: value };
}

/** Attributes in the form the calls take. */
function texts(attributes: Written): Record<string, string> {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, jsonText(value) as string]));
}

/** JSON that may be written as text or as the value itself. */
function jsonText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "object" ? JSON.stringify(value) : textOf(value);
}

/** Tags as an object; they may be written as a list of `Key` and `Value`. */
function tagMap(tags: unknown): Record<string, string> | undefined {
  return tags === undefined
    ? undefined
    : Object.fromEntries(tagList(tags)?.map(({ Key, Value }) => [Key, Value]) ?? []);
}

function tagList(tags: unknown): { Key: string; Value: string }[] | undefined {
  if (tags === undefined) return undefined;
  const pairs = Array.isArray(tags)
    ? (tags as readonly Written[]).map(({ Key, Value }) => [textOf(Key), textOf(Value)] as const)
    : Object.entries(tags as object).map(([key, value]: [string, unknown]) => [key, textOf(value)] as const);
  return pairs.map(([Key, Value]) => ({ Key, Value }));
}

/** False when the call failed with this error. @throws AwsError any other error. */
async function succeeds(call: Promise<object>, error: string): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (failure) {
    if (failure instanceof AwsError && failure.name === error) return false;
    throw failure;
  }
}

async function unless(call: Promise<object>, error: string): Promise<void> {
  await succeeds(call, error);
}
