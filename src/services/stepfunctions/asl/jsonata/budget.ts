import { performance, processorMs } from "../../../../engine/real-time.ts";
import { JsonataError } from "./failure.ts";

/** Limits of one evaluation. Depth is the number of nested nodes that are being evaluated. */
export type Limits = {
  /** Milliseconds of processor time. */
  ms: number;
  steps: number;
  depth: number;
  /** Items of an array. */
  sequence: number;
  /** Items of a range; larger ranges fail with an error that states their size. */
  range: number;
  /** Characters of a string. */
  text: number;
  /** Characters of the result: beyond any payload, there is no point in writing it. */
  result: number;
  /** Bytes of everything that is created, roughly. */
  bytes: number;
};

/**
 * AWS's version of JSONata allows a tenth of the range that newer ones do. An evaluation blocks the process, so its
 * time is less than a client should have to wait: a sum of a hundred thousand items takes about half of it.
 */
export const defaultLimits: Limits = {
  ms: 70,
  steps: 20_000_000,
  depth: 1_000,
  sequence: 200_000,
  range: 1_000_000,
  text: 1_000_000,
  result: 1_048_576,
  bytes: 64_000_000,
};

export const stackMessage = "The expression exceeded the stack limit";
const timeMessage = "The expression exceeded the evaluation time limit";
export const memoryMessage = "Expression evaluation memory limit exceeded: Check for excessive memory usage";

export const stackError = (): JsonataError => new JsonataError(undefined, { message: stackMessage });
const timeError = (): JsonataError => new JsonataError(undefined, { message: timeMessage });
export const memoryError = (): JsonataError => new JsonataError(undefined, { message: memoryMessage });

/** Steps before the time is first checked, so that short evaluations do not depend on it at all. */
const stepsBeforeCheck = 200;

/** Steps between two checks: some tens of microseconds. */
const stepsPerCheck = 2_000;

/**
 * Steps that are granted, however long they take, if there is any time left: some tens of milliseconds of work.
 * Processor time is that of the whole process, which may have other busy threads, such as a test runner's.
 */
const stepsGranted = 200_000;

/** Depth to which values are walked. */
const maxValueDepth = 1_200;

/**
 * Counts what an evaluation uses and ends it, by an error, when that is too much. Methods are called before the work is
 * done or the value is created.
 */
export class Budget {
  readonly limits: Limits;
  /** `performance.now()` before which the time cannot be over. */
  readonly #endsAt: number;
  /** Processor time at the first check. */
  #startMs: number | undefined;
  #left = stepsBeforeCheck;
  #steps = 0;
  #bytes = 0;
  #depth = 0;
  #resultLength = 0;

  constructor(limits: Limits) {
    this.limits = limits;
    this.#endsAt = performance.now() + limits.ms;
  }

  /** Counts steps of roughly equal cost: a call, an item, a few characters. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) this.#check();
  }

  /** Counts work on a string of this length. */
  scan(characters: number): void {
    this.spend(characters >> 4);
  }

  /** Whether the evaluation has taken long enough to be measured. */
  get measured(): boolean {
    return this.#steps > 0;
  }

  /** Milliseconds of processor time since the first check. */
  get ms(): number {
    return this.#startMs === undefined ? 0 : processorMs() - this.#startMs;
  }

  /** Steps up to the last check. */
  get steps(): number {
    return this.#steps;
  }

  #check(): void {
    this.#steps += stepsPerCheck - this.#left;
    this.#left = stepsPerCheck;
    this.#startMs ??= processorMs();
    const { ms, steps } = this.limits;
    if (this.#steps > steps) throw timeError();
    if ((ms > 0 && this.#steps < stepsGranted) || performance.now() < this.#endsAt) return;
    if (this.ms >= ms) throw timeError();
  }

  /** Counts memory that is about to be used. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.limits.bytes) throw memoryError();
  }

  /** A string of this length is about to be created. */
  text(characters: number): void {
    if (!(characters <= this.limits.text)) throw memoryError();
    this.grow(characters + 16);
    this.scan(characters);
  }

  /** An array of this length is about to be created. */
  array(items: number): void {
    if (!(items <= this.limits.sequence)) throw memoryError();
    this.grow(items * 8 + 16);
    this.spend(items >> 4);
  }

  /** An object is about to get a member. */
  member(): void {
    this.grow(32);
    this.spend(1);
  }

  /** A function is about to be created, which keeps the frame it is created in. */
  closure(): void {
    this.grow(300);
  }

  /** Counts characters of the result. */
  result(characters: number): void {
    this.#resultLength += characters;
    if (this.#resultLength > this.limits.result) throw memoryError();
  }

  /** Enters a call whose node is `levels` below the root or the lambda it is in. */
  enter(levels: number): void {
    this.#depth += levels;
    // The called body takes one more level.
    if (this.#depth + 1 > this.limits.depth) throw stackError();
    this.spend(1);
  }

  /** The end of {@link enter}. */
  leave(levels: number): void {
    this.#depth -= levels;
  }

  /** Counts a step of a walk through a value, at this depth. */
  walk(depth: number): void {
    if (depth > maxValueDepth) throw stackError();
    this.spend(1);
  }
}
