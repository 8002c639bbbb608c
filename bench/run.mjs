/**
 * `npm run bench [name…]`: measures the built server against a bare `node:http` server in the same run and prints
 * tables. Machines are noisy; the ratios count.
 */

import { readdirSync } from "node:fs";
import { cpus, totalmem } from "node:os";

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".bench.mjs"))
  .map((file) => file.replace(".bench.mjs", ""));
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !names.includes(name));
if (unknown) {
  console.error(`There is no bench ${unknown}; there are ${names.join(", ")}.`);
  process.exit(2);
}
console.log(
  `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
);
for (const name of names) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { bench } = await import(`./${name}.bench.mjs`);
  console.log(`## ${name}\n`);
  const rows = await bench().catch((error) => {
    console.error(error);
    process.exit(1);
  });
  console.log("| what | measured | ratio |\n| --- | --- | --- |");
  for (const [what, measured, ratio] of rows) console.log(`| ${what} | ${measured} | ${ratio ?? ""} |`);
  console.log();
}
