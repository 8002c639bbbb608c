/** `npm run chaos -- [--seconds 600] [--seed 1]` */
import { parseArgs } from "node:util";
import { chaos } from "./chaos.ts";

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seconds = Number(values.seconds ?? 600);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error("--seconds must be a number above 0, and --seed a whole number.");
  process.exit(2);
}
console.log(`${seconds} s of seed ${seed}`);
try {
  console.log(await chaos({ seconds, seed, tell: console.log }));
} catch (error) {
  console.error(error);
  console.error(`Again: npm run chaos -- --seconds ${seconds} --seed ${seed}`);
  process.exitCode = 1;
}
