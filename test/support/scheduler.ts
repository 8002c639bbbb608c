/** Scheduler as its client sees it, with queues to run into. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CreateScheduleCommandInput, Scheduler, type Target } from "@aws-sdk/client-scheduler";
import { type Message, SQS } from "@aws-sdk/client-sqs";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export const roleArn = "arn:aws:iam::000000000000:role/scheduler";
export const startTime = "2026-03-01T12:00:00Z";

export class SchedulerEnvironment {
  readonly bus: Busbar;
  readonly scheduler: Scheduler;
  readonly sqs: SQS;
  readonly #directory: string | undefined;
  #names = 0;

  private constructor(bus: Busbar, directory: string | undefined) {
    this.bus = bus;
    this.#directory = directory;
    this.scheduler = new Scheduler({ ...bus.clientConfig(), maxAttempts: 1 });
    this.sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
  }

  /** A virtual clock at noon of 1 March 2026 unless told. */
  static async start(storage: "memory" | "disk" = "memory", options: BusbarOptions = {}) {
    const directory = storage === "disk" ? await mkdtemp(join(tmpdir(), "busbar-test-")) : undefined;
    const bus = await createBusbar({
      clock: "virtual",
      startTime,
      seed: "scheduler",
      ...(directory === undefined ? {} : { dataDir: directory }),
      ...options,
    });
    return new SchedulerEnvironment(bus, directory);
  }

  async stop(): Promise<void> {
    this.scheduler.destroy();
    this.sqs.destroy();
    await this.bus.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  name(prefix = "s"): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  /** Makes a queue. */
  async queue(attributes: Record<string, string> = {}, suffix = ""): Promise<{ url: string; arn: string }> {
    const name = `${this.name("queue")}${suffix}`;
    const { QueueUrl } = await this.sqs.createQueue({ QueueName: name, Attributes: attributes });
    return { url: QueueUrl as string, arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
  }

  /** Creates a schedule with no flexible window and gives its name. */
  async schedule(
    expression: string,
    target: Partial<Target>,
    more: Partial<CreateScheduleCommandInput> = {},
  ): Promise<string> {
    const Name = more.Name ?? this.name();
    await this.scheduler.createSchedule({
      FlexibleTimeWindow: { Mode: "OFF" },
      ...more,
      Name,
      ScheduleExpression: expression,
      Target: { Arn: undefined, RoleArn: roleArn, ...target },
    });
    return Name;
  }

  /** Takes all messages of a queue out of it, ten at a time. */
  async drain(url: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.receiveMessage({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      });
      if (Messages.length === 0) return all;
      all.push(...Messages);
      await this.sqs.deleteMessageBatch({
        QueueUrl: url,
        Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: `m${i}`, ReceiptHandle })),
      });
    }
  }

  async bodies(url: string): Promise<string[]> {
    return (await this.drain(url)).map(({ Body }) => Body as string);
  }
}
