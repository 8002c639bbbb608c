/** What resources' policies do to calls of other accounts and to what services push, in each of the modes. */
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, it } from "vitest";
import { type BusbarOptions, createBusbar } from "../../src/index.ts";

const owner = "000000000000";
const stranger = "111122223333";
const topicArn = `arn:aws:sns:us-east-1:${owner}:t`;
const queueArn = (name: string, account = owner) => `arn:aws:sqs:us-east-1:${account}:${name}`;
const ruleArn = `arn:aws:events:us-east-1:${owner}:rule/r`;
const role = (name: string, account = owner) => `arn:aws:iam::${account}:role/${name}`;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(policies: BusbarOptions["policies"]) {
  const bus = await createBusbar({ clock: "virtual", port: false, ...(policies === undefined ? {} : { policies }) });
  closing.push(() => bus.close());
  const clients = (account = owner) => {
    const config = { ...bus.clientConfig({ account }), maxAttempts: 1 };
    return {
      sqs: new SQS(config),
      sns: new SNS(config),
      kinesis: new Kinesis(config),
      events: new EventBridgeClient(config),
      scheduler: new SchedulerClient(config),
    };
  };
  const own = clients();
  return {
    bus,
    own,
    other: clients(stranger),
    async queue(QueueName: string, policy?: object): Promise<string> {
      const Attributes = policy === undefined ? undefined : { Policy: JSON.stringify(policy) };
      const { QueueUrl } = await own.sqs.createQueue({ QueueName, Attributes });
      return QueueUrl as string;
    },
    async bodies(QueueUrl: string): Promise<string[]> {
      const { Messages = [] } = await own.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
      return Messages.map(({ Body }) => Body as string);
    },
    notes: () => bus.deliveries().flatMap(({ policy }) => policy ?? []),
    callNotes: () => bus.requests().flatMap(({ policy }) => policy ?? []),
  };
}

function policyOf(...Statement: object[]) {
  return { Version: "2012-10-17", Statement };
}

const allow = (more: object = {}) => ({
  Sid: "Allows",
  Effect: "Allow",
  Principal: { Service: "sns.amazonaws.com" },
  Action: "sqs:SendMessage",
  Resource: queueArn("q"),
  ...more,
});

interface Case {
  readonly name: string;
  readonly policy: object | undefined;
  /** What the note says after the resource; undefined: AWS delivers it. */
  readonly why?: string;
}

