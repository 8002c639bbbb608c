/**
 * Writes the types of the embedding API into one file that needs no other (`dist/index.d.ts`, for `require` also
 * `dist/index.d.cts`), out of those that the compiler has written file by file into `dist/types`. So no consumer's compiler
 * reads ours, or the packages we are made of.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const modules = new Map();

/** The top-level statements of a declaration file, each with the comment before it. */
function statementsOf(text) {
  const statements = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith("/*", at)) at = text.indexOf("*/", at) + 1;
    else if (text.startsWith("//", at)) at = text.indexOf("\n", at);
    else if (text[at] === '"' || text[at] === "'" || text[at] === "`") {
      const quote = text[at];
      for (at++; text[at] !== quote; at++) if (text[at] === "\\") at++;
    } else if ("{([".includes(text[at])) depth++;
    else if ("})]".includes(text[at])) depth--;
    const ends = text[at] === ";" || (text[at] === "}" && /^\s*(\n|$)/.test(text.slice(at + 1, at + 3)));
    if (depth > 0 || !ends) continue;
    // The end of an interface, a class or a list of names; a type that ends in a brace has its semicolon still before it.
    if (text[at] === "}" && /^\s*(export )?(declare )?(type|const|let|function) /.test(bare(text.slice(start, at))))
      continue;
    statements.push(text.slice(start, at + 1).trim());
    start = at + 1;
  }
  return statements.filter((statement) => statement !== ";");
}

function bare(text) {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "").trim();
}

/** What a module declares, and where the names come from that it does not. */
function moduleAt(file) {
  let module = modules.get(file);
  if (module !== undefined) return module;
  module = { file, declared: new Map(), borrowed: new Map(), exported: [] };
  modules.set(file, module);
  for (const statement of statementsOf(readFileSync(file, "utf8"))) {
    const code = bare(statement);
    const [, from] = /\sfrom\s+"([^"]+)";$/.exec(code) ?? [];
    if (from !== undefined) {
      const source = from.startsWith(".") ? join(dirname(file), from.replace(/\.(ts|js)$/, ".d.ts")) : from;
      const names = /\{([\s\S]*)\}/.exec(code)?.[1] ?? "";
      for (const one of names.split(",").map((name) => name.trim().replace(/^type\s+/, ""))) {
        if (one === "") continue;
        const [name, local = name] = one.split(/\s+as\s+/);
        module.borrowed.set(local, { source, name });
        if (code.startsWith("export")) module.exported.push(local);
      }
      continue;
    }
    const [, name] =
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|function|enum) (\w+)/.exec(code) ?? [];
    if (name === undefined) continue;
    module.declared.set(name, statement);
    if (code.startsWith("export")) module.exported.push(name);
  }
  return module;
}

const taken = new Map();
const external = new Map();
const written = [];

/** Takes a declaration, and all that it names. */
function take(file, name, isPublic) {
  const module = moduleAt(file);
  const borrowed = module.borrowed.get(name);
  if (borrowed !== undefined) {
    if (borrowed.source.startsWith(dist)) return take(borrowed.source, borrowed.name, isPublic);
    if (!borrowed.source.startsWith("node:"))
      throw new Error(`the types of ${name} in ${file} need ${borrowed.source}`);
    external.set(name, borrowed.source);
    return;
  }
  const statement = module.declared.get(name);
  if (statement === undefined) throw new Error(`${file} declares no ${name}`);
  const before = taken.get(name);
  if (before !== undefined && before !== file) throw new Error(`${name} is declared in ${before} and in ${file}`);
  if (before !== undefined) return;
  taken.set(name, file);
  const plain = statement.replace(
    /^((?:\/\*[\s\S]*?\*\/|\/\/[^\n]*|\s)*)(?:export )?(?:declare )?/,
    (_all, comment) => {
      const isType = /^(interface|type) /.test(bare(statement).replace(/^export /, ""));
      return `${comment}${isPublic ? "export " : ""}${isType ? "" : "declare "}`;
    },
  );
  written.push(plain);
  for (const [word] of bare(statement).matchAll(/\b[A-Za-z_]\w*\b/g)) {
    if (word !== name && (module.declared.has(word) || module.borrowed.has(word)))
      take(file, word, publicNames.has(word));
  }
}

const index = join(dist, "types/src/index.d.ts");
const publicNames = new Set(moduleAt(index).exported);
for (const name of publicNames) take(index, name, true);
const imports = [...external].map(([name, source]) => `import type { ${name} } from "${source}";`);
const text = `${[...imports, ...written, "export {};"].join("\n")}\n`;
for (const name of ["index.d.ts", "index.d.cts"]) writeFileSync(join(dist, name), text);
rmSync(join(dist, "types"), { recursive: true });
