/** Running executions survive a kill at any moment, continue after the restart, and lose nothing of their history. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import {
  checkHistory,
  checkMapper,
  effectsIn,
  effectsOf,
  fillBuckets,
  historyOf,
  inlineItems,
  mapper,
} from "../support/map-durability.ts";

const executions = 200;
/** Of a machine with two distributed Maps, started among the others. */
const mappers = 12;
const kills = 8;
const deadlineMs = 60_000;
const roleArn = "arn:aws:iam::000000000000:role/r";
const arn = (type: string, name: string) => `arn:aws:states:us-east-1:000000000000:${type}:${name}`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-states-"));
});
afterAll(async () => {
  await stopAll();
  await rm(directory, { recursive: true, force: true });
});

const send = (queue: string, body: object, suffix = "") => ({
  Type: "Task",
  Resource: `arn:aws:states:::sqs:sendMessage${suffix}`,
  Parameters: { QueueUrl: `http://localhost/000000000000/${queue}`, MessageBody: body },
  ResultPath: null,
});
const named = (step: string) => ({ "name.$": "$$.Execution.Name", step });

const child = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 1, End: true } } };
const parent = {
  StartAt: "First",
  States: {
    First: { ...send("effects", named("first")), Next: "Wait" },
    Wait: { Type: "Wait", Seconds: 1, Next: "Each" },
    Each: {
      Type: "Map",
      ItemsPath: "$.items",
      MaxConcurrency: 2,
      ItemProcessor: {
        StartAt: "Item",
        States: {
          Item: {
            ...send("effects", { "name.$": "$$.Execution.Name", "step.$": "States.Format('item{}', $)" }),
            End: true,
          },
        },
      },
      ResultPath: null,
      Next: "Both",
    },
    Both: {
      Type: "Parallel",
      Branches: [
        {
          StartAt: "Call",
          States: {
            Call: {
              ...send("calls", { "token.$": "$$.Task.Token", ...named("call") }, ".waitForTaskToken"),
              ResultPath: "$.answer",
              End: true,
            },
          },
        },
        {
          StartAt: "Nested",
          States: {
            Nested: {
              Type: "Task",
              Resource: "arn:aws:states:::states:startExecution.sync:2",
              Parameters: { StateMachineArn: arn("stateMachine", "child"), Input: {} },
              End: true,
            },
          },
        },
      ],
      ResultPath: null,
      Next: "Done",
    },
    Done: { Type: "Succeed" },
  },
};

function clientsOf({ endpoint }: RunningCli) {
  const options = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "x" },
    maxAttempts: 1,
  };
  return { sfn: new SFN(options), sqs: new SQS(options) };
}
type Clients = ReturnType<typeof clientsOf>;

/** Answers callbacks until the server dies or `stop` is called. */
async function answerCalls({ sfn, sqs }: Clients, stop: () => boolean): Promise<void> {
  const QueueUrl = "http://localhost/000000000000/calls";
  while (!stop()) {
    try {
      const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
      for (const { Body, ReceiptHandle } of Messages) {
        const { token } = JSON.parse(Body as string);
        await sfn.sendTaskSuccess({ taskToken: token, output: '"answered"' }).catch((error) => {
          // An earlier attempt succeeded, although its response was lost.
          if (error.name !== "TaskTimedOut") throw error;
        });
        await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
      }
    } catch {
      return;
    }
  }
}

/** The executions to start: a machine and an input by name, with Maps among the others. */
const wanted = new Map<string, { machine: string; items: number[] }>();
for (let i = 0; i < executions; i++) {
  wanted.set(`e${i}`, { machine: "parent", items: [1, 2, 3] });
  if (i % Math.ceil(executions / mappers) === 0) wanted.set(`m${i}`, { machine: "mapper", items: inlineItems });
}

