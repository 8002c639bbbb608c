/** The states of a pipe, and the reader that runs while it is RUNNING. */
import { parseArn } from "../../calls/arn.ts";
import { queueUrlOf, type Reader } from "../../sources/drain.ts";
import { failureOf } from "./errors.ts";
import type { Pipes } from "./pipes.ts";
import { sourcePlace, streamArnOf } from "./places.ts";
import { readerOf } from "./readers.ts";
import type { PipeRow } from "./tables.ts";

const timerKind = "pipes.state";
/** About how long AWS takes from one state to the next. */
const strictDelayMs = 60_000;

const failedStates = { CREATING: "CREATE_FAILED", UPDATING: "UPDATE_FAILED", STARTING: "START_FAILED" } as const;

export class Lifecycle {
  readonly #pipes: Pipes;
  readonly #readers = new Map<string, Reader>();
  #stopped = false;

  constructor(pipes: Pipes) {
    this.#pipes = pipes;
    const { timers, clock, store } = pipes.deps;
    timers.on(timerKind, ({ payload }) => {
      const { arn } = payload as { arn: string };
      store.afterCommit(() => this.#leave(arn));
    });
    // Once every service exists: resumes pipes that ran when the process ended, and completes transitions.
    clock.at(clock.now(), () => this.#resume());
  }

  /** Moves a pipe to an intermediate state; the next state follows by itself. Inside a transaction. */
  begin(pipe: PipeRow): PipeRow {
    this.#pipes.pipes.put(pipe);
    const { timers, options } = this.#pipes.deps;
    const dueMs = this.#pipes.now + (options.strict ? strictDelayMs : 0);
    timers.schedule({
      id: timerId(pipe.arn),
      account: pipe.account,
      dueMs,
      kind: timerKind,
      payload: { arn: pipe.arn },
    });
    return pipe;
  }

  /** Stops all readers, or those of one account: their pipes are gone, or the emulator stops. */
  stopReaders(account?: string): void {
    this.#stopped ||= account === undefined;
    for (const [arn, reader] of [...this.#readers]) {
      if (account !== undefined && parseArn(arn)?.account !== account) continue;
      this.#readers.delete(arn);
      void reader.stop();
    }
  }

  /** After a reset of all accounts readers may start again. */
  reset(account?: string): void {
    this.stopReaders(account);
    this.#stopped = false;
  }

  #resume(): void {
    const { pipes, deps } = this.#pipes;
    for (const pipe of pipes.values()) {
      if (pipe.currentState === "RUNNING") this.#read(pipe);
      else if (/ING$/.test(pipe.currentState) && deps.timers.get(timerId(pipe.arn)) === undefined) {
        this.#leave(pipe.arn);
      }
    }
  }

  /** Moves a pipe out of an intermediate state. */
  #leave(arn: string): void {
    const { clock } = this.#pipes.deps;
    clock.track(this.#settle(arn)).catch((error: unknown) => clock.report(error));
  }

  async #settle(arn: string): Promise<void> {
    const { pipes, deps } = this.#pipes;
    const begun = pipes.get(arn);
    if (begun === undefined) return;
    const reader = this.#readers.get(arn);
    this.#readers.delete(arn);
    await reader?.stop();
    let next: Partial<PipeRow> | undefined;
    if (begun.currentState === "STOPPING" || begun.desiredState === "STOPPED") next = { currentState: "STOPPED" };
    else if (begun.currentState !== "DELETING") {
      const reason = await this.#examine(begun);
      next =
        reason === undefined
          ? { currentState: "RUNNING" }
          : { currentState: failedStates[begun.currentState as keyof typeof failedStates], stateReason: reason };
    }
    deps.store.transaction(() => {
      const pipe = pipes.get(arn);
      // Tags may have changed meanwhile; a reset may have deleted the pipe.
      if (pipe?.serial !== begun.serial || pipe.currentState !== begun.currentState) return;
      if (next === undefined) this.#delete(pipe);
      else pipes.put({ ...pipe, stateReason: undefined, ...next });
      if (next?.currentState === "STOPPED") deps.delivery.noteGivenUp(arn, "The pipe was stopped.");
    });
    const pipe = pipes.get(arn);
    if (pipe?.currentState === "RUNNING") this.#read(pipe);
  }

  #delete({ arn }: PipeRow): void {
    const { pipes, cursors, deps } = this.#pipes;
    for (const { key } of cursors.by.pipe.range(arn)) cursors.delete(key);
    pipes.delete(arn);
    deps.delivery.noteGivenUp(arn, "The pipe was deleted.");
  }

  #read(pipe: PipeRow): void {
    if (this.#stopped || this.#readers.has(pipe.arn)) return;
    const reader = readerOf(this.#pipes, pipe);
    this.#readers.set(pipe.arn, reader);
    reader.start();
  }

  /** Why a pipe cannot run, if it cannot: AWS checks the source and a stream's dead-letter queue in the background. */
  async #examine(pipe: PipeRow): Promise<string | undefined> {
    const service = parseArn(pipe.source)?.service ?? "smk";
    try {
      switch (sourcePlace(pipe.source)?.kind) {
        case "sqs": {
          const QueueUrl = queueUrlOf(pipe.source);
          await this.#pipes.call("sqs", "GetQueueAttributes", { QueueUrl, AttributeNames: ["QueueArn"] }, pipe);
          return undefined;
        }
        case "kinesis":
          await this.#pipes.call("kinesis", "DescribeStreamSummary", { StreamARN: streamArnOf(pipe.source) }, pipe);
          break;
        default:
          return `Busbar has no ${service} sources.`;
      }
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      if (service === "kinesis" && failure.code === "ResourceNotFoundException") {
        return "Stream not found. To resume processing please delete the pipe and create a new one.";
      }
      return `${failure.code}: ${failure.message}`;
    }
    return this.#examineDeadLetters(pipe);
  }

  async #examineDeadLetters(pipe: PipeRow): Promise<string | undefined> {
    const arn = pipe.sourceParameters.KinesisStreamParameters?.DeadLetterConfig?.Arn;
    if (arn === undefined) return undefined;
    const service = parseArn(arn)?.service;
    try {
      if (service === "sqs") {
        const QueueUrl = queueUrlOf(arn);
        await this.#pipes.call("sqs", "GetQueueAttributes", { QueueUrl, AttributeNames: ["QueueArn"] }, pipe);
      } else await this.#pipes.call("sns", "GetTopicAttributes", { TopicArn: arn }, pipe);
      return undefined;
    } catch (error) {
      if (failureOf(error) === undefined) throw error;
      const kind = service === "sqs" ? "SQS queue" : "SNS topic";
      return `Input parameter is invalid from the request due to : Error occurred while sending message to ${kind}: ${arn}`;
    }
  }
}

function timerId(arn: string): string {
  return `${timerKind} ${arn}`;
}
