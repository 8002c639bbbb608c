/** A server with little memory refuses work instead of running out of memory. */
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { http } from "../support/http.ts";

let server: RunningCli;
afterEach(async () => {
  server.kill("SIGKILL");
  await server.ended;
});
afterAll(stopAll);

function configOf({ endpoint }: RunningCli) {
  const credentials = { accessKeyId: "000000000000", secretAccessKey: "x" };
  return { endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
}

/** The input of a schedule is on the heap. */
const Input = "x".repeat(200_000);
/** After so many refusals in a row, half a second apart, it is not garbage that fills the memory. */
const refusals = 4;

async function fill(scheduler: Scheduler): Promise<{ made: number; error: { name: string } }> {
  const Target = { Arn: "arn:aws:sqs:us-east-1:000000000000:q", RoleArn: "arn:aws:iam::000000000000:role/any", Input };
  let refused = 0;
  for (let made = 0; ; ) {
    try {
      await scheduler.createSchedule({
        Name: `s${made}-${Math.random()}`,
        ScheduleExpression: "rate(1 day)",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target,
      });
      made += 1;
      refused = 0;
    } catch (error) {
      refused += 1;
      if (refused === refusals) return { made, error: error as { name: string } };
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

it.each([
  ["the heap", [], { NODE_OPTIONS: "--max-old-space-size=96" }],
  ["the memory that the process may use", ["--max-memory", "160m"], {}],
])("when %s is full, new work is throttled, but reads, deletes and resets work", async (_what, args, env) => {
  server = await startCli(args, env);
  const scheduler = new Scheduler(configOf(server));
  const sqs = new SQS(configOf(server));
  const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
  const { made, error } = await fill(scheduler);
  expect(error).toMatchObject({ name: "ThrottlingException", $metadata: { httpStatusCode: 429 } });
  expect(made).toBeGreaterThan(50);
  await expect(sqs.sendMessage({ QueueUrl, MessageBody: "more" })).rejects.toMatchObject({ name: "RequestThrottled" });
  const { Schedules = [] } = await scheduler.listSchedules({ MaxResults: 100 });
  const [first, second] = Schedules;
  expect((await scheduler.getSchedule({ Name: first?.Name })).Target?.Input).toBe(Input);
  await scheduler.deleteSchedule({ Name: second?.Name });
  await sqs.receiveMessage({ QueueUrl });
  const reset = await http(`${server.endpoint}/_busbar/reset`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(reset.status).toBe(200);
  // Freed memory is noticed a few times a second.
  for (let left = 100; ; left--) {
    try {
      await sqs.createQueue({ QueueName: "q" });
      break;
    } catch (again) {
      if (left === 0) throw again;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  server.kill("SIGTERM");
  const { code, stdout } = await server.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/memory is short: \d+ of \d+ MiB/);
  scheduler.destroy();
  sqs.destroy();
});
