/** As whom AWS's own services send to queues: the roles they were given, as STS tells of their sessions. */
import { Pipes } from "@aws-sdk/client-pipes";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

let bus: Busbar;
let sqs: SQS;
let sfn: SFN;
let scheduler: Scheduler;
let pipes: Pipes;
let sts: STS;

beforeAll(async () => {
  bus = await createBusbar({ port: false, clock: "virtual", startTime: "2026-03-01T12:00:00Z" });
  const config = { ...bus.clientConfig(), maxAttempts: 1 };
  sqs = new SQS(config);
  sfn = new SFN(config);
  scheduler = new Scheduler(config);
  pipes = new Pipes(config);
  sts = new STS(config);
});
afterAll(async () => {
  for (const client of [sqs, sfn, scheduler, pipes, sts]) client.destroy();
  await bus.close();
});

const roleOf = (name: string) => `arn:aws:iam::000000000000:role/service/${name}`;
const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

async function queue(QueueName: string): Promise<string> {
  return (await sqs.createQueue({ QueueName })).QueueUrl as string;
}

/** The senders of the messages in a queue. */
async function sendersIn(QueueUrl: string): Promise<(string | undefined)[]> {
  const { Messages = [] } = await sqs.receiveMessage({
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ["SenderId"],
  });
  return Messages.map(({ Attributes }) => Attributes?.["SenderId"]);
}

/** The sender, whose role's id is what STS says of that role. */
async function sessionOf(name: string): Promise<RegExp> {
  const { AssumedRoleUser } = await sts.assumeRole({ RoleArn: roleOf(name), RoleSessionName: "test" });
  return new RegExp(`^${AssumedRoleUser?.AssumedRoleId?.split(":")[0]}:[0-9a-f]{32}$`);
}

it("a task sends as a session of its machine's role, or of the role its state names", async () => {
  const QueueUrl = await queue("of-tasks");
  const Parameters = { QueueUrl, MessageBody: "m" };
  const Resource = "arn:aws:states:::sqs:sendMessage";
  const definition = JSON.stringify({
    StartAt: "A",
    States: {
      A: { Type: "Task", Resource, Parameters, Next: "B" },
      B: { Type: "Task", Resource, Parameters, Credentials: { RoleArn: roleOf("other") }, End: true },
    },
  });
  const { stateMachineArn } = await sfn.createStateMachine({ name: "m", definition, roleArn: roleOf("machine") });
  await sfn.startExecution({ stateMachineArn });
  await bus.settled();
  const [first, second, ...more] = await sendersIn(QueueUrl);
  expect([first, second, more]).toEqual([
    expect.stringMatching(await sessionOf("machine")),
    expect.stringMatching(await sessionOf("other")),
    [],
  ]);
});

it("a pipe sends as a session of its role", async () => {
  const [from, to] = [await queue("from"), await queue("to")];
  const RoleArn = roleOf("pipe");
  await pipes.createPipe({ Name: "p", RoleArn, Source: queueArn("from"), Target: queueArn("to") });
  await bus.settled();
  await sqs.sendMessage({ QueueUrl: from, MessageBody: "m" });
  await bus.settled();
  expect(await sendersIn(to)).toEqual([expect.stringMatching(await sessionOf("pipe"))]);
});

it("a schedule sends as a session of its target's role: to the target, by a universal target, to its dead letters", async () => {
  const [QueueUrl, dead] = [await queue("of-schedules"), await queue("dead")];
  const base = {
    ScheduleExpression: "at(2026-03-01T12:01:00)",
    FlexibleTimeWindow: { Mode: "OFF" },
  } as const;
  const RoleArn = roleOf("schedule");
  const target = { RoleArn, RetryPolicy: { MaximumRetryAttempts: 0 } };
  await scheduler.createSchedule({ Name: "a", ...base, Target: { ...target, Arn: queueArn("of-schedules") } });
  await scheduler.createSchedule({
    Name: "b",
    ...base,
    Target: {
      ...target,
      Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
      Input: JSON.stringify({ QueueUrl, MessageBody: "m" }),
    },
  });
  await scheduler.createSchedule({
    Name: "c",
    ...base,
    Target: { ...target, Arn: queueArn("nowhere"), DeadLetterConfig: { Arn: queueArn("dead") } },
  });
  await bus.clock.advance("2m");
  await bus.settled();
  const session = expect.stringMatching(await sessionOf("schedule"));
  expect([await sendersIn(QueueUrl), await sendersIn(dead)]).toEqual([[session, session], [session]]);
});
