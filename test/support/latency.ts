/** How long a server lets one client wait while others keep it busy. */
import { SQS } from "@aws-sdk/client-sqs";

export interface Waits {
  /** Milliseconds that 99 of 100 requests took at most. */
  readonly p99: number;
  readonly longest: number;
  readonly count: number;
}

/** On a machine with nothing else to do the promised times hold; elsewhere what fails is what hangs. */
const promised = process.env["BUSBAR_TEST_FULL"] === "1";
/** What a quiet client may have to wait at most, as p99 in milliseconds. */
export const p99LimitMs = promised ? 100 : 2_000;
/** How long the server may take to end after a signal. */
export const signalLimitMs = promised ? 1_000 : 10_000;

/** How long each load is watched, in milliseconds: a hundredth of what is sent must be more than the very first. */
export const watchedMs = promised ? 10_000 : 1_500;
/** Sent before anything is measured, until the code of both sides has been compiled. */
const warmUps = promised ? 500 : 20;

/** Another client, who sends messages to a queue of its own, one after the other. */
export class Bystander {
  readonly #sqs: SQS;
  #queueUrl: string | undefined;

  private constructor(endpoint: string) {
    this.#sqs = new SQS({
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "999999999999", secretAccessKey: "x" },
      maxAttempts: 1,
    });
  }

  /** To be made before there is something to wait for. */
  static async at(endpoint: string): Promise<Bystander> {
    const bystander = new Bystander(endpoint);
    const { QueueUrl } = await bystander.#sqs.createQueue({ QueueName: "bystander" });
    bystander.#queueUrl = QueueUrl;
    for (let left = warmUps; left > 0; left--) await bystander.#send();
    return bystander;
  }

  /** What it waited until `busy` settles or the time is over. */
  async waits(busy: Promise<unknown> | number): Promise<Waits> {
    let over = false;
    const end = typeof busy === "number" ? new Promise((resolve) => setTimeout(resolve, busy)) : busy;
    end.then(
      () => (over = true),
      () => (over = true),
    );
    const waits: number[] = [];
    while (!over || waits.length === 0) {
      const began = performance.now();
      await this.#send();
      waits.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    waits.sort((a, b) => a - b);
    return {
      p99: waits[Math.ceil(waits.length * 0.99) - 1] as number,
      longest: waits.at(-1) as number,
      count: waits.length,
    };
  }

  destroy(): void {
    this.#sqs.destroy();
  }

  async #send(): Promise<void> {
    await this.#sqs.sendMessage({ QueueUrl: this.#queueUrl, MessageBody: "still there?" });
  }
}
