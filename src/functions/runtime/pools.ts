/** The processes that run functions: kept per version for the next event, with a limit for all together. */
import type { Clock } from "../../engine/clock.ts";
import { defaultMaxMemory } from "../../engine/memory.ts";
import type { Processes } from "../../engine/processes.ts";
import type { Random } from "../../engine/random.ts";
import { clearTimeout, performance, setTimeout } from "../../engine/real-time.ts";
import { Environment } from "./environment.ts";
import { launchOf, type RuntimeSpec, type Workshop } from "./launch.ts";
import type { EventToRun, Outcome } from "./runs.ts";
import { RuntimeApi } from "./runtime-api.ts";

/** Twice the memory of an idle Node with its function; memory divided by it limits the number of processes. */
const bytesEach = 128 * 1024 * 1024;
const [fewestProcesses, maxProcesses] = [8, 200];
/** Real milliseconds without an event after which a process is ended. */
const idleLimitMs = 5 * 60_000;
/** How long an event waits for a process when the limit is reached, in real milliseconds. */
const patienceMs = 15_000;
/** How long it waits for a process that has just answered to ask for more, before it gets a new one. */
const returnMs = 100;

/** No process is free, and the limit is reached. */
export class NoProcess extends Error {}

/** An outcome, and where its log goes. */
export interface Ran extends Outcome {
  readonly logStream: string;
}

interface Pool {
  readonly environments: Map<Environment, string>;
}

export interface PoolsDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  readonly workshop: Workshop;
}

export class RuntimePools {
  readonly #deps: PoolsDependencies;
  readonly #api = new RuntimeApi();
  readonly #pools = new Map<string, Pool>();
  readonly #most = Math.min(maxProcesses, Math.max(fewestProcesses, Math.floor(defaultMaxMemory() / bytesEach)));
  #waiting: (() => void)[] = [];
  #count = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor(dependencies: PoolsDependencies) {
    this.#deps = dependencies;
  }

  /** How many processes run. */
  get count(): number {
    return this.#count;
  }

  /**
   * Runs an event in one of the version's processes.
   * @param onStream called with the log stream before the first line.
   * @throws NoProcess
   */
  async run(spec: RuntimeSpec, event: EventToRun, onStream: (name: string) => void): Promise<Ran> {
    const until = performance.now() + patienceMs;
    for (let mayReturn = true; ; ) {
      const entry = this.#ready(spec, mayReturn);
      if (entry !== undefined) {
        // In the same turn, or another event would take it too.
        const [environment, logStream] = entry;
        onStream(logStream);
        return { ...(await environment.run(event)), logStream };
      }
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw new NoProcess(`All ${this.#most} processes for functions are at work.`);
      await this.#change(mayReturn ? returnMs : leftMs);
      mayReturn = false;
    }
  }

  /** Starts processes ahead of events. */
  warm(spec: RuntimeSpec, count: number): void {
    const missing = count - (this.#pools.get(spec.key)?.environments.size ?? 0);
    for (let i = 0; i < missing && this.#count < this.#most; i++) this.#start(spec);
  }

  /** Ends the idle processes of versions whose key has this prefix; busy ones end after their event. */
  retire(keyPrefix: string): void {
    for (const [key, pool] of this.#pools) {
      if (!key.startsWith(keyPrefix)) continue;
      this.#pools.delete(key);
      for (const environment of pool.environments.keys()) {
        if (environment.isIdle || environment.isReturning) this.#drop(pool, environment);
      }
    }
  }

  /** Ends all; extensions have two seconds to shut down. */
  async close(): Promise<void> {
    clearTimeout(this.#sweep);
    const environments = [...this.#pools.values()].flatMap((pool) => [...pool.environments.keys()]);
    this.#pools.clear();
    await Promise.all(environments.map((environment) => environment.retire("spindown")));
    this.#api.close();
  }

  /** A free environment: an idle one, or a new one unless one that has just answered will soon ask for more. */
  #ready(spec: RuntimeSpec, mayReturn: boolean): readonly [Environment, string] | undefined {
    let isReturning = false;
    for (const entry of this.#pools.get(spec.key)?.environments ?? []) {
      if (entry[0].isIdle || entry[0].isBeginning) return entry;
      isReturning ||= entry[0].isReturning;
    }
    if (isReturning && mayReturn) return undefined;
    return this.#count < this.#most || this.#dropIdle() ? this.#start(spec) : undefined;
  }

  #start(spec: RuntimeSpec): readonly [Environment, string] {
    const { clock, random, processes, workshop } = this.#deps;
    let pool = this.#pools.get(spec.key);
    if (pool === undefined) this.#pools.set(spec.key, (pool = { environments: new Map() }));
    const owner = pool;
    const date = new Date(clock.now()).toISOString().slice(0, 10).replaceAll("-", "/");
    const logStream = `${date}/[${spec.version}]${random.hex(32)}`;
    const launch = launchOf(spec, logStream, workshop);
    const around = { api: this.#api, processes, clock };
    const order = { spec, token: random.hex(32), launch, newId: () => random.uuid() };
    const environment = new Environment(around, order, () => this.#changed(owner, environment));
    owner.environments.set(environment, logStream);
    this.#count += 1;
    this.#armSweep();
    return [environment, logStream];
  }

  #changed(pool: Pool, environment: Environment): void {
    const isOutdated = ![...this.#pools.values()].includes(pool);
    if (environment.isDead || (isOutdated && environment.isIdle)) this.#drop(pool, environment);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  #drop(pool: Pool, environment: Environment): void {
    if (!pool.environments.delete(environment)) return;
    this.#count -= 1;
    void environment.retire("spindown");
  }

  /** Makes room by ending the one that was idle longest; returns whether there was any. */
  #dropIdle(): boolean {
    let longest: { pool: Pool; environment: Environment } | undefined;
    for (const pool of this.#pools.values()) {
      for (const environment of pool.environments.keys()) {
        if (!environment.isIdle) continue;
        if (longest === undefined || environment.idleSince < longest.environment.idleSince)
          longest = { pool, environment };
      }
    }
    if (longest !== undefined) this.#drop(longest.pool, longest.environment);
    return longest !== undefined;
  }

  /** Resolves when a process becomes idle or ends, but no later than this. */
  #change(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #armSweep(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      const before = performance.now() - idleLimitMs;
      for (const [key, pool] of this.#pools) {
        for (const environment of pool.environments.keys()) {
          if (environment.isIdle && environment.idleSince < before) this.#drop(pool, environment);
        }
        if (pool.environments.size === 0) this.#pools.delete(key);
      }
      if (this.#count > 0) this.#armSweep();
    }, idleLimitMs / 5).unref();
  }
}