const toQueue: readonly Case[] = [
  { name: "no policy", policy: undefined, why: "no policy is set" },
  { name: "the service allowed", policy: policyOf(allow()) },
  {
    name: "the service with its Region",
    policy: policyOf(allow({ Principal: { Service: "sns.us-east-1.amazonaws.com" } })),
  },
  { name: "everybody", policy: policyOf(allow({ Principal: "*" })) },
  { name: "everybody of AWS", policy: policyOf(allow({ Principal: { AWS: "*" }, Action: "sqs:*" })) },
  {
    name: "the topic's ARN",
    policy: policyOf(allow({ Condition: { ArnEquals: { "aws:SourceArn": topicArn } } })),
  },
  {
    name: "the topic's ARN with a wildcard",
    policy: policyOf(allow({ Condition: { ArnLike: { "aws:SourceArn": `arn:aws:sns:*:${owner}:*` } } })),
  },
  {
    name: "another topic's ARN",
    policy: policyOf(allow({ Condition: { ArnEquals: { "aws:SourceArn": `${topicArn}-2` } } })),
    why: `its policy does not allow it: statement "Allows" wants ArnEquals aws:SourceArn ${topicArn}-2, which is ${topicArn}`,
  },
  { name: "the account", policy: policyOf(allow({ Condition: { StringEquals: { "aws:SourceAccount": owner } } })) },
  {
    name: "another account",
    policy: policyOf(allow({ Condition: { StringEquals: { "aws:SourceAccount": stranger } } })),
    why: `its policy does not allow it: statement "Allows" wants StringEquals aws:SourceAccount ${stranger}, which is ${owner}`,
  },
  {
    name: "another service",
    policy: policyOf(allow({ Principal: { Service: ["s3.amazonaws.com", "events.amazonaws.com"] } })),
    why: 'its policy does not allow it: statement "Allows" is for another principal',
  },
  {
    name: "the account of the queue, which is no service",
    policy: policyOf(allow({ Principal: { AWS: owner } })),
    why: 'its policy does not allow it: statement "Allows" is for another principal',
  },
  {
    name: "another action and another resource",
    policy: policyOf(allow({ Action: "sqs:ReceiveMessage" }), allow({ Sid: "", Resource: queueArn("other") })),
    why: 'its policy does not allow it: statement "Allows" is for another action; statement 2 is for another resource',
  },
  {
    name: "an organisation",
    policy: policyOf(allow({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } } })),
    why: 'its policy does not allow it: statement "Allows" wants StringEquals aws:PrincipalOrgID o-1, which the request does not have',
  },
  {
    name: "a Deny beside the Allow",
    policy: policyOf(allow(), allow({ Sid: "No", Effect: "Deny", Principal: "*" })),
    why: 'statement "No" of its policy denies it',
  },
  {
    name: "a Deny for what comes from elsewhere",
    policy: policyOf(
      allow(),
      allow({ Effect: "Deny", Principal: "*", Condition: { StringNotEquals: { "aws:SourceAccount": owner } } }),
    ),
  },
  {
    name: "a Deny for plain HTTP",
    policy: policyOf(
      allow(),
      allow({ Effect: "Deny", Principal: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
    ),
  },
];

const toTopic = (why: string) => `sns.amazonaws.com for ${topicArn} may not sqs:SendMessage ${queueArn("q")}: ${why}`;

describe("a topic and its queue", () => {
  for (const { name, policy, why } of toQueue) {
    for (const raw of [false, true]) {
      it(`${name}${raw ? ", raw" : ""}: ${why === undefined ? "delivered" : "refused"}`, async () => {
        for (const mode of ["audit", "enforce", "off"] as const) {
          const { own, bus, queue, bodies, notes } = await start(mode);
          const q = await queue("q", policy);
          const dlq = await queue("dlq", policyOf(allow({ Resource: "*" })));
          await own.sns.createTopic({ Name: "t" });
          await own.sns.subscribe({
            TopicArn: topicArn,
            Protocol: "sqs",
            Endpoint: queueArn("q"),
            Attributes: {
              RawMessageDelivery: String(raw),
              RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn("dlq") }),
            },
          });
          // Twice: what was decided once is known.
          for (const Message of ["a", "b"]) await own.sns.publish({ TopicArn: topicArn, Message });
          await bus.settled();
          const isRefused = why !== undefined && mode === "enforce";
          expect(await bodies(q)).toHaveLength(isRefused ? 0 : 2);
          expect(await bodies(dlq)).toHaveLength(isRefused ? 2 : 0);
          expect(notes()).toEqual(why === undefined || mode === "off" ? [] : [toTopic(why), toTopic(why)]);
          if (!isRefused) continue;
          expect(bus.deliveries({ status: "failed" })).toMatchObject([
            { attemptCount: 1, reason: expect.stringMatching(/^AccessDenied: User: sns\.amazonaws\.com is not auth/) },
            { attemptCount: 1 },
          ]);
        }
      });
    }
  }

  it("of another account: the topic's account is what the policy is asked for", async () => {
    const { own, other, bus, queue, bodies } = await start("enforce");
    const theirs = `arn:aws:sns:us-east-1:${stranger}:t`;
    const q = await queue("q", policyOf(allow({ Condition: { StringEquals: { "aws:SourceAccount": stranger } } })));
    await other.sns.createTopic({ Name: "t" });
    await other.sns.addPermission({ TopicArn: theirs, Label: "l", AWSAccountId: [owner], ActionName: ["Subscribe"] });
    await own.sns.subscribe({ TopicArn: theirs, Protocol: "sqs", Endpoint: queueArn("q") });
    await other.sns.publish({ TopicArn: theirs, Message: "x" });
    await bus.settled();
    expect(await bodies(q)).toHaveLength(1);
  });

  it("whose dead-letter queue is closed lose the message, and report it", async () => {
    const { own, bus, queue, bodies } = await start("enforce");
    await queue("q");
    const dlq = await queue("dlq");
    await own.sns.createTopic({ Name: "t" });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn("dlq") });
    await own.sns.subscribe({
      TopicArn: topicArn,
      Protocol: "sqs",
      Endpoint: queueArn("q"),
      Attributes: { RedrivePolicy },
    });
    await own.sns.publish({ TopicArn: topicArn, Message: "x" });
    await bus.settled();
    expect(await bodies(dlq)).toEqual([]);
    expect(bus.deliveries()).toMatchObject([
      { status: "failed", deadLetter: { sent: false, reason: expect.stringMatching(/^AccessDenied: /) } },
    ]);
  });

  it("follow a policy that changes, and time that a policy asks for", async () => {
    const { own, bus, queue, bodies, notes } = await start(undefined);
    const q = await queue("q");
    await own.sns.createTopic({ Name: "t" });
    await own.sns.subscribe({ TopicArn: topicArn, Protocol: "sqs", Endpoint: queueArn("q") });
    const publish = () => own.sns.publish({ TopicArn: topicArn, Message: "x" });
    const setPolicy = (policy: object) =>
      own.sqs.setQueueAttributes({ QueueUrl: q, Attributes: { Policy: JSON.stringify(policy) } });
    await publish();
    expect(notes()).toHaveLength(1);
    await setPolicy(policyOf(allow()));
    await publish();
    expect(notes()).toHaveLength(1);
    const until = new Date(bus.clock.now() + 60_000).toISOString();
    await setPolicy(policyOf(allow({ Condition: { DateLessThan: { "aws:CurrentTime": until } } })));
    await publish();
    expect(notes()).toHaveLength(1);
    await bus.clock.advance("2m");
    await publish();
    expect(notes()).toHaveLength(2);
    expect(await bodies(q)).toHaveLength(4);
  });
});

