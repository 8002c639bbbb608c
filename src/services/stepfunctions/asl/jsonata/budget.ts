import { performance, processorMs } from "../../../../engine/real-time.ts";
import { JsonataError } from "./failure.ts";

/** What one evaluation may take. Depth counts the nodes of the tree that are being evaluated inside one another. */
export type Limits = {
  /** Milliseconds of processor time. */
  ms: number;
  steps: number;
  depth: number;
  /** Items of one array. */
  sequence: number;
  /** Items a range may ask for; more are refused with an error that tells the number. */
  range: number;
  /** Characters of one text. */
  text: number;
  /** Characters of a result's text: larger ones than any payload are not worth writing. */
  result: number;
  /** Bytes of all that is made on the way, by a rough count. */
  bytes: number;
};

/**
 * The version AWS has allows a range a tenth of what newer ones do. An evaluation holds everybody else up, so it has less
 * time than a client should have to wait: a sum of a hundred thousand items takes about half of it.
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

/** Steps before the first look at the time, so that what takes a few microseconds does not depend on it at all. */
const stepsUntilLook = 200;

/** Steps between two looks: some tens of microseconds. */
const stepsPerLook = 2_000;

/**
 * Steps that are granted, while there is any time left, however long they take: some tens of milliseconds of work. The
 * processor's time is the whole process's, in which other threads may work, such as those of a test runner.
 */
const stepsGranted = 200_000;

/** Deepest values that are walked. */
const deepestValue = 1_200;

/** Keeps account of what an evaluation takes and ends it when that is too much: asked before anything is made. */
export class Budget {
  readonly limits: Limits;
  /** No sooner than this, in milliseconds of `performance.now()`, can the time be over. */
  readonly #endsAt: number;
  /** Of the processor, at the first look. */
  #beganMs: number | undefined;
  #left = stepsUntilLook;
  #steps = 0;
  #bytes = 0;
  #depth = 0;
  #released = 0;

  constructor(limits: Limits) {
    this.limits = limits;
    this.#endsAt = performance.now() + limits.ms;
  }

  /** Counts steps of about equal cost: a call, an item, a few characters. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) this.#look();
  }

  /** Work on a text of so many characters. */
  scan(characters: number): void {
    this.spend(characters >> 4);
  }

  /** Whether it has taken long enough to count. */
  get looked(): boolean {
    return this.#steps > 0;
  }

  /** Milliseconds of processor time that it has taken since the first look. */
  get ms(): number {
    return this.#beganMs === undefined ? 0 : processorMs() - this.#beganMs;
  }

  get steps(): number {
    return this.#steps;
  }

  #look(): void {
    this.#steps += stepsPerLook - this.#left;
    this.#left = stepsPerLook;
    this.#beganMs ??= processorMs();
    const { ms, steps } = this.limits;
    if (this.#steps > steps) throw timeError();
    if ((ms > 0 && this.#steps < stepsGranted) || performance.now() < this.#endsAt) return;
    if (this.ms >= ms) throw timeError();
  }

  /** Memory for what is about to be made. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.limits.bytes) throw memoryError();
  }

  /** A text of so many characters is about to be made. */
  text(characters: number): void {
    if (!(characters <= this.limits.text)) throw memoryError();
    this.grow(characters + 16);
    this.scan(characters);
  }

  /** An array of so many items is about to be made. */
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

  /** A function is about to be made, which keeps what is bound where it was made. */
  closure(): void {
    this.grow(300);
  }

  /** So many characters of the result's text. */
  release(characters: number): void {
    this.#released += characters;
    if (this.#released > this.limits.result) throw memoryError();
  }

  enter(levels: number): void {
    this.#depth += levels;
    // The body that is entered takes one more.
    if (this.#depth + 1 > this.limits.depth) throw stackError();
    this.spend(1);
  }

  leave(levels: number): void {
    this.#depth -= levels;
  }

  /** The depth a walk through a value has come to. */
  walk(depth: number): void {
    if (depth > deepestValue) throw stackError();
    this.spend(1);
  }
}
