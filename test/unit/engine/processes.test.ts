/** Processes end with whoever started them, whatever way that one ends. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterEach, describe, expect, it } from "vitest";
import { Processes } from "../../../src/engine/processes.ts";

const held: Processes[] = [];
afterEach(async () => {
  await Promise.all(held.splice(0).map((processes) => processes.close()));
});

function processes(): Processes {
  const made = new Processes();
  held.push(made);
  return made;
}

const env = { PATH: process.env["PATH"] ?? "" };

/** Whether there is such a process, and no corpse of one. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 20_000) throw new Error("it does not come to pass");
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe("processes", () => {
  it("have the environment they are given and no other, and no input", async () => {
    const output: string[] = [];
    const child = processes().start({
      command: "sh",
      args: ["-c", "env; cat; echo end; echo error >&2; exit 3"],
      env: { ...env, OWN: "1" },
      directory: "/",
      onOutput: (chunk) => output.push(chunk.toString()),
    });
    expect(await child.ended).toEqual({ code: 3, signal: null });
    const text = output.join("");
    expect(text).toContain("OWN=1\n");
    expect(text).toMatch(/end\n/);
    expect(text).not.toContain("VITEST");
  });

  it("tell the most memory they have held where the system does, also once they have ended", async () => {
    const child = processes().start({
      command: process.execPath,
      args: ["-e", "setTimeout(() => globalThis.held = Buffer.alloc(128 << 20, 1), 200); setTimeout(() => {}, 60_000)"],
      env,
      directory: "/",
      onOutput: () => {},
    });
    if (existsSync("/proc/self/status")) await until(() => (child.peakBytes() ?? 0) > 128 << 20);
    const peak = child.peakBytes();
    child.kill();
    await child.ended;
    expect(child.peakBytes() ?? 0).toBeGreaterThanOrEqual(peak ?? 0);
  });

  it("tell what could not be run, and what ended them", async () => {
    const all = processes();
    const options = { args: [], env, directory: "/", onOutput: () => {} };
    expect(await all.start({ ...options, command: "no-such-command" }).ended).toMatchObject({ code: 127 });
    const sleeper = all.start({ ...options, command: "sleep", args: ["60"] });
    sleeper.kill();
    expect(await sleeper.ended).toEqual({ code: null, signal: "SIGKILL" });
    expect((await all.start({ ...options, command: "true", directory: "/no/such/place" }).ended).failure).toMatch(
      /ENOENT/,
    );
  });

  it("end with those they have started, and leave no scratch directory", async () => {
    const all = processes();
    const { scratch } = all;
    const output: string[] = [];
    const child = all.start({
      command: "sh",
      args: ["-c", "sleep 60 & echo $!; wait"],
      env,
      directory: scratch,
      onOutput: (chunk) => output.push(chunk.toString()),
    });
    await until(() => output.join("").includes("\n"));
    const grandchild = Number(output.join("").trim());
    expect(isAlive(grandchild)).toBe(true);
    expect(all.count).toBe(1);
    await all.close();
    await child.ended;
    await until(() => !isAlive(grandchild));
    expect(existsSync(scratch)).toBe(false);
    expect(all.count).toBe(0);
  });

  it("end when whoever started them is killed, though they look at nothing", async () => {
    const all = processes();
    const program = join(all.scratch, "owner.mjs");
    await build({
      stdin: {
        contents: `import { Processes } from "./src/engine/processes.ts";
          const all = new Processes();
          const { scratch } = all;
          const children = ["for (;;) ;", "setInterval(() => {}, 1000)"].map((code) =>
            all.start({ command: process.execPath, args: ["-e", code], env: {}, directory: "/", onOutput: () => {} }).pid);
          console.log(JSON.stringify({ scratch, children }));
          setInterval(() => {}, 1000);`,
        resolveDir: resolve(import.meta.dirname, "../../.."),
        loader: "ts",
      },
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
    });
    const owner = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    let told = "";
    owner.stdout.on("data", (chunk) => (told += chunk));
    await until(() => told.includes("\n"));
    const { scratch, children } = JSON.parse(told) as { scratch: string; children: number[] };
    expect(children.every(isAlive)).toBe(true);
    owner.kill("SIGKILL");
    await until(() => !children.some(isAlive) && !existsSync(scratch));
  });
});
