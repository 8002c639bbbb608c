/** Holds the rules of the house: who may import whom, and where time and chance come from. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

const files = [...sources("src"), ...sources("protocols")];

interface Import {
  readonly file: string;
  /** A package name, or a path from the project's root. */
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target = ""]) => ({
    file,
    target: target.startsWith(".") ? relative(root, resolve(root, dirname(file), target)) : target,
  }));
}

const imports = files.flatMap(importsOf);

/** The room a file is in: the layers of docs/ARCHITECTURE.md. */
function roomOf(path: string): string {
  if (path.startsWith("protocols/")) return "protocols";
  const service = /^src\/services\/([^/]+)/.exec(path);
  if (service) return `services/${service[1]}`;
  const room = /^src\/([^/]+)\//.exec(path);
  return room ? (room[1] as string) : path.startsWith("src/") ? "root" : "package";
}

/** Rooms that hold what several services need; each knows only the rooms listed beside it. */
const shared: Record<string, readonly string[]> = {
  outside: [],
  events: [],
  regex: [],
  sources: ["delivery", "events"],
  access: ["calls", "events"],
  delivery: ["calls", "outside"],
  logs: ["calls", "delivery"],
  functions: ["calls", "delivery", "outside"],
  apis: ["access", "calls", "delivery", "functions", "outside", "regex"],
  calls: ["access", "apis", "delivery", "events", "functions", "outside", "sources"],
};

const allowed: Record<string, readonly string[]> = {
  protocols: [],
  engine: [],
  ...Object.fromEntries(Object.entries(shared).map(([room, others]) => [room, [...others, "protocols", "engine"]])),
  service: [...Object.keys(shared), "protocols", "engine"],
  server: [...Object.keys(shared), "protocols", "engine"],
  init: [...Object.keys(shared), "protocols", "engine", "server"],
};

describe("layers", () => {
  it("import only from those below them", () => {
    const trespasses = imports.filter(({ file, target }) => {
      const from = roomOf(file);
      const to = roomOf(target);
      if (from === "root" || to === "package" || from === to) return false;
      const kind = from.startsWith("services/") ? "service" : from;
      return !allowed[kind]?.includes(to);
    });
    expect(trespasses).toEqual([]);
  });

  it("keep Fastify in the server and the schema library in one file", () => {
    const outside = imports.filter(
      ({ file, target }) =>
        (target === "fastify" && roomOf(file) !== "server") ||
        (target.startsWith("@smithy/") && file !== join("protocols", "schema.ts")),
    );
    expect(outside).toEqual([]);
  });

  it("let a service use no SDK schemas but its own", () => {
    const clients: Record<string, string> = { stepfunctions: "sfn", apigateway: "api-gateway" };
    const foreign = imports.filter(({ file, target }) => {
      const service = /^services\/(.+)$/.exec(roomOf(file))?.[1];
      const client = /^@aws-sdk\/client-(.+)$/.exec(target)?.[1];
      return client !== undefined && client !== (clients[service ?? ""] ?? service);
    });
    expect(foreign).toEqual([]);
  });
});

describe("processes", () => {
  it("are started by the engine alone, which sees to their end", () => {
    const others = imports.filter(
      ({ file, target }) => /^(node:)?(child_process|cluster)$/.test(target) && file !== "src/engine/processes.ts",
    );
    expect(others).toEqual([]);
  });
});

describe("time and chance", () => {
  const home = /^src\/engine\/(real-time|random)\.ts$/;
  const forbidden = /\bDate\.now\b|\bnew Date\(\)|\bprocess\.(nextTick|hrtime)\b|\bMath\.random\b|\brandomUUID\b/;
  // Sockets and HTTP/2 sessions have timeouts of their own, which are no timers of the emulator.
  const borrowed =
    /(?<![.\w])(setTimeout|clearTimeout|setInterval|clearInterval|setImmediate|clearImmediate|queueMicrotask)\(|(?<![`.\w])(performance)\.now\(/g;

  it("come from the engine alone", () => {
    const users = files.filter((file) => !home.test(file) && forbidden.test(readFileSync(join(root, file), "utf8")));
    expect(users).toEqual([]);
  });

  it("are those of the machine, whatever tests put in their place", () => {
    const fooled = files.flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const imported = /import \{([^}]*)\} from "[^"]*real-time\.ts"/
        .exec(text)?.[1]
        ?.split(",")
        .map((name) => name.trim());
      const used = [...text.matchAll(borrowed)].map(([, timer, clock]) => (timer ?? clock) as string);
      return home.test(file) ? [] : used.filter((name) => !imported?.includes(name)).map((name) => `${file}: ${name}`);
    });
    expect(fooled).toEqual([]);
  });
});

describe("the JSON of executions", () => {
  /** Texts and settings: no number there has a text of its own. */
  const plain = /\/(histories|logs|state-machines|aliases|activities|asl\/number-literal)\.ts$/;

  it("is read and written by asl/json.ts alone, which keeps the text of numbers", () => {
    const folder = join("src", "services", "stepfunctions");
    const others = sources(folder).filter(
      (file) =>
        file !== join(folder, "asl", "json.ts") &&
        !plain.test(file) &&
        /\bJSON\.(parse|stringify)\(/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(others).toEqual([]);
  });
});

describe("tests", () => {
  it("are neither skipped nor focused", () => {
    const held = sources("test").filter(
      (file) =>
        !file.startsWith(join("test", "house")) &&
        /\b(it|test|describe)\.(skip|only|todo|fails)\b/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(held).toEqual([]);
  });

  it("share what they import, so that those which replace modules or fake the process's timers are isolated", () => {
    const shared = sources("test").filter(
      (file) =>
        file.endsWith(".test.ts") &&
        !file.endsWith(".isolated.test.ts") &&
        !file.startsWith(join("test", "house")) &&
        /\bvi\.(mock|useFakeTimers)\(/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(shared).toEqual([]);
  });
});
