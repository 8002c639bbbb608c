/**
 * `npm run fuzz [-- seconds [seed]]`: damaged connections over HTTP/1.1 and HTTP/2 against the built server, for a minute
 * unless told, from a seed of its own unless told.
 */
import { spawnSync } from "node:child_process";

const [seconds = "60", seed] = process.argv.slice(2);
if (!(Number(seconds) > 0) || (seed !== undefined && !Number.isInteger(Number(seed)))) {
  console.error("Use: npm run fuzz -- <seconds> <seed>");
  process.exit(2);
}
const env = { ...process.env, BUSBAR_FUZZ_SECONDS: seconds };
if (seed !== undefined) env["BUSBAR_FUZZ_SEED"] = seed;
const { status } = spawnSync("npx", ["vitest", "run", "test/fuzz/wire.test.ts"], {
  env,
  stdio: "inherit",
});
process.exit(status ?? 1);
