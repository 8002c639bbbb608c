/** No long poll sleeps while there is a message it could have, and none sleeps longer than it was told to. */
import { SQS } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

type Command =
  | { kind: "poll"; max: number; visibility: number; wait: number }
  | { kind: "send"; group: string; delay: number }
  | { kind: "delete" | "change"; pick: number; visibility: number }
  | { kind: "advance"; ms: number }
  | { kind: "delay"; seconds: number }
  | { kind: "purge" };

const visibility = fc.constantFrom(0, 1, 5, 30);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("poll" as const),
      max: fc.integer({ min: 1, max: 10 }),
      visibility,
      wait: fc.constantFrom(1, 5, 20),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      group: fc.constantFrom("a", "b"),
      delay: fc.constantFrom(0, 0, 3),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("delete" as const, "change" as const),
      pick: fc.nat(1000),
      visibility,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.constantFrom(1, 1000, 5000, 60_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delay" as const), seconds: fc.constantFrom(0, 2, 10) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const) }) },
);

interface Poll {
  readonly endsMs: number;
  answered: boolean;
}

let bus: Busbar;
let sqs: SQS;
let runs = 0;

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", port: false });
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterAll(() => bus.close());

async function run(commands: readonly Command[], fifo: boolean): Promise<void> {
  runs += 1;
  const { QueueUrl } = await sqs.createQueue({
    QueueName: `polled-${runs}${fifo ? ".fifo" : ""}`,
    Attributes: { MessageRetentionPeriod: "60", ...(fifo ? { FifoQueue: "true" } : {}) },
  });
  const polls: Poll[] = [];
  const handles: string[] = [];
  const received = new Set<string>();
  let sent = 0;
  for (const step of commands) {
    switch (step.kind) {
      case "poll": {
        const poll: Poll = { endsMs: bus.clock.now() + step.wait * 1000, answered: false };
        polls.push(poll);
        const ask = { MaxNumberOfMessages: step.max, VisibilityTimeout: step.visibility, WaitTimeSeconds: step.wait };
        sqs.receiveMessage({ QueueUrl, ...ask }).then(({ Messages = [] }) => {
          poll.answered = true;
          for (const { ReceiptHandle } of Messages) {
            // A receipt handle is of one receive: in two answers the message went to two readers at once.
            expect(received.has(ReceiptHandle as string)).toBe(false);
            received.add(ReceiptHandle as string);
            handles.push(ReceiptHandle as string);
          }
        });
        break;
      }
      case "send": {
        sent += 1;
        await sqs.sendMessage({
          QueueUrl,
          MessageBody: `m${sent}`,
          MessageGroupId: step.group,
          ...(fifo ? { MessageDeduplicationId: `d${sent}` } : { DelaySeconds: step.delay }),
        });
        break;
      }
      case "delete":
      case "change": {
        const ReceiptHandle = handles[step.pick % Math.max(1, handles.length)];
        if (ReceiptHandle === undefined) break;
        const call =
          step.kind === "delete"
            ? sqs.deleteMessage({ QueueUrl, ReceiptHandle })
            : sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: step.visibility });
        await call.catch((error: Error) => expect(error.name).toBe("InvalidParameterValue"));
        break;
      }
      case "advance":
        await bus.clock.advance(step.ms);
        break;
      case "delay":
        await sqs.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: String(step.seconds) } });
        break;
      case "purge":
        await sqs.purgeQueue({ QueueUrl });
        break;
    }
    await bus.clock.advance(0);
    const waiting = polls.filter(({ answered }) => !answered);
    expect(waiting.filter(({ endsMs }) => endsMs <= bus.clock.now())).toEqual([]);
    if (waiting.length === 0) continue;
    const { Messages } = await sqs.receiveMessage({ QueueUrl, VisibilityTimeout: 0 });
    expect(Messages).toBeUndefined();
  }
  await bus.clock.advance("20s");
  expect(polls.every(({ answered }) => answered)).toBe(true);
}

it("whatever happens to the queue meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), fc.boolean(), (commands, fifo) =>
      run(commands, fifo),
    ),
    { numRuns: 200 },
  );
});
