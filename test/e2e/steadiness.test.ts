/** No client can block the server: whatever one makes it do, others are answered and signals are handled. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Pipes } from "@aws-sdk/client-pipes";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { Bystander, p99LimitMs, signalLimitMs, watchedMs } from "../support/latency.ts";

const account = "000000000000";
const isFull = process.env["BUSBAR_TEST_FULL"] === "1";
const role = `arn:aws:iam::${account}:role/any`;

let server: RunningCli;
let load: ChildProcess | undefined;
let bystander: Bystander;
let sqs: SQS;
let sns: SNS;
let pipes: Pipes;
let events: EventBridge;
let states: SFN;

async function start(...args: string[]): Promise<void> {
  server = await startCli(args);
  const config = {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "x" },
    disableHostPrefix: true,
    maxAttempts: 1,
  };
  sqs = new SQS(config);
  sns = new SNS(config);
  pipes = new Pipes(config);
  events = new EventBridge(config);
  states = new SFN(config);
  bystander = await Bystander.at(server.endpoint, server.pid);
}

afterEach(async () => {
  load?.kill("SIGKILL");
  server.kill("SIGKILL");
  await server.ended;
  for (const client of [sqs, sns, pipes, events, states, bystander]) client.destroy();
});
afterAll(stopAll);

/** A signal ends the server under load. */
async function expectToHearSigterm(): Promise<void> {
  const began = performance.now();
  server.kill("SIGTERM");
  const { code } = await server.ended;
  expect(code).toBe(0);
  expect(performance.now() - began).toBeLessThan(signalLimitMs);
}

/** Message, topic, queue, pipe and the topic again. */
async function startPipeLoop(): Promise<void> {
  await sqs.createQueue({ QueueName: "round" });
  const arn = `arn:aws:sqs:us-east-1:${account}:round`;
  const { TopicArn = "" } = await sns.createTopic({ Name: "round" });
  await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: arn, Attributes: { RawMessageDelivery: "true" } });
  await pipes.createPipe({
    Name: "round",
    Source: arn,
    Target: TopicArn,
    RoleArn: role,
    TargetParameters: { InputTemplate: "<$.body>" },
  });
  for (let i = 0; i < 20; i++) await sns.publish({ TopicArn, Message: `${i}` });
}

/** A rule on the status events of a machine that starts the machine. */
async function startStatusLoop(detail: object = {}): Promise<void> {
  const { stateMachineArn = "" } = await states.createStateMachine({
    name: "again",
    roleArn: role,
    definition: JSON.stringify({ StartAt: "A", States: { A: { Type: "Pass", End: true } } }),
  });
  await events.putRule({
    Name: "again",
    EventPattern: JSON.stringify({ source: ["aws.states"], ...detail }),
  });
  await events.putTargets({ Rule: "again", Targets: [{ Id: "1", Arn: stateMachineArn, RoleArn: role }] });
  for (let i = 0; i < 10; i++) await states.startExecution({ stateMachineArn });
}

/** Executions that repeatedly evaluate an expression that uses all of its time, and one that ends. */
async function startHeavyExpressions(): Promise<void> {
  const { stateMachineArn = "" } = await states.createStateMachine({
    name: "heavy",
    roleArn: role,
    type: "EXPRESS",
    definition: JSON.stringify({
      QueryLanguage: "JSONata",
      StartAt: "Endless",
      States: {
        Endless: {
          Type: "Task",
          Resource: "arn:aws:states:::sqs:sendMessage",
          Arguments: "{% ($f := function($n){ $f($n) }; $f(1)) %}",
          Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Next: "Long" }],
          Next: "Long",
        },
        Long: { Type: "Pass", Output: "{% $sum([1..50000].($ * 2)) %}", Next: "Again" },
        Again: { Type: "Choice", Choices: [{ Condition: "{% $states.input = 0 %}", Next: "End" }], Default: "Endless" },
        End: { Type: "Succeed" },
      },
    }),
  });
  for (let i = 0; i < 20; i++) await states.startExecution({ stateMachineArn });
}

/** Large uploads, records and events. */
async function startLargeRequests(): Promise<void> {
  const script = join(import.meta.dirname, "../support/large-requests.mjs");
  load = spawn(process.execPath, [script, server.endpoint, isFull ? "1" : "0.1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface(load.stdout as Readable);
  expect(await lines[Symbol.asyncIterator]().next()).toMatchObject({ value: "under way" });
}

describe("work that causes work", () => {
  beforeEach(() => start());

  it.each([
    ["topic, queue, pipe and the same topic", startPipeLoop],
    ["a rule that starts a machine again when it ends", () => startStatusLoop({ detail: { status: ["SUCCEEDED"] } })],
    ["a rule that starts a machine again on all of its status events, twice as many each time", startStatusLoop],
    ["twenty executions, each with expressions that use all of their time", startHeavyExpressions],
    ["requests as large as they may be", startLargeRequests],
  ])("does not block others: %s", async (_name, begin) => {
    await begin();
    const waits = await bystander.waits(watchedMs);
    if (isFull) console.info(waits);
    expect(waits.p99).toBeLessThan(p99LimitMs);
    await expectToHearSigterm();
  });
});

const mapItems = isFull ? 1_000_000 : 2_000;
const linesPerPiece = 10_000;

describe("a distributed Map over a file of many small items", () => {
  let root: string;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "busbar-items-"));
    mkdirSync(join(root, "data"));
    for (let n = 0; n < mapItems; ) {
      let piece = "";
      for (const end = Math.min(n + linesPerPiece, mapItems); n < end; n++) piece += `{"n":${n}}\n`;
      appendFileSync(join(root, "data", "items.jsonl"), piece);
    }
    await start("--s3-root", root);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("does not block others", async () => {
    const { stateMachineArn } = await states.createStateMachine({
      name: "map",
      roleArn: role,
      definition: JSON.stringify({
        StartAt: "M",
        States: {
          M: {
            Type: "Map",
            ItemReader: {
              Resource: "arn:aws:states:::s3:getObject",
              Parameters: { Bucket: "data", Key: "items.jsonl" },
              ReaderConfig: { InputType: "JSONL" },
            },
            ItemProcessor: {
              ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
              StartAt: "P",
              States: { P: { Type: "Pass", OutputPath: "$.n", End: true } },
            },
            ResultSelector: { "count.$": "States.ArrayLength($)" },
            End: true,
          },
        },
      }),
    });
    const { executionArn } = await states.startExecution({ stateMachineArn });
    const ended = async () => {
      for (;;) {
        const { status, output, cause } = await states.describeExecution({ executionArn });
        if (status !== "RUNNING") return { output, cause };
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const end = ended();
    const waits = await bystander.waits(end);
    expect(await end).toEqual({ output: `{"count":${mapItems}}`, cause: undefined });
    expect(waits.count).toBeGreaterThan(5);
    expect(waits.p99).toBeLessThan(p99LimitMs);
  }, 600_000);
});
