/** Threads that all want one directory at the same moment, over and over, each time with the lock of a dead process in it. */
import { readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { lockDirectory } from "../../../src/engine/lock.ts";

const THREADS = 4;
const ROUNDS = 300;

interface Shared {
  readonly directory: string;
  /** The round that may begin, how many have got the directory, tried, and let it go again. */
  readonly counts: Int32Array;
}
const [ROUND, WINNERS, TRIED, DONE] = [0, 1, 2, 3] as const;

function waitFor(counts: Int32Array, at: number, wanted: number): void {
  for (let seen = Atomics.load(counts, at); seen !== wanted; seen = Atomics.load(counts, at)) {
    Atomics.wait(counts, at, seen, 1000);
  }
}

function tell(counts: Int32Array, at: number): void {
  Atomics.add(counts, at, 1);
  Atomics.notify(counts, at);
}

function contend({ directory, counts }: Shared): void {
  for (let round = 1; round <= ROUNDS; round += 1) {
    waitFor(counts, ROUND, round);
    let lock: { release(): void } | undefined;
    try {
      lock = lockDirectory(directory);
      Atomics.add(counts, WINNERS, 1);
    } catch (error) {
      if (!/is in use by/.test((error as Error).message)) writeSync(1, `${(error as Error).message}\n`);
    }
    tell(counts, TRIED);
    waitFor(counts, TRIED, THREADS * round);
    lock?.release();
    tell(counts, DONE);
  }
}

function referee(directory: string): void {
  const counts = new Int32Array(new SharedArrayBuffer(16));
  const workerData: Shared = { directory, counts };
  for (let i = 0; i < THREADS; i += 1) new Worker(process.argv[1] as string, { workerData });
  const tally = new Map<number, number>();
  let before = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
    writeFileSync(join(directory, "process.lock"), JSON.stringify({ pid: 2 ** 22 + 5, started: "" }));
    tell(counts, ROUND);
    waitFor(counts, DONE, THREADS * round);
    const winners = Atomics.load(counts, WINNERS) - before;
    before += winners;
    tally.set(winners, (tally.get(winners) ?? 0) + 1);
  }
  writeSync(1, `${JSON.stringify(Object.fromEntries(tally))}\n`);
}

if (isMainThread) referee(process.argv[2] as string);
else contend(workerData as Shared);