describe("a rule and its targets", () => {
  const event: PutEventsRequestEntry = { Source: "s", DetailType: "d", Detail: "{}" };

  async function ruled(mode: BusbarOptions["policies"], target: Omit<Target, "Id">) {
    const env = await start(mode);
    const dlq = await env.queue(
      "dlq",
      policyOf(allow({ Principal: { Service: "events.amazonaws.com" }, Resource: "*" })),
    );
    await env.own.events.send(new PutRuleCommand({ Name: "r", EventPattern: JSON.stringify({ source: ["s"] }) }));
    const Targets = [{ Id: "1", DeadLetterConfig: { Arn: queueArn("dlq") }, ...target } as Target];
    await env.own.events.send(new PutTargetsCommand({ Rule: "r", Targets }));
    const put = async () => {
      await env.own.events.send(new PutEventsCommand({ Entries: [event] }));
      await env.bus.settled();
    };
    const deadCodes = async () => {
      const { Messages = [] } = await env.own.sqs.receiveMessage({ QueueUrl: dlq, MessageAttributeNames: ["All"] });
      return Messages.map(({ MessageAttributes }) => MessageAttributes?.["ERROR_CODE"]?.StringValue);
    };
    return { ...env, put, deadCodes };
  }

  const byService = (Condition: object = {}) => allow({ Principal: { Service: "events.amazonaws.com" }, Condition });
  const queues: readonly Case[] = [
    { name: "no policy", policy: undefined, why: "no policy is set" },
    { name: "the rule's ARN", policy: policyOf(byService({ ArnEquals: { "aws:SourceArn": ruleArn } })) },
    { name: "the account", policy: policyOf(byService({ StringEquals: { "aws:SourceAccount": owner } })) },
    {
      name: "SNS alone",
      policy: policyOf(allow()),
      why: 'its policy does not allow it: statement "Allows" is for another principal',
    },
  ];

  for (const { name, policy, why } of queues) {
    it(`a queue, ${name}: ${why === undefined ? "delivered" : "NO_PERMISSIONS"}`, async () => {
      for (const mode of ["audit", "enforce"] as const) {
        const { queue, put, bodies, notes, deadCodes } = await ruled(mode, { Arn: queueArn("q") });
        const q = await queue("q", policy);
        await put();
        const isRefused = why !== undefined && mode === "enforce";
        expect(await bodies(q)).toHaveLength(isRefused ? 0 : 1);
        expect(await deadCodes()).toEqual(isRefused ? ["NO_PERMISSIONS"] : []);
        expect(notes()).toEqual(
          why === undefined
            ? []
            : [`events.amazonaws.com for ${ruleArn} may not sqs:SendMessage ${queueArn("q")}: ${why}`],
        );
      }
    });
  }

  it("a queue by a role: the role may, unless the policy denies it", async () => {
    const target = { Arn: queueArn("q"), RoleArn: role("sender") };
    const { own, queue, put, bodies, deadCodes } = await ruled("enforce", target);
    const q = await queue("q");
    await put();
    expect(await bodies(q)).toHaveLength(1);
    const Policy = JSON.stringify(policyOf(allow({ Effect: "Deny", Principal: { AWS: role("sender") } })));
    await own.sqs.setQueueAttributes({ QueueUrl: q, Attributes: { Policy } });
    await put();
    expect(await deadCodes()).toEqual(["NO_PERMISSIONS"]);
  });

  it("a topic, whose own default policy knows no rules", async () => {
    const { own, put, notes, deadCodes } = await ruled("enforce", { Arn: topicArn });
    await own.sns.createTopic({ Name: "t" });
    await put();
    expect(await deadCodes()).toEqual(["NO_PERMISSIONS"]);
    expect(notes()).toEqual([`events.amazonaws.com for ${ruleArn} may not sns:Publish ${topicArn}: no policy is set`]);
    const statement = { ...byService(), Action: "sns:Publish", Resource: topicArn };
    const AttributeValue = JSON.stringify(policyOf(statement));
    await own.sns.setTopicAttributes({ TopicArn: topicArn, AttributeName: "Policy", AttributeValue });
    await put();
    expect(await deadCodes()).toEqual([]);
    expect(notes()).toHaveLength(1);
  });

  it("a bus of another account, which asks for the rule's account or role", async () => {
    const Arn = `arn:aws:events:us-east-1:${stranger}:event-bus/b`;
    const { other, put, deadCodes } = await ruled("enforce", { Arn, RoleArn: role("forward") });
    await other.events.send(new CreateEventBusCommand({ Name: "b" }));
    await put();
    expect(await deadCodes()).toEqual(["NO_PERMISSIONS"]);
    const grant = { EventBusName: "b", Action: "events:PutEvents", StatementId: "s", Principal: owner };
    await other.events.send(new PutPermissionCommand(grant));
    await put();
    expect(await deadCodes()).toEqual([]);
  });
});

