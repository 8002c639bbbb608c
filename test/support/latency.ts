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

/** Sends messages to a queue of its own, one after the other, until `busy` settles or the time is over. */
export async function waitsOf(endpoint: string, busy: Promise<unknown> | number): Promise<Waits> {
  const sqs = new SQS({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "999999999999", secretAccessKey: "x" },
    maxAttempts: 1,
  });
  const { QueueUrl } = await sqs.createQueue({ QueueName: "bystander" });
  let over = false;
  const end = typeof busy === "number" ? new Promise((resolve) => setTimeout(resolve, busy)) : busy;
  end.then(
    () => (over = true),
    () => (over = true),
  );
  const waits: number[] = [];
  while (!over || waits.length === 0) {
    const began = performance.now();
    await sqs.sendMessage({ QueueUrl, MessageBody: "still there?" });
    waits.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  sqs.destroy();
  waits.sort((a, b) => a - b);
  return {
    p99: waits[Math.ceil(waits.length * 0.99) - 1] as number,
    longest: waits.at(-1) as number,
    count: waits.length,
  };
}
