/** `npm run simulation -- --seed X --steps N`: one seed, or ever new ones until one fails. */
import { parseArgs } from "node:util";
import { lastSteps } from "./report.ts";
import { shrink } from "./shrink.ts";
import { type Outcome, type Plan, simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    steps: { type: "string", default: "10000" },
    only: { type: "string" },
    seeds: { type: "string", default: "1" },
  },
});

const steps = Number(values.steps);
const first = values.seed ?? String(Date.now() % 1_000_000);
for (let n = 0; n < Number(values.seeds); n += 1) {
  const seed = n === 0 ? first : `${first}-${n}`;
  const plan: Plan = { seed, steps: values.only?.split(",").map(Number) ?? steps };
  const began = performance.now();
  const outcome = await simulate(plan);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `seed ${seed}: ${outcome.failure === undefined ? "holds" : "FAILS"} (${seconds} s, ${outcome.digest.slice(0, 12)})`,
  );
  if (outcome.failure === undefined) continue;
  await tell(plan, outcome);
  process.exitCode = 1;
  break;
}

async function tell(plan: Plan, { failure, notes }: Outcome): Promise<void> {
  if (failure === undefined) return;
  console.log(`${lastSteps(notes, 50)}\n\nat step ${failure.step}: ${failure.message}`);
  console.log(`\nthe same again: npm run simulation -- --seed ${plan.seed} --steps ${failure.step + 1}`);
  const few = await shrink(plan, failure, simulate);
  const { notes: fewNotes, failure: same } = await simulate({ seed: plan.seed, steps: few });
  console.log(`\n${few.length} steps are enough: npm run simulation -- --seed ${plan.seed} --only ${few.join(",")}`);
  console.log(`${lastSteps(fewNotes, 50)}\n${same?.message}`);
}
