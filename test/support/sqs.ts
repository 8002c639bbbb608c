/** SQS as its clients see it: every case over JSON and over Query, kept in memory and on disk. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SNSClient } from "@aws-sdk/client-sns";
import { type Message, type ReceiveMessageCommandInput, SQS, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export type ClientProtocol = "JSON" | "Query";
export type Storage = "memory" | "disk";

// The Query protocol's class is the one the SNS client made for itself.
const queryProtocol = (new SNSClient({ region: "us-east-1" }).config.protocol as object)
  .constructor as SQSClientConfig["protocol"];

/** An SQS client that speaks this protocol and does not repeat what was refused. */
function sqsClient(bus: Busbar, protocol: ClientProtocol, as?: { account?: string; region?: string }): SQS {
  return new SQS({
    ...bus.clientConfig(as),
    maxAttempts: 1,
    ...(protocol === "Query" ? { protocol: queryProtocol } : {}),
  });
}

/** One cell of the matrix: an emulator on a real socket with its time standing still, and a client. */
export class SqsEnvironment {
  readonly protocol: ClientProtocol;
  readonly storage: Storage;
  #bus: Busbar | undefined;
  #sqs: SQS | undefined;
  #directory: string | undefined;
  #queues = 0;

  constructor(protocol: ClientProtocol, storage: Storage) {
    this.protocol = protocol;
    this.storage = storage;
  }

  get bus(): Busbar {
    if (!this.#bus) throw new Error("the emulator runs inside tests only");
    return this.#bus;
  }

  get sqs(): SQS {
    this.#sqs ??= this.client();
    return this.#sqs;
  }

  client(as?: { account?: string; region?: string }): SQS {
    return sqsClient(this.bus, this.protocol, as);
  }

  async start(options: BusbarOptions): Promise<void> {
    if (this.storage === "disk") this.#directory = await mkdtemp(join(tmpdir(), "busbar-test-"));
    this.#bus = await createBusbar({
      clock: "virtual",
      ...(this.#directory === undefined ? {} : { dataDir: this.#directory }),
      ...options,
    });
  }

