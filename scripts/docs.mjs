/**
 * Writes the reference pages from the code: `docs/api.md` from the types of the embedding API, the table of
 * `docs/options.md` from the command's help. `node scripts/docs.mjs --check` changes nothing and fails when they are not up to date.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const textOf = (file) => readFileSync(join(root, file), "utf8");

const comment = /(?:^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?/.source;
const declarations = [
  new RegExp(`${comment}^export interface (\\w+)[\\s\\S]*?^}`, "gm"),
  new RegExp(`${comment}^export type (\\w+)(?:<\\w+>)? =[\\s\\S]*?;\\n(?=\\n|$)`, "gm"),
  // Of a function its head says everything.
  new RegExp(`${comment}^export (?:async )?function (\\w+)[\\s\\S]*?(?= \\{\\n)`, "gm"),
];

/** Exported declarations of a file, whole, by their names; what it passes on from others is followed. */
function exportsOf(file) {
  const text = textOf(file);
  const found = new Map();
  for (const one of declarations) for (const [whole, name] of text.matchAll(one)) found.set(name, whole.trim());
  for (const [, names, from] of text.matchAll(/^export type \{([^}]*)\} from "(\.[^"]+)";/gm)) {
    const others = exportsOf(join(dirname(file), from));
    for (const name of names.split(",").map((one) => one.trim())) {
      if (name === "") continue;
      if (!others.has(name)) throw new Error(`${from} exports no ${name}, or in a form this script does not read`);
      found.set(name, others.get(name));
    }
  }
  return found;
}

const declared = exportsOf("src/index.ts");
const first = [
  "createBusbar",
  "BusbarOptions",
  "Busbar",
  "BusbarClock",
  "ClientConfig",
  "QueueViews",
  "StreamViews",
  "EventViews",
  "ExecutionViews",
];
const names = [...first, ...[...declared.keys()].filter((name) => !first.includes(name)).sort()];
for (const name of first) if (!declared.has(name)) throw new Error(`src/index.ts exports no ${name}`);
const api = [
  "# The embedding API",
  "",
  'What `import { createBusbar } from "busbar"` gives. Generated from the types by `node scripts/docs.mjs`.',
  ...names.flatMap((name) => ["", `## ${name}`, "", "```ts", declared.get(name), "```"]),
  "",
].join("\n");

/** Options with what the help says of them. */
function optionsOf(help) {
  const options = [];
  for (const line of help.split("\n")) {
    const [, flag, more] = /^ {2}(--\S+(?: <[^>]+>)?) +(.*)$/.exec(line) ?? [];
    if (flag !== undefined) options.push({ flag, text: more });
    else if (/^ {20,}\S/.test(line) && options.length > 0) options.at(-1).text += ` ${line.trim()}`;
  }
  return options;
}

const help = /helpText = `([\s\S]*?)`;/.exec(textOf("src/cli-help.ts"))[1];
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*");
const rows = optionsOf(help).map(({ flag, text }) => {
  const name = flag.split(" ")[0].slice(2);
  const variable = name === "version" || name === "help" ? "" : `\`BUSBAR_${name.toUpperCase().replaceAll("-", "_")}\``;
  return `| \`${flag}\` | ${variable} | ${cell(text)} |`;
});

const page = textOf("docs/options.md");
const marks = /(<!-- options -->\n)[\s\S]*?(<!-- end of options -->)/;
if (!marks.test(page)) throw new Error("docs/options.md has no marks");
const table = ["", "| option | variable | meaning |", "| --- | --- | --- |", ...rows, ""].join("\n");
const options = page.replace(marks, (_all, begin, end) => `${begin}${table}${end}`);

for (const [file, text] of [
  ["docs/api.md", api],
  ["docs/options.md", options],
]) {
  const current = existsSync(join(root, file)) ? textOf(file) : "";
  if (current === text) continue;
  if (process.argv.includes("--check")) {
    console.error(`${file} is not up to date: run node scripts/docs.mjs`);
    process.exit(1);
  }
  writeFileSync(join(root, file), text);
  console.log(`wrote ${file}`);
}
