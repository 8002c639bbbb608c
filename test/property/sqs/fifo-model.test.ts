/** A FIFO queue keeps the order of each group, locks it, and drops duplicates, whatever is asked of it. */
import { SQS } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

const windowMs = 300_000;

type Command =
  | { kind: "send"; group: string; id: string; batch: number }
  | { kind: "receive"; max: number; visibility: number }
  | { kind: "delete"; pick: number }
  | { kind: "change"; pick: number; visibility: number }
  | { kind: "advance"; ms: number }
  | { kind: "purge" };

const visibility = fc.constantFrom(0, 1, 5, 30);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      group: fc.constantFrom("a", "b", "c", "d"),
      id: fc.constantFrom(...Array.from({ length: 8 }, (_, index) => `id${index}`)),
      batch: fc.constantFrom(1, 1, 2, 4),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("receive" as const), max: fc.integer({ min: 1, max: 10 }), visibility }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), pick: fc.nat(1000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("change" as const), pick: fc.nat(1000), visibility }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 999, 1000, 5000, 100_000, 299_999, 300_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const) }) },
);

interface ModelMessage {
  readonly body: string;
  readonly group: string;
  readonly id: string;
  inFlightUntilMs: number;
  /** The handle of the latest receive. */
  handle: string | undefined;
}

/** How much a receive could take: of each group what is before its first message in flight. */
function receivable(messages: readonly ModelMessage[], now: number): ModelMessage[] {
  const locked = new Set<string>();
  return messages.filter((message) => {
    if (message.inFlightUntilMs > now) locked.add(message.group);
    return !locked.has(message.group);
  });
}

let bus: Busbar;
let sqs: SQS;
let runs = 0;

beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", port: false });
  sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterAll(() => bus.close());

async function run(commands: readonly Command[], scope: "queue" | "messageGroup"): Promise<void> {
  runs += 1;
  const { QueueUrl } = await sqs.createQueue({
    QueueName: `model-${runs}.fifo`,
    Attributes: { FifoQueue: "true", DeduplicationScope: scope },
  });
  let messages: ModelMessage[] = [];
  const accepted = new Map<string, { messageId: string; untilMs: number }>();
  const handles: { text: string; message: ModelMessage }[] = [];
  let sent = 0;

  const remember = (group: string, id: string, body: string, messageId: string, now: number) => {
    const key = scope === "queue" ? id : `${group} ${id}`;
    const original = accepted.get(key);
    if (original && original.untilMs > now) {
      expect(messageId).toBe(original.messageId);
      return;
    }
    accepted.set(key, { messageId, untilMs: now + windowMs });
    messages.push({ body, group, id: messageId, inFlightUntilMs: 0, handle: undefined });
  };

  for (const step of commands) {
    const now = bus.clock.now();
    switch (step.kind) {
      case "send": {
        const entries = Array.from({ length: step.batch }, (_, index) => {
          sent += 1;
          return {
            Id: `e${index}`,
            MessageBody: `m${sent}`,
            MessageGroupId: step.group,
            MessageDeduplicationId: index === 0 ? step.id : `${step.id}-${index}`,
          };
        });
        const { Successful = [] } = await sqs.sendMessageBatch({ QueueUrl, Entries: entries });
        expect(Successful.length).toBe(step.batch);
        for (const [index, { MessageBody, MessageDeduplicationId }] of entries.entries()) {
          const messageId = Successful[index]?.MessageId as string;
          remember(step.group, MessageDeduplicationId, MessageBody, messageId, now);
        }
        break;
      }
      case "receive": {
        const { Messages = [] } = await sqs.receiveMessage({
          QueueUrl,
          MaxNumberOfMessages: step.max,
          VisibilityTimeout: step.visibility,
          MessageSystemAttributeNames: ["MessageGroupId"],
        });
        const available = receivable(messages, now);
        expect(Messages.length).toBe(Math.min(step.max, available.length));
        // Within a group: the oldest, in order, none left out. Between groups any order will do.
        for (const group of new Set(available.map((message) => message.group))) {
          const got = Messages.filter(({ Attributes }) => Attributes?.MessageGroupId === group);
          const expected = available.filter((message) => message.group === group).slice(0, got.length);
          expect(got.map(({ Body }) => Body)).toEqual(expected.map(({ body }) => body));
        }
        for (const { Body, ReceiptHandle } of Messages) {
          const message = messages.find(({ body }) => body === Body) as ModelMessage;
          message.inFlightUntilMs = step.visibility === 0 ? 0 : now + step.visibility * 1000;
          message.handle = ReceiptHandle;
          handles.push({ text: ReceiptHandle as string, message });
        }
        break;
      }
      case "delete":
      case "change": {
        const handle = handles[step.pick % Math.max(1, handles.length)];
        if (!handle) break;
        const { text, message } = handle;
        const there = messages.includes(message);
        const current = there && message.handle === text && message.inFlightUntilMs > now;
        const call =
          step.kind === "delete"
            ? sqs.deleteMessage({ QueueUrl, ReceiptHandle: text })
            : sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: text, VisibilityTimeout: step.visibility });
        const done = await call.then(
          () => true,
          (error: Error) => {
            expect(error.name).toBe("InvalidParameterValue");
            return false;
          },
        );
        expect(done).toBe(current || (step.kind === "delete" && !there));
        if (!current) break;
        if (step.kind === "delete") messages = messages.filter((each) => each !== message);
        else message.inFlightUntilMs = step.visibility === 0 ? 0 : now + step.visibility * 1000;
        break;
      }
      case "advance":
        await bus.clock.advance(step.ms);
        break;
      case "purge":
        await sqs.purgeQueue({ QueueUrl });
        messages = [];
        accepted.clear();
        break;
    }
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] });
    const inFlight = messages.filter(({ inFlightUntilMs }) => inFlightUntilMs > bus.clock.now()).length;
    expect([Attributes?.ApproximateNumberOfMessages, Attributes?.ApproximateNumberOfMessagesNotVisible]).toEqual([
      String(messages.length - inFlight),
      String(inFlight),
    ]);
  }
}

it("in any sequence of calls", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 5, maxLength: 60 }),
      fc.constantFrom<"queue" | "messageGroup">("queue", "messageGroup"),
      (commands, scope) => run(commands, scope),
    ),
    { numRuns: 250 },
  );
});
