/** Makes the steps of a seed: each chosen by its own number, so that steps left out change nothing of the others. */
import { createHash } from "node:crypto";
import type { Actor, ActorOf, Move } from "./actor.ts";
import { Apis } from "./actors/apis.ts";
import { Changes } from "./actors/changes.ts";
import { Events } from "./actors/events.ts";
import { Express } from "./actors/express.ts";
import { Functions } from "./actors/functions.ts";
import { Machines } from "./actors/machines.ts";
import { Pipes } from "./actors/pipes.ts";
import { Queues } from "./actors/queues.ts";
import { Redrives } from "./actors/redrives.ts";
import { Schedules } from "./actors/schedules.ts";
import { Streams } from "./actors/streams.ts";
import { Subscribers } from "./actors/subscribers.ts";
import type { MemoryDisk } from "./memory-disk.ts";
import { Outside } from "./outside.ts";
import { chanceOf, turn, Violation, World } from "./world.ts";

export interface Plan {
  readonly seed: string;
  /** How many steps, or which. */
  readonly steps: number | readonly number[];
}

export interface Failure {
  readonly step: number;
  readonly rule: string;
  readonly message: string;
}

export interface Outcome {
  readonly failure: Failure | undefined;
  /** What happened, line by line. */
  readonly notes: readonly string[];
  /** Of all notes: equal for equal runs. */
  readonly digest: string;
}

const actors: readonly ActorOf[] = [
  (world) => new Queues(world),
  (world, outside) => new Subscribers(world, outside),
  (world) => new Events(world),
  (world) => new Schedules(world),
  (world) => new Streams(world),
  (world, outside) => new Pipes(world, outside),
  (world, outside) => new Machines(world, outside),
  (world) => new Changes(world),
  (world) => new Redrives(world),
  (world) => new Express(world),
  (world, outside) => new Functions(world, outside),
  (world) => new Apis(world),
];

/** Steps between two looks at all of the store. */
const storeCheckEvery = 40;
const moveMs = [1, 500, 1000, 5000, 30_000, 60_000, 240_000] as const;

/** @param disk another one than a sound one, for seeing what is found. */
export async function simulate(plan: Plan, disk?: MemoryDisk): Promise<Outcome> {
  const world = new World(plan.seed, disk);
  const steps = typeof plan.steps === "number" ? Array.from({ length: plan.steps }, (_, index) => index) : plan.steps;
  const outside = new Outside(world);
  const uninstall = outside.install();
  const all = actors.map((make) => make(world, outside));
  let step = -1;
  let failure: Failure | undefined;
  try {
    await world.start();
    for (const actor of all) await actor.begin();
    await world.settle();
    outside.rough = true;
    for (step of steps) {
      world.chance = chanceOf(plan.seed, `step ${step}`);
      world.ended = false;
      world.note(`step ${step}`);
      await makeStep(world, all);
      await world.settle();
      world.check(step % storeCheckEvery === 0);
      for (const actor of all) await actor.check();
    }
  } catch (error) {
    const rule = error instanceof Violation ? error.rule : "the simulation throws";
    failure = { step, rule, message: error instanceof Violation ? error.message : String((error as Error).stack) };
  } finally {
    world.crash();
    uninstall();
  }
  const digest = createHash("sha256").update(world.notes.join("\n")).digest("hex");
  return { failure, notes: world.notes, digest };
}

async function makeStep(world: World, all: readonly Actor[]): Promise<void> {
  const { chance } = world;
  const kind = chance.next();
  if (kind < 0.02) await endAtRest(world, all);
  else if (kind < 0.06) await endInTheMidst(world, all);
  else if (kind < 0.18) await moveTime(world);
  else await pick(world, all).play();
}

/** The process ends while nothing is under way: nothing changes. */
async function endAtRest(world: World, all: readonly Actor[]): Promise<void> {
  world.note("the process ends at rest");
  world.crash();
  await begin(world, all);
}

/** Some calls are under way, time perhaps moves, and the process ends some turns later. */
async function endInTheMidst(world: World, all: readonly Actor[]): Promise<void> {
  const { chance } = world;
  const moves = Array.from({ length: 1 + chance.int(5) }, () => pick(world, all));
  const turns = chance.int(30);
  world.note("the process is about to end");
  world.bursting = true;
  try {
    const playing = Promise.all(moves.map((move) => move.play()));
    if (chance.chance(0.2)) {
      const ms = chance.of(moveMs);
      world.note(`time moves by ${ms} ms`);
      void world.emulator.clock.advance(ms);
    }
    for (let left = turns; left > 0; left -= 1) await turn();
    world.crash();
    await playing;
    world.note("the process ends");
    await begin(world, all);
  } finally {
    world.bursting = false;
  }
}

async function begin(world: World, all: readonly Actor[]): Promise<void> {
  await world.start();
  for (const actor of all) await actor.recover();
  world.check(false);
}

async function moveTime(world: World): Promise<void> {
  const ms = world.chance.of(moveMs);
  world.note(`time moves by ${ms} ms`);
  await world.emulator.clock.advance(ms);
}

function pick(world: World, all: readonly Actor[]): Move {
  const moves = all.flatMap((actor) => actor.moves);
  let left = world.chance.next() * moves.reduce((sum, { weight }) => sum + weight, 0);
  for (const move of moves) {
    left -= move.weight;
    if (left < 0) return move;
  }
  return moves[0] as Move;
}
