/** One event in an execution environment, from its arrival to its end. */
import type { Clock } from "../../engine/clock.ts";
import type { ProcessEnd } from "../../engine/processes.ts";
import { clearTimeout, performance, setTimeout } from "../../engine/real-time.ts";
import { timedOut } from "../functions.ts";
import type { ResponseSink } from "../types.ts";
import type { RuntimeEvent } from "./runtime-api.ts";

/** The outcome of an invocation. */
export interface Outcome {
  readonly payload: string;
  readonly bytes?: Uint8Array | undefined;
  readonly contentType?: string | undefined;
  readonly functionError?: "Unhandled";
  readonly timedOut?: boolean;
  readonly durationMs: number;
  /** How long the process took to start, if this was its first event. */
  readonly initMs?: number | undefined;
  readonly peakBytes: number | undefined;
}

export type Ending = Pick<Outcome, "payload" | "bytes" | "contentType" | "functionError" | "timedOut">;

export interface EventToRun extends Omit<RuntimeEvent, "deadlineMs"> {
  readonly timeoutMs: number;
  readonly executedVersion: string;
  readonly sink?: ResponseSink | undefined;
  readonly onLine: (line: string) => void;
}

export class Run {
  readonly event: EventToRun;
  readonly #onEnd: (ending: Ending, durationMs: number) => void;
  #startedAt = performance.now();
  #isGiven = false;
  #isOver = false;
  #stopTimer = () => {};

  /** @param onEnd called once; output written before that may still have to be read. */
  constructor(event: EventToRun, onEnd: (ending: Ending, durationMs: number) => void) {
    this.event = event;
    this.#onEnd = onEnd;
  }

  /** Whether the process has received it. */
  get isGiven(): boolean {
    return this.#isGiven;
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What is left of its time, in ms. */
  get leftMs(): number {
    return Math.max(0, this.event.timeoutMs - (performance.now() - this.#startedAt));
  }

  /** Passes it to the process: its time begins now, however long the process took to ask for it. */
  give(): void {
    this.#isGiven = true;
    this.#startedAt = performance.now();
    this.#stopTimer();
  }

  end(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#onEnd(ending, this.#isGiven || ending.timedOut ? performance.now() - this.#startedAt : 0);
  }

  timeOut(): void {
    const { requestId, timeoutMs } = this.event;
    this.end({ payload: timedOut(requestId, timeoutMs).payload, functionError: "Unhandled", timedOut: true });
  }

  /** Calls back when it takes too long in real time, or on the clock when time is moved on without it. */
  limit(clock: Clock, limitMs: number, onTooLong: () => void): void {
    const stop = () => {
      if (!this.#isOver) onTooLong();
    };
    const real = setTimeout(stop, limitMs).unref();
    const moved = clock.mode === "virtual" ? clock.at(clock.now() + limitMs, stop) : undefined;
    this.#stopTimer = () => {
      clearTimeout(real);
      moved?.cancel();
    };
  }
}

/** Why a process ended, in Lambda's words. */
export function exitReason({ code, signal, failure }: ProcessEnd): string {
  if (failure !== undefined) return failure;
  if (signal !== null) {
    return `Runtime exited with error: signal: ${signal === "SIGKILL" ? "killed" : signal.toLowerCase()}`;
  }
  return code === 0 ? "Runtime exited without providing a reason" : `Runtime exited with error: exit status ${code}`;
}
