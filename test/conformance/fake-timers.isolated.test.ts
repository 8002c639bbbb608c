/** The emulator inside a test whose timers are faked, as Vitest and Jest fake them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { type FakeMethod, install } from "@sinonjs/fake-timers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

let restore: () => void = () => {};
afterEach(() => restore());

function fakeAsVitest(): void {
  vi.useFakeTimers();
  restore = () => vi.useRealTimers();
}

/** All that Jest fakes. A test file has a `process` of its own there, so that Node's own nextTick is never faked. */
const faked: FakeMethod[] = [
  "Date",
  "hrtime",
  "performance",
  "queueMicrotask",
  "setImmediate",
  "clearImmediate",
  "setInterval",
  "clearInterval",
  "setTimeout",
  "clearTimeout",
];
function fakeAsJest(toFake: FakeMethod[]): void {
  const clock = install({ toFake });
  restore = () => {
    // What the test runner has put off until the next tick meanwhile, its messages among it, would be lost.
    clock.runMicrotasks();
    clock.uninstall();
  };
}

/** A message through a topic, a long poll that waits for time, a move of time, an execution, and the end. */
async function work(bus: Busbar): Promise<void> {
  const config = { ...bus.clientConfig(), maxAttempts: 1 };
  const [sqs, sns, sfn] = [new SQS(config), new SNS(config), new SFN(config)];
  const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
  const { TopicArn } = await sns.createTopic({ Name: "t" });
  const Endpoint = "arn:aws:sqs:us-east-1:000000000000:q";
  await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint, Attributes: { RawMessageDelivery: "true" } });
  const arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  const events: unknown[] = [];
  bus.registerFunction(arn, (event) => void events.push(event));
  await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: arn });
  await sns.publish({ TopicArn, Message: "through a topic" });
  await bus.settled();
  expect(events).toHaveLength(1);
  expect((await sqs.receiveMessage({ QueueUrl })).Messages?.[0]?.Body).toBe("through a topic");
  await sqs.sendMessage({ QueueUrl, MessageBody: "late", DelaySeconds: 5 });
  const polled = sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 });
  await sqs.listQueues({});
  await bus.clock.advance("10s");
  expect((await polled).Messages?.[0]?.Body).toBe("late");
  const { stateMachineArn } = await sfn.createStateMachine({
    name: "m",
    roleArn: "arn:aws:iam::000000000000:role/r",
    definition: JSON.stringify({ StartAt: "W", States: { W: { Type: "Wait", Seconds: 60, End: true } } }),
  });
  const { executionArn } = await sfn.startExecution({ stateMachineArn });
  await bus.clock.advance("60s");
  expect((await sfn.describeExecution({ executionArn })).status).toBe("SUCCEEDED");
  for (const client of [sqs, sns, sfn]) client.destroy();
  await bus.close();
}

describe.each<[string, () => void]>([
  ["Vitest's", fakeAsVitest],
  ["Jest's", () => fakeAsJest(faked)],
])("with %s fake timers", (_, fake) => {
  it.each<[string, BusbarOptions]>([
    ["inside the process", { port: false }],
    ["inside the process, time standing still", { port: false, clock: "virtual" }],
    ["over a socket", { clock: "virtual" }],
  ])("works %s", async (_where, options) => {
    const bus = await createBusbar(options);
    fake();
    await work(bus);
  });

  it("starts, keeps state and stops", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
    fake();
    for (let run = 0; run < 2; run += 1) {
      const bus = await createBusbar({ clock: "virtual", dataDir });
      const sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
      await sqs.createQueue({ QueueName: "q" });
      expect((await sqs.listQueues({})).QueueUrls).toHaveLength(1);
      sqs.destroy();
      await bus.close();
    }
    restore();
    await rm(dataDir, { recursive: true });
  });
});

it("works where the process's nextTick is faked as well", async () => {
  const bus = await createBusbar({ port: false, clock: "virtual" });
  fakeAsJest([...faked, "nextTick"]);
  await work(bus);
});

it("follows the machine's time, not the faked one", async () => {
  const before = Date.now();
  vi.useFakeTimers({ now: 0 });
  restore = () => vi.useRealTimers();
  const bus = await createBusbar({ port: false });
  expect(bus.clock.now()).toBeGreaterThanOrEqual(before);
  await bus.close();
});
