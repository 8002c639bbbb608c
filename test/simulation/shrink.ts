import type { Failure, Outcome, Plan } from "./simulate.ts";

/** How long shrinking may take, in milliseconds of the machine's time. */
const longestMs = 60_000;

/**
 * Fewer steps of the same seed that break the same rule: leaves out ever smaller pieces as long as it still breaks, for a
 * minute at most.
 */
export async function shrink(
  { seed, steps }: Plan,
  { step, rule }: Failure,
  simulate: (plan: Plan) => Promise<Outcome>,
): Promise<readonly number[]> {
  const endMs = performance.now() + longestMs;
  const all = typeof steps === "number" ? Array.from({ length: steps }, (_, index) => index) : steps;
  let kept = all.slice(0, all.indexOf(step) + 1);
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = kept.length - size; at > -size; at -= size) {
      if (performance.now() > endMs) return kept;
      const fewer = kept.filter((_, index) => index < at || index >= at + size);
      const { failure } = await simulate({ seed, steps: fewer });
      if (failure?.rule === rule) kept = fewer.slice(0, fewer.indexOf(failure.step) + 1);
      at = Math.min(at, kept.length);
    }
  }
  return kept;
}
