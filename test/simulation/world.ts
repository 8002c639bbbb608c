/** What a simulation happens in: one disk, one process after the other on it, time that stands, and clients that outlive all. */
import { createHash } from "node:crypto";
import { callApi } from "../../src/apis/inner-call.ts";
import { Cause } from "../../src/calls/cause.ts";
import { Invocation } from "../../src/calls/invocation.ts";
import { Emulator } from "../../src/emulator.ts";
import { type InProcessHandler, inProcessHandler } from "../../src/in-process.ts";
import type { HttpAnswer } from "../../src/outside/http-client.ts";
import { Chance } from "../support/chance.ts";
import { type Clients, clientsOf } from "./clients.ts";
import { MemoryDisk, turn } from "./memory-disk.ts";

/** Something that must always hold does not. */
export class Violation extends Error {
  override readonly name = "Violation";
  /** What is broken, the same words whatever the values: shrinking keeps to it. */
  readonly rule: string;

  constructor(rule: string, details: unknown) {
    super(`${rule}: ${typeof details === "string" ? details : JSON.stringify(details)}`);
    this.rule = rule;
  }
}

/** How a call ended; `lost`: the process ended before it answered, and nobody knows what became of it. */
export type Answer<T> =
  | { readonly kind: "done"; readonly output: T }
  | { readonly kind: "refused"; readonly error: Error }
  | { readonly kind: "lost" };

interface Process {
  readonly emulator: Emulator;
  readonly handler: InProcessHandler;
  readonly ended: Promise<never>;
  readonly end: () => void;
}

const region = "us-east-1";
const account = "000000000000";
/** No whole second, as it never is. */
const startMs = Date.UTC(2026, 0, 1, 0, 0, 1, 234);
const maxRounds = 10_000;
/** Looks that must find nothing left to write, one after the other; each lets two turns of the event loop pass at least. */
const stillRounds = 5;

export class World {
  readonly seed: string;
  /** The choices of the step that is being made. */
  chance: Chance;
  /** A line for each thing that happened, the same for the same seed. */
  readonly notes: string[] = [];
  /** Several calls are under way at once and the process is about to end: models only gather what they are told. */
  bursting = false;
  /** A process has ended in this step. */
  ended = false;
  /** Processes so far. */
  processes = 0;
  /** Clients, which outlive processes. */
  readonly sdk: Clients;
  readonly #disk: MemoryDisk;
  readonly #bugs: string[] = [];
  readonly #prepare: ((emulator: Emulator) => void)[] = [];
  readonly #onEnd: (() => void)[] = [];
  #process: Process | undefined;
  #tokens = 0;

  constructor(seed: string, disk = new MemoryDisk()) {
    this.seed = seed;
    this.#disk = disk;
    this.chance = chanceOf(seed, "start");
    this.sdk = clientsOf({ account, region }, async (request, options) => {
      const process = this.#process;
      if (process === undefined) throw Object.assign(new Error("nobody answers"), { name: "Lost" });
      return Promise.race([process.handler.handle(request, options), process.ended]);
    });
  }

