/** Starts what is measured, each in a process of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** @returns {Promise<{ port: number, pid: number, startedMs: number, stop(): Promise<void> }>} */
export async function startBusbar({ durable = false, args = [] } = {}) {
  const directory = durable ? await mkdtemp(join(tmpdir(), "busbar-bench-")) : undefined;
  // As `npm start` and the image run it.
  const options = [
    "--max-semi-space-size=8",
    "dist/cli.js",
    "--port",
    "0",
    ...(directory ? ["--data-dir", directory] : []),
    ...args,
  ];
  const server = await start(options, /listening on http:\/\/localhost:(\d+)/);
  return {
    ...server,
    async stop() {
      await server.stop();
      if (directory) await rm(directory, { recursive: true });
    },
  };
}

/** A program of ours that says where it listens. */
export function startNode(args) {
  return start(args, /listening on (\d+)/);
}

export function startBare() {
  return start(["bench/lib/bare-server.mjs"], /listening on (\d+)/);
}

/** Busbar embedded in a process that has functions. */
export function startEmbedded() {
  return start(["--max-semi-space-size=8", "bench/lib/embedded-server.mjs"], /listening on (\d+)/);
}

const children = new Set();
// Whatever ends the bench ends what it started.
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

function start(args, ready) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return new Promise((resolve, reject) => {
    let text = "";
    const gone = new Promise((done) => child.once("exit", done));
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const match = ready.exec(text);
      if (!match) return;
      resolve({
        port: Number(match[1]),
        pid: child.pid,
        startedMs: performance.now() - startedAt,
        async stop() {
          child.kill("SIGTERM");
          await gone;
        },
      });
    });
  });
}

/** Resident memory of a process in MiB (Linux). */
export async function residentMiB(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