describe("a schedule", () => {
  it("acts by its role: what the queue's policy denies the role goes to the dead-letter queue", async () => {
    const { own, bus, queue, bodies } = await start("enforce");
    await queue("q", policyOf(allow({ Effect: "Deny", Principal: { AWS: role("s") } })));
    const dlq = await queue("dlq");
    await own.scheduler.send(
      new CreateScheduleCommand({
        Name: "s",
        ScheduleExpression: "rate(1 minute)",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: {
          Arn: queueArn("q"),
          RoleArn: role("s"),
          Input: "x",
          DeadLetterConfig: { Arn: queueArn("dlq") },
        },
      }),
    );
    await bus.clock.advance("61s");
    expect((await bodies(dlq)).length).toBeGreaterThan(0);
    expect(bus.deliveries({ status: "failed" })[0]?.reason).toMatch(
      /^AccessDenied: User: arn:aws:sts::000000000000:assumed-role\/s\//,
    );
  });
});

describe("a call of another account", () => {
  const data = new Uint8Array([1]);
  type Env = Awaited<ReturnType<typeof start>>;

  interface CallCase {
    readonly name: string;
    readonly action: string;
    readonly resource: string;
    readonly error: string;
    prepare(env: Env): Promise<unknown>;
    call(env: Env): Promise<unknown>;
    grant(env: Env): Promise<unknown>;
  }

  const streamArn = `arn:aws:kinesis:us-east-1:${owner}:stream/s`;
  const busArn = `arn:aws:events:us-east-1:${owner}:event-bus/default`;
  const grantTo = (Action: string, Resource: string) => ({
    Sid: "Grants",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${stranger}:root` },
    Action,
    Resource,
  });

  const calls: readonly CallCase[] = [
    {
      name: "SendMessage",
      action: "sqs:SendMessage",
      resource: queueArn("q"),
      error: "AccessDenied",
      prepare: ({ queue }) => queue("q"),
      call: ({ other }) => other.sqs.sendMessage({ QueueUrl: `http://localhost:4566/${owner}/q`, MessageBody: "x" }),
      grant: ({ own }) =>
        own.sqs.addPermission({ QueueUrl: "q", Label: "l", AWSAccountIds: [stranger], Actions: ["SendMessage"] }),
    },
    {
      name: "Publish",
      action: "sns:Publish",
      resource: topicArn,
      error: "AuthorizationError",
      prepare: ({ own }) => own.sns.createTopic({ Name: "t" }),
      call: ({ other }) => other.sns.publish({ TopicArn: topicArn, Message: "x" }),
      grant: ({ own }) =>
        own.sns.addPermission({ TopicArn: topicArn, Label: "l", AWSAccountId: [stranger], ActionName: ["Publish"] }),
    },
    {
      name: "Subscribe",
      action: "sns:Subscribe",
      resource: topicArn,
      error: "AuthorizationError",
      prepare: ({ own }) => own.sns.createTopic({ Name: "t" }),
      call: ({ other }) =>
        other.sns.subscribe({ TopicArn: topicArn, Protocol: "sqs", Endpoint: queueArn("q", stranger) }),
      grant: ({ own }) =>
        own.sns.setTopicAttributes({
          TopicArn: topicArn,
          AttributeName: "Policy",
          AttributeValue: JSON.stringify(
            policyOf({
              ...grantTo("SNS:Subscribe", topicArn),
              Condition: {
                StringLike: { "SNS:Endpoint": `arn:aws:sqs:*:${stranger}:*` },
                StringEquals: { "sns:Protocol": "sqs" },
              },
            }),
          ),
        }),
    },
    {
      name: "PutRecord",
      action: "kinesis:PutRecord",
      resource: streamArn,
      error: "AccessDeniedException",
      prepare: ({ own }) => own.kinesis.createStream({ StreamName: "s", ShardCount: 1 }),
      call: ({ other }) => other.kinesis.putRecord({ StreamARN: streamArn, Data: data, PartitionKey: "p" }),
      grant: ({ own }) =>
        own.kinesis.putResourcePolicy({
          ResourceARN: streamArn,
          Policy: JSON.stringify(policyOf(grantTo("kinesis:PutRecord", streamArn))),
        }),
    },
    {
      name: "PutEvents",
      action: "events:PutEvents",
      resource: busArn,
      error: "AccessDeniedException",
      prepare: async () => {},
      call: ({ other }) =>
        other.events.send(
          new PutEventsCommand({ Entries: [{ EventBusName: busArn, Source: "s", DetailType: "d", Detail: "{}" }] }),
        ),
      grant: ({ own }) =>
        own.events.send(
          new PutPermissionCommand({
            Policy: JSON.stringify(
              policyOf({
                ...grantTo("events:PutEvents", busArn),
                Condition: { StringEquals: { "events:source": "s" } },
              }),
            ),
          }),
        ),
    },
  ];

  for (const { name, action, resource, error, prepare, call, grant } of calls) {
    it(`${name}: ${error} when enforced, noted when audited`, async () => {
      for (const mode of ["audit", "enforce", "off"] as const) {
        const env = await start(mode);
        await prepare(env);
        const told = call(env).then(
          () => undefined,
          (thrown: Error) => thrown,
        );
        if (mode === "enforce") {
          const thrown = await told;
          expect(thrown?.name).toMatch(new RegExp(`^${error}(Exception)?$`));
          const [service, verb] = action.split(":") as [string, string];
          const asWritten = service === "sqs" ? action.toLowerCase() : service === "sns" ? `SNS:${verb}` : action;
          expect(thrown?.message).toBe(
            `User: arn:aws:iam::${stranger}:user/busbar is not authorized to perform: ${asWritten} on resource: ${resource} because no resource-based policy allows the ${asWritten} action`,
          );
        } else expect(await told).toBeUndefined();
        const note = `arn:aws:iam::${stranger}:user/busbar may not ${action} ${resource}: no policy is set`;
        expect(env.callNotes()).toEqual(mode === "off" ? [] : [note]);
        await grant(env);
        await call(env);
        expect(env.callNotes()).toHaveLength(mode === "off" ? 0 : 1);
      }
    });
  }

  it("cannot manage a queue, whatever the policy says", async () => {
    const { other, queue, callNotes } = await start("enforce");
    const everything = { Effect: "Allow", Principal: "*", Action: "sqs:*", Resource: "*" };
    const QueueUrl = await queue("q", policyOf(everything));
    await expect(other.sqs.deleteQueue({ QueueUrl })).rejects.toMatchObject({ name: "AccessDenied" });
    expect(callNotes()).toEqual([
      `arn:aws:iam::${stranger}:user/busbar may not sqs:DeleteQueue ${queueArn("q")}: no policy gives it to another account`,
    ]);
  });
});

