/** Event source mappings as their client sees them, with functions of this process and time that stands. */
import { type CreateEventSourceMappingCommandInput, Lambda } from "@aws-sdk/client-lambda";
import type { BusbarOptions } from "../../src/index.ts";
import { functionArn, PipesEnvironment } from "./pipes.ts";

/** What a handler gets of a batch. */
export interface BatchEvent {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly kinesis: { readonly data: string; readonly sequenceNumber: string; readonly partitionKey: string };
    readonly eventSourceARN: string;
  }[];
  readonly state?: { readonly sum?: number };
  readonly isFinalInvokeForWindow?: boolean;
  readonly window?: { readonly start: string; readonly end: string };
}

export class EventSourcesEnvironment {
  readonly around: PipesEnvironment;
  readonly lambda: Lambda;

  private constructor(around: PipesEnvironment) {
    this.around = around;
    this.lambda = new Lambda({ ...around.bus.clientConfig(), maxAttempts: 1 });
  }

  static async start(storage: "memory" | "disk" = "memory", options: BusbarOptions = {}) {
    return new EventSourcesEnvironment(await PipesEnvironment.start(storage, options));
  }

  async stop(): Promise<void> {
    this.lambda.destroy();
    await this.around.stop();
  }

  advance(by: string | number): Promise<unknown> {
    return this.around.bus.clock.advance(by);
  }

  /** A function that keeps the batches it gets. */
  handler(answer: (event: BatchEvent, call: number) => unknown = () => undefined): {
    readonly name: string;
    readonly arn: string;
    readonly batches: BatchEvent[];
  } {
    const name = this.around.name("function");
    const batches: BatchEvent[] = [];
    this.around.bus.registerFunction(name, (event) => {
      batches.push(event as BatchEvent);
      return answer(event as BatchEvent, batches.length);
    });
    return { name, arn: functionArn(name), batches };
  }

  /** Makes a mapping and waits until it reads. */
  async map(
    EventSourceArn: string,
    FunctionName: string,
    more: Partial<CreateEventSourceMappingCommandInput> = {},
  ): Promise<string> {
    const made = await this.lambda.createEventSourceMapping({ EventSourceArn, FunctionName, ...more });
    await this.reaches(made.UUID as string, more.Enabled === false ? "Disabled" : "Enabled");
    return made.UUID as string;
  }

  async reaches(UUID: string, state: string): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      if ((await this.lambda.getEventSourceMapping({ UUID })).State === state) return;
      await this.advance(0);
    }
    throw new Error(`The mapping never is ${state}.`);
  }

  async send(QueueUrl: string, ...bodies: string[]): Promise<void> {
    const Entries = bodies.map((MessageBody, n) => ({ Id: `${n}`, MessageBody }));
    await this.around.sqs.sendMessageBatch({ QueueUrl, Entries });
  }

  async put(StreamName: string, ...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.around.kinesis.putRecord({ StreamName, PartitionKey: "a", Data: Buffer.from(text) });
    }
  }

  /** What lies in a queue, parsed. */
  async lying(QueueUrl: string): Promise<unknown[]> {
    const { Messages = [] } = await this.around.sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    return Messages.map(({ Body = "" }) => (Body.startsWith("{") ? JSON.parse(Body) : Body) as unknown);
  }
}

const textOf = (record: BatchEvent["Records"][number]) => Buffer.from(record.kinesis.data, "base64").toString();
export const bodiesOf = ({ Records }: BatchEvent) => Records.map(({ body }) => body);
export const textsOf = ({ Records }: BatchEvent) => Records.map(textOf);
