/** A durable server under mixed load, killed at random moments: what it answered for must be there after each restart. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chance } from "../support/chance.ts";
import { crashAtStart, type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { check } from "./checks.ts";
import { clientsOf, prepare } from "./clients.ts";
import { Ledger } from "./ledger.ts";
import { workUntilDead } from "./load.ts";

export interface ChaosPlan {
  readonly seconds: number;
  readonly seed: number;
  readonly tell: (line: string) => void;
}

const workers = 12;
/** A life ends after so many answers at most, or so much time: some machines have much else to do. */
const maxAnswers = 400;
const longestLifeMs = 20_000;

/** Answers how often each thing happened. @throws Broken, or what else went wrong. */
export async function chaos({ seconds, seed, tell }: ChaosPlan): Promise<Record<string, number>> {
  const directory = await mkdtemp(join(tmpdir(), "busbar-chaos-"));
  const args = ["--data-dir", directory];
  const chance = new Chance(seed);
  const ledger = new Ledger();
  const until = performance.now() + seconds * 1000;
  try {
    let server = await startCli(args);
    await prepare(clientsOf(server.endpoint));
    for (let kill = 1; ; kill += 1) {
      await live(server, ledger, chance);
      ledger.count("kills");
      for (; chance.chance(0.3); ledger.count("kills during start")) await crashAtStart(args, chance.int(400));
      server = await startCli(args);
      const clients = clientsOf(server.endpoint);
      await check(server.endpoint, clients, ledger).catch((error: unknown) => {
        throw new Error(`after kill ${kill} of seed ${seed}: ${error instanceof Error ? error.message : error}`);
      });
      for (const client of Object.values(clients)) client.destroy();
      if (kill % 10 === 0) tell(`${kill} kills: ${JSON.stringify(ledger.counts)}`);
      if (performance.now() > until) break;
    }
    server.kill("SIGTERM");
    const { code } = await server.ended;
    if (code !== 0) throw new Error(`it ended with ${code} at SIGTERM, seed ${seed}`);
    return ledger.counts;
  } finally {
    await stopAll();
    await rm(directory, { recursive: true, force: true });
  }
}

/** One life of the server, under load, to its death. */
async function live(server: RunningCli, ledger: Ledger, chance: Chance): Promise<void> {
  const clients = clientsOf(server.endpoint);
  const lastAnswer = ledger.answers + 1 + chance.int(maxAnswers);
  const until = performance.now() + longestLifeMs;
  const timer = setInterval(() => {
    if (ledger.answers >= lastAnswer || performance.now() > until) server.kill("SIGKILL");
  }, 5);
  try {
    await workUntilDead(clients, ledger, chance, workers);
    await server.ended;
  } finally {
    clearInterval(timer);
    for (const client of Object.values(clients)) client.destroy();
  }
}