describe("a text that IAM would not accept as a policy", () => {
  const good = { Sid: "s", Effect: "Allow", Principal: { AWS: stranger } };
  it.each([
    ["is no JSON", "{"],
    ["has no statements", policyOf()],
    ["has a statement that is none", { Version: "2012-10-17", Statement: ["s"] }],
    ["has another version", { ...policyOf(good), Version: "2020-01-01" }],
    ["has an effect that is none", policyOf({ ...good, Effect: "Maybe" })],
    ["names principals of another kind", policyOf({ ...good, Principal: { Users: "x" } })],
    ["has a condition with an operator that is none", policyOf({ ...good, Condition: { StringIs: { "a:b": "c" } } })],
  ])("is refused by every service: one that %s", async (_, document) => {
    const { own, queue } = await start("audit");
    const QueueUrl = await queue("q");
    await own.sns.createTopic({ Name: "t" });
    await own.kinesis.createStream({ StreamName: "s", ShardCount: 1 });
    /** The document about one resource and one action. */
    const about = (Action: string, Resource: string) => {
      if (typeof document === "string") return document;
      const { Statement } = document as { Statement: readonly unknown[] };
      const filled = Statement.map((one) => (typeof one === "string" ? one : { ...(one as object), Action, Resource }));
      return JSON.stringify({ ...document, Statement: filled });
    };
    const streamArn = `arn:aws:kinesis:us-east-1:${owner}:stream/s`;
    const busArn = `arn:aws:events:us-east-1:${owner}:event-bus/default`;
    const calls = [
      own.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: about("sqs:SendMessage", queueArn("q")) } }),
      own.sns.setTopicAttributes({
        TopicArn: topicArn,
        AttributeName: "Policy",
        AttributeValue: about("sns:Publish", topicArn),
      }),
      own.kinesis.putResourcePolicy({ ResourceARN: streamArn, Policy: about("kinesis:PutRecord", streamArn) }),
      own.events.send(new PutPermissionCommand({ Policy: about("events:PutEvents", busArn) })),
    ];
    const names = (await Promise.allSettled(calls)).map(
      (result) => result.status === "rejected" && (result.reason as Error).name,
    );
    expect(names).toEqual([
      "InvalidAttributeValue",
      "InvalidParameterException",
      "InvalidArgumentException",
      "ValidationException",
    ]);
  });
});
