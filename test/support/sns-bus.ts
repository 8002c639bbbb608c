/** An emulator with SNS and SQS clients, for conformance tests. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTopicCommand, SNSClient, SubscribeCommand, type SubscribeCommandInput } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterEach } from "vitest";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Runs before the emulator of the test is closed. */
export function onClose(close: () => Promise<unknown>): void {
  closing.push(close);
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "busbar-sns-"));
  onClose(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export interface Bench {
  readonly bus: Busbar;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  /** Creates a topic and answers its ARN; a name that ends in .fifo makes a FIFO topic. */
  topic(name: string, attributes?: Record<string, string>): Promise<string>;
  /** Creates a queue and answers its ARN. */
  queue(name: string, attributes?: Record<string, string>): Promise<string>;
  subscribe(
    topicArn: string,
    protocol: string,
    endpoint: string,
    attributes?: Record<string, string>,
    more?: Partial<SubscribeCommandInput>,
  ): Promise<string>;
  /** Receives and deletes all that a queue has to give, in order. */
  drain(queueArn: string): Promise<Message[]>;
}

/** A fresh emulator on a virtual clock, closed after the test. */
export async function startSns(options: BusbarOptions = {}): Promise<Bench> {
  const bus = await createBusbar({ clock: "virtual", ...options });
  onClose(() => bus.close());
  const config = bus.clientConfig();
  const sns = new SNSClient({ ...config, maxAttempts: 1 });
  const sqs = new SQSClient({ ...config, maxAttempts: 1 });
  onClose(async () => {
    sns.destroy();
    sqs.destroy();
  });
  return {
    bus,
    sns,
    sqs,
    async topic(name, attributes = {}) {
      const Attributes = name.endsWith(".fifo") ? { FifoTopic: "true", ...attributes } : attributes;
      return (await sns.send(new CreateTopicCommand({ Name: name, Attributes }))).TopicArn as string;
    },
    async queue(name, attributes = {}) {
      const Attributes = name.endsWith(".fifo") ? { FifoQueue: "true", ...attributes } : attributes;
      await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
      return `arn:aws:sqs:us-east-1:000000000000:${name}`;
    },
    async subscribe(TopicArn, Protocol, Endpoint, Attributes, more) {
      const input = { TopicArn, Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true, ...more };
      return (await sns.send(new SubscribeCommand(input))).SubscriptionArn as string;
    },
    async drain(queueArn) {
      const [, , , , account, name] = queueArn.split(":");
      const QueueUrl = `${bus.endpoint}/${account}/${name}`;
      const drained: Message[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: 10,
            MessageAttributeNames: ["All"],
            MessageSystemAttributeNames: ["All"],
          }),
        );
        if (Messages.length === 0) return drained;
        for (const { ReceiptHandle } of Messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        drained.push(...Messages);
      }
    },
  };
}

/** The error a call is refused with, as `Code: message`; "accepted" when it is not. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "accepted";
  } catch (error) {
    const { name, message, Code } = error as Error & { Code?: string };
    return `${Code ?? name}: ${message}`;
  }
}
