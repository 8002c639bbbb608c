import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import type { Value } from "../values.ts";
import { type Definition, define, defineOn } from "./define.ts";

function sum([items]: [number[]], run: Run): number {
  run.budget.spend(items.length >> 2);
  let total = 0;
  for (const item of items) total += item;
  return total;
}

function extreme(name: string, better: (a: number, b: number) => boolean): Definition {
  return defineOn<[number[]]>(name, "<a<n>:n>", 1, ([items], run) => {
    run.budget.spend(items.length >> 2);
    let best = items[0];
    for (const item of items) if (better(item, best!) || Number.isNaN(item)) best = item;
    return best;
  });
}

const decimal = /^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/;
const otherBase = /^(0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+)$/;

function number([value]: [Value]): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && (decimal.test(value) || otherBase.test(value))) {
    const result = Number(value);
    if (Number.isFinite(result)) return result;
  }
  return fail("D3030", { value });
}

/** Moves the decimal point in a number's text, since a multiplication would add rounding errors. */
function shiftPoint(value: number, places: number): number {
  const [digits, exponent = "0"] = String(value).split("e");
  return Number(`${digits}e${Number(exponent) + places}`);
}

/** Rounds to decimal places, halves to even. */
export function round(value: number, precision: number | undefined): number {
  const places = Math.trunc(precision ?? 0);
  const moved = places === 0 ? value : shiftPoint(value, places);
  let result = Math.round(moved);
  if (Math.abs(result - moved) === 0.5 && Math.abs(result % 2) === 1) result--;
  if (places !== 0) result = shiftPoint(result, -places);
  return result + 0;
}

function formatBase([value, radix]: [number, number?]): string {
  const base = radix === undefined ? 10 : round(radix, 0);
  if (!(base >= 2 && base <= 36)) fail("D3100", { value: base });
  return round(value, 0).toString(base);
}

function power([base, exponent]: [number, number?]): number {
  const result = base ** (exponent ?? Number.NaN);
  return Number.isFinite(result) ? result : fail("D3061", { value: base, exp: exponent as number });
}

const on = (name: string, work: (value: number) => number): Definition =>
  defineOn<[number]>(name, "<n-:n>", 1, ([value]) => work(value));

export const numbers: Definition[] = [
  defineOn("sum", "<a<n>:n>", 1, sum),
  define<[Value[]?]>("count", "<a:n>", 1, ([items]) => items?.length ?? 0),
  extreme("max", (a, b) => a > b),
  extreme("min", (a, b) => a < b),
  defineOn<[number[]]>("average", "<a<n>:n>", 1, (args, run) =>
    args[0].length === 0 ? undefined : sum(args, run) / args[0].length,
  ),
  defineOn("number", "<(nsb)-:n>", 1, number),
  on("abs", Math.abs),
  on("floor", Math.floor),
  on("ceil", Math.ceil),
  defineOn<[number, number?]>("round", "<n-n?:n>", 2, ([value, precision]) => round(value, precision)),
  on("sqrt", (value) => (value < 0 ? fail("D3060", { value }) : Math.sqrt(value))),
  defineOn("power", "<n-n:n>", 2, power),
  defineOn("formatBase", "<n-n?:s>", 2, formatBase),
];
