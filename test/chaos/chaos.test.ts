/** A minute of chaos with each run of the tests; `npm run chaos` has ten. */
import { expect, it } from "vitest";
import { chaos } from "./chaos.ts";

const seconds = 60;

it("keeps every promise over kills at random moments under mixed load", { timeout: 600_000 }, async () => {
  // Another seed each time; a failure names it.
  const seed = Date.now() % 1_000_000;
  const counts = await chaos({ seconds, seed, tell: console.log });
  console.log(`seed ${seed}: ${JSON.stringify(counts)}`);
  expect(counts["kills"]).toBeGreaterThan(0);
  for (const what of ["plain", "ordered.fifo", "records", "received"]) expect(counts[what], what).toBeGreaterThan(0);
});
