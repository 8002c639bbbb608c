/** What resources' policies do to state machines, pipes and rules, which call by a role, in each of the modes. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Pipes } from "@aws-sdk/client-pipes";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, it } from "vitest";
import { type BusbarOptions, createBusbar } from "../../src/index.ts";

const owner = "000000000000";
const stranger = "111122223333";
const region = "us-east-1";
const roleArn = (account: string) => `arn:aws:iam::${account}:role/caller`;
const sessionOf = (account: string) => new RegExp(`arn:aws:sts::${account}:assumed-role/caller/`);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Clients of the account whose resources have policies, and of the one that calls by a role. */
async function start(policies: NonNullable<BusbarOptions["policies"]>, caller: string) {
  const bus = await createBusbar({ clock: "virtual", port: false, policies });
  closing.push(() => bus.close());
  const clients = (account: string) => {
    const config = { ...bus.clientConfig({ account }), maxAttempts: 1 };
    return {
      sqs: new SQS(config),
      sns: new SNS(config),
      kinesis: new Kinesis(config),
      events: new EventBridge(config),
      sfn: new SFN(config),
      pipes: new Pipes(config),
    };
  };
  const own = clients(owner);
  const notes = () => [...bus.requests(), ...bus.deliveries()].flatMap(({ policy }) => policy ?? []);
  return { bus, own, calling: clients(caller), caller, notes };
}
type Env = Awaited<ReturnType<typeof start>>;

/** Something of the owner's that has a policy. */
interface Resource {
  readonly name: string;
  readonly arn: string;
  readonly action: string;
  make(env: Env): Promise<unknown>;
  setPolicy(env: Env, policy: string): Promise<unknown>;
  /** Task of a machine: its resource, its parameters and the error it fails with. */
  readonly task: readonly [resource: string, parameters: object, error: string];
  readonly targetParameters?: object;
}

const queueArn = `arn:aws:sqs:${region}:${owner}:q`;
const topicArn = `arn:aws:sns:${region}:${owner}:t`;
const streamArn = `arn:aws:kinesis:${region}:${owner}:stream/s`;
const busArn = `arn:aws:events:${region}:${owner}:event-bus/b`;
const QueueUrl = `http://localhost:4566/${owner}/q`;
const entry = { Source: "s", DetailType: "d", Detail: {}, EventBusName: busArn };

const queue: Resource = {
  name: "a queue",
  arn: queueArn,
  action: "sqs:SendMessage",
  make: ({ own }) => own.sqs.createQueue({ QueueName: "q" }),
  setPolicy: ({ own }, Policy) => own.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } }),
  task: ["sqs:sendMessage", { QueueUrl, MessageBody: "x" }, "SQS.AmazonSQSException"],
};
const topic: Resource = {
  name: "a topic",
  arn: topicArn,
  action: "sns:Publish",
  make: ({ own }) => own.sns.createTopic({ Name: "t" }),
  setPolicy: ({ own }, AttributeValue) =>
    own.sns.setTopicAttributes({ TopicArn: topicArn, AttributeName: "Policy", AttributeValue }),
  task: ["sns:publish", { TopicArn: topicArn, Message: "x" }, "SNS.AuthorizationErrorException"],
};
const stream: Resource = {
  name: "a stream",
  arn: streamArn,
  action: "kinesis:PutRecord",
  make: ({ own }) => own.kinesis.createStream({ StreamName: "s", ShardCount: 1 }),
  setPolicy: ({ own }, Policy) => own.kinesis.putResourcePolicy({ ResourceARN: streamArn, Policy }),
  task: [
    "aws-sdk:kinesis:putRecord",
    { StreamARN: streamArn, Data: "x", PartitionKey: "p" },
    "Kinesis.AccessDeniedException",
  ],
  targetParameters: { KinesisStreamParameters: { PartitionKey: "p" } },
};
const eventBus: Resource = {
  name: "a bus",
  arn: busArn,
  action: "events:PutEvents",
  make: ({ own }) => own.events.createEventBus({ Name: "b" }),
  setPolicy: ({ own }, Policy) => own.events.putPermission({ EventBusName: "b", Policy }),
  task: ["events:putEvents", { Entries: [entry] }, "EventBridge.AmazonEventBridgeException"],
  targetParameters: { EventBridgeEventBusParameters: { Source: "s", DetailType: "d" } },
};
const resources = [queue, topic, stream, eventBus];

const statement = (Effect: string, caller: string, { action, arn }: Resource) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Sid: "Says", Effect, Principal: { AWS: roleArn(caller) }, Action: action, Resource: arn }],
  });

/** Makes a machine or a pipe call the resource once, and tells whether it was let. */
interface Way {
  readonly name: string;
  /** What tells of a call that was refused, the newest first. */
  told(env: Env): readonly (string | undefined)[];
  call(env: Env, resource: Resource): Promise<boolean>;
}

const machine: Way = {
  name: "a state machine",
  told: ({ notes }) => notes(),
  async call({ bus, calling, caller }, { task: [resource, Parameters, error] }) {
    const { stateMachineArn } = await calling.sfn.createStateMachine({
      name: `m${Math.floor(performance.now() * 1000)}`,
      roleArn: roleArn(caller),
      definition: JSON.stringify({
        StartAt: "T",
        States: { T: { Type: "Task", Resource: `arn:aws:states:::${resource}`, Parameters, End: true } },
      }),
    });
    const { executionArn } = await calling.sfn.startExecution({ stateMachineArn });
    await bus.clock.advance("1s");
    const described = await calling.sfn.describeExecution({ executionArn });
    if (described.status === "SUCCEEDED") return true;
    expect(described).toMatchObject({ status: "FAILED", error });
    expect(described.cause).toMatch(/^User: arn:aws:sts::.* is not authorized to perform: /);
    return false;
  },
};

