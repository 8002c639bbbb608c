/**
 * Bundles the command and the embedding API into `dist/`, so that a start imports two files instead of the SDK's
 * thousands. What is loaded rarely (certificates) stays in chunks of its own.
 */
import { existsSync } from "node:fs";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Of an SDK client we need the schemas alone; its middleware, endpoints and credentials would be dead weight. */
const schemasOnly = {
  name: "schemas-only",
  setup({ onResolve }) {
    onResolve({ filter: /^@aws-sdk\/client-/ }, ({ path }) => {
      const manifest = require.resolve(`${path}/package.json`);
      return { path: join(dirname(manifest), "dist-es/schemas/schemas_0.js"), sideEffects: false };
    });
  },
};

/** Packages are minified whole; our own names stay, so that a stack can be read. */
const minifiedPackages = {
  name: "minified-packages",
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/.*\.js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { minify: true });
      return { contents: code, loader: "js" };
    });
  },
};

/** What models know besides the schemas is many small objects, which JSON's parser makes several times as fast as JavaScript's. */
const parsedJson = {
  name: "parsed-json",
  setup({ onLoad }) {
    onLoad({ filter: /\/constraints\/.*\.json$/ }, async ({ path }) => {
      const text = JSON.stringify(JSON.parse(await readFile(path, "utf8")));
      return { contents: `export default JSON.parse(${JSON.stringify(text)});`, loader: "js" };
    });
  },
};

/**
 * Late services are required when they are first needed. Jest, and Node before 22.12, cannot require a module: there they
 * are all imported at once.
 */
const lateServices = {
  name: "late-services",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/late-services\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const names = [...source.matchAll(/^import \{ (\w+) \} from ".\/services\/\1\/index.ts"/gm)].map(
        ([, name]) => name,
      );
      return {
        contents: `
import { createRequire } from "node:module";
const names = ${JSON.stringify(names)};
const fileOf = (name) => "./" + name + ".js";
const canRequire = process.features.require_module === true && process.env.JEST_WORKER_ID === undefined;
const imported = canRequire ? [] : await Promise.all(names.map((name) => import(fileOf(name))));
const require = createRequire(import.meta.url);
export const load = Object.fromEntries(
  names.map((name, at) => [name, () => (imported[at] ?? require(fileOf(name)))[name]]),
);`,
        loader: "js",
      };
    });
  },
};

/**
 * What is bundled into files of its own. Node takes several times a file's length in memory to compile it and keeps that,
 * so ten files of a tenth each cost a start some eight megabytes less.
 */
const services = (await readdir(join(root, "src/services"))).filter((name) =>
  existsSync(join(root, "src/services", name, "index.ts")),
);
const parts = Object.fromEntries([
  ...services.map((name) => [`parts/${name}`, `src/services/${name}/index.ts`]),
  ["parts/asl", "src/services/stepfunctions/asl/interpreter.ts"],
  ["parts/event-pattern", "src/events/pattern/compile.ts"],
  ...["fastify", "find-my-way", "pino"].map((name) => [`parts/${name}`, name]),
]);

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  mainFields: ["module", "main"],
  conditions: ["module"],
  // Of Fastify, what compiles schemas and what injects requests is never called.
  external: ["@fastify/ajv-compiler", "@fastify/fast-json-stringify-compiler", "light-my-request"],
  plugins: [schemasOnly, minifiedPackages, parsedJson],
  logLevel: "error",
  metafile: true,
  legalComments: "none",
  // The text of the bundle stays in memory; names, and so stacks, are kept.
  minifyWhitespace: true,
};

const modules = await build({
  ...common,
  plugins: [...common.plugins, lateServices],
  entryPoints: { cli: "src/cli.ts", index: "src/index.ts", ...parts },
  outdir: "dist",
  chunkNames: "parts/[name]-[hash]",
  splitting: true,
  format: "esm",
  // CommonJS packages inside the bundle call require for Node's own modules.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
// For `require`, as Jest calls it: one file, which only programs that are not measured by their start load.
const required = await build({
  ...common,
  entryPoints: { index: "src/index.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  define: { "import.meta.url": "__moduleUrl" },
  banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
});
// What other processes run is no module of ours.
await cp(join(root, "src/functions/runtime/bootstraps"), join(root, "dist/bootstraps"), { recursive: true });

// Last, and only what is old: a server that runs from here loads some parts when they are first needed.
const made = new Set([modules, required].flatMap(({ metafile }) => Object.keys(metafile.outputs)));
for (const entry of await readdir(join(root, "dist"), { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const name = relative(root, path).split(sep).join("/");
  if (entry.isFile() && !made.has(name) && !name.startsWith("dist/bootstraps/")) await rm(path);
}
