/**
 * What the image is made of, run as the image runs it: laid out as in the Dockerfile, by a user without rights. No
 * engine for containers is needed.
 */
import { execFile, spawn } from "node:child_process";
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
/** The user "nobody"; only root can switch to it. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
let layer: string;

beforeAll(async () => {
  layer = await mkdtemp(join(tmpdir(), "busbar-image-"));
  await chmod(layer, 0o755);
  for (const part of ["dist", "docker", "package.json", "LICENSE"]) {
    await cp(join(root, part), join(layer, part), { recursive: true });
  }
  await rm(join(layer, "dist/index.cjs"), { force: true });
});
afterAll(() => rm(layer, { recursive: true, force: true }));

it("is under 80 MiB", async () => {
  let bytes = 0;
  for (const entry of await readdir(layer, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  expect(bytes).toBeLessThan(80 * 1024 * 1024);
});

it("has Node 24 but no build tools, and does not run as root", async () => {
  const [, build = "", image = ""] = (await readFile(join(root, "Dockerfile"), "utf8")).split(/^FROM node:24-\S+/m);
  expect(build).toContain("&& cp -r dist docker package.json LICENSE /runtime/");
  expect(image.match(/^(RUN|COPY) .*/gm)).toEqual([
    "COPY --from=build /runtime ./",
    expect.stringMatching(/^RUN mkdir -p \S+ \S+ && chown node:node \/data && ln -s /),
  ]);
  expect(image).toMatch(/^USER node$/m);
});

it("starts by its own command, passes its health check, and ends on a signal", async () => {
  const image = await readFile(join(root, "Dockerfile"), "utf8");
  const command = (line: RegExp) =>
    (JSON.parse(line.exec(image)?.[1] ?? "") as string[]).map((word) => word.replace(/^\/busbar\//, ""));
  const [program, ...args] = command(/^ENTRYPOINT (\[.*\])$/m);
  const [shell = "", ...check] = command(/^HEALTHCHECK .* CMD (\[.*\])$/m);
  expect(program).toBe("node");
  const env = { PATH: process.env["PATH"] ?? "", NODE_ENV: "production", BUSBAR_HOST: "0.0.0.0", BUSBAR_PORT: "0" };
  const server = spawn(process.execPath, args, { cwd: layer, env, ...nobody, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => server.once("close", done));
  try {
    let text = "";
    server.stdout.on("data", (chunk) => (text += chunk));
    await expect.poll(() => text, { timeout: 30_000 }).toContain("Ready.");
    const BUSBAR_PORT = /AWS_ENDPOINT_URL=http:\/\/localhost:(\d+)/.exec(text)?.[1] ?? "";
    const options = { cwd: layer, env: { ...env, BUSBAR_PORT }, ...nobody };
    await promisify(execFile)(shell, check, options);
    const elsewhere = { ...options, env: { ...env, BUSBAR_PORT: "1" } };
    await expect(promisify(execFile)(shell, check, elsewhere)).rejects.toThrow("Connection refused");
    server.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    server.kill("SIGKILL");
  }
});