  get emulator(): Emulator {
    if (this.#process === undefined) throw new Error("there is no process");
    return this.#process.emulator;
  }

  now(): number {
    return this.emulator.clock.now();
  }

  /** Begins the first process, or the next on the same disk. */
  async start(): Promise<void> {
    this.processes += 1;
    const emulator = await Emulator.start({
      disk: this.#disk.open(() => this.#diskTurns()),
      clock: "virtual",
      untimed: true,
      startMs,
      // Ids of one process must not come again in the next.
      seed: `${this.seed} ${this.processes}`,
      onBug: (error, where) => {
        this.#bugs.push(`${where}: ${error instanceof Error ? error.stack : String(error)}`);
      },
    });
    let end: () => void = () => {};
    const ended = new Promise<never>((_resolve, reject) => {
      end = () => reject(Object.assign(new Error("the process has ended"), { name: "Lost" }));
    });
    ended.catch(() => {});
    for (const prepare of this.#prepare) prepare(emulator);
    this.#process = { emulator, handler: inProcessHandler(emulator, () => false), ended, end };
  }

  /** Calls `prepare` with each process before anybody reaches it, and `end` when it has ended. */
  withEach(prepare: (emulator: Emulator) => void, end: () => void): void {
    this.#prepare.push(prepare);
    this.#onEnd.push(end);
  }

  /** The process ends as by kill -9: what it had in memory is gone, what the disk had not taken as well. */
  crash(): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    this.ended = true;
    // Whatever this process still does, it does to a disk that does not listen; its timers need not go on.
    this.#disk.open(() => 0);
    process.emulator.clock.close();
    for (const end of this.#onEnd) end();
    process.end();
  }

  /** Posts JSON to an API as a client does, without a socket; rejects as "Lost" when the process ends. */
  callApi(api: string, path: string, json: string): Promise<HttpAnswer> {
    const process = this.#process;
    if (process === undefined) return Promise.reject(Object.assign(new Error("nobody answers"), { name: "Lost" }));
    const { emulator, ended } = process;
    const url = new URL(path, `https://${api}.execute-api.${region}.amazonaws.com`);
    const call = { method: "POST", headers: { "Content-Type": "application/json" }, body: json };
    const cause = Cause.beginning("request", this.token("call"), emulator.clock.now());
    const invocation = Invocation.ofService("client", url.href, { account, region }, cause);
    return Promise.race([callApi(emulator.apis, url, call, invocation), ended]);
  }

  /** How a call ended. @throws Violation when it was answered with a failure of our own. */
  async ask<T>(call: Promise<T>): Promise<Answer<T>> {
    try {
      return { kind: "done", output: await call };
    } catch (thrown) {
      const error = thrown as Error & { $metadata?: { httpStatusCode?: number } };
      if (error.name === "Lost") return { kind: "lost" };
      if ((error.$metadata?.httpStatusCode ?? 500) >= 500)
        throw new Violation("a call fails by our fault", error.stack);
      return { kind: "refused", error };
    }
  }

  /** As `ask`, for a call that cannot be refused. Undefined when it was lost. */
  async sure<T>(call: Promise<T>): Promise<T | undefined> {
    const answer = await this.ask(call);
    if (answer.kind === "refused") throw new Violation("a good call is refused", answer.error.stack);
    return answer.kind === "done" ? answer.output : undefined;
  }

  /** Lets everything happen that happens without time, until it is on disk. What others do has some turns. */
  async settle(): Promise<void> {
    const { clock, store } = this.emulator;
    for (let round = 0, still = 0; round < maxRounds; round += 1) {
      await clock.advance(0);
      const flushed = store.flushed();
      still = flushed === undefined ? still + 1 : 0;
      if (still === stillRounds) return;
      await flushed;
    }
    throw new Violation("nothing comes to rest", `after ${maxRounds} rounds`);
  }

  /** A text that was never used before. */
  token(prefix: string): string {
    this.#tokens += 1;
    return `${prefix}${this.#tokens}`;
  }

  note(line: string): void {
    this.notes.push(line);
  }

  /** @throws Violation for each bug the emulator told of, and where its store contradicts itself. */
  check(withStore: boolean): void {
    const bug = this.#bugs.shift();
    if (bug !== undefined) throw new Violation("the emulator tells of a bug", bug);
    if (!withStore) return;
    const faults = this.emulator.store.faults();
    if (faults.length > 0) throw new Violation("the store contradicts itself", faults.slice(0, 5).join("\n"));
  }

  arn(service: string, rest: string): string {
    return `arn:aws:${service}:${region}:${account}:${rest}`;
  }

  queueUrl(name: string): string {
    return `http://localhost:4566/${account}/${name}`;
  }

  /** Most writes are done in a turn or two, some take long. */
  #diskTurns(): number {
    return this.chance.chance(0.1) ? this.chance.int(20) : this.chance.int(3);
  }
}

/** Choices that depend on the seed and this purpose alone, whatever else was chosen. */
export function chanceOf(seed: string, purpose: string): Chance {
  return new Chance(createHash("sha256").update(`${seed}\n${purpose}`).digest().readUInt32LE());
}

export { turn };
