/** Functions of the built command, as processes: their events are not lost, and no process is left behind. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lambda } from "@aws-sdk/client-lambda";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { functionArn, queueArn, roleArn, zipOf } from "../support/lambda.ts";
import { until } from "../support/until.ts";

const messages = process.env["BUSBAR_TEST_FULL"] === "1" ? 10_000 : 600;

/** Records what it handles before it answers, and the ids of its process and of a child process. */
const handler = `
import { appendFileSync } from "node:fs";
import { spawn } from "node:child_process";
const child = spawn("sleep", ["600"], { stdio: "ignore" });
child.unref();
const { LEDGER } = process.env;
appendFileSync(LEDGER + ".pids", process.pid + "\\n" + child.pid + "\\n");
appendFileSync(LEDGER + ".roots", process.env.LAMBDA_TASK_ROOT + "\\n");
export const handler = async (event) => {
  const batchItemFailures = [];
  const done = [];
  for (const { body, messageId, attributes } of event.Records ?? [{ body: event.id }]) {
    if (Number(body) % 50 === 7 && attributes?.ApproximateReceiveCount === "1") batchItemFailures.push({ itemIdentifier: messageId });
    else done.push(body + "\\n");
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  appendFileSync(LEDGER, done.join(""));
  return { batchItemFailures };
};`;

describe("functions of the command", () => {
  let directory: string;
  let ledger: string;
  let cli: RunningCli;
  let lambda: Lambda;
  let sqs: SQS;

  const connect = async (...args: string[]) => {
    cli = await startCli(["--data-dir", join(directory, "data"), ...args]);
    const credentials = { accessKeyId: "000000000000", secretAccessKey: "x" };
    const config = { endpoint: cli.endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
    lambda = new Lambda(config);
    sqs = new SQS(config);
  };
  const end = async (signal: NodeJS.Signals) => {
    cli.kill(signal);
    await cli.ended;
    lambda.destroy();
    sqs.destroy();
  };
  const create = async (FunctionName: string, code = handler) => {
    await lambda.createFunction({
      FunctionName,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Role: roleArn,
      Timeout: 10,
      Code: { ZipFile: await zipOf({ "index.mjs": code }) },
      Environment: { Variables: { LEDGER: ledger } },
    });
  };
  const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []);
  const advance = async (by: string) => {
    const headers = { "content-type": "application/json" };
    await fetch(`${cli.endpoint}/_busbar/clock`, { method: "POST", headers, body: JSON.stringify({ advance: by }) });
  };
  const runs = (pid: string) => {
    try {
      process.kill(Number(pid), 0);
      return true;
    } catch {
      return false;
    }
  };
  const nothingIsLeft = async () => {
    const pids = linesOf(`${ledger}.pids`);
    expect(pids.length).toBeGreaterThan(0);
    await until(() => !pids.some(runs));
    await until(() => !linesOf(`${ledger}.roots`).some((root) => existsSync(root)));
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "busbar-functions-"));
    ledger = join(directory, "ledger");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  afterAll(stopAll);

  it(`handles all ${messages} messages of a mapping, although it is killed twice in between`, async () => {
    await connect();
    await create("worker");
    const { QueueUrl } = await sqs.createQueue({ QueueName: "work", Attributes: { VisibilityTimeout: "30" } });
    for (let from = 0; from < messages; from += 100) {
      await Promise.all(
        Array.from({ length: 10 }, (_, batch) => {
          const Entries = Array.from({ length: 10 }, (_, n) => ({
            Id: `${n}`,
            MessageBody: String(from + batch * 10 + n),
          }));
          return sqs.sendMessageBatch({ QueueUrl, Entries });
        }),
      );
    }
    await lambda.createEventSourceMapping({
      FunctionName: "worker",
      EventSourceArn: queueArn("work"),
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: 4 },
    });
    for (const part of [0.2, 0.5]) {
      await until(() => linesOf(ledger).length >= messages * part, 120_000);
      await end("SIGKILL");
      await nothingIsLeft();
      expect(new Set(linesOf(ledger)).size).toBeLessThan(messages);
      await connect();
      // Messages in flight come back; in the meantime it is killed again.
      void advance("31s").catch(() => undefined);
    }
    const left = async () => {
      const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
      const { Attributes = {} } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: [...AttributeNames] });
      return Object.values(Attributes).map(Number);
    };
    for (let counts = await left(); Math.max(...counts) > 0; counts = await left()) {
      if (counts[0] === 0) await advance("31s");
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const handled = linesOf(ledger);
    expect(new Set(handled).size).toBe(messages);
    // Only messages in progress when it was killed are handled twice.
    expect(handled.length).toBeLessThan(messages * 1.5);
    await end("SIGTERM");
    await nothingIsLeft();
  }, 300_000);

  it("runs asynchronous invocations that were waiting when it was killed, for the first time or for a retry", async () => {
    await connect();
    await create("later");
    await create(
      "failing",
      `import { appendFileSync } from "node:fs";
       export const handler = async ({ id }) => {
         appendFileSync(process.env.LEDGER + ".tries", id + "\\n");
         throw new Error("no");
       };`,
    );
    await lambda.putFunctionConcurrency({ FunctionName: "later", ReservedConcurrentExecutions: 2 });
    const ids = Array.from({ length: 20 }, (_, n) => `${n}`);
    const send = (FunctionName: string, id: string) =>
      lambda.invoke({ FunctionName, InvocationType: "Event", Payload: JSON.stringify({ id }) });
    await send("failing", "x");
    await Promise.all(ids.map((id) => send("later", id)));
    await until(() => linesOf(ledger).length > 0 && linesOf(`${ledger}.tries`).length === 1);
    await end("SIGKILL");
    expect(linesOf(ledger).length).toBeLessThan(ids.length);
    await nothingIsLeft();
    await connect();
    // Events that had to wait are tried again, after pauses that double.
    await advance("61s");
    await until(() => linesOf(`${ledger}.tries`).length === 2);
    await end("SIGKILL");
    await connect();
    await advance("121s");
    await until(() => linesOf(`${ledger}.tries`).length === 3);
    await advance("1h");
    expect(new Set(linesOf(ledger))).toEqual(new Set(ids));
    expect(linesOf(`${ledger}.tries`)).toEqual(["x", "x", "x"]);
    await end("SIGKILL");
  }, 60_000);

  it("runs in the Node that an option names", async () => {
    const node = join(directory, "node");
    await writeFile(node, `#!/bin/sh\nexport BY=wrapper\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
    await connect("--lambda-node", node);
    await create("by", "export const handler = async () => process.env.BY;");
    const { Payload } = await lambda.invoke({ FunctionName: functionArn("by") });
    expect(Payload?.transformToString()).toBe('"wrapper"');
    await end("SIGTERM");
  });
});