const pipe: Way = {
  name: "a pipe",
  // A pipe tries again, so that what it is refused for is the reason of its own record.
  told: ({ bus, notes }) => [...notes(), ...bus.deliveries({ status: "failed" }).map(({ reason }) => reason)],
  async call({ bus, calling, caller }, { arn, targetParameters = {} }) {
    const { QueueUrl: from } = await calling.sqs.createQueue({ QueueName: "from" });
    await calling.sqs.sendMessage({ QueueUrl: from, MessageBody: '{"x":1}' });
    const Name = "p";
    await calling.pipes.createPipe({
      Name,
      Source: `arn:aws:sqs:${region}:${caller}:from`,
      Target: arn,
      RoleArn: roleArn(caller),
      TargetParameters: targetParameters,
    });
    await bus.clock.advance("5s");
    await calling.pipes.deletePipe({ Name });
    await bus.clock.advance("1m");
    const { Messages = [] } = await calling.sqs.receiveMessage({ QueueUrl: from });
    await calling.sqs.deleteQueue({ QueueUrl: from });
    return Messages.length === 0;
  },
};

for (const way of [machine, pipe]) {
  describe(`${way.name} and`, () => {
    it.each(resources)("$name of another account: the policy must allow its role", async (resource) => {
      for (const mode of ["audit", "enforce"] as const) {
        const env = await start(mode, stranger);
        await resource.make(env);
        expect(await way.call(env, resource)).toBe(mode === "audit");
        const [note] = way.told(env);
        expect(note).toMatch(sessionOf(stranger));
        expect(note).toContain(resource.arn);
        expect(note).toMatch(
          mode === "audit" || way === machine
            ? `may not ${resource.action} ${resource.arn}: no policy is set`
            : /is not authorized to perform: .* because no resource-based policy allows the /,
        );
        const before = env.notes().length;
        await resource.setPolicy(env, statement("Allow", stranger, resource));
        expect(await way.call(env, resource)).toBe(true);
        expect(env.notes()).toHaveLength(before);
      }
    });

    it.each(resources)("$name of its own account: a Deny holds for its role", async (resource) => {
      for (const mode of ["audit", "enforce", "off"] as const) {
        const env = await start(mode, owner);
        await resource.make(env);
        expect(await way.call(env, resource)).toBe(true);
        expect(env.notes()).toEqual([]);
        await resource.setPolicy(env, statement("Deny", owner, resource));
        expect(await way.call(env, resource)).toBe(mode !== "enforce");
        const [note] = way.told(env);
        if (mode === "off") expect(note).toBeUndefined();
        else {
          expect(note).toContain(resource.arn);
          expect(note).toMatch(/statement "Says" of its policy denies it|with an explicit deny in a resource-based/);
        }
      }
    });
  });
}

describe("a rule", () => {
  const event = { Source: "s", DetailType: "d", Detail: "{}" };

  it("and a stream: a Deny for its role ends the delivery", async () => {
    for (const mode of ["audit", "enforce", "off"] as const) {
      const env = await start(mode, owner);
      const { own, bus } = env;
      await stream.make(env);
      await own.events.putRule({ Name: "r", EventPattern: '{"source":["s"]}' });
      await own.events.putTargets({ Rule: "r", Targets: [{ Id: "1", Arn: streamArn, RoleArn: roleArn(owner) }] });
      await own.events.putEvents({ Entries: [event] });
      await bus.settled();
      expect(env.notes()).toEqual([]);
      await stream.setPolicy(env, statement("Deny", owner, stream));
      await own.events.putEvents({ Entries: [event] });
      await bus.settled();
      expect(env.notes()).toHaveLength(mode === "off" ? 0 : 1);
      const failed = bus.deliveries({ status: "failed" });
      if (mode !== "enforce") expect(failed).toEqual([]);
      else expect(failed).toMatchObject([{ attemptCount: 1, reason: expect.stringMatching(/AccessDeniedException/) }]);
    }
  });

  it("on another account's bus: the bus must allow PutRule to the caller", async () => {
    const put = ({ calling }: Env) =>
      calling.events.putRule({ Name: "r", EventBusName: busArn, EventPattern: '{"source":["s"]}' });
    for (const mode of ["audit", "enforce"] as const) {
      const env = await start(mode, stranger);
      await eventBus.make(env);
      const first = put(env);
      if (mode === "audit") await first;
      else await expect(first).rejects.toMatchObject({ name: "AccessDeniedException" });
      expect(env.notes()).toHaveLength(1);
      const ruleArn = `arn:aws:events:${region}:${owner}:rule/b/r`;
      const Action = ["events:PutRule", "events:DescribeRule"];
      const grant = { Sid: "Says", Effect: "Allow", Principal: { AWS: stranger }, Action, Resource: ruleArn };
      await eventBus.setPolicy(env, JSON.stringify({ Version: "2012-10-17", Statement: [grant] }));
      expect((await put(env)).RuleArn).toBe(ruleArn);
      const described = await env.calling.events.describeRule({ Name: "r", EventBusName: busArn });
      expect(described).toMatchObject({ Arn: ruleArn, CreatedBy: stranger });
      expect(env.notes()).toHaveLength(1);
    }
  });
});
