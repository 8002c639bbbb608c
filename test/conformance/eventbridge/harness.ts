/** An emulator on a real socket with the clients the EventBridge tests use. */
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll } from "vitest";
import { type Busbar, type BusbarOptions, createBusbar } from "../../../src/index.ts";

export interface Harness {
  readonly bus: Busbar;
  readonly events: EventBridgeClient;
  readonly sqs: SQSClient;
  /** A client of another account or region. */
  eventsAs(as: { account?: string; region?: string }): EventBridgeClient;
  /** Creates a queue; `.fifo` names become FIFO queues with content-based deduplication. */
  queue(name: string): Promise<{ url: string; arn: string }>;
  /** Takes all messages off a queue. */
  take(url: string, client?: SQSClient): Promise<Message[]>;
  close(): Promise<void>;
}

export const account = "000000000000";
export const region = "us-east-1";
export const start = "2026-03-01T00:00:00Z";

/** Started anew for a test file, and closed after it. */
export async function harness(options: BusbarOptions = {}): Promise<Harness> {
  const bus = await createBusbar({ clock: "virtual", startTime: start, ...options });
  const clients: { destroy(): void }[] = [];
  const eventsAs = (as: { account?: string; region?: string }) => {
    const client = new EventBridgeClient({ ...bus.clientConfig(as), maxAttempts: 1 });
    clients.push(client);
    return client;
  };
  const sqs = new SQSClient({ ...bus.clientConfig(), maxAttempts: 1 });
  clients.push(sqs);
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    for (const client of clients) client.destroy();
    await bus.close();
  };
  afterAll(close);
  return {
    bus,
    events: eventsAs({}),
    sqs,
    eventsAs,
    close,
    async queue(name) {
      const Attributes = name.endsWith(".fifo") ? { FifoQueue: "true", ContentBasedDeduplication: "true" } : undefined;
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
      const { Attributes: found } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
      );
      return { url: QueueUrl as string, arn: found?.["QueueArn"] as string };
    },
    async take(url, client = sqs) {
      const taken: Message[] = [];
      for (;;) {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl: url,
            MaxNumberOfMessages: 10,
            WaitTimeSeconds: 0,
            MessageAttributeNames: ["All"],
            MessageSystemAttributeNames: ["All"],
          }),
        );
        if (Messages.length === 0) return taken;
        taken.push(...Messages);
        const Entries = Messages.map(({ ReceiptHandle }, i) => ({
          Id: String(i),
          ReceiptHandle: ReceiptHandle as string,
        }));
        await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
      }
    },
  };
}

/** What a call is refused with: `Code: message`. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  throw new Error("It was not refused");
}
