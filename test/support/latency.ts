/** How long a server lets one client wait while others keep it busy. */
import { readFileSync } from "node:fs";
import { SQS } from "@aws-sdk/client-sqs";

export interface Waits {
  /** Milliseconds that the server worked at most while each of 99 of 100 requests waited for their answer. */
  readonly p99: number;
  readonly longest: number;
  /** The same in real time, which others on the machine make longer. */
  readonly realP99: number;
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
/** Real milliseconds between two requests, whether or not the first was answered: a client that waits sends few while it has to wait. */
const everyMs = 10;

/** Another client, who sends messages to a queue of its own, in time. */
export class Bystander {
  readonly #sqs: SQS;
  readonly #pid: number;
  #queueUrl: string | undefined;

  private constructor(endpoint: string, pid: number) {
    this.#pid = pid;
    this.#sqs = new SQS({
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "999999999999", secretAccessKey: "x" },
      maxAttempts: 1,
    });
  }

  /** To be made before there is something to wait for. `pid` is the server's. */
  static async at(endpoint: string, pid: number): Promise<Bystander> {
    const bystander = new Bystander(endpoint, pid);
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
    const realWaits: number[] = [];
    const wait = async () => {
      const [began, beganAt] = [this.#workedMs(), performance.now()];
      await this.#send();
      waits.push(this.#workedMs() - began);
      realWaits.push(performance.now() - beganAt);
    };
    const sent = [wait()];
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      sent.push(wait());
    }
    await Promise.all(sent);
    const [p99, longest] = highest(waits);
    return { p99, longest, realP99: highest(realWaits)[0], count: waits.length };
  }

  /** Processor time of the server's only thread that runs JavaScript; real time where no such thing is told. */
  #workedMs(): number {
    if (process.platform !== "linux") return performance.now();
    return Number(readFileSync(`/proc/${this.#pid}/schedstat`, "utf8").split(" ", 1)[0]) / 1e6;
  }

  destroy(): void {
    this.#sqs.destroy();
  }

  async #send(): Promise<void> {
    await this.#sqs.sendMessage({ QueueUrl: this.#queueUrl, MessageBody: "still there?" });
  }
}

/** The 99th percentile, and the highest. */
function highest(values: number[]): [p99: number, longest: number] {
  const sorted = values.sort((a, b) => a - b);
  return [sorted[Math.ceil(sorted.length * 0.99) - 1] as number, sorted.at(-1) as number];
}