  async stop(): Promise<void> {
    this.#sqs?.destroy();
    await this.#bus?.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  /** A name no other queue of this emulator has. */
  name(suffix = ""): string {
    this.#queues += 1;
    return `queue-${this.#queues}${suffix}`;
  }

  /** Makes a standard queue and gives its URL. */
  async queue(attributes: Record<string, string> = {}): Promise<string> {
    const { QueueUrl } = await this.sqs.createQueue({ QueueName: this.name(), Attributes: attributes });
    return QueueUrl as string;
  }

  /** Makes a FIFO queue and gives its URL. */
  async fifo(attributes: Record<string, string> = {}): Promise<string> {
    const { QueueUrl } = await this.sqs.createQueue({
      QueueName: this.name(".fifo"),
      Attributes: { FifoQueue: "true", ...attributes },
    });
    return QueueUrl as string;
  }

  arn(url: string): string {
    const [account, name] = url.split("/").slice(-2);
    return `arn:aws:sqs:us-east-1:${account}:${name}`;
  }

  async attributes(url: string): Promise<Record<string, string>> {
    const { Attributes } = await this.sqs.getQueueAttributes({ QueueUrl: url, AttributeNames: ["All"] });
    return Attributes ?? {};
  }

  /** Visible, in flight and delayed messages as the queue's attributes tell them. */
  async counts(url: string): Promise<[visible: number, inFlight: number, delayed: number]> {
    const attributes = await this.attributes(url);
    return [
      Number(attributes["ApproximateNumberOfMessages"]),
      Number(attributes["ApproximateNumberOfMessagesNotVisible"]),
      Number(attributes["ApproximateNumberOfMessagesDelayed"]),
    ];
  }

  async send(url: string, body: string): Promise<string> {
    const { MessageId } = await this.sqs.sendMessage({ QueueUrl: url, MessageBody: body });
    return MessageId as string;
  }

  /** Sends to a FIFO queue: `send(url, "g1", "m1")` with the body as the deduplication id. */
  async sendFifo(url: string, group: string, body: string): Promise<string> {
    const { MessageId } = await this.sqs.sendMessage({
      QueueUrl: url,
      MessageBody: body,
      MessageGroupId: group,
      MessageDeduplicationId: body,
    });
    return MessageId as string;
  }

  /** Receives up to ten messages with all their attributes. */
  async receive(url: string, options: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
    const { Messages } = await this.sqs.receiveMessage({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
      ...options,
    });
    return Messages ?? [];
  }

  async receiveBodies(url: string, options: Partial<ReceiveMessageCommandInput> = {}): Promise<string[]> {
    return (await this.receive(url, options)).map(({ Body }) => Body as string);
  }

  /** Starts a long poll and comes back when it waits: no message was there for it. */
  async poll(url: string, options: Partial<ReceiveMessageCommandInput> = {}): Promise<{ answer: Promise<Message[]> }> {
    const before = this.bus.requests().length;
    const answer = this.receive(url, { WaitTimeSeconds: 20, ...options });
    answer.catch(() => {});
    // A request on another connection may be answered before the poll came in, so ask until the log has seen one turn.
    for (let turn = 0; turn < 5; turn++) await this.sqs.getQueueUrl({ QueueName: url.split("/").at(-1) as string });
    if (
      this.bus
        .requests()
        .slice(0, -before || undefined)
        .some(({ operation }) => operation === "ReceiveMessage")
    ) {
      throw new Error("the poll was answered at once");
    }
    return { answer };
  }

  /** The answer for a queue that does not exist; its text still differs by protocol. */
  get noSuchQueue(): Refusal {
    return refusal(
      "QueueDoesNotExist",
      `The specified queue does not exist${this.protocol === "Query" ? " for this wsdl version" : ""}.`,
      400,
      "AWS.SimpleQueueService.NonExistentQueue",
    );
  }
}

/** Defines the same cases for each client protocol and each storage. */
export function eachSqs(
  title: string,
  define: (environment: SqsEnvironment) => void,
  options: BusbarOptions = {},
): void {
  for (const storage of ["memory", "disk"] as const) {
    for (const protocol of ["JSON", "Query"] as const) {
      describe(`${title}, ${protocol}, ${storage}`, () => {
        const environment = new SqsEnvironment(protocol, storage);
        beforeAll(() => environment.start(options));
        afterAll(() => environment.stop());
        define(environment);
      });
    }
  }
}

/** How a call was refused, as an SDK client shows it. */
export interface Refusal {
  /** The exception's class for a modelled error, else its query code. */
  readonly name: string;
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly fault: string;
}

export function refusal(name: string, message: string, status = 400, code = name): Refusal {
  return { name, code, status, message, fault: "Sender" };
}

export function invalidParameter(message: string): Refusal {
  return refusal("InvalidParameterValue", message);
}

/** The most common refusal: `Value {v} for parameter {Param} is invalid. Reason: {reason}`. */
export function invalidValue(value: unknown, parameter: string, reason: string): Refusal {
  return invalidParameter(`Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

export function missingParameter(name: string): Refusal {
  return refusal("MissingParameter", `The request must contain the parameter ${name}.`);
}

/** Codes that carry the old prefix, as most of the modelled errors do. */
export function prefixed(name: string, message: string, status = 400): Refusal {
  return refusal(name, message, status, `AWS.SimpleQueueService.${name}`);
}

/** What a call was refused with. @throws Error when it was not. */
export async function refused(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    const { name, message, Error: wire, $metadata } = error as SdkError;
    if ($metadata?.httpStatusCode === undefined) throw error;
    return {
      name,
      code: wire?.Code ?? "",
      status: $metadata.httpStatusCode,
      message,
      fault: wire?.Type ?? "",
    };
  }
  throw new Error("The call was not refused.");
}

interface SdkError {
  name: string;
  message: string;
  Error?: { Code?: string; Type?: string };
  $metadata?: { httpStatusCode?: number };
}

/** How CreateQueue and SetQueueAttributes refuse these attributes; they must agree. */
export async function refusedEverywhere(
  env: SqsEnvironment,
  attributes: Record<string, string>,
  fifo = false,
): Promise<Refusal> {
  const QueueUrl = fifo ? await env.fifo() : await env.queue();
  const before = await env.attributes(QueueUrl);
  const set = await refused(env.sqs.setQueueAttributes({ QueueUrl, Attributes: attributes }));
  expect(await env.attributes(QueueUrl)).toEqual(before);
  const QueueName = env.name(fifo ? ".fifo" : "");
  const Attributes = { ...(fifo ? { FifoQueue: "true" } : {}), ...attributes };
  expect(await refused(env.sqs.createQueue({ QueueName, Attributes }))).toEqual(set);
  expect(await refused(env.sqs.getQueueUrl({ QueueName }))).toEqual(env.noSuchQueue);
  return set;
}
