import type { Effect, Env, Execution, FanFrame, Frame, ThreadFrame } from "./execution.ts";
import { detailsKeyOf, type HistoryEvent, maxHistoryEvents } from "./history.ts";
import type { JsonObject } from "./json.ts";
import { budgetMs, type EvaluationTime } from "./jsonata/query.ts";
import type { Machine, StateNode } from "./machine.ts";

/** A step ends after this many steps of evaluations (a microsecond each or less), or after this time in them. */
const longSteps = 200_000;
const longMs = 10;

/** Thrown when a STANDARD execution has room only for one more event, that of its failure. */
export class HistoryFull extends Error {}

/** The cost of the evaluations in one step. */
export class Evaluation implements EvaluationTime {
  #steps = 0;
  /** Processor time, so that a slow step ends sooner; results do not depend on it. */
  #stepMs = 0;
  #moveMs = 0;

  /** Starts the time of a thread's next move. */
  nextMove(): void {
    this.#moveMs = 0;
  }

  remainingMs(): number {
    return budgetMs - this.#moveMs;
  }

  spent(ms: number, steps: number): void {
    this.#steps += steps;
    this.#stepMs += ms;
    this.#moveMs += ms;
  }

  /** Whether it is time to let others run. */
  isLong(): boolean {
    return this.#steps >= longSteps || this.#stepMs >= longMs;
  }
}

/** One step: the execution it changes and the effects so far. */
export class Run {
  readonly machine: Machine;
  readonly execution: Execution;
  readonly env: Env;
  readonly effects: Effect[] = [];
  readonly touched = new Set<string>();
  readonly removed = new Set<string>();
  /** The evaluations in this step. */
  readonly evaluation = new Evaluation();

  constructor(machine: Machine, execution: Execution, env: Env) {
    this.machine = machine;
    this.execution = execution;
    this.env = env;
  }

  get head(): Execution["head"] {
    return this.execution.head;
  }

  get running(): boolean {
    return this.head.status === "RUNNING";
  }

  node(thread: ThreadFrame): StateNode {
    return this.machine.states.get(thread.state)!;
  }

  /** The frame, to be changed; marks it as touched. */
  thread(id: string): ThreadFrame | undefined {
    const frame = this.execution.frames[id];
    if (frame?.kind !== "thread") return undefined;
    this.touched.add(id);
    return frame;
  }

  fan(id: string): FanFrame {
    this.touched.add(id);
    return this.execution.frames[id] as FanFrame;
  }

  put(frame: Frame): void {
    this.execution.frames[frame.id] = frame;
    this.touched.add(frame.id);
    this.removed.delete(frame.id);
  }

  remove(id: string): void {
    if (!Object.hasOwn(this.execution.frames, id)) return;
    delete this.execution.frames[id];
    this.touched.delete(id);
    this.removed.add(id);
  }

  nextId(): number {
    return ++this.head.sequence;
  }

  ready(thread: ThreadFrame): void {
    this.head.ready.push(thread.id);
  }

  /** Appends an event and returns its id. */
  emit(type: string, previousEventId: number, details?: JsonObject): number {
    if (this.execution.meta.type === "STANDARD" && this.head.lastEventId >= maxHistoryEvents - 1)
      throw new HistoryFull();
    return this.emitLast(type, previousEventId, details);
  }

  /** {@link emit} for events that end the execution, which may be the last one allowed. */
  emitLast(type: string, previousEventId: number, details?: JsonObject): number {
    const id = ++this.head.lastEventId;
    const event: HistoryEvent = { id, previousEventId, type, timestampMs: this.env.nowMs };
    if (details) {
      event.detailsKey = detailsKeyOf(type);
      event.details = details;
    }
    this.effects.push({ type: "event", event });
    return id;
  }

  /** {@link emit} for the next event of a thread. */
  emitFor(thread: ThreadFrame, type: string, details?: JsonObject): number {
    thread.previous = this.emit(type, thread.previous, details);
    return thread.previous;
  }
}
