export const dayMs = 86_400_000;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: dayMs,
  w: 604_800_000,
};

const SUM = /^(?:\d{1,15}(?:\.\d{1,9})?(?:ms|[smhdw]))+$/;
const TERM = /(\d+(?:\.\d+)?)(ms|[smhdw])/g;

/**
 * A duration in ms. A number is ms already; a text such as "15m", "1h30m" or "250ms" is a sum of numbers with units,
 * rounded to whole ms.
 * @throws RangeError when it is neither, negative or not finite.
 */
export function parseDuration(duration: string | number): number {
  if (typeof duration === "number") {
    if (Number.isFinite(duration) && duration >= 0) return duration;
  } else if (duration.length <= 100 && SUM.test(duration)) {
    let ms = 0;
    for (const [, amount, unit] of duration.matchAll(TERM)) ms += Number(amount) * UNIT_MS[unit!]!;
    return Math.round(ms);
  }
  const shown = typeof duration === "string" ? JSON.stringify(duration.slice(0, 40)) : String(duration);
  throw new RangeError(
    `${shown} is not a duration. Give milliseconds as a number, or a sum of units (ms, s, m, h, d, w) such as "15m" or "1h30m".`,
  );
}
