/** The request rate of FIFO queues, only enforced with `--strict`. */
import { RequestThrottled$ } from "@aws-sdk/client-sqs";
import { AwsError } from "../../../protocols/error.ts";
import type { Clock } from "../../engine/clock.ts";
import { isFifo, type QueueRow } from "./tables.ts";

/** Calls per second of each kind to one queue; a batch counts as one call (SQS developer guide: message quotas). */
const callsPerSecond = 300;

export type LimitedCall = "send" | "receive" | "delete" | "changeVisibility";

export class Throughput {
  readonly #clock: Clock;
  readonly #strict: boolean;
  #second = 0;
  /** Only calls of the current second, so that it stays small. */
  #calls = new Map<string, number>();

  constructor(clock: Clock, strict: boolean) {
    this.#clock = clock;
    this.#strict = strict;
  }

  /** Counts a call. High-throughput mode has no limit here. @throws AwsError RequestThrottled */
  spend(queue: QueueRow, call: LimitedCall): void {
    if (!this.#strict || !isFifo(queue.arn) || queue.texts["FifoThroughputLimit"] === "perMessageGroupId") return;
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#calls.clear();
    }
    const key = `${call} ${queue.arn}`;
    const calls = (this.#calls.get(key) ?? 0) + 1;
    if (calls > callsPerSecond) throw AwsError.of(RequestThrottled$, "Rate exceeded");
    this.#calls.set(key, calls);
  }
}
