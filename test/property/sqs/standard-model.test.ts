/** A standard queue and its dead-letter queue do, call by call, what a small model of them does. */
import { SQS } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

const retentionMs = 60_000;
const maxReceiveCount = 2;

type QueueName = "main" | "dead";

type Command =
  | { kind: "send"; delay: number }
  | { kind: "receive"; from: QueueName; max: number; visibility: number }
  | { kind: "delete"; pick: number }
  | { kind: "change"; pick: number; visibility: number }
  | { kind: "advance"; ms: number }
  | { kind: "purge"; queue: QueueName };

const queueName = fc.constantFrom<QueueName>("main", "main", "dead");
const visibility = fc.constantFrom(0, 1, 5, 30);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("send" as const), delay: fc.constantFrom(0, 0, 0, 2, 10) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("receive" as const),
      from: queueName,
      max: fc.integer({ min: 1, max: 10 }),
      visibility,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), pick: fc.nat(1000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("change" as const), pick: fc.nat(1000), visibility }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 999, 1000, 5000, 20_000, 60_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const), queue: queueName }) },
);

interface ModelMessage {
  readonly id: string;
  readonly body: string;
  readonly sentMs: number;
  queue: QueueName;
  state: "visible" | "delayed" | "in flight";
  untilMs: number;
  receives: number;
  receivesHere: number;
}

interface Handle {
  readonly queue: QueueName;
  /** How often the message had been received, this time included. */
  readonly receives: number;
  readonly id: string;
  readonly text: string;
}

/** All messages in the order in which they were sent. */
class Model {
  messages: ModelMessage[] = [];

  settle(now: number): void {
    this.messages = this.messages.filter(({ sentMs }) => sentMs + retentionMs > now);
    for (const message of this.messages) {
      if (message.state !== "visible" && message.untilMs <= now) message.state = "visible";
    }
  }

  counts(queue: QueueName): number[] {
    const states = ["visible", "in flight", "delayed"];
    return states.map((state) => this.messages.filter((each) => each.queue === queue && each.state === state).length);
  }

  receive(queue: QueueName, max: number, visibilityMs: number, now: number): ModelMessage[] {
    const taken: ModelMessage[] = [];
    for (const message of this.messages) {
      if (message.queue !== queue || message.state !== "visible") continue;
      if (taken.length === max) break;
      if (queue === "main" && message.receivesHere >= maxReceiveCount) {
        message.queue = "dead";
        message.receivesHere = 0;
        continue;
      }
      message.receives += 1;
      message.receivesHere += 1;
      if (visibilityMs > 0) {
        message.state = "in flight";
        message.untilMs = now + visibilityMs;
      }
      taken.push(message);
    }
    return taken;
  }

  find({ queue, id }: Handle): ModelMessage | undefined {
    return this.messages.find((message) => message.queue === queue && message.id === id);
  }
}

let bus: Busbar;
let sqs: SQS;
let runs = 0;

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", port: false });
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterAll(() => bus.close());

async function makeQueues(): Promise<Record<QueueName, string>> {
  runs += 1;
  const make = async (QueueName: string, more: Record<string, string>) => {
    const Attributes = { MessageRetentionPeriod: String(retentionMs / 1000), ...more };
    return (await sqs.createQueue({ QueueName, Attributes })).QueueUrl as string;
  };
  const dead = await make(`dead-${runs}`, {});
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:dead-${runs}`;
  const main = await make(`main-${runs}`, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }) });
  return { main, dead };
}

async function counts(QueueUrl: string): Promise<number[]> {
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] });
  const of = (name: string) => Number((Attributes as Record<string, string>)[`ApproximateNumberOfMessages${name}`]);
  return [of(""), of("NotVisible"), of("Delayed")];
}

async function run(commands: readonly Command[]): Promise<void> {
  const urls = await makeQueues();
  const model = new Model();
  const handles: Handle[] = [];
  let sent = 0;
  for (const step of commands) {
    const now = bus.clock.now();
    model.settle(now);
    switch (step.kind) {
      case "send": {
        sent += 1;
        const body = `m${sent}`;
        const { MessageId } = await sqs.sendMessage({
          QueueUrl: urls.main,
          MessageBody: body,
          DelaySeconds: step.delay,
        });
        model.messages.push({
          id: MessageId as string,
          body,
          sentMs: now,
          queue: "main",
          state: step.delay > 0 ? "delayed" : "visible",
          untilMs: now + step.delay * 1000,
          receives: 0,
          receivesHere: 0,
        });
        break;
      }
      case "receive": {
        const { Messages = [] } = await sqs.receiveMessage({
          QueueUrl: urls[step.from],
          MaxNumberOfMessages: step.max,
          VisibilityTimeout: step.visibility,
          MessageSystemAttributeNames: ["ApproximateReceiveCount"],
        });
        const expected = model.receive(step.from, step.max, step.visibility * 1000, now);
        expect(Messages.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount])).toEqual(
          expected.map(({ body, receives }) => [body, String(receives)]),
        );
        for (const { MessageId, ReceiptHandle, Attributes } of Messages) {
          const receives = Number(Attributes?.ApproximateReceiveCount);
          handles.push({ queue: step.from, id: MessageId as string, text: ReceiptHandle as string, receives });
        }
        break;
      }
      case "delete": {
        const handle = handles[step.pick % Math.max(1, handles.length)];
        if (!handle) break;
        await sqs.deleteMessage({ QueueUrl: urls[handle.queue], ReceiptHandle: handle.text });
        const gone = model.find(handle);
        model.messages = model.messages.filter((message) => message !== gone);
        break;
      }
      case "change": {
        const handle = handles[step.pick % Math.max(1, handles.length)];
        if (!handle) break;
        const message = model.find(handle);
        // The latest handle hides it again when its visibility has ended; an older one works while it is in flight.
        const possible =
          message !== undefined && (message.receives === handle.receives || message.state === "in flight");
        const changed = await sqs
          .changeMessageVisibility({
            QueueUrl: urls[handle.queue],
            ReceiptHandle: handle.text,
            VisibilityTimeout: step.visibility,
          })
          .then(
            () => true,
            (error: Error) => {
              expect(error.name).toBe("InvalidParameterValue");
              return false;
            },
          );
        expect(changed).toBe(possible);
        if (!possible) break;
        if (step.visibility === 0) message.state = "visible";
        else {
          message.state = "in flight";
          message.untilMs = now + step.visibility * 1000;
        }
        break;
      }
      case "advance":
        await bus.clock.advance(step.ms);
        model.settle(bus.clock.now());
        break;
      case "purge":
        await sqs.purgeQueue({ QueueUrl: urls[step.queue] });
        model.messages = model.messages.filter(({ queue }) => queue !== step.queue);
        break;
    }
    expect(await counts(urls.main)).toEqual(model.counts("main"));
    expect(await counts(urls.dead)).toEqual(model.counts("dead"));
  }
}

it("gives the messages, the receive counts and the numbers that the model expects", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), (commands) => run(commands)),
    { numRuns: 250 },
  );
});
