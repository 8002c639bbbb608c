/** The whole emulator on time that stands, with processes that end at any moment: see docs/CONTRIBUTING.md. */
import { expect, it } from "vitest";
import { MemoryDisk } from "./memory-disk.ts";
import { lastSteps } from "./report.ts";
import { shrink } from "./shrink.ts";
import { type Plan, simulate } from "./simulate.ts";

it.each(["one", "two", "three", "four", "five"])("holds what it promises for 2,000 steps of seed %s", async (seed) => {
  const { failure, notes } = await simulate({ seed, steps: 2000 });
  if (failure === undefined) return;
  const again = `npm run simulation -- --seed ${seed} --steps ${failure.step + 1}`;
  expect.fail(`${lastSteps(notes, 50)}\n\nat step ${failure.step}: ${failure.message}\nThe same again: ${again}`);
});

it("is the same each time, ids and all", async () => {
  const [one, two] = [await simulate({ seed: "same", steps: 300 }), await simulate({ seed: "same", steps: 300 })];
  expect(one.notes.length).toBeGreaterThan(300);
  expect(two.notes).toEqual(one.notes);
  expect((await simulate({ seed: "other", steps: 300 })).digest).not.toBe(one.digest);
});

it("finds a disk that forgets what it said it has, and the few steps it takes", async () => {
  const plan = { seed: "forgetful", steps: 2000 };
  const run = (one: Plan) => simulate(one, new MemoryDisk(true));
  const { failure } = await run(plan);
  expect(failure?.rule).toMatch(/lost|changes a queue|forgotten|is back|never arrives/);
  const few = await shrink(plan, failure as NonNullable<typeof failure>, run);
  expect(few.length).toBeLessThan(10);
  expect((await run({ seed: plan.seed, steps: few })).failure?.rule).toBe(failure?.rule);
});
