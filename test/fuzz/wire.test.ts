/**
 * Damaged connections over HTTP/1.1 and HTTP/2, against a process of its own: it goes on, whatever comes. `npm run
 * fuzz` makes it last; what it finds is made small and printed, to be put in `corpus/`, which is played first each
 * time.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Chance } from "../support/chance.ts";
import { type RunningCli, startCli, stopAll } from "../support/cli.ts";
import { http } from "../support/http.ts";
import { asText, type Damaged, damagedConnection, fromText, minimised, play } from "./wire-bytes.ts";

/** Set by scripts/fuzz.mjs. */
const seconds = Number(process.env["BUSBAR_FUZZ_SECONDS"] ?? 0);
const seed = Number(process.env["BUSBAR_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** Without a duration: a short part of what it can do. */
const fewConnections = 3000;
const atOnce = 64;
/** A race may only happen on a later attempt. */
const replays = 20;

afterAll(stopAll);

const corpus = join(import.meta.dirname, "corpus");

/** Whether the process has ended by itself. */
function watched(cli: RunningCli): { readonly dead: () => string | undefined } {
  let how: string | undefined;
  void cli.ended.then(({ code, signal, stderr }) => {
    how = `ended with ${code ?? signal}: ${stderr.slice(0, 2000)}`;
  });
  return { dead: () => how };
}

async function kills(one: Damaged): Promise<boolean> {
  const cli = await startCli();
  const { dead } = watched(cli);
  for (let left = replays; left > 0 && dead() === undefined; left--) await play(cli.port, one);
  await new Promise((done) => setTimeout(done, 50));
  const killed = dead() !== undefined;
  cli.kill("SIGKILL");
  await cli.ended;
  return killed;
}

it("survives everything that was found", async () => {
  const cli = await startCli();
  const { dead } = watched(cli);
  const names = readdirSync(corpus);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const one = fromText(readFileSync(join(corpus, name), "utf8"));
    for (let left = replays; left > 0; left--) await play(cli.port, one);
    expect((await http(`${cli.endpoint}/_busbar/health`)).status).toBe(200);
    expect([name, dead()]).toEqual([name, undefined]);
  }
});

it(
  "survives random input",
  async () => {
    const cli = await startCli();
    const { dead } = watched(cli);
    const endsAt = performance.now() + seconds * 1000;
    const goesOn = (sent: number) =>
      dead() === undefined && (seconds > 0 ? performance.now() < endsAt : sent < fewConnections);
    let sent = 0;
    /** The seeds of the connections at the time, one for each worker. */
    const now = new Map<number, number>();
    const worker = async (index: number) => {
      while (goesOn(sent)) {
        now.set(index, seed + sent);
        sent += 1;
        await play(cli.port, damagedConnection(new Chance(now.get(index) as number)));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, (_, index) => worker(index)));
    console.log(`${sent} damaged connections from seed ${seed}`);
    const how = dead();
    if (how !== undefined) {
      console.log(how);
      for (const one of now.values()) {
        const found = damagedConnection(new Chance(one));
        if (await kills(found)) throw new Error(`seed ${one}: ${how}\n${asText(await minimised(found, kills))}`);
      }
      throw new Error(`seeds ${[...now.values()].join(", ")}, of which none does it alone: ${how}`);
    }
    expect((await http(`${cli.endpoint}/_busbar/health`)).status).toBe(200);
    cli.kill("SIGTERM");
    expect(await cli.ended).toMatchObject({ code: 0, stderr: "" });
  },
  (seconds + 600) * 1000,
);