/** Starts what has not been acknowledged yet; starting a name again has no effect. */
async function startMore({ sfn }: Clients, started: Set<string>): Promise<void> {
  for (const [name, { machine, items }] of wanted) {
    if (started.has(name)) continue;
    try {
      await sfn.startExecution({
        stateMachineArn: arn("stateMachine", machine),
        name,
        input: JSON.stringify({ items }),
      });
      started.add(name);
    } catch (error) {
      if ((error as Error).name !== "ExecutionAlreadyExists") return;
      started.add(name);
    }
  }
}

it(`after ${kills} kills, all ${wanted.size} executions end, with every effect and every event`, async () => {
  const root = join(directory, "s3");
  await fillBuckets(root);
  const start = () => startCli(["--data-dir", join(directory, "state"), "--s3-root", root]);
  let cli = await start();
  let clients = clientsOf(cli);
  for (const QueueName of ["effects", "calls"]) {
    await clients.sqs.createQueue({ QueueName, Attributes: { VisibilityTimeout: "5" } });
  }
  for (const [name, definition] of Object.entries({ child, parent, mapper })) {
    await clients.sfn.createStateMachine({ name, definition: JSON.stringify(definition), roleArn });
  }
  const started = new Set<string>();
  for (let kill = 0; kill < kills; kill++) {
    const work = [startMore(clients, started), answerCalls(clients, () => false)];
    const { kill: end, ended } = cli;
    setTimeout(() => end("SIGKILL"), 200 + Math.random() * 800);
    await Promise.all([...work, ended]);
    clients.sfn.destroy();
    clients.sqs.destroy();
    cli = await start();
    clients = clientsOf(cli);
  }
  await startMore(clients, started);
  expect(started.size).toBe(wanted.size);
  let finished = false;
  const answering = answerCalls(clients, () => finished);
  const { sfn, sqs } = clients;
  const until = performance.now() + deadlineMs;
  for (;;) {
    let running = 0;
    for (const machine of ["parent", "mapper"]) {
      const stateMachineArn = arn("stateMachine", machine);
      const listed = await sfn.listExecutions({ stateMachineArn, statusFilter: "RUNNING" });
      running += listed.executions?.length ?? 0;
    }
    if (running === 0) break;
    expect(performance.now(), `${running} executions do not end`).toBeLessThan(until);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  finished = true;
  await answering;

  const effects = new Set<string>();
  let messages = 0;
  for (let empty = 0; empty < 3; ) {
    const { Messages = [] } = await sqs.receiveMessage({
      QueueUrl: "http://localhost/000000000000/effects",
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 3600,
    });
    empty = Messages.length === 0 ? empty + 1 : 0;
    messages += Messages.length;
    for (const { Body } of Messages) {
      const { step, ...rest } = JSON.parse(Body as string);
      if (step !== undefined) effects.add(`${rest.name} ${step}`);
      else for (const one of effectsIn(rest)) effects.add(one);
    }
  }
  const counted = { executions: started.size, children: 0, events: 0, effects: effects.size, messages };
  for (const [name, { machine }] of wanted) {
    if (machine !== "mapper") continue;
    const { children, events } = await checkMapper(sfn, arn("execution", `mapper:${name}`), root);
    counted.children += children;
    counted.events += events;
    for (const one of effectsOf(name)) expect(effects).toContain(one);
  }
  for (const [name, { machine }] of wanted) {
    if (machine === "mapper") continue;
    const executionArn = arn("execution", `parent:${name}`);
    const { status, error, cause } = await sfn.describeExecution({ executionArn });
    expect({ name, status, error, cause }).toEqual({ name, status: "SUCCEEDED", error: undefined, cause: undefined });
    const events = await historyOf(sfn, executionArn);
    checkHistory(events, "ExecutionSucceeded");
    counted.events += events.length;
    expect(events.filter(({ type }) => type === "TaskSucceeded")).toHaveLength(6);
    for (const step of ["first", "item1", "item2", "item3"]) expect(effects).toContain(`${name} ${step}`);
  }
  console.log(`after ${kills} kills:`, counted);
  sfn.destroy();
  sqs.destroy();
  cli.kill("SIGTERM");
  expect((await cli.ended).code).toBe(0);
});
